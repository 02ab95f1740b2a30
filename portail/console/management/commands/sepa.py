"""`portail sepa …`: mandates and direct debit files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portail.billing.operations import sepa
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import invoice_numbered
from portail.console.command import TownCommand, add_town_arguments, counted
from portail.console.paper_files import write_new
from portail.console.payers import add_payer_arguments, payer_named
from portail.console.treasury_lookups import mandate_of, remittance_named
from portail.towns import wording

Options = dict[str, Any]


class Command(TownCommand):
    """Mandates are entered and revoked; a file is built, handed over, then debited, rejected or cancelled."""

    help = "prélèvements automatiques : mandats et fichiers"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        day = typed(read.day)
        mandate = _act(acts, "mandate", "entrer un mandat signé ; il remplace celui en vigueur")
        add_payer_arguments(mandate)
        mandate.add_argument("--holder", required=True, metavar="NOM", help="titulaire du compte")
        mandate.add_argument("--iban-file", required=True, type=Path, metavar="FICHIER", help="IBAN, puis BIC s'il y a")
        mandate.add_argument("--signed-on", required=True, type=day, metavar="JOUR", help="jour de la signature")
        mandate.add_argument("--rum", default="", metavar="RUM", help="référence du mandat (sinon tirée)")
        add_payer_arguments(_act(acts, "revoke", "révoquer le mandat d'un payeur"))
        build = _act(acts, "build", "faire le fichier de ce qui est dû, et le bloquer au paiement en ligne")
        build.add_argument("--collected-on", required=True, type=day, metavar="JOUR", help="jour du prélèvement")
        build.add_argument("--invoice", action="append", metavar="NUMÉRO", help="seulement cette facture (répétable)")
        for name, words in (
            ("file", "écrire le fichier"),
            ("settle", "noter qu'il est prélevé"),
            ("cancel", "annuler"),
        ):
            one = _act(acts, name, words, regie=False)
            one.add_argument("--name", required=True, metavar="NOM", help="nom du fichier de la remise")
            one.add_argument("--out", type=Path, default=Path(), metavar="DOSSIER", help="où écrire (sinon ici)")
            one.add_argument("--reason", default="", metavar="MOTIF", help="pour une annulation")
        reject = _act(acts, "reject", "un prélèvement est revenu : la facture est de nouveau à payer", regie=False)
        reject.add_argument("--invoice", required=True, metavar="NUMÉRO", help="la facture")
        reject.add_argument("--reason", default="", metavar="MOTIF", help="dit au payeur")
        _act(acts, "purge", "effacer les coordonnées bancaires inutilisées depuis 36 mois", regie=False)
        _act(acts, "reseal", "chiffrer de nouveau, après un changement de clé", regie=False)

    def act_in_town(self, **options: Any) -> None:
        acts: Mapping[str, Callable[[Options], None]] = {
            "mandate": self._mandate,
            "revoke": self._revoke,
            "build": self._build,
            "file": self._file,
            "settle": self._settle,
            "cancel": self._cancel,
            "reject": self._reject,
            "purge": self._purge,
            "reseal": self._reseal,
        }
        acts[options["do"]](options)

    def _mandate(self, options: Options) -> None:
        # Never on the command line: other users of the machine would see it, and the shell would remember it.
        text = options["iban_file"].read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        draft = sepa.MandateDraft(
            regie=options["regie"],
            payer=payer_named(options["payer"], options["child"]),
            holder=options["holder"],
            iban=lines[0] if lines else "",
            bic=lines[1] if len(lines) > 1 else "",
            signed_on=options["signed_on"],
            rum=options["rum"],
        )
        made = sepa.add_mandate(draft=draft, by=self.by, now=self.now)
        self.say(f"Mandat {made.rum} de {draft.payer} entré, compte finissant par {made.tail}.")

    def _revoke(self, options: Options) -> None:
        found = mandate_of(payer_named(options["payer"], options["child"]), options["regie"])
        made = sepa.revoke_mandate(mandate=found.public_id, by=self.by, now=self.now)
        self.say(f"Mandat {made.rum} révoqué.")

    def _build(self, options: Options) -> None:
        numbers = options["invoice"]
        draft = sepa.RemittanceDraft(
            options["regie"],
            options["collected_on"],
            [invoice_numbered(one).public_id for one in numbers] if numbers else None,
        )
        built = sepa.build_remittance(draft=draft, by=self.by, now=self.now)
        file = built.remittance
        self.say(
            f"Remise {file.file_name} : {counted(built.debits, 'prélèvement', 'prélèvements')}, "
            f"{wording.money(file.cents)}, le {wording.day(file.collected_on)}.",
            *(f"Laissée : {one.number}, {one.payer} : {one.why}" for one in built.left_out),
        )

    def _file(self, options: Options) -> None:
        found = remittance_named(options["name"])
        name, content = sepa.hand_over_remittance(remittance=found.public_id, by=self.by, now=self.now)
        written = write_new(options["out"], name, content)
        self.say(f"Fichier écrit : {written}. Il porte des IBAN : supprimez-le après l'envoi.")

    def _settle(self, options: Options) -> None:
        found = remittance_named(options["name"])
        done = sepa.settle_remittance(remittance=found.public_id, by=self.by, now=self.now)
        self.say(f"{counted(done, 'règlement enregistré', 'règlements enregistrés')}.")

    def _cancel(self, options: Options) -> None:
        found = remittance_named(options["name"])
        sepa.cancel_remittance(remittance=found.public_id, reason=options["reason"], by=self.by, now=self.now)
        self.say(f"Remise {found.file_name} annulée : ses factures sont de nouveau payables.")

    def _reject(self, options: Options) -> None:
        debt = invoice_numbered(options["invoice"])
        back = sepa.reject_debit(invoice=debt.public_id, reason=options["reason"], by=self.by, now=self.now)
        words = f", reçu d'annulation {back.number}" if back else ", retirée de la remise"
        self.say(f"Prélèvement de la facture {debt} rejeté{words} : elle est de nouveau à payer.")

    def _purge(self, _options: Options) -> None:
        done = sepa.purge_mandates(by=self.by, now=self.now)
        self.say(f"{counted(done, 'compte ou fichier effacé', 'comptes ou fichiers effacés')}.")

    def _reseal(self, _options: Options) -> None:
        done = sepa.reseal(by=self.by, now=self.now)
        self.say(f"{counted(done, 'compte ou fichier chiffré', 'comptes ou fichiers chiffrés')} de nouveau.")


def _act(acts: Any, name: str, words: str, *, regie: bool = True) -> Any:
    parser = acts.add_parser(name, help=words)
    add_town_arguments(parser)
    if regie:
        parser.add_argument("--regie", required=True, metavar="CODE", help="la régie")
    return parser
