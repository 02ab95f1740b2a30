"""`portail titres transfer`, `portail titres rebuild`."""

from pathlib import Path
from typing import Any

from portail.billing.operations.treasury import Transfer, TransferDraft, rebuild_transfer, transfer_to_titre
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import invoice_numbered
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.paper_files import write_new
from portail.gateways.helios.values import BordereauKind
from portail.towns import wording
from portail.towns.queries import town_day

KINDS = {"ormc": BordereauKind.ORMC, "titres": BordereauKind.ORDINARY}
CHECKED = "Fichier vérifié champ par champ, non validé par les schémas."


class Command(TownCommand):
    """Unpaid invoices handed over to the accountant, and the file made again."""

    help = "transmettre les factures impayées au comptable (titres ou rôle ORMC)"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        transfer = acts.add_parser("transfer", help="faire le bordereau ; les factures ne se paient plus à la régie")
        self._common(transfer)
        day = typed(read.day)
        transfer.add_argument("--label", default="Factures impayées", metavar="OBJET", help="objet du bordereau")
        transfer.add_argument(
            "--invoice", action="append", metavar="NUMÉRO", help="seulement cette facture (répétable)"
        )
        transfer.add_argument("--first-piece", type=int, default=1, metavar="N", help="numéro de la première pièce")
        transfer.add_argument(
            "--previous", type=int, metavar="N", help="dernier bordereau envoyé, pour vérifier la suite"
        )
        transfer.add_argument("--issued-on", type=day, metavar="JOUR", help="jour d'émission (sinon aujourd'hui)")
        transfer.add_argument("--notice-on", type=day, metavar="JOUR", help="départ des avis, pour un rôle")
        transfer.add_argument("--preview", action="store_true", help="dire ce qui serait fait, sans rien écrire")
        self._common(acts.add_parser("rebuild", help="refaire le même fichier, à l'octet près"))

    def _common(self, parser: Any) -> None:
        add_town_arguments(parser)
        parser.add_argument("--regie", required=True, metavar="CODE", help="la régie")
        parser.add_argument("--number", required=True, type=int, metavar="N", help="numéro du bordereau ou du rôle")
        parser.add_argument("--kind", choices=sorted(KINDS), default="ormc", help="rôle ORMC ou titres ordinaires")
        parser.add_argument("--exercise", type=int, metavar="ANNÉE", help="exercice (sinon celui du jour)")
        parser.add_argument("--csv", action="store_true", help="écrire aussi le CSV pour le logiciel de finances")
        parser.add_argument("--out", type=Path, default=Path(), metavar="DOSSIER", help="où écrire (sinon ici)")

    def act_in_town(self, **options: Any) -> None:
        kind, number = KINDS[options["kind"]], options["number"]
        if not options["out"].is_dir():
            raise ConsoleError(f"{options['out']} n'est pas un dossier.")
        if options["do"] == "rebuild":
            year = options["exercise"] or town_day(self.now).year
            self._show(rebuild_transfer(regie=options["regie"], number=number, exercise=year, kind=kind), options)
            return
        numbers = options["invoice"]
        draft = TransferDraft(
            regie=options["regie"],
            number=number,
            kind=kind,
            label=options["label"],
            invoices=[invoice_numbered(one).public_id for one in numbers] if numbers else None,
            first_piece=options["first_piece"],
            previous=options["previous"],
            exercise=options["exercise"],
            issued_on=options["issued_on"],
            notice_on=options["notice_on"],
            preview=options["preview"],
        )
        found = transfer_to_titre(draft=draft, by=self.by, now=self.now)
        if options["preview"]:
            what = counted(found.invoices, "facture serait transmise", "factures seraient transmises")
            self.say(f"Aperçu, rien n'est écrit : {what}, {wording.money(found.cents)}.", *_left(found))
            return
        self._show(found, options)

    def _show(self, found: Transfer, options: dict[str, Any]) -> None:
        out = options["out"]
        files = [(found.file_name, found.content)]
        if options["csv"]:
            files.append((found.file_name.replace(".xml", ".csv"), found.csv))
        written = [str(write_new(out, name, content)) for name, content in files]
        self.say(
            f"{counted(found.invoices, 'facture', 'factures')}, {wording.money(found.cents)} : {', '.join(written)}.",
            "Fichier validé par les schémas." if found.validation.valid else f"{CHECKED} {found.validation.why_not}",
            *_left(found),
        )


def _left(found: Transfer) -> list[str]:
    return [f"Laissée : {one.number}, {one.payer}, {wording.money(one.cents)} : {one.why}" for one in found.left_out]
