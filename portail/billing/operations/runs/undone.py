"""Days that were carried over into a later month's invoice, then credited there to be billed again.

Their line stands in the invoice of the later month; they are days of their own month, which alone can price them again.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from portail.billing.models import Invoice, InvoiceLine, InvoiceRun
from portail.billing.operations.runs.reading import Billed, Chunk

Undone = dict[tuple[int, int], dict[tuple[int, date], int]]


def without_undone(run: InvoiceRun, chunk: Chunk) -> Chunk:
    """The chunk of a run of rank 2 or more, in which those days of its month no longer count as billed."""
    undone = _undone(run, [child.id for child in chunk.children]) if run.rank > 1 else {}
    return replace(chunk, billed=_less(chunk.billed, undone)) if undone else chunk


def _undone(run: InvoiceRun, persons: Collection[int]) -> Undone:
    """By person and activity, how many times each (payer, day) was given back. Two queries."""
    lines = InvoiceLine.objects.filter(
        person_id__in=persons,
        invoice__kind=Invoice.Kind.CREDIT_NOTE,
        invoice__regie=run.regie_id,
        detail__rebill=True,
        detail__has_key="carried_from",
    )
    rows = list(lines.values_list("person_id", "activity_id", "invoice__payer_id", "detail"))
    origins = Invoice.objects.filter(
        public_id__in={detail["carried_from"] for *_, detail in rows},
        run__regie=run.regie_id,
        run__month=run.month,
        run__rank__lt=run.rank,
    )
    ours = {str(public_id) for public_id in origins.values_list("public_id", flat=True)} if rows else set()
    found: Undone = {}
    for person, activity, payer, detail in rows:
        if detail["carried_from"] in ours:
            days = found.setdefault((person, activity), {})
            for day in detail.get("days", ()):
                place = (payer, date.fromisoformat(day["day"]))
                days[place] = days.get(place, 0) + 1
    return found


def _less(billed: Billed, undone: Undone) -> Billed:
    left = {key: dict(days) for key, days in billed.items()}
    for key, days in undone.items():
        known = left.setdefault(key, {})
        for place, times in days.items():
            known[place] = known.get(place, 0) - times
    return left
