"""Who is to be reminded of what, and the letters of a day, to be printed as often as needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.db.models import F, Q, QuerySet

from portail.billing.models import Invoice, Regie
from portail.families.models import Payer
from portail.rules.invoicing import InvoiceStatus


@dataclass(frozen=True, slots=True)
class Letter:
    """One payer and the invoices that one letter reminds of, the oldest due date first."""

    payer: Payer
    invoices: Sequence[Invoice]

    @property
    def cents(self) -> int:
        """What they still owe in all."""
        return sum(invoice.left_cents for invoice in self.invoices)


def late(regie: Regie, level: int, min_days: int, today: date) -> QuerySet[Invoice]:
    """Invoices that the families have had, still owed, due for so many days, not reminded at this level yet."""
    return _owed(regie).filter(
        Q(reminded_on__isnull=True) | Q(reminded_on__lt=today),
        published_at__isnull=False,
        due_on__lte=today - timedelta(days=min_days),
        reminders__lt=level,
    )


def letters_of(regie: Regie, level: int, on: date) -> list[Letter]:
    """What was reminded on that day at that level and is still owed, by payer in the order of names. One query."""
    rows = _owed(regie).filter(reminders=level, reminded_on=on, remittance__isnull=True)
    return by_payer(rows.select_related("payer").order_by("payer__sort_key", "payer_id", "due_on", "number"))


def by_payer(invoices: Sequence[Invoice] | QuerySet[Invoice]) -> list[Letter]:
    """One letter for each run of invoices of the same payer."""
    return [
        Letter(rows[0].payer, rows)
        for _, some in groupby(invoices, key=lambda invoice: invoice.payer_id)
        if (rows := list(some))
    ]


def _owed(regie: Regie) -> QuerySet[Invoice]:
    unpaid_part = Q(total_cents__gt=F("paid_cents") + F("credited_cents"))
    status = InvoiceStatus.ISSUED.value
    return Invoice.objects.filter(unpaid_part, regie=regie, kind=Invoice.Kind.INVOICE, status=status)
