"""What of an invoice may be paid in CESU."""

from datetime import date

from django.db.models import Sum

from portail.billing.models import Allocation, BilledActivity, Invoice, Payment

SIX = 6


def cesu_left(invoice: Invoice) -> int:
    """Cents of the invoice that may still be paid in CESU: the care part of eligible activities, less earlier CESU.

    « Moins de 6 ans » is looked at on the first day of the month of the run.
    """
    kinds = dict(BilledActivity.objects.filter(regie=invoice.regie_id).values_list("activity_id", "cesu"))
    on = invoice.run.month if invoice.run else invoice.due_on
    eligible = sum(
        line.care_cents
        for line in invoice.lines.select_related("person")
        if _takes(kinds.get(line.activity_id, ""), line.person.birth_date if line.person else None, on)
    )
    used = Allocation.objects.filter(invoice=invoice, payment__means=Payment.Means.CESU).aggregate(cents=Sum("cents"))
    return max(0, min(eligible - (used["cents"] or 0), invoice.left_cents))


def _takes(kind: str, born: date | None, on: date) -> bool:
    if kind == BilledActivity.Cesu.ALL:
        return True
    if kind != BilledActivity.Cesu.UNDER_SIX or born is None:
        return False
    return (on.year - born.year - ((on.month, on.day) < (born.month, born.day))) < SIX
