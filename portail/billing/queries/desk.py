"""What the office looks up of invoices and payments: lists that filter, one of them with all that happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from portail.billing.models import Anomaly, Attempt, Invoice, InvoiceLine, InvoiceRun, Payment, Regie
from portail.billing.wording import ATTEMPT_STATES
from portail.families.models import Payer
from portail.rules.invoicing import InvoiceStatus
from portail.rules.names import sort_key
from portail.rules.paying import AttemptState

ISSUED, CREDIT = InvoiceStatus.ISSUED.value, Invoice.Kind.CREDIT_NOTE
_OWED = Q(total_cents__gt=F("paid_cents") + F("credited_cents"), kind=Invoice.Kind.INVOICE, status=ISSUED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of invoices is narrowed to; an empty field narrows nothing. `state`: one of STATES."""

    words: str = ""
    regie: str = ""
    month: date | None = None
    state: str = ""
    today: date = date.min


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to an invoice: a day or an instant, and French words."""

    at: date | datetime
    words: str
    payment: UUID | None = None


STATES = {
    "due": "à payer",
    "late": "échues, à payer",
    "settled": "réglées",
    "transferred": "transmises à la Trésorerie",
    "cancelled": "annulées",
    "carried": "reportées",
    "draft": "à émettre",
    "credit": "avoirs",
}


def invoice_rows(wanted: Wanted) -> QuerySet[Invoice]:
    """Invoices and credit notes with régie and payer, as a list narrows them."""
    rows = Invoice.objects.select_related("regie", "payer").annotate(
        left=F("total_cents") - F("paid_cents") - F("credited_cents")
    )
    if wanted.regie:
        rows = rows.filter(regie__code=wanted.regie)
    if wanted.month:
        rows = rows.filter(run__month=wanted.month)
    return rows.filter(_of_words(wanted.words), _of_state(wanted.state, wanted.today))


def invoice_with(public_id: UUID) -> Invoice | None:
    """One of them; one query."""
    rows = Invoice.objects.select_related("regie", "payer", "run", "corrects", "carried_into", "remittance")
    return rows.filter(public_id=public_id).first()


def lines_with(invoice: Invoice) -> list[InvoiceLine]:
    """Its lines with their child and activity, in order; one query."""
    return list(invoice.lines.select_related("person__classroom__school", "activity").order_by("position"))


def payable_with(invoice: Invoice) -> list[Invoice]:
    """What the payer of an invoice still owes its régie and could pay at the counter, the oldest first; one query."""
    rows = Invoice.objects.filter(_OWED, payer=invoice.payer_id, regie=invoice.regie_id, remittance__isnull=True)
    return list(rows.select_related("regie").order_by("due_on", "number"))


def credits_on(invoice: Invoice) -> list[Invoice]:
    """Its credit notes, oldest first; one query."""
    return list(Invoice.objects.filter(corrects=invoice).order_by("id"))


def happened_to(invoice: Invoice, notes: Sequence[Invoice]) -> list[Happened]:
    """Issue, publication, payments, operations, reminders, credit notes, oldest first. Two queries."""
    found = [
        Happened(at, words)
        for at, words in (
            (invoice.issued_on, "émise"),
            (invoice.published_at, "mise en ligne"),
            (invoice.reminded_on, f"relancée, niveau {invoice.reminders}"),
        )
        if at is not None
    ]
    found += [Happened(note.issued_on or note.due_on, f"avoir n° {note.number}") for note in notes]
    for payment in Payment.objects.filter(allocations__invoice=invoice).order_by("id").distinct():
        words = f"{payment.get_means_display()}, reçu n° {payment.number}"
        found.append(Happened(payment.at, f"{words} (annulation)" if payment.cents < 0 else words, payment.public_id))
    for one in Attempt.objects.filter(invoice=invoice).exclude(state=AttemptState.PAID.value):
        words = f"paiement en ligne {one.ticket} : {ATTEMPT_STATES[AttemptState(one.state)]}"
        found.append(Happened(one.created_at, words))
    return sorted(found, key=lambda one: (_day(one.at), isinstance(one.at, datetime) and one.at.timestamp()))


def payment_rows(*, words: str = "", regie: str = "", means: str = "", since: date | None = None,
                 until: date | None = None) -> QuerySet[Payment]:  # fmt: skip
    """Payments with régie and payer, as a list narrows them."""
    rows = Payment.objects.select_related("regie", "payer", "reverses").prefetch_related("allocations__invoice")
    sure: dict[str, object] = {"regie__code": regie, "means": means, "on__gte": since, "on__lte": until}
    rows = rows.filter(**{name: value for name, value in sure.items() if value})
    for word in sort_key(words).split():
        rows = rows.filter(Q(payer__sort_key__contains=word) | Q(number__contains=word) | Q(reference__icontains=word))
    return rows


def payment_with(public_id: UUID) -> Payment | None:
    """One payment with what it pays; None when there is none. Three queries."""
    rows = Payment.objects.select_related("regie", "payer", "reverses", "attempt", "deposit")
    return rows.prefetch_related("allocations__invoice", "reversals").filter(public_id=public_id).first()


def unpaid_rows(*, words: str = "", regie: str = "", since: date | None = None) -> QuerySet[Invoice]:
    """Invoices of families still owed to a régie, due before `since` if given, with payer and régie."""
    rows = Invoice.objects.filter(_OWED, _of_words(words)).select_related("regie", "payer")
    rows = rows.annotate(left=F("total_cents") - F("paid_cents") - F("credited_cents"))
    if regie:
        rows = rows.filter(regie__code=regie)
    return rows.filter(due_on__lte=since) if since else rows


def owed_by_day(rows: QuerySet[Invoice]) -> list[tuple[date, int, int]]:
    """(due day, invoices, cents left) of unpaid invoices; one query."""
    left = Sum(F("total_cents") - F("paid_cents") - F("credited_cents"))
    found = rows.order_by().values("due_on").annotate(number=Count("pk"), cents=left)
    return [(row["due_on"], row["number"], row["cents"]) for row in found]


def regie_choices() -> list[tuple[str, str]]:
    """(code, name) of the régies, by name; one query."""
    return list(Regie.objects.order_by("name", "pk").values_list("code", "name"))


def months_billed() -> list[date]:
    """The months of the runs, the latest first; one query."""
    rows = Invoice.objects.filter(run__isnull=False).order_by().values_list("run__month", flat=True).distinct()
    return sorted(rows, reverse=True)


def owed_invoices_of(payer: Payer, regie: Regie) -> list[Invoice]:
    """Where an overpayment could go: what the payer still owes the régie, the oldest first; one query."""
    rows = Invoice.objects.filter(_OWED, payer=payer, regie=regie, remittance__isnull=True)
    return list(rows.order_by("due_on", "number"))


def _of_words(words: str) -> Q:
    where = Q()
    for word in words.split():
        bare = sort_key(word)
        named = Q(payer__sort_key__contains=bare) if bare else Q()
        where &= named | Q(number__icontains=word) | Q(reference__icontains=word)
    return where


def _of_state(state: str, today: date) -> Q:
    real = Q(kind=Invoice.Kind.INVOICE)
    settled = Q(total_cents__lte=F("paid_cents") + F("credited_cents"), status=ISSUED)
    return {
        "due": _OWED,
        "late": _OWED & Q(due_on__lt=today),
        "settled": real & settled,
        "transferred": real & Q(status=InvoiceStatus.TRANSFERRED.value),
        "cancelled": real & Q(status=InvoiceStatus.CANCELLED.value),
        "carried": real & Q(status=InvoiceStatus.CARRIED.value),
        "draft": real & Q(status=InvoiceStatus.DRAFT.value),
        "credit": Q(kind=CREDIT),
    }.get(state, Q())


def _day(at: date | datetime) -> date:
    return at.date() if isinstance(at, datetime) else at


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the check list of a run with where it is corrected: the family's page, the child's code."""

    public_id: UUID
    kind: str
    payer: str
    family: UUID | None
    items: list[dict[str, Any]]


def run_with(public_id: UUID) -> InvoiceRun | None:
    """A run with its régie; one query."""
    return InvoiceRun.objects.select_related("regie").filter(public_id=public_id).first()


def entries_of(run: InvoiceRun, kind: str) -> QuerySet[Anomaly]:
    """What is still to look at of this kind in a run, by payer; `entry` reads each."""
    rows = Anomaly.objects.filter(run=run, kind=kind, solved_at__isnull=True).select_related("payer")
    return rows.order_by("payer__sort_key", "id")


def entry(row: Anomaly) -> Entry:
    """One of them as the page shows it."""
    payer = row.payer
    return Entry(
        row.public_id, row.kind, str(payer or ""), payer.public_id if payer else None, row.data.get("items", [])
    )


def doubt_rows() -> QuerySet[Anomaly]:
    """« À vérifier »: what payments and papers left to look at; runs have a list of their own."""
    rows = Anomaly.objects.filter(run__isnull=True, solved_at__isnull=True)
    return rows.select_related("attempt__invoice__regie", "invoice", "payer")
