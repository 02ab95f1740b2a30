"""What a payer sees of their invoices: to pay, paid, one of them in full. Only what is online, and only theirs.

The number of queries never depends on the number of invoices. Amounts in cents.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import FilteredRelation, OuterRef, Q, QuerySet, Subquery

from portail.billing.models import Attempt, Invoice, InvoiceLine, Payment
from portail.billing.providers import limits_of
from portail.billing.queries.cards import (
    Account,
    Addresses,
    Clock,
    EmailRow,
    InvoiceCard,
    LineRow,
    OpenAttempt,
    PaidRow,
    RegieCard,
)
from portail.families.models import Payer
from portail.rules.invoicing import Debt, InvoiceStatus, NotPayable, refusal_to_pay
from portail.rules.paying import OPEN, AttemptState, Operation, blocked_by, is_resumable

_REGIE = ("name", "provider", "active", "mode", "popup", "after_deadline", "means")
_INVOICE = (
    "id", "public_id", "kind", "status", "number", "reference", "label", "issued_on", "due_on", "payable_until",
    "total_cents", "paid_cents", "credited_cents", "payer_name", "payer_address", "remittance__collected_on",
    "remittance_id",
)  # fmt: skip
_ATTEMPT = ("public_id", "state", "created_at")


def account_of(payer_id: int, clock: Clock) -> Account:
    """Everything online of a payer. Two queries."""
    cards = tuple(_cards(_online(payer_id), clock))
    paid, surplus = _paid(payer_id)
    return Account(cards, paid, surplus)


def due_of(payer_id: int, clock: Clock) -> list[InvoiceCard]:
    """What a payer has to pay, the oldest due date first. One query."""
    owed = _online(payer_id).filter(
        kind=Invoice.Kind.INVOICE, status__in=[InvoiceStatus.ISSUED.value, InvoiceStatus.TRANSFERRED.value]
    )
    return sorted((card for card in _cards(owed, clock) if card.is_due), key=lambda card: (card.due_on, card.number))


def invoice_of(public_id: UUID, payer_id: int, clock: Clock) -> InvoiceCard | None:
    """One invoice of this payer, if it is online; None for anybody else's. One query."""
    return next(_cards(_online(payer_id).filter(public_id=public_id), clock), None)


def lines_of(invoice: InvoiceCard) -> list[LineRow]:
    """Its lines in order. One query."""
    rows = (
        InvoiceLine.objects.filter(invoice_id=invoice.id)
        .order_by("position")
        .values_list(
            "person__first_name", "person__last_name", "person__classroom__school__name", "person__classroom__name",
            "activity__name", "label", "quantity", "unit_cents", "amount_cents", "care_cents", "food_cents",
            "extra_cents", "detail",
        )
    )  # fmt: skip
    return [_line(row) for row in rows]


def payments_on(invoice: InvoiceCard) -> list[PaidRow]:
    """What was paid of it, oldest first. One query."""
    rows = Payment.objects.filter(allocations__invoice_id=invoice.id).order_by("at", "id").values_list(*_PAID)
    return [_paid_row(row) for row in rows]


def addresses_of(payer_id: int) -> Addresses:
    """The e-mail addresses of a payer. One query."""
    last = Attempt.objects.filter(payer_id=OuterRef("pk")).order_by("-created_at").values("email")[:1]
    rows = (
        Payer.objects.filter(pk=payer_id)
        .order_by("invoice_emails__place")
        .values_list(
            "email",
            Subquery(last),
            "invoice_emails__place",
            "invoice_emails__address",
            "invoice_emails__confirmed_at",
        )
    )
    town_hall = last_used = ""
    told = []
    for email, used, place, address, confirmed_at in rows:
        town_hall, last_used = email, used or ""
        if place is not None:
            told.append(EmailRow(place, address, confirmed_at is not None))
    return Addresses(town_hall, last_used, tuple(told))


def attempt_of(public_id: UUID, payer_id: int) -> Attempt | None:
    """An operation of this payer with its invoice and régie; None for anybody else's. One query."""
    return (
        Attempt.objects.select_related("invoice__regie", "payer").filter(public_id=public_id, payer_id=payer_id).first()
    )


def last_attempt_on(public_id: UUID, payer_id: int, since: datetime) -> Attempt | None:
    """The last operation that this payer opened on this invoice, from `since` on. One query."""
    return (
        Attempt.objects.filter(invoice__public_id=public_id, payer_id=payer_id, created_at__gte=since)
        .order_by("-created_at")
        .first()
    )


def receipt_of(attempt: Attempt) -> Payment | None:
    """The payment that an operation brought, if it did. One query."""
    return Payment.objects.filter(attempt=attempt, reverses__isnull=True).first()


def payment_of(public_id: UUID, payer_id: int) -> Payment | None:
    """A payment of this payer; None for anybody else's. One query."""
    return Payment.objects.filter(public_id=public_id, payer_id=payer_id).first()


