"""Credit notes: the only way to say that an issued invoice was wrong. The invoice itself keeps saying what it said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from portail.billing.models import Invoice, InvoiceLine, LotCounter
from portail.billing.operations.runs.issuing import numbered, take_lot
from portail.billing.operations.setup import BillingError
from portail.rules.invoicing import InvoiceStatus, Place, pro_rata
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

LONGEST_REASON = 150


@dataclass(frozen=True, slots=True)
class CreditDraft:
    """What to give back of an invoice, and why. `lines`: cents by line position, None for whatever is left of it.

    No lines at all: the whole invoice. `rebill`: the days are to be billed again by a later run of their month, that
    of `months_to_bill`; their lines are then given back whole. `before`: cents given back by earlier credit notes as
    the page showed them, so that a form sent twice gives back once.
    """

    invoice: UUID
    reason: str
    lines: Mapping[int, int | None] | None = None
    rebill: bool = False
    before: int | None = None


@transaction.atomic
def credit_note(*, draft: CreditDraft, by: Actor, now: datetime) -> Invoice:
    """Issue a credit note. It reduces what is left of the invoice; the rest is used by the payer's next invoices.

    An invoice wholly credited before anything was paid is cancelled. The family sees the credit note when it sees the
    invoice: at once, or when its run is published. Raises BillingError.
    """
    invoice = _corrected(draft)
    lines = list(invoice.lines.order_by("position"))
    before = _given_before(invoice)
    if draft.before is not None and draft.before != sum(before.values()):
        raise BillingError("Un avoir vient d'être fait sur cette facture : regardez-la avant d'en faire un autre.")
    given = _amounts(draft, lines, before)
    total = sum(given.values())
    used = min(total, invoice.left_cents)
    note = _note(invoice, total, used, now)
    InvoiceLine.objects.bulk_create(
        _credited(note, line, (before.get(line.position, 0), given[line.position]), draft)
        for line in lines
        if given.get(line.position)
    )
    if used:
        invoice.credited_cents += used
        if invoice.credited_cents == invoice.total_cents:
            invoice.status = InvoiceStatus.CANCELLED.value
        invoice.save(update_fields=["credited_cents", "status"])
    after = {"invoice": invoice.number, "cents": total, "used": used, "reason": draft.reason.strip()}
    record(Act("credit_note", note.number or "", after=after), by=by, now=now)
    return note


def months_to_bill(note: Invoice) -> list[date]:
    """The months, by their first day, of which a later run bills again what a credit note gave back to be billed.

    A day that was carried over from an earlier month is billed again by a run of that month. One query.
    """
    details = note.lines.filter(detail__rebill=True).values_list("detail", flat=True)
    days = [date.fromisoformat(day["day"]) for detail in details for day in detail.get("days", ())]
    return sorted({day.replace(day=1) for day in days})


def _corrected(draft: CreditDraft) -> Invoice:
    if not 0 < len(draft.reason.strip()) <= LONGEST_REASON:
        raise BillingError(f"Dites en {LONGEST_REASON} caractères au plus pourquoi vous faites cet avoir.")
    found = Invoice.objects.select_for_update(of=("self",)).select_related("regie")
    invoice = found.filter(public_id=draft.invoice).first()
    if invoice is None or invoice.kind != Invoice.Kind.INVOICE:
        raise BillingError("Cette facture n'existe pas.")
    if invoice.status != InvoiceStatus.ISSUED.value:
        raise BillingError(f"La facture {invoice} n'est pas, ou plus, à la régie : aucun avoir n'est possible.")
    if invoice.remittance_id is not None:
        raise BillingError(f"La facture {invoice} est dans une remise de prélèvements : attendez-en le résultat.")
    return invoice


def _given_before(invoice: Invoice) -> dict[int, int]:
    """Cents that earlier credit notes gave back, by line position."""
    found: dict[int, int] = {}
    rows = InvoiceLine.objects.filter(invoice__corrects=invoice).values_list("detail", "amount_cents")
    for detail, cents in rows:
        found[detail["corrects_line"]] = found.get(detail["corrects_line"], 0) + cents
    return found


def _amounts(draft: CreditDraft, lines: Sequence[InvoiceLine], before: Mapping[int, int]) -> dict[int, int]:
    """Cents to give back, by line position; never more than the line said. Lines that take back are left alone."""
    left = {line.position: max(0, line.amount_cents - before.get(line.position, 0)) for line in lines}
    wanted = draft.lines if draft.lines is not None else dict.fromkeys(left)
    given = {}
    for position, cents in wanted.items():
        most = left.get(position, 0)
        if cents is not None and not 0 < cents <= most:
            raise BillingError(f"La ligne {position} ne peut plus être réduite de ce montant.")
        if draft.rebill and cents is not None and cents < most:
            # The days would be billed again in full.
            raise BillingError(f"Pour être refacturée, la ligne {position} doit être reprise en entier.")
        given[position] = most if cents is None else cents
    if not sum(given.values()):
        raise BillingError("Il ne reste rien à reprendre sur cette facture.")
    return given


def _note(invoice: Invoice, total: int, used: int, now: datetime) -> Invoice:
    today = town_day(now)
    note = Invoice(
        kind=Invoice.Kind.CREDIT_NOTE,
        status=InvoiceStatus.ISSUED.value,
        regie=invoice.regie,
        payer_id=invoice.payer_id,
        corrects=invoice,
        exercise=today.year,
        label=f"Avoir sur la facture {invoice}"[:90],
        issued_on=today,
        due_on=today,
        published_at=now if invoice.published_at else None,  # a family sees no correction of what it has not seen
        payer_name=invoice.payer_name,
        payer_address=invoice.payer_address,
        total_cents=total,
        paid_cents=used,
    )
    numbered(note, invoice.regie, _place(today.year, invoice.regie.recette))
    note.save()
    return note


def _place(exercise: int, recette: str) -> Place:
    """The next number of the year's lot of credit notes, which the first of them takes."""
    LotCounter.objects.get_or_create(exercise=exercise)
    counter = LotCounter.objects.select_for_update().get(exercise=exercise)
    if counter.credit_lot is None:
        counter = take_lot(exercise)
        counter.credit_lot = counter.last
    counter.credits += 1
    counter.save(update_fields=["credit_lot", "credits"])
    return Place(exercise, counter.credit_lot, counter.credits, recette)


def _credited(note: Invoice, line: InvoiceLine, given: tuple[int, int], draft: CreditDraft) -> InvoiceLine:
    """`given`: cents given back of this line before, and now."""
    done, cents = given
    parts = (line.care_cents, line.food_cents, line.extra_cents)
    # From the beginning of the line, so that several credit notes together give back exactly its parts.
    before, after = pro_rata(parts, done), pro_rata(parts, done + cents)
    care, food, extra = (one - other for one, other in zip(after, before, strict=True))
    return InvoiceLine(
        invoice=note,
        person_id=line.person_id,
        activity_id=line.activity_id,
        position=line.position,
        label=line.label,
        quantity=1,
        unit_cents=cents,
        amount_cents=cents,
        care_cents=care,
        food_cents=food,
        extra_cents=extra,
        detail=_detail(line, draft),
    )


def _detail(line: InvoiceLine, draft: CreditDraft) -> dict[str, Any]:
    kept = {name: line.detail[name] for name in ("person", "activity", "days", "carried_from") if name in line.detail}
    return {**kept, "corrects_line": line.position, "reason": draft.reason.strip(), "rebill": draft.rebill}
