"""`portail codes reissue`."""

from typing import Any

from portail.console.command import ConsoleError, TownCommand, add_town_arguments
from portail.console.lookups import payers_of
from portail.families.models import Payer
from portail.families.operations.register import reissue_code
from portail.rules.codes import normalise_child_code
from portail.rules.names import sort_key


class Command(TownCommand):
    """Give a payer a new code; the old one and its sessions die at once."""

    help = "donner un nouveau code à un payeur"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        reissue = acts.add_parser("reissue", help="un nouveau code ; l'ancien cesse aussitôt de servir")
        add_town_arguments(reissue)
        reissue.add_argument("--child", required=True, metavar="CODE", help="code de l'un de ses enfants")
        reissue.add_argument("--payer", metavar="NOM", help="nom et prénom, si l'enfant a plusieurs payeurs")

    def act_in_town(self, **options: Any) -> None:
        payer = _payer(options["child"], options["payer"])
        issued = reissue_code(payer=payer, by=self.by, now=self.now)
        self.say(f"Nouveau code payeur de {payer} : {issued.code}", "Notez-le : il ne pourra pas être relu.")


def _payer(child: str, name: str | None) -> Payer:
    payers = payers_of(normalise_child_code(child))
    if not payers:
        raise ConsoleError(f"Aucun enfant n'a le code « {child} ».")
    words = set(sort_key(name or "").split())
    found = [payer for payer in payers if words <= set(payer.sort_key.split())]
    if len(found) != 1:
        raise ConsoleError(f"Précisez --payer ; payeurs de cet enfant : {', '.join(map(str, payers))}.")
    return found[0]
