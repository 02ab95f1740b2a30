"""`portail regie list|test`."""

from typing import Any

from portail.billing.models import Regie
from portail.billing.providers import test_connection
from portail.console.billing_lookups import regie_coded, regies
from portail.console.command import ConsoleError, TownCommand, add_town_arguments
from portail.gateways.payfip import PayfipError
from portail.towns import wording


class Command(TownCommand):
    """The régies as they are set up, and whether PayFiP knows them."""

    help = "lister les régies, ou tester leur connexion à PayFiP"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        add_town_arguments(acts.add_parser("list", help="les régies et leurs réglages"))
        test = acts.add_parser("test", help="demander à PayFiP s'il connaît le numéro de client ; rien n'est payé")
        add_town_arguments(test)
        test.add_argument("--regie", default="", metavar="CODE", help="une seule régie (sinon toutes)")

    def act_in_town(self, **options: Any) -> None:
        if options["do"] == "list":
            found = regies()
            self.say(*(line for regie in found for line in _lines(regie)) if found else ["Aucune régie."])
            return
        chosen = [regie_coded(options["regie"])] if options["regie"] else regies()
        online = [regie for regie in chosen if regie.provider != Regie.Provider.NONE]
        if not online:
            raise ConsoleError("Aucune de ces régies ne se paie en ligne : il n'y a rien à tester.")
        failures = [sentence for regie in online if (sentence := self._test(regie))]
        if failures:
            raise ConsoleError("\n".join(failures), returncode=1)

    def _test(self, regie: Regie) -> str:
        """Says what PayFiP knows; returns what is wrong, "" when nothing is."""
        try:
            labels = test_connection(regie)
        except PayfipError as error:
            code = f" ({error.code})" if error.code else ""
            return f"{regie}, client {regie.numcli} : échec{code}. {error.label}"
        self.say(f"{regie}, client {regie.numcli} : connu de PayFiP sous le nom « {', '.join(labels)} ».")
        return ""


def _lines(regie: Regie) -> list[str]:
    provider = regie.get_provider_display()
    online = provider
    if regie.provider != Regie.Provider.NONE:
        online = f"{provider}, client {regie.numcli}, mode {regie.mode} ({regie.get_mode_display()})"
    until = f"jusqu'au {regie.payable_day} du mois suivant" if regie.payable_day else "sans date limite"
    state = "" if regie.active else " – inactive"
    return [
        f"{regie.code} : {regie}{state}",
        f"    {online} ; circuit {regie.get_circuit_display()} ; payable {until}",
        f"    code recette {regie.recette or '–'} ; montant minimal {wording.money(regie.minimum_cents)}",
    ]