def payer_of(payer_id: int) -> Payer:
    """The payer of a web session. One query."""
    return Payer.objects.get(pk=payer_id)


def _online(payer_id: int) -> QuerySet[Invoice]:
    return Invoice.objects.filter(payer_id=payer_id, published_at__isnull=False).exclude(
        status__in=[InvoiceStatus.DRAFT.value, InvoiceStatus.CARRIED.value]
    )


def _cards(invoices: QuerySet[Invoice], clock: Clock) -> Iterator[InvoiceCard]:
    """Each invoice once, with its open operations: joined in, so that a list costs one query."""
    state_is_open = Q(attempts__state__in=[state.value for state in OPEN])
    rows = (
        invoices.annotate(live=FilteredRelation("attempts", condition=state_is_open))
        .order_by("id", "live__created_at")
        .values_list(
            *_INVOICE,
            *(f"regie__{name}" for name in _REGIE),
            *(f"live__{name}" for name in _ATTEMPT),
        )
    )
    gathered: dict[int, tuple[tuple, list[OpenAttempt]]] = {}
    for row in rows:
        head, live = row[: -len(_ATTEMPT)], row[-len(_ATTEMPT) :]
        attempts = gathered.setdefault(head[0], (head, []))[1]
        if live[0] is not None:
            attempts.append(_open_attempt(live, clock.now))
    return (_card(head, attempts, clock) for head, attempts in gathered.values())


def _open_attempt(row: tuple, now: datetime) -> OpenAttempt:
    public_id, state, created_at = row
    operation = Operation(AttemptState(state), created_at)
    return OpenAttempt(public_id, operation.state, created_at, is_resumable(operation, now))


def _card(head: tuple, attempts: Sequence[OpenAttempt], clock: Clock) -> InvoiceCard:
    (id_, public_id, kind, status, number, reference, label, issued_on, due_on, payable_until, total, paid, credited,
     payer_name, payer_address, collected_on, remittance, *regie) = head  # fmt: skip
    name, provider, active, mode, popup, after_deadline, means = regie
    card = RegieCard(name, provider, active, mode, popup, after_deadline, tuple(means or ()))
    debt = Debt(
        InvoiceStatus(status),
        total - paid - credited,
        payable_until,
        remitted=remittance is not None,
        online=card.online,
    )
    refusal, until = _refused(debt, limits_of(provider), attempts, clock)
    return InvoiceCard(
        id_, public_id, kind, InvoiceStatus(status), number or "", reference, label, card, issued_on, due_on,
        payable_until, total, paid, credited, collected_on if debt.remitted else None, payer_name, payer_address,
        tuple(attempts), refusal, until,
    )  # fmt: skip


def _refused(
    debt: Debt, limits: tuple[int, int], attempts: Sequence[OpenAttempt], clock: Clock
) -> tuple[NotPayable | None, datetime | None]:
    refusal = refusal_to_pay(debt, clock.today, limits)
    blocked = blocked_by((Operation(one.state, one.created_at) for one in attempts), clock.now)
    # An operation opened before the deadline may still finish: that is what its payer wants to know.
    if blocked is not None and refusal in {None, NotPayable.DEADLINE}:
        return blocked.reason, blocked.until
    return refusal, None


def _line(row: tuple) -> LineRow:
    """The names are those of the day it was issued, when the line kept them."""
    first, last, school, room, activity, *rest, detail = row
    kept = detail if isinstance(detail, dict) else {}
    person = kept.get("person") or " ".join(part for part in (first, last) if part)
    place = " · ".join(part for part in (school, room) if part)
    return LineRow(str(person), place, str(kept.get("activity") or activity or ""), *(*rest, kept))


_PAID = (
    "allocations__invoice_id", "public_id", "number", "payer_name", "means", "on", "allocations__cents",
    "attempt__bank_at", "attempt__authorisation", "attempt__ticket", "reverses_id",
)  # fmt: skip


def _paid(payer_id: int) -> tuple[tuple[PaidRow, ...], int]:
    """What of each payment fell on which invoice, newest first; and what fell on none."""
    rows = Payment.objects.filter(payer_id=payer_id).order_by("-on", "-id").values_list(*_PAID, "cents")
    received = {row[1]: row[-1] for row in rows}
    fallen = [_paid_row(row[:-1]) for row in rows if row[0] is not None]
    return tuple(fallen), sum(received.values()) - sum(row.cents for row in fallen)


def _paid_row(row: tuple) -> PaidRow:
    invoice_id, receipt, number, payer_name, means, on, cents, bank_at, authorisation, ticket, reverses = row
    return PaidRow(
        invoice_id, receipt, number, payer_name, means, on, cents, bank_at, authorisation or "", ticket or "",
        reverses is not None,
    )  # fmt: skip
