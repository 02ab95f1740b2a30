"""`portail certificate`."""

from pathlib import Path
from typing import Any

from portail.billing.documents import certificate_pdf
from portail.console.command import ConsoleError, TownCommand
from portail.console.paper_files import write_new
from portail.console.payers import add_payer_arguments, payer_named
from portail.gateways.pdf.press import PaperError

FIRST_YEAR, LAST_YEAR = 2000, 2999


class Command(TownCommand):
    """The tax certificate of a payer: what was really paid for the care of children under six."""

    help = "faire l'attestation fiscale d'un payeur"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        add_payer_arguments(parser)
        parser.add_argument("--year", required=True, type=int, metavar="ANNÉE", help="l'année des paiements")
        parser.add_argument("--out", required=True, type=Path, metavar="SORTIE.pdf", help="fichier neuf, ou dossier")

    def act_in_town(self, **options: Any) -> None:
        payer, year = payer_named(options["payer"], options["child"]), options["year"]
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ConsoleError("L'année s'écrit avec quatre chiffres, par exemple 2026.")
        try:
            pdf = certificate_pdf(payer, year, now=self.now)
        except PaperError as error:
            raise ConsoleError(f"L'attestation de {payer} n'a pu être composée : {error}") from None
        if pdf is None:
            raise ConsoleError(f"{payer} n'a rien payé en {year} pour la garde d'un enfant de moins de six ans.")
        self.say(f"Attestation fiscale {year} de {payer} : {write_new(options['out'], pdf.name, pdf.content)}")
