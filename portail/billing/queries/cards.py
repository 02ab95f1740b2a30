"""What a payer sees of their invoices, as plain values; `queries.invoices` reads them. Amounts in cents."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from portail.billing.models import Invoice, Regie
from portail.billing.queries.regies import takes_online
from portail.rules.invoicing import InvoiceStatus, NotPayable
from portail.rules.paying import AttemptState

CREDIT_NOTE = Invoice.Kind.CREDIT_NOTE.value


@dataclass(frozen=True, slots=True)
class Clock:
    """An instant, and the town's zone: which day it is there decides of a deadline."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class RegieCard:
    """The régie that an invoice is paid to. `test`: not in production; `fake`: no money really moves."""

    name: str
    provider: str
    active: bool
    mode: str
    popup: bool
    after_deadline: str
    means: tuple[str, ...]

    @property
    def online(self) -> bool:
        return takes_online(self.provider, self.mode, active=self.active)

    @property
    def test(self) -> bool:
        return self.online and self.mode != Regie.Mode.PRODUCTION

    @property
    def fake(self) -> bool:
        return self.online and self.mode == Regie.Mode.TEST


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An online operation whose end is not known yet. `resumable`: the bank's page may still be opened."""

    public_id: UUID
    state: AttemptState
    created_at: datetime
    resumable: bool


@dataclass(frozen=True, slots=True)
class InvoiceCard:
    """An invoice as a list shows it. `refusal`: why it cannot be paid online now, `until` when if time mends it."""

    id: int
    public_id: UUID
    kind: str
    status: InvoiceStatus
    number: str
    reference: str
    label: str
    regie: RegieCard
    issued_on: date | None
    due_on: date
    payable_until: date | None
    total_cents: int
    paid_cents: int
    credited_cents: int
    collected_on: date | None  # by direct debit, inside a file that stands
    payer_name: str
    payer_address: str
    attempts: tuple[OpenAttempt, ...]
    refusal: NotPayable | None
    until: datetime | None

    @property
    def left_cents(self) -> int:
        return self.total_cents - self.paid_cents - self.credited_cents

    @property
    def is_credit(self) -> bool:
        return self.kind == CREDIT_NOTE

    @property
    def is_due(self) -> bool:
        """Is there still something to pay, here or elsewhere?"""
        owed = self.status in {InvoiceStatus.ISSUED, InvoiceStatus.TRANSFERRED}
        return owed and not self.is_credit and self.left_cents > 0

    @property
    def attempt(self) -> OpenAttempt | None:
        """The last operation whose end is not known."""
        return max(self.attempts, key=lambda attempt: attempt.created_at, default=None)


@dataclass(frozen=True, slots=True)
class PaidRow:
    """What of a payment fell on an invoice. Negative when it was taken back (« prélèvement rejeté »)."""

    invoice_id: int
    receipt: UUID
    receipt_number: str
    payer_name: str
    means: str
    on: date
    cents: int
    bank_at: datetime | None
    authorisation: str
    ticket: str
    reverses: bool


@dataclass(frozen=True, slots=True)
class Account:
    """All that a payer has online. `surplus_cents`: paid and fallen on no invoice (« trop-perçu »)."""

    invoices: tuple[InvoiceCard, ...]
    paid: tuple[PaidRow, ...]
    surplus_cents: int

    @property
    def due(self) -> list[InvoiceCard]:
        """To pay, the oldest due date first."""
        return sorted((i for i in self.invoices if i.is_due), key=lambda i: (i.due_on, i.number))

    @property
    def settled(self) -> list[InvoiceCard]:
        """With nothing left to pay, newest first; credit notes apart."""
        done = [i for i in self.invoices if not i.is_credit and not i.is_due]
        return sorted(done, key=lambda i: (i.issued_on or i.due_on, i.number), reverse=True)

    @property
    def credits(self) -> list[InvoiceCard]:
        """Credit notes, newest first."""
        found = [i for i in self.invoices if i.is_credit]
        return sorted(found, key=lambda i: (i.issued_on or i.due_on, i.number), reverse=True)

    @property
    def due_cents(self) -> int:
        return sum(i.left_cents for i in self.due)

    @property
    def in_hand_cents(self) -> int:
        """What the town owes: unused credit notes and overpayments."""
        usable = {InvoiceStatus.ISSUED, InvoiceStatus.TRANSFERRED}
        return self.surplus_cents + sum(i.left_cents for i in self.credits if i.status in usable)


@dataclass(frozen=True, slots=True)
class EmailRow:
    """An address told of new invoices; `place` 0 is the town hall's."""

    place: int
    address: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Addresses:
    """The town hall's address of a payer, the last one a ticket went to, and those told of new invoices."""

    town_hall: str
    last_used: str
    told: tuple[EmailRow, ...]

    @property
    def for_ticket(self) -> str:
        return self.last_used or self.town_hall

    @property
    def wanted(self) -> bool:
        """Is the town hall's address told of new invoices?"""
        return any(row.place == 0 for row in self.told)


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of an invoice with the child it is about, if any. `detail`: `rules.pricing.explain`."""

    child: str
    place: str  # school and class as they are now
    activity: str
    label: str
    quantity: int
    unit_cents: int
    amount_cents: int
    care_cents: int
    food_cents: int
    extra_cents: int
    detail: dict[str, Any]
