"""Number and issue a run: numbers follow each other without a gap, whatever stops and whoever starts again.

A lot is taken once, when numbering begins. Each chunk numbers its invoices and moves the run's own counter in one
transaction, under the lock of the run: either both happened or neither.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from portail.billing.models import Anomaly, Invoice, InvoiceLine, InvoiceRun, LotCounter, Regie
from portail.billing.operations.runs.bulk import set_numbers
from portail.billing.operations.runs.computing import credit_content, usable
from portail.billing.operations.runs.preparing import locked_run
from portail.billing.operations.setup import BillingError
from portail.billing.wording import BLOCKING, RUN_ANOMALIES
from portail.rules.invoicing import (
    LAST_LOT,
    LAST_SEQUENCE,
    InvoiceStatus,
    Place,
    day_of_next_month,
    number_of,
)
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

CHUNK = 200  # invoices of one transaction
State = InvoiceRun.State


def issue_run(
    *, run: UUID, despite: bool = False, first_sequence: int = 1, by: Actor, now: datetime,
    told: Callable[[int, int], None] | None = None,
) -> InvoiceRun:  # fmt: skip
    """Number and issue the invoices of a prepared run, in the order of the payers' names. Raises BillingError.

    Called again after being cut short, it goes on; on a run already issued, it does nothing. `despite`: issue though
    some days are billed to nobody. `first_sequence`: the first number, where a lot was begun elsewhere. `told` hears,
    between two transactions, how many invoices of how many are issued, and may raise to stop there.
    """
    issued_on = _begin(run, despite=despite, first_sequence=first_sequence, by=by, now=now)
    done, total = 0, Invoice.objects.filter(run__public_id=run).count() if told else 0
    while _issue_chunk(run, issued_on):
        done += CHUNK
        if told:
            told(done, total)
    return _end(run, by=by, now=now)


def take_lot(exercise: int) -> LotCounter:
    """The counter of the year, locked, one lot further. Raises BillingError when the year has no lot left."""
    LotCounter.objects.get_or_create(exercise=exercise)
    counter = LotCounter.objects.select_for_update().get(exercise=exercise)
    if counter.last >= LAST_LOT:
        raise BillingError(f"L'exercice {exercise} n'a plus de lot de facturation libre.")
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter


def numbered(invoice: Invoice, regie: Regie, place: Place) -> None:
    """Give an invoice the number and the reference of this place; not saved."""
    invoice.number = number_of(regie.number_pattern, place)
    invoice.reference = number_of(regie.reference_pattern, place)


@transaction.atomic
def _begin(run: UUID, *, despite: bool, first_sequence: int, by: Actor, now: datetime) -> date:
    """Take the lot, once. The day of issue is the one on which numbering began, for all the invoices."""
    found = locked_run(run)
    if found.state == State.PREPARING:
        raise BillingError("Cette campagne n'est pas entièrement préparée : préparez-la d'abord.")
    if found.state == State.PREPARED:
        _check(found, despite, first_sequence)
        found.lot = take_lot(found.exercise).last
        found.state, found.numbered, found.issued_at = State.NUMBERING, first_sequence - 1, now
        if found.payable_until is None and found.regie.payable_day is not None:
            found.payable_until = day_of_next_month(town_day(now), found.regie.payable_day)
        found.save(update_fields=["lot", "state", "numbered", "issued_at", "payable_until"])
        after = {"lot": found.lot, "despite": despite, "first_sequence": first_sequence}
        record(Act("issue_run", str(found), after=after), by=by, now=now)
    return town_day(found.issued_at or now)


def _check(run: InvoiceRun, despite: bool, first_sequence: int) -> None:
    drafts = Invoice.objects.filter(run=run, status=InvoiceStatus.DRAFT.value).count()
    if not 1 <= first_sequence <= LAST_SEQUENCE - drafts + 1:
        raise BillingError(f"Le premier numéro va de 1 à {LAST_SEQUENCE - drafts + 1}.")
    open_ones = Anomaly.objects.filter(run=run, solved_at__isnull=True, kind__in=[kind.value for kind in BLOCKING])
    kind = open_ones.values_list("kind", flat=True).first()
    if kind is not None and not despite:
        words = next(words for anomaly, words in RUN_ANOMALIES.items() if anomaly.value == kind)
        raise BillingError(f"La liste de contrôle n'est pas réglée : « {words} » ({open_ones.count()} à voir).")


@transaction.atomic
def _issue_chunk(run: UUID, issued_on: date) -> bool:
    """Issue the next invoices; False when none is left."""
    found = locked_run(run)
    if found.state != State.NUMBERING or found.lot is None:
        return False
    drafts = Invoice.objects.filter(run=found, status=InvoiceStatus.DRAFT.value)
    invoices = list(drafts.order_by("payer__sort_key", "payer_id")[:CHUNK])
    _use_credits(invoices, found.regie)
    kept = [invoice for invoice in invoices if invoice.status == InvoiceStatus.DRAFT.value]
    for sequence, invoice in enumerate(kept, start=found.numbered + 1):
        numbered(invoice, found.regie, Place(found.exercise, found.lot, sequence, found.regie.recette))
    set_numbers(invoices)
    Invoice.objects.filter(pk__in=[invoice.pk for invoice in kept]).update(
        status=InvoiceStatus.ISSUED.value, issued_on=issued_on, payable_until=found.payable_until
    )
    carried = [invoice.pk for invoice in invoices if invoice.status == InvoiceStatus.CARRIED.value]
    if carried:
        Invoice.objects.filter(pk__in=carried).update(status=InvoiceStatus.CARRIED.value)
    InvoiceRun.objects.filter(pk=found.pk).update(numbered=found.numbered + len(kept))
    return bool(invoices)


def _use_credits(invoices: Sequence[Invoice], regie: Regie) -> None:
    """Use the credit notes that the drafts count on. One that was used elsewhere meanwhile makes the invoice dearer."""
    lines = InvoiceLine.objects.filter(invoice__in=invoices, detail__has_key="credit").order_by(
        "invoice_id", "position"
    )
    taken: dict[int, list[InvoiceLine]] = {}
    for line in lines:
        taken.setdefault(line.invoice_id, []).append(line)
    wanted = {line.detail["credit"] for some in taken.values() for line in some}
    rows = Invoice.objects.filter(public_id__in=wanted).order_by("id").select_for_update(of=("self",))
    notes = {str(note.public_id): note for note in rows.prefetch_related("lines")}
    for invoice in invoices:
        if invoice.pk in taken:
            _use(invoice, taken[invoice.pk], notes, regie.minimum_cents)
    if notes:
        Invoice.objects.bulk_update(notes.values(), ["paid_cents"])


def _use(invoice: Invoice, lines: Sequence[InvoiceLine], notes: Mapping[str, Invoice], minimum: int) -> None:
    due = invoice.total_cents - sum(line.amount_cents for line in lines)
    held = [max(0, min(notes[line.detail["credit"]].left_cents, -line.amount_cents)) for line in lines]
    left = usable(due, sum(held), minimum)
    invoice.total_cents = due - left
    for line, most in zip(lines, held, strict=True):
        note, used = notes[line.detail["credit"]], min(left, most)
        left -= used
        if used != -line.amount_cents:
            _shorten(line, note, used)
        note.paid_cents += used
    if 0 < invoice.total_cents < minimum:
        invoice.status = InvoiceStatus.CARRIED.value


def _shorten(line: InvoiceLine, note: Invoice, used: int) -> None:
    """Take less off than the draft said; the draft was not issued, so its line may still change."""
    if not used:
        line.delete()
        return
    drawn = credit_content(note, used)
    line.unit_cents = line.amount_cents = -used
    line.care_cents, line.food_cents, line.extra_cents = drawn.care_cents, drawn.food_cents, drawn.extra_cents
    line.save(update_fields=["unit_cents", "amount_cents", "care_cents", "food_cents", "extra_cents"])


@transaction.atomic
def _end(run: UUID, *, by: Actor, now: datetime) -> InvoiceRun:
    found = locked_run(run)
    if found.state == State.NUMBERING:
        found.state = State.ISSUED
        found.save(update_fields=["state"])
        record(Act("run_issued", str(found), after={"lot": found.lot, "last": found.numbered}), by=by, now=now)
    return found
