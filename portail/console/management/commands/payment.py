"""`portail payment`: money taken in at the counter, given back, or that did not come after all."""

from typing import Any

from portail.billing.models import Payment
from portail.billing.operations.money import (
    CounterDraft,
    allocate_credit,
    record_payment,
    refund,
    reverse_payment,
)
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import Period, invoice_numbered, payment_numbered, payments_of
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.invoice_words import invoice_line, payment_line, totals_by_means
from portail.console.payers import add_payer_arguments, payer_named
from portail.towns import wording
from portail.towns.queries import town_day

MEANS = {
    "especes": Payment.Means.CASH,
    "cheque": Payment.Means.CHEQUE,
    "cesu": Payment.Means.CESU,
    "virement": Payment.Means.TRANSFER,
}
LONGEST_REFERENCE, LONGEST_REASON = 60, 200


class Command(TownCommand):
    """Record, take back, give back, use a credit, list."""

    help = "enregistrer un règlement au guichet, l'annuler, le rembourser, les lister"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        _add_record(acts)
        _add_reverse(acts)
        _add_refund(acts)
        _add_allocate(acts)
        _add_list(acts)

    def act_in_town(self, **options: Any) -> None:
        acts = {
            "record": self._record, "reverse": self._reverse, "refund": self._refund,
            "allocate": self._allocate, "list": self._list,
        }  # fmt: skip
        acts[options["do"]](options)

    def _record(self, options: dict[str, Any]) -> None:
        invoices = [invoice_numbered(number) for number in options["invoice"]]
        draft = CounterDraft(
            invoices=[invoice.public_id for invoice in invoices],
            means=MEANS[options["means"]],
            cents=options["amount"],
            on=options["on"] or town_day(self.now),
            reference=_short(options["reference"], LONGEST_REFERENCE, "La référence"),
            comment=_short(options["comment"], LONGEST_REASON, "La remarque"),
            keep_change=options["keep_change"],
        )
        payment = record_payment(draft=draft, by=self.by, now=self.now)
        self.say(f"Reçu n° {payment.number}, {payment.regie} : {wording.money(payment.cents)} de {payment.payer_name}.")
        self.say(*(invoice_line(invoice_numbered(number)) for number in dict.fromkeys(options["invoice"])))

    def _reverse(self, options: dict[str, Any]) -> None:
        payment = payment_numbered(options["receipt"], options["regie"])
        reason = _short(options["reason"], LONGEST_REASON, "Le motif")
        back = reverse_payment(payment=payment.public_id, reason=reason, by=self.by, now=self.now)
        self.say(f"Le reçu {payment.number} est annulé par le reçu {back.number} : {wording.money(back.cents)}.")
        open_again = [share.invoice for share in back.allocations.select_related("invoice").order_by("pk")]
        self.say(*map(invoice_line, open_again))

    def _refund(self, options: dict[str, Any]) -> None:
        payment = payment_numbered(options["receipt"], options["regie"])
        back = refund(
            payment=payment.public_id,
            cents=options["amount"],
            on=options["on"] or town_day(self.now),
            reason=_short(options["reason"], LONGEST_REASON, "Le motif"),
            by=self.by,
            now=self.now,
        )
        self.say(f"Remboursement n° {back.number} : {wording.money(-back.cents)} à virer à {back.payer_name}.")

    def _allocate(self, options: dict[str, Any]) -> None:
        payment = payment_numbered(options["receipt"], options["regie"])
        invoice = invoice_numbered(options["invoice"])
        cents = allocate_credit(payment=payment.public_id, invoice=invoice.public_id, by=self.by, now=self.now)
        self.say(f"{wording.money(cents)} du reçu {payment.number} paient la facture {invoice}.")

    def _list(self, options: dict[str, Any]) -> None:
        last = options["last"] or town_day(self.now)
        days = Period(options["first"] or last.replace(day=1), last)
        if days.last < days.first:
            raise ConsoleError("Le premier jour vient après le dernier.")
        one = bool(options["payer"] or options["child"])
        payer = payer_named(options["payer"], options["child"]) if one else None
        payments = payments_of(days, regie=options["regie"], payer=payer)
        self.say(*map(payment_line, payments), *totals_by_means(payments))
        between = f"du {wording.plain_day(days.first)} au {wording.plain_day(days.last)}"
        self.say(f"{counted(len(payments), 'règlement', 'règlements')} {between}.")


def _short(text: str, longest: int, what: str) -> str:
    """The text as it is kept: cut short, it would no longer say what was typed."""
    if len(text) > longest:
        raise ConsoleError(f"{what} dépasse {longest} caractères.")
    return text.strip()


def _add_record(acts: Any) -> None:
    parser = acts.add_parser("record", help="un règlement reçu : espèces, chèque, CESU, virement")
    add_town_arguments(parser)
    parser.add_argument(
        "--invoice", required=True, action="append", metavar="NUMÉRO", help="facture payée, répétable, dans cet ordre"
    )
    parser.add_argument("--means", required=True, choices=MEANS, help="especes, cheque, cesu ou virement")
    parser.add_argument("--amount", required=True, type=typed(read.cents), metavar="EUROS", help="12,34")
    parser.add_argument("--on", type=typed(read.day), metavar="JOUR", help="jour du règlement (sinon aujourd'hui)")
    parser.add_argument("--reference", default="", metavar="N°", help="n° du chèque, émetteur et n° du CESU…")
    parser.add_argument("--comment", default="", metavar="REMARQUE")
    parser.add_argument("--keep-change", action="store_true", help="garder ce qui dépasse comme trop-perçu")


def _add_receipt(parser: Any) -> None:
    add_town_arguments(parser)
    parser.add_argument("--receipt", required=True, metavar="REÇU", help="numéro du reçu, par exemple 2026-000012")
    parser.add_argument("--regie", default="", metavar="CODE", help="si plusieurs régies ont ce numéro")


def _add_reverse(acts: Any) -> None:
    parser = acts.add_parser("reverse", help="annuler : prélèvement rejeté, chèque impayé, erreur de saisie")
    _add_receipt(parser)
    parser.add_argument("--reason", required=True, metavar="MOTIF", help="dit à la famille, par courriel")


def _add_refund(acts: Any) -> None:
    parser = acts.add_parser("refund", help="rembourser un trop-perçu, par virement")
    _add_receipt(parser)
    parser.add_argument("--amount", required=True, type=typed(read.cents), metavar="EUROS", help="12,34")
    parser.add_argument("--on", type=typed(read.day), metavar="JOUR", help="jour du virement (sinon aujourd'hui)")
    parser.add_argument("--reason", required=True, metavar="MOTIF")


def _add_allocate(acts: Any) -> None:
    parser = acts.add_parser("allocate", help="imputer un trop-perçu sur une autre facture du même payeur")
    _add_receipt(parser)
    parser.add_argument("--invoice", required=True, metavar="NUMÉRO", help="la facture à payer")


def _add_list(acts: Any) -> None:
    parser = acts.add_parser("list", help="les règlements, depuis le début du mois si rien n'est dit")
    add_town_arguments(parser)
    add_payer_arguments(parser)
    day = typed(read.day)
    parser.add_argument("--regie", default="", metavar="CODE", help="une seule régie")
    parser.add_argument("--from", dest="first", type=day, metavar="JOUR", help="premier jour")
    parser.add_argument("--to", dest="last", type=day, metavar="JOUR", help="dernier jour (sinon aujourd'hui)")
