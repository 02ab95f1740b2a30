"""The drafts of a chunk, written in the place of those of the time before."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db.models import Q

from portail.billing.models import Anomaly, Invoice, InvoiceRun
from portail.billing.operations.runs.bulk import insert_like, insert_lines
from portail.billing.operations.runs.drafts import DraftInvoice, to_text
from portail.billing.wording import RunAnomaly
from portail.rules.invoicing import InvoiceStatus

UNSAID = (InvoiceStatus.DRAFT.value, InvoiceStatus.CARRIED.value)
LONGEST_NAME = 170

Found = tuple[int | None, RunAnomaly, dict[str, Any]]
"""An anomaly found: whose (the key of a payer, or nobody), its kind, what it is about."""


def forget(run: InvoiceRun, about: Q) -> None:
    """Take back the drafts of these payers; what they carried over is to be carried again. The run is not issued."""
    # The kind leads to the index of one invoice per run and payer; the run alone, to all that was written so far.
    Invoice.objects.filter(about, run=run, kind=Invoice.Kind.INVOICE, status__in=UNSAID).delete()


def write(run: InvoiceRun, about: Q, drafts: Iterable[DraftInvoice], *, now: datetime) -> None:
    """Write the invoices, their lines and the anomalies of the payers whom `about` tells."""
    kept = list(drafts)
    written = _write_invoices(run, [draft for draft in kept if draft.lines])
    insert_lines(
        (written[draft.payer.id], place, line) for draft in kept for place, line in enumerate(draft.lines, start=1)
    )
    _carry(kept, written)
    write_anomalies(
        run,
        about,
        ((draft.payer.id, kind, {"items": items}) for draft in kept for kind, items in draft.items.items()),
        now=now,
    )


def write_anomalies(run: InvoiceRun, about: Q, found: Iterable[Found], *, now: datetime) -> None:
    """Replace the anomalies that `about` tells, of some payers or of nobody. What was answered stays answered."""
    columns = ("id", "payer_id", "kind", "data", "solved_at")
    before = list(Anomaly.objects.filter(about, run=run).order_by().values_list(*columns))
    answered = {(payer, kind): (data, key) for key, payer, kind, data, solved_at in before if solved_at}
    rows, still = [], set()
    for payer, kind, data in found:
        known, key = answered.get((payer, kind.value), (None, 0))
        if known == data:
            still.add(key)
        else:
            rows.append((uuid4().hex, payer, kind.value, to_text(data)))
    gone = {key for key, *_ in before} - still
    if gone:
        Anomaly.objects.filter(pk__in=gone).delete()
    insert_like(Anomaly(run=run, at=now), ("public_id", "payer_id", "kind", "data"), rows)


def _write_invoices(run: InvoiceRun, drafts: Iterable[DraftInvoice]) -> dict[int, int]:
    """By payer, the key of their new invoice."""
    alike = Invoice(
        regie_id=run.regie_id,
        run=run,
        exercise=run.exercise,
        label=run.label,
        due_on=run.due_on,
        payable_until=run.payable_until,
    )
    names = ("payer_id", "public_id", "status", "payer_name", "payer_address", "total_cents")
    rows = [
        (
            draft.payer.id,
            uuid4().hex,
            draft.status.value,
            draft.payer.name[:LONGEST_NAME],
            draft.payer.address,
            draft.total_cents,
        )
        for draft in drafts
    ]
    return {payer: key for key, payer in insert_like(alike, names, rows)}


def _carry(drafts: Iterable[DraftInvoice], written: dict[int, int]) -> None:
    carried = []
    for draft in drafts:
        for invoice in draft.carries:
            invoice.carried_into_id = written[draft.payer.id]
            carried.append(invoice)
    if carried:
        Invoice.objects.bulk_update(carried, ["carried_into"])
