"""What is owed: unpaid invoices by age, and the balance of a payer."""

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet, Sum

from portail.billing.models import Allocation, Invoice, Payment, Regie
from portail.families.models import Payer
from portail.rules.invoicing import InvoiceStatus

AGES = ("à échoir", "0 à 30 jours", "31 à 60 jours", "61 à 90 jours", "plus de 90 jours")
_LEFT = F("total_cents") - F("paid_cents") - F("credited_cents")


@dataclass(frozen=True, slots=True)
class UnpaidRow:
    """An invoice still owed. `days`: since it was due, negative before. `age`: one of AGES."""

    number: str
    label: str
    payer: str
    due_on: date
    days: int
    age: str
    cents: int
    reminders: int
    remitted: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one payer at one régie. `owed`: to the régie; `transferred`: to the accountant; `surplus`: paid too much.

    `credits`: credit notes not used yet. What the payer owes the régie in the end is `net`.
    """

    regie: str
    owed_cents: int
    transferred_cents: int
    surplus_cents: int
    credits_cents: int

    @property
    def net_cents(self) -> int:
        """Negative: the régie owes it to the payer."""
        return self.owed_cents - self.surplus_cents - self.credits_cents


def age_of(days: int) -> str:
    """The bucket of so many days late."""
    limits = (0, 31, 61, 91)
    return AGES[sum(days >= limit for limit in limits)]


def unpaid(regie: Regie, on: date) -> list[UnpaidRow]:
    """Issued invoices of the régie still owed, the oldest due date first. One query."""
    columns = ("number", "label", "payer_name", "due_on", "reminders", "remittance_id")
    rows = _owed(InvoiceStatus.ISSUED).filter(regie=regie).order_by("due_on", "number")
    return [
        UnpaidRow(
            number, label, payer, due_on, (on - due_on).days, age_of((on - due_on).days), left, reminders,
            remittance is not None,
        )
        for number, label, payer, due_on, reminders, remittance, left in rows.values_list(*columns, _LEFT)
    ]  # fmt: skip


def balances_of(payer: Payer) -> list[Balance]:
    """One for each régie that ever billed or received something of this payer. Six queries."""
    names = dict(Regie.objects.order_by("pk").values_list("pk", "name"))
    owed = _by_regie(_owed(InvoiceStatus.ISSUED).filter(payer=payer))
    transferred = _by_regie(_owed(InvoiceStatus.TRANSFERRED).filter(payer=payer))
    notes = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE, status=InvoiceStatus.ISSUED.value)
    given_back = _by_regie(notes.filter(payer=payer))
    received = dict(Payment.objects.filter(payer=payer).order_by().values_list("regie_id").annotate(total=Sum("cents")))
    used = dict(
        Allocation.objects.filter(payment__payer=payer)
        .order_by()
        .values_list("payment__regie_id")
        .annotate(total=Sum("cents"))
    )
    known = sorted({*owed, *transferred, *given_back, *received}, key=lambda key: names[key])
    return [
        Balance(
            names[key],
            owed.get(key, 0),
            transferred.get(key, 0),
            received.get(key, 0) - used.get(key, 0),
            given_back.get(key, 0),
        )
        for key in known
    ]


def _owed(status: InvoiceStatus) -> QuerySet[Invoice]:
    unpaid_part = Q(total_cents__gt=F("paid_cents") + F("credited_cents"))
    return Invoice.objects.filter(unpaid_part, kind=Invoice.Kind.INVOICE, status=status.value)


def _by_regie(invoices: QuerySet[Invoice]) -> dict[int, int]:
    return dict(invoices.order_by().values_list("regie_id").annotate(left=Sum(_LEFT)))
