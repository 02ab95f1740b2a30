"""`portail quotient set`."""

from typing import Any

from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import TownCommand, add_town_arguments
from portail.console.payers import add_payer_arguments, payer_named
from portail.families.operations.quotients import QuotientDraft, set_quotient
from portail.towns import wording


class Command(TownCommand):
    """A payer's quotient familial from a day on."""

    help = "entrer le quotient familial d'un payeur"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        entry = acts.add_parser("set", help="à partir d'un jour ; le quotient précédent finit la veille")
        add_town_arguments(entry)
        add_payer_arguments(entry)
        day = typed(read.day)
        entry.add_argument("--value", required=True, type=int, metavar="EUROS", help="le quotient, en euros entiers")
        entry.add_argument("--from", dest="first", required=True, type=day, metavar="JOUR", help="premier jour")
        entry.add_argument("--to", dest="last", type=day, metavar="JOUR", help="dernier jour (sinon jusqu'au suivant)")
        entry.add_argument("--source", default="", metavar="ORIGINE", help="CAF, MSA, avis d'imposition…")

    def act_in_town(self, **options: Any) -> None:
        payer = payer_named(options["payer"], options["child"])
        draft = QuotientDraft(options["value"], options["first"], options["last"], options["source"])
        quotient = set_quotient(payer=payer, draft=draft, by=self.by, now=self.now)
        until = f" au {wording.plain_day(quotient.last_day)}" if quotient.last_day else ""
        since = wording.plain_day(quotient.first_day)
        self.say(f"{payer} : quotient {quotient.value}, {'du' if until else 'à partir du'} {since}{until}.")
