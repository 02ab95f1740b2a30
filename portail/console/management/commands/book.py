"""`portail book`: book or cancel in the town hall's name."""

from typing import Any

from portail.bookings.operations.changes import Submission, change_presences
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.verdicts import restored
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import ConsoleError, TownCommand
from portail.console.words import explain
from portail.rules.booking import Outcome, Wish
from portail.rules.codes import normalise_child_code
from portail.towns import wording


class Command(TownCommand):
    """One cell of a planning, « par la Mairie »."""

    help = "inscrire ou annuler un enfant « par la Mairie »"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument("--child", required=True, metavar="CODE", help="code enfant")
        parser.add_argument("--activity", required=True, metavar="CODE", help="identifiant de l'activité")
        parser.add_argument("--day", required=True, type=typed(read.day), metavar="JOUR", help="par exemple 24/11/2026")
        parser.add_argument("--cancel", action="store_true", help="annuler au lieu d'inscrire")
        parser.add_argument("--reason", default="", metavar="MOTIF", help="montré à la famille dans son historique")

    def act_in_town(self, **options: Any) -> None:
        child = normalise_child_code(options["child"])
        wish = Wish(child or options["child"], options["activity"], options["day"], present=not options["cancel"])
        submission = Submission([wish], reason=options["reason"][:150])
        verdicts = [restored(row) for row in change_presences(submission=submission, by=self.by, now=self.now).verdicts]
        if not verdicts:
            self.say("Rien à changer : c'était déjà le cas.")
        for verdict in verdicts:
            rules = offer_in_force().rulebook.activities.get(verdict.wish.activity)
            what = f"{rules.name if rules else verdict.wish.activity}, {wording.day(verdict.wish.day)}"
            if verdict.outcome is Outcome.REFUSED:
                raise ConsoleError(f"Refusé – {what} : {explain(verdict)}")
            self.say(f"{'Inscription' if verdict.wish.present else 'Annulation'} enregistrée – {what}.")
