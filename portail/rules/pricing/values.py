"""What a tariff is (issue 3, « Tariffs »): plain values that cannot be built wrong, and the only rounding there is.

Money is integer cents. Percentages and effort rates are Decimals, never floats. Every price keeps its care part apart
from its food part: only care opens the tax credit for child care (art. 200 quater B CGI; BOI-IR-RICI-300 §140).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

MAX_CENTS = 1_000_000
"""The dearest unit price that a town may type: 10 000 €."""

MAX_PERCENT = 1000
"""The largest percentage of a surcharge: eleven times the price."""

_NAME_LENGTH = 120


class TariffError(ValueError):
    """What is wrong with a tariff, as a French sentence for the town that typed it, with its place."""

    def at(self, place: str) -> "TariffError":
        """The same sentence, said of a place inside a larger one."""
        return TariffError(f"{place} : {self}")


class Unit(StrEnum):
    """What is counted."""

    PRESENCE = "presence"
    HALF_HOUR = "half_hour"  # each half-hour started, of the minutes attended
    MONTH = "month"  # once, in a month with at least one billed day


class Basis(StrEnum):
    """What the unit price depends on."""

    FIXED = "fixed"
    BRACKETS = "brackets"  # of quotient familial
    EFFORT = "effort"  # quotient familial × rate


class SurchargeKind(StrEnum):
    """How a surcharge is reckoned."""

    CENTS = "cents"  # so much each time
    PERCENT = "percent"  # of the price
    MULTIPLIER = "multiplier"  # the price is paid so many times in all


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves upwards. `denominator` is positive.

    Whole numbers only: no decimal context, no float, exact at any size.
    """
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Price:
    """A unit price in its two parts, both in cents."""

    care_cents: int
    food_cents: int

    def __post_init__(self) -> None:
        # No upper limit: a percentage may lift a price above what a town may type.
        if self.care_cents < 0 or self.food_cents < 0:
            raise TariffError("care, food : un prix n’est jamais négatif")

    @property
    def cents(self) -> int:
        """What is paid for one unit."""
        return self.care_cents + self.food_cents


@dataclass(frozen=True, slots=True)
class Bracket:
    """The price from a quotient on (`lower`, whole euros, included), up to the next bracket."""

    lower: int
    price: Price


@dataclass(frozen=True, slots=True)
class Brackets:
    """Prices by quotient familial; the last bracket is open, and is that of an unknown quotient."""

    brackets: tuple[Bracket, ...]

    def __post_init__(self) -> None:
        if not self.brackets:
            raise TariffError("il faut au moins une tranche de quotient")
        if self.brackets[0].lower != 0:
            raise TariffError("tranche 1 : le quotient de départ doit être 0")
        for number, (before, after) in enumerate(zip(self.brackets, self.brackets[1:], strict=False), start=2):
            if after.lower <= before.lower:
                raise TariffError(f"tranche {number} : le quotient de départ doit être plus grand que le précédent")


@dataclass(frozen=True, slots=True)
class Effort:
    """Euros = quotient (euros) × `rate`, rounded to the cent, then kept between floor and ceiling (cents).

    The food part is an amount, never more than the price, or a percentage of the price.
    """

    rate: Decimal
    floor_cents: int
    ceiling_cents: int
    food_cents: int = 0
    food_percent: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise TariffError("rate : le taux doit être plus grand que 0, et au plus 1")
        _within(self.floor_cents, MAX_CENTS, "floor")
        _within(self.ceiling_cents, MAX_CENTS, "ceiling")
        if self.floor_cents > self.ceiling_cents:
            raise TariffError("ceiling : le plafond doit être au moins égal au plancher")
        _within(self.food_cents, MAX_CENTS, "food")
        if self.food_percent is not None:
            _percentage(self.food_percent, 100, "food_percent")
            if self.food_cents:
                raise TariffError(
                    "la part repas se dit en centimes (food) ou en pourcentage (food_percent), pas les deux"
                )


Scale = Price | Brackets | Effort
"""One set of prices: the same for all, by brackets, or by effort rate."""


