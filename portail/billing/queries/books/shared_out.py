"""The monthly statement: what was received, by account code."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from portail.billing.models import Allocation, BilledActivity, InvoiceLine, Payment, Regie
from portail.rules.invoicing import pro_rata

NOT_SAID = ""
"""The account of what no imputation was said for."""
SURPLUS = "trop-perçu"
"""What came in and pays no invoice."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Cents received under an account code; NOT_SAID and SURPLUS come last."""

    account: str
    cents: int


def monthly_statement(regie: Regie, month: date) -> list[AccountRow]:
    """What came in during the month, by the account of the activities that it pays. Five queries.

    A payment falls on the lines of its invoice in proportion; month after month the shares of an invoice add up to
    what its lines billed, to the cent. The rows add up to what the journal of the month says.
    """
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    within = Allocation.objects.filter(payment__regie=regie, payment__on__range=(first, last))
    paid = _by_invoice(within)
    earlier = Allocation.objects.filter(payment__regie=regie, payment__on__lt=first)
    before = _by_invoice(earlier.filter(invoice__in=within.values("invoice")))
    lines = _lines(regie, within)
    found: dict[str, int] = defaultdict(int)
    for invoice, cents in paid.items():
        already = before.get(invoice, 0)
        for account, share in _shares(lines.get(invoice, {}), already, already + cents).items():
            found[account] += share
    received = Payment.objects.filter(regie=regie, on__range=(first, last)).aggregate(total=Sum("cents"))
    found[SURPLUS] += (received["total"] or 0) - sum(paid.values())
    rows = [AccountRow(account, cents) for account, cents in found.items() if cents]
    return sorted(rows, key=lambda row: (row.account == SURPLUS, row.account == NOT_SAID, row.account))


def _by_invoice(allocations: object) -> dict[int, int]:
    rows = allocations.order_by().values_list("invoice_id").annotate(total=Sum("cents"))  # type: ignore[attr-defined]
    return dict(rows)


def _lines(regie: Regie, within: object) -> dict[int, dict[str, int]]:
    """Cents billed by account, of each invoice that the month paid; lines that take back weigh nothing."""
    accounts = dict(BilledActivity.objects.values_list("activity_id", "account"))
    found: dict[int, dict[str, int]] = {}
    paid = within.values("invoice")  # type: ignore[attr-defined]
    rows = InvoiceLine.objects.filter(invoice__in=paid, invoice__regie=regie).order_by("invoice_id", "position")
    for invoice, activity, cents in rows.values_list("invoice_id", "activity_id", "amount_cents"):
        account = accounts.get(activity) or NOT_SAID
        parts = found.setdefault(invoice, {})
        parts[account] = parts.get(account, 0) + max(0, cents)
    return found


def _shares(parts: Mapping[str, int], before: int, after: int) -> dict[str, int]:
    """By account, what of an invoice was paid between two sums paid. It adds up to `after - before`."""
    weights = list(parts.values())
    if not sum(weights):
        return {NOT_SAID: after - before}
    one, other = _signed(weights, after), _signed(weights, before)
    return {account: a - b for account, a, b in zip(parts, one, other, strict=True)}


def _signed(weights: Sequence[int], cents: int) -> list[int]:
    """`pro_rata`, of a sum given back as well: a reversal may be dated before what it takes back."""
    return pro_rata(weights, cents) if cents >= 0 else [-share for share in pro_rata(weights, -cents)]
