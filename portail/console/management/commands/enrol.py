"""`portail enrol`."""

from typing import Any

from portail.bookings.operations.offer import enrol
from portail.console.command import TownCommand
from portail.rules.codes import normalise_child_code


class Command(TownCommand):
    """Enrol a child in an activity reserved for the enrolled, with the transport stop."""

    help = "inscrire un enfant à une activité réservée, avec son arrêt"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument("--child", required=True, metavar="CODE", help="code enfant")
        parser.add_argument("--activity", required=True, metavar="CODE", help="identifiant de l'activité")
        parser.add_argument("--stop", default="", metavar="ARRÊT", help="nom de l'arrêt")

    def act_in_town(self, **options: Any) -> None:
        child = normalise_child_code(options["child"]) or options["child"]
        enrolment = enrol(person=child, activity=options["activity"], stop=options["stop"], by=self.by, now=self.now)
        self.say(f"{enrolment.person} est inscrit à « {enrolment.activity.name} ».")
