"""What came in: daily journal, receipts, cheques, payments to the accountant, cash in hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Min, Q, Sum

from portail.billing.models import Deposit, Payment, Regie

LONGEST_KEPT = timedelta(days=31)
"""A régisseur pays over at least once a month (the act of the régie may say sooner)."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """What came in by one means on one day; reversals are taken off and counted apart."""

    on: date
    means: str
    receipts: int
    reversals: int
    cents: int


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A line of the register of receipts. `reverses`: the number of the receipt that this one takes back."""

    number: str
    on: date
    payer: str
    means: str
    cents: int
    reference: str
    invoices: str
    reverses: str
    deposit: int | None


@dataclass(frozen=True, slots=True)
class ChequeRow:
    """A cheque, as the slip joined to the payment lists it."""

    number: str
    drawer: str
    cents: int
    on: date
    receipt: str


@dataclass(frozen=True, slots=True)
class DepositRow:
    """A payment to the accountant."""

    number: int
    on: date
    means: str
    cents: int
    receipts: int


@dataclass(frozen=True, slots=True)
class Cash:
    """What is in the till. `takings`: cash not paid over; the float is apart. `oldest`: day of the oldest of it.

    `over_ceiling`: above what the act of the régie lets it keep; `overdue`: kept for more than a month.
    """

    float_cents: int
    takings_cents: int
    ceiling_cents: int | None
    oldest: date | None
    over_ceiling: bool
    overdue: bool

    @property
    def in_hand_cents(self) -> int:
        """What a count of the till must find."""
        return self.float_cents + self.takings_cents


def daily_journal(regie: Regie, first: date, last: date) -> list[DayRow]:
    """By day, then by means. One query."""
    rows = (
        Payment.objects.filter(regie=regie, on__range=(first, last))
        .values("on", "means")
        .annotate(
            receipts=Count("pk", filter=Q(cents__gt=0)),
            reversals=Count("pk", filter=Q(cents__lt=0)),
            total=Sum("cents"),
        )
        .order_by("on", "means")
    )
    return [DayRow(row["on"], row["means"], row["receipts"], row["reversals"], row["total"]) for row in rows]


def receipts(regie: Regie, first: date, last: date) -> list[ReceiptRow]:
    """The register, in the order of its numbers. Three queries."""
    rows = Payment.objects.filter(regie=regie, on__range=(first, last)).select_related("deposit", "reverses")
    return [
        ReceiptRow(
            number=payment.number,
            on=payment.on,
            payer=payment.payer_name,
            means=payment.means,
            cents=payment.cents,
            reference=payment.reference,
            invoices=_numbers(share.invoice.number for share in payment.allocations.all()),
            reverses=payment.reverses.number if payment.reverses else "",
            deposit=payment.deposit.number if payment.deposit else None,
        )
        for payment in rows.prefetch_related("allocations__invoice").order_by("on__year", "number")
    ]


def cheques(regie: Regie, deposit: int | None = None) -> list[ChequeRow]:
    """Those of a payment to the accountant (its number); None: those still in hand. One query."""
    rows = Payment.objects.filter(regie=regie, means=Payment.Means.CHEQUE)
    chosen = rows.filter(deposit__isnull=True) if deposit is None else rows.filter(deposit__number=deposit)
    return [
        ChequeRow(payment.reference, payment.payer_name, payment.cents, payment.on, payment.number)
        for payment in chosen.order_by("on", "number")
    ]


def deposits(regie: Regie, first: date, last: date) -> list[DepositRow]:
    """Payments to the accountant, in the order of their numbers. One query."""
    rows = Deposit.objects.filter(regie=regie, on__range=(first, last)).annotate(receipts=Count("payments"))
    return [DepositRow(row.number, row.on, row.means, row.cents, row.receipts) for row in rows.order_by("number")]


def cash_in_hand(regie: Regie, today: date) -> Cash:
    """What the till holds, and what is wrong with it. One query."""
    cash = Payment.objects.filter(regie=regie, means=Payment.Means.CASH, deposit__isnull=True)
    found = cash.aggregate(total=Sum("cents"), oldest=Min("on"))
    takings, oldest, ceiling = found["total"] or 0, found["oldest"], regie.cash_ceiling_cents
    return Cash(
        float_cents=regie.float_cents,
        takings_cents=takings,
        ceiling_cents=ceiling,
        oldest=oldest,
        over_ceiling=ceiling is not None and takings > ceiling,
        overdue=oldest is not None and takings > 0 and today - oldest > LONGEST_KEPT,
    )


def _numbers(numbers: Iterable[str | None]) -> str:
    return ", ".join(sorted(number for number in numbers if number))
