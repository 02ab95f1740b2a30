"""What is known of a person's days, and what comes out of pricing them: plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from portail.rules.pricing.values import Price, Surcharge, SurchargeKind, Tariff


class Attendance(StrEnum):
    """What the register says of a day."""

    PRESENT = "present"
    ABSENT = "absent"  # without a reason
    JUSTIFIED = "justified"  # with a reason that the town accepts
    UNKNOWN = "unknown"  # nobody wrote anything


class Why(StrEnum):
    """Why a day costs what it costs."""

    PRESENT = "present"
    ASSUMED_PRESENT = "assumed_present"  # booked, nothing in the register
    ABSENT = "absent"  # billed: without a reason
    JUSTIFIED = "justified"  # billed all the same, as a first day of absence or by the town's rule
    UNBOOKED = "unbooked"  # came without a booking
    LATE = "late"  # booked after the cut-off; beside one of the others
    ABSENT_FREE = "absent_free"
    JUSTIFIED_FREE = "justified_free"
    UNRECORDED_FREE = "unrecorded_free"
    NOT_EXPECTED = "not_expected"  # neither booked nor present


class Anomaly(StrEnum):
    """What the town should look at before it issues an invoice."""

    NO_TARIFF = "no_tariff"  # the day is not billed
    UNKNOWN_QUOTIENT = "unknown_quotient"  # billed at the top price
    UNBOOKED_PRESENCE = "unbooked_presence"
    BOOKED_NO_ATTENDANCE = "booked_no_attendance"
    MISSING_MINUTES = "missing_minutes"  # none, or impossible: the day is not billed


@dataclass(frozen=True, slots=True)
class Consumed:
    """A day of one person at one activity. `late`: booked after the cut-off. `minutes`: those attended, if counted."""

    day: date
    booked: bool = True
    late: bool = False
    attendance: Attendance = Attendance.UNKNOWN
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A household on one day. `quotient`: whole euros, None if unknown. `rank`: of the child, from 1."""

    quotient: int | None = None
    resident: bool = True
    rank: int = 1


@dataclass(frozen=True, slots=True)
class QuotientSpan:
    """The quotient familial, in whole euros, from `first` to `last`, both included (None: until told otherwise)."""

    first: date
    last: date | None
    value: int


def quotient_on(history: Iterable[QuotientSpan], day: date) -> int | None:
    """The quotient of the day of consumption; of several, the one that began last, then the last given."""
    found: QuotientSpan | None = None
    for span in history:
        holds = span.first <= day and (span.last is None or day <= span.last)
        if holds and (found is None or span.first >= found.first):
            found = span
    return found.value if found else None


@dataclass(frozen=True, slots=True)
class Quote:
    """A unit price and the grounds for it; a ground that the tariff does not look at is None or False.

    `bracket`: its number, from 1. `quotient_missing`: the top price, for want of a quotient. `outside`: the prices
    of families from elsewhere. `reduction`: percentage taken off for the rank of the child.
    """

    price: Price
    quotient: int | None = None
    bracket: int | None = None
    quotient_missing: bool = False
    outside: bool = False
    rank: int | None = None
    reduction: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class DayCharge:
    """One billed day of a line: how many units, why, and the surcharge that it bears."""

    day: date
    quantity: int
    why: tuple[Why, ...]
    surcharge: Surcharge | None = None

    def penalty(self, unit_cents: int) -> Fraction:
        """The surcharge in cents, before any rounding."""
        if self.surcharge is None:
            return Fraction(0)
        value = Fraction(self.surcharge.value)
        match self.surcharge.kind:
            case SurchargeKind.CENTS:
                return value
            case SurchargeKind.PERCENT:
                return unit_cents * self.quantity * value / 100
            case SurchargeKind.MULTIPLIER:
                return unit_cents * self.quantity * (value - 1)


@dataclass(frozen=True, slots=True)
class Line:
    """Days at the same unit price for the same reason: one line of an invoice, in cents.

    `why`: the reason that the days share, empty for a price per month, whose days may differ. `extra_cents`: the
    surcharges, rounded half up once for the line. `share`: the part of the line that this payer owes; unless it is 1,
    `quantity` is that shared.
    """

    tariff: Tariff
    quote: Quote
    why: tuple[Why, ...]
    quantity: int
    care_cents: int
    food_cents: int
    extra_cents: int
    days: tuple[DayCharge, ...]
    share: Fraction = Fraction(1)

    @property
    def unit_cents(self) -> int:
        """The price of one unit, surcharges aside."""
        return self.quote.price.cents

    @property
    def amount_cents(self) -> int:
        """What the line costs: care, food and surcharges."""
        return self.care_cents + self.food_cents + self.extra_cents


@dataclass(frozen=True, slots=True)
class FreeDay:
    """A day that costs nothing, and why."""

    day: date
    why: Why


@dataclass(frozen=True, slots=True)
class Noticed:
    """The days on which the same thing should be looked at."""

    anomaly: Anomaly
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Priced:
    """A month priced. Each day is in one line, or free, or noticed as NO_TARIFF or MISSING_MINUTES: never in two."""

    lines: tuple[Line, ...]
    free: tuple[FreeDay, ...]
    anomalies: tuple[Noticed, ...]

    @property
    def amount_cents(self) -> int:
        """The sum of the lines: what the parent sees adds up."""
        return sum(line.amount_cents for line in self.lines)
