"""`portail attendance mark`."""

from itertools import product
from typing import Any

from portail.bookings.models import Attendance
from portail.bookings.operations.attendance import MarkDraft, record_attendance
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import TownCommand, add_town_arguments, counted
from portail.rules.codes import normalise_child_code

MARKS = {
    "present": Attendance.Mark.PRESENT,
    "absent": Attendance.Mark.ABSENT,
    "justifie": Attendance.Mark.JUSTIFIED,
    "rien": None,
}


class Command(TownCommand):
    """Who came, who did not; the bookings stay as they are."""

    help = "noter qui est venu à une activité"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        mark = acts.add_parser("mark", help="pointer un ou plusieurs enfants, un ou plusieurs jours")
        add_town_arguments(mark)
        minutes = typed(read.minutes)
        mark.add_argument("--child", required=True, action="append", metavar="CODE", help="code enfant, répétable")
        mark.add_argument("--activity", required=True, metavar="CODE", help="identifiant de l'activité")
        mark.add_argument(
            "--day", required=True, action="append", type=typed(read.day), metavar="JOUR", help="24/11/2026, répétable"
        )
        mark.add_argument(
            "--mark", default="present", choices=MARKS, help="present, absent, justifie (absence) ou rien (effacer)"
        )
        mark.add_argument("--arrived", type=minutes, metavar="HEURE", help="heure d'arrivée, par exemple 16:30")
        mark.add_argument("--left", type=minutes, metavar="HEURE", help="heure de départ, par exemple 18:05")

    def act_in_town(self, **options: Any) -> None:
        children = [normalise_child_code(code) or code for code in options["child"]]
        marks = [
            MarkDraft(child, options["activity"], day, MARKS[options["mark"]], options["arrived"], options["left"])
            for child, day in product(children, options["day"])
        ]
        done = record_attendance(marks=marks, by=self.by, now=self.now)
        self.say(f"{counted(done, 'pointage enregistré', 'pointages enregistrés')}.")
