"""`portail invoices`: a run of invoices from its preparation to the families' screens, papers and credit notes."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portail.billing.documents import invoice_pdf
from portail.billing.models import Invoice, InvoiceRun
from portail.billing.operations.corrections import CreditDraft, credit_note, months_to_bill
from portail.billing.operations.runs import RunDraft, abandon_run, issue_run, prepare_run, publish_run, solve_anomaly
from portail.billing.queries.runs import check_list, latest_runs, run_summary, runs_of_month
from portail.billing.wording import month as month_in_words
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import entry, invoice_numbered, invoices_of, latest_run, run_entries, run_of
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.invoice_words import entry_lines, invoice_line, run_lines, run_name
from portail.console.paper_files import write_new
from portail.console.payers import add_payer_arguments, payer_named
from portail.console.typed import TypedError
from portail.gateways.pdf.press import PaperError
from portail.towns import wording
from portail.towns.queries import public_origin

_LINE = re.compile(r"(\d{1,4})(?:=(.+))?")


class Command(TownCommand):
    """Prepare, check, issue, publish; list, print, correct."""

    help = "facturer un mois : préparer, contrôler, émettre, mettre en ligne, imprimer, corriger"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        _add_prepare(_act(acts, "prepare", "calculer les factures d'un mois, sans rien numéroter ; se relance"))
        _add_check(_act(acts, "check", "la liste de contrôle d'une campagne"))
        _add_issue(_act(acts, "issue", "numéroter et émettre : ensuite, seul un avoir corrige"))
        _add_run(_act(acts, "publish", "montrer les factures aux familles et les avertir"))
        _add_run(_act(acts, "abandon", "oublier une campagne qui n'est pas numérotée"))
        _add_list(_act(acts, "list", "les campagnes, ou les factures d'une campagne ou d'un payeur"))
        _add_pdf(_act(acts, "pdf", "imprimer une facture, ou toute une campagne"))
        _add_credit(_act(acts, "credit", "faire un avoir sur une facture"))

    def act_in_town(self, **options: Any) -> None:
        acts = {
            "prepare": self._prepare, "check": self._check, "issue": self._issue, "publish": self._publish,
            "abandon": self._abandon, "list": self._list, "pdf": self._pdf, "credit": self._credit,
        }  # fmt: skip
        acts[options["do"]](options)

    def _prepare(self, options: dict[str, Any]) -> None:
        month = options["month"]
        draft = RunDraft(
            regie=options["regie"],
            month=month,
            label=options["label"] or month_in_words(month).capitalize(),
            due_on=options["due"],
            rank=options["rank"],
            payable_until=options["payable_until"],
            exercise=options["exercise"],
        )
        self._say_run(prepare_run(draft=draft, by=self.by, now=self.now))

    def _check(self, options: dict[str, Any]) -> None:
        run = _run(options)
        if options["solve"]:
            self._solve(run, options["solve"], options["answer"])
        self._say_run(run)
        for row in check_list(run.public_id):
            self.say(*entry_lines(row))

    def _solve(self, run: InvoiceRun, beginnings: Sequence[str], answer: str) -> None:
        if not answer.strip():
            raise ConsoleError("Dites ce qui a été décidé : ajoutez --answer.")
        entries = run_entries(run)
        chosen = [entry(beginning, entries) for beginning in beginnings]
        for one in chosen:
            solve_anomaly(anomaly=one.public_id, answer=answer, by=self.by, now=self.now)

    def _issue(self, options: dict[str, Any]) -> None:
        run = issue_run(
            run=_run(options).public_id,
            despite=options["despite"],
            first_sequence=options["first_sequence"],
            by=self.by,
            now=self.now,
        )
        self._say_run(run)

    def _publish(self, options: dict[str, Any]) -> None:
        run = _run(options)
        page = f"{public_origin()}/factures/"
        mails = publish_run(run=run.public_id, page_url=page, by=self.by, now=self.now)
        self._say_run(run)
        told = counted(mails, "courriel d'avis à envoyer", "courriels d'avis à envoyer")
        self.say(f"En ligne : {page} ; {told}.")

    def _abandon(self, options: dict[str, Any]) -> None:
        run = _run(options)
        abandon_run(run=run.public_id, by=self.by, now=self.now)
        self.say(f"Campagne abandonnée : {run_name(run.regie, run.month, run.rank)}.")

    def _list(self, options: dict[str, Any]) -> None:
        if options["payer"] or options["child"]:
            self._say_invoices(invoices_of(payer=payer_named(options["payer"], options["child"])))
        elif options["regie"] and options["month"]:
            self._say_invoices(invoices_of(run=_run(options)))
        elif options["regie"]:
            self._say_invoices(invoices_of(run=latest_run(options["regie"])))
        else:
            runs = runs_of_month(options["month"]) if options["month"] else latest_runs()
            self.say(*(line for run in runs for line in run_lines(run)) if runs else ["Aucune campagne."])

    def _say_invoices(self, invoices: Sequence[Invoice]) -> None:
        self.say(*map(invoice_line, invoices))
        self.say(f"{counted(len(invoices), 'facture', 'factures')}.")

    def _pdf(self, options: dict[str, Any]) -> None:
        if bool(options["number"]) == bool(options["regie"] or options["month"]):
            raise ConsoleError("Donnez --number, ou bien --regie et --month.")
        if options["number"]:
            invoices = [invoice_numbered(number) for number in options["number"]]
        else:
            invoices = [one for one in invoices_of(run=_run(options)) if one.number]
        if not invoices:
            raise ConsoleError("Aucune facture n'est émise : il n'y a rien à imprimer.")
        if len(invoices) > 1 and not options["out"].is_dir():
            raise ConsoleError(f"{options['out']} n'est pas un dossier : plusieurs factures y seraient écrites.")
        failures = [sentence for invoice in invoices if (sentence := self._print(invoice, options["out"]))]
        self.say(f"{counted(len(invoices) - len(failures), 'facture écrite', 'factures écrites')}.")
        if failures:
            raise ConsoleError("\n".join(failures), returncode=1)

    def _print(self, invoice: Invoice, out: Path) -> str:
        """One PDF; returns why it could not be made, "" when it was: one bad invoice does not hold the others back."""
        try:
            pdf = invoice_pdf(invoice.public_id, now=self.now)
        except PaperError as error:
            return f"La facture {invoice} n'a pu être composée : {error}"
        write_new(out, pdf.name, pdf.content)
        return ""

    def _credit(self, options: dict[str, Any]) -> None:
        invoice = invoice_numbered(options["number"])
        draft = CreditDraft(
            invoice=invoice.public_id,
            reason=options["reason"],
            lines=dict(options["line"]) if options["line"] else None,
            rebill=options["rebill"],
        )
        note = credit_note(draft=draft, by=self.by, now=self.now)
        invoice = invoice_numbered(options["number"])
        self.say(f"Avoir n° {note} de {wording.money(note.total_cents)} ; facture corrigée :", invoice_line(invoice))
        months = [month_in_words(first_day) for first_day in months_to_bill(note)]
        if months:
            self.say(f"À refacturer par une campagne de rang suivant : {wording.listing(months)}.")

    def _say_run(self, run: InvoiceRun) -> None:
        row = run_summary(run.public_id)
        if row is not None:
            self.say(*run_lines(row))


def line_to_credit(text: str) -> tuple[int, int | None]:
    """« 2 » -> (2, None), the whole line; « 2=3,50 » -> (2, 350). Raises TypedError."""
    found = _LINE.fullmatch(text.replace(" ", ""))
    if found is None:
        raise TypedError(f"« {text} » : écrivez le numéro de la ligne, par exemple 2, ou 2=3,50.")
    return int(found[1]), read.cents(found[2]) if found[2] else None


def _run(options: dict[str, Any]) -> InvoiceRun:
    if not (options["regie"] and options["month"]):
        raise ConsoleError("Quelle campagne ? Donnez --regie et --month.")
    return run_of(options["regie"], options["month"], options["rank"])


def _act(acts: Any, name: str, words: str) -> Any:
    parser = acts.add_parser(name, help=words)
    add_town_arguments(parser)
    return parser


def _add_run(parser: Any, *, required: bool = True) -> None:
    parser.add_argument("--regie", required=required, metavar="CODE", help="code de la régie")
    parser.add_argument("--month", required=required, type=typed(read.month), metavar="MOIS", help="2026-10 ou 10/2026")
    parser.add_argument("--rank", type=int, default=1, metavar="N", help="2 et plus : ce qui restait du mois")


def _add_prepare(parser: Any) -> None:
    _add_run(parser)
    day = typed(read.day)
    parser.add_argument("--label", default="", metavar="LIBELLÉ", help="ce que disent les factures (sinon le mois)")
    parser.add_argument("--due", required=True, type=day, metavar="JOUR", help="échéance")
    parser.add_argument(
        "--payable-until", type=day, metavar="JOUR", help="dernier jour de paiement en ligne (sinon celui de la régie)"
    )
    parser.add_argument("--exercise", type=int, metavar="ANNÉE", help="exercice budgétaire (sinon l'année en cours)")


def _add_check(parser: Any) -> None:
    _add_run(parser)
    parser.add_argument(
        "--solve", action="append", default=[], metavar="LIGNE", help="régler une ligne, dite par [ce qui la précède]"
    )
    parser.add_argument("--answer", default="", metavar="RÉPONSE", help="ce qui a été décidé")


def _add_issue(parser: Any) -> None:
    _add_run(parser)
    parser.add_argument("--despite", action="store_true", help="même si des jours ne sont facturés à personne")
    parser.add_argument(
        "--first-sequence", type=int, default=1, metavar="N", help="premier numéro, si le lot fut commencé ailleurs"
    )


def _add_list(parser: Any) -> None:
    _add_run(parser, required=False)
    add_payer_arguments(parser)


def _add_pdf(parser: Any) -> None:
    _add_run(parser, required=False)
    parser.add_argument(
        "--number", action="append", default=[], metavar="NUMÉRO", help="une facture ou un avoir, répétable"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="SORTIE", help="fichier neuf, ou dossier")


def _add_credit(parser: Any) -> None:
    parser.add_argument("--number", required=True, metavar="NUMÉRO", help="la facture à corriger")
    parser.add_argument("--reason", required=True, metavar="MOTIF", help="dit sur l'avoir")
    parser.add_argument(
        "--line", action="append", default=[], type=typed(line_to_credit), metavar="LIGNE",
        help="une ligne entière (2) ou une partie (2=3,50), répétable ; sinon toute la facture",
    )  # fmt: skip
    parser.add_argument("--rebill", action="store_true", help="une campagne suivante refacturera ces jours")