@dataclass(frozen=True, slots=True)
class Increase:
    """What families from elsewhere pay more, in percent of the price."""

    percent: Decimal

    def __post_init__(self) -> None:
        _percentage(self.percent, MAX_PERCENT, "percent")


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A penalty, from the `from_nth` time in the month on. `value`: cents, a percentage or a multiplier (at least 1).

    It pays for neither care nor food: it never opens a tax credit (BOI-IR-RICI-300 §140).
    """

    kind: SurchargeKind
    value: Decimal
    from_nth: int = 1

    def __post_init__(self) -> None:
        if self.from_nth < 1:
            raise TariffError("from : il faut un nombre de fois, à partir de 1")
        if self.kind is SurchargeKind.CENTS:
            if self.value % 1:
                raise TariffError("cents : il faut un nombre entier de centimes")
            _within(int(self.value), MAX_CENTS, "cents")
        elif self.kind is SurchargeKind.PERCENT:
            _percentage(self.value, MAX_PERCENT, "percent")
        elif not 1 <= self.value <= 1 + MAX_PERCENT // 100:
            raise TariffError(f"multiplier : il faut un nombre de 1 à {1 + MAX_PERCENT // 100}")


@dataclass(frozen=True, slots=True)
class AbsenceRules:
    """What is paid for a day booked and not attended.

    `absent_billed`: without a reason. `justified_billed`: even with one; else the first `waiting_days` days in a row
    are billed (« délai de carence »), the following ones free. `unrecorded_billed`: when nobody wrote who came, the day
    counts as attended. `attendance_expected`: such a day is then told to the town; False where no register is kept.
    `half_hours`: those billed for an absence, at a price per half-hour.
    """

    absent_billed: bool = True
    justified_billed: bool = False
    waiting_days: int = 0
    unrecorded_billed: bool = True
    attendance_expected: bool = True
    half_hours: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.waiting_days <= 31:
            raise TariffError("waiting_days : il faut un nombre de jours, de 0 à 31")
        if not 1 <= self.half_hours <= 48:
            raise TariffError("half_hours : il faut un nombre de demi-heures, de 1 à 48")
        if self.justified_billed and self.waiting_days:
            raise TariffError("waiting_days : sans objet, puisque toute absence justifiée est facturée")


@dataclass(frozen=True, slots=True)
class Tariff:
    """What an activity costs from `valid_from` to `valid_to`, both included (None: open on that side).

    `outside`: families from elsewhere (« hors commune »); None, the same prices. `rank_reductions`: percentages for the
    first child, the second…, the last one standing for all the following.
    """

    scale: Scale
    unit: Unit = Unit.PRESENCE
    name: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    outside: Scale | Increase | None = None
    rank_reductions: tuple[Decimal, ...] = ()
    late: Surcharge | None = None
    unbooked: Surcharge | None = None
    absences: AbsenceRules = field(default_factory=AbsenceRules)

    def __post_init__(self) -> None:
        if len(self.name) > _NAME_LENGTH or not self.name.isprintable():
            raise TariffError(f"name : au plus {_NAME_LENGTH} caractères, sur une seule ligne")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise TariffError("valid_to : la fin vient avant le début (valid_from)")
        for number, percent in enumerate(self.rank_reductions, start=1):
            _percentage(percent, 100, f"rank_reductions : enfant {number}")
        if self.unit is Unit.MONTH:
            _check_flat("late", self.late)
            _check_flat("unbooked", self.unbooked)

    @property
    def basis(self) -> Basis:
        """What its prices depend on, for the families of the town."""
        match self.scale:
            case Price():
                return Basis.FIXED
            case Brackets():
                return Basis.BRACKETS
            case Effort():
                return Basis.EFFORT

    def in_force(self, day: date) -> bool:
        """True on the days from `valid_from` to `valid_to`, both included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


def tariff_on(tariffs: Sequence[Tariff], day: date) -> Tariff | None:
    """The tariff in force on the day of consumption; of several, the one that began last, then the last given."""
    found = None
    for tariff in tariffs:
        if tariff.in_force(day) and (found is None or _begins(tariff) >= _begins(found)):
            found = tariff
    return found


def _begins(tariff: Tariff) -> date:
    return tariff.valid_from or date.min


def _within(cents: int, most: int, place: str) -> None:
    if not 0 <= cents <= most:
        raise TariffError(f"{place} : il faut un nombre de centimes, de 0 à {most}")


def _percentage(percent: Decimal, most: int, place: str) -> None:
    if not 0 <= percent <= most:
        raise TariffError(f"{place} : il faut un pourcentage, de 0 à {most}")


def _check_flat(place: str, surcharge: Surcharge | None) -> None:
    # Only the month has a price then: there is no price of that day to take a percentage of.
    if surcharge and surcharge.kind is not SurchargeKind.CENTS:
        raise TariffError(f"{place} : à un prix par mois, la majoration se dit en centimes (cents)")
