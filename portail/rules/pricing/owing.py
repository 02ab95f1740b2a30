"""Who owes what: each day of a line is owed by one payer, or the line is shared; no cent is lost or made.

A payer is the key of its row. « Odd cents to the first »: what does not divide goes to the first payer concerned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from portail.rules.pricing.facts import DayCharge, Line
from portail.rules.pricing.values import TariffError, Unit
from portail.rules.weeks import in_alternate_weeks

Weight = int | Fraction


@dataclass(frozen=True, slots=True)
class OnePayer:
    """The same payer every day."""

    payer: int


@dataclass(frozen=True, slots=True)
class AlternateWeeks:
    """One week in two: `first` owes the week of `anchor` and every second one, `second` the others."""

    anchor: date
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Shares:
    """A percentage of each line for each payer, 100 in all. The first takes the odd cents."""

    percents: tuple[tuple[int, Decimal], ...]

    def __post_init__(self) -> None:
        if len({payer for payer, _ in self.percents}) < len(self.percents):
            raise TariffError("un payeur ne peut avoir qu’une part")
        if any(percent <= 0 for _, percent in self.percents):
            raise TariffError("chaque part doit être plus grande que 0")
        if sum(Fraction(percent) for _, percent in self.percents) != 100:
            raise TariffError("les parts doivent faire 100 en tout")


Rule = OnePayer | AlternateWeeks | Shares


@dataclass(frozen=True, slots=True)
class Owing:
    """The rule of a child: a payer may be named for an activity (its code), `usual` holds for the others."""

    usual: Rule
    by_activity: Mapping[str, Rule] = field(default_factory=dict)

    def of(self, activity: str) -> Rule:
        """The rule for the days at this activity."""
        return self.by_activity.get(activity, self.usual)


def owed_by(lines: Iterable[Line], rule: Rule) -> dict[int, tuple[Line, ...]]:
    """What each payer owes, in the order in which they first owe something; a payer without a day has no line.

    The amount and each of its parts add up to those of the whole line, to the cent. A price per month is shared in
    proportion to the billed days of each; the surcharges stay with their days.
    """
    owed: dict[int, list[Line]] = {}
    for line in lines:
        for payer, part in _parts(line, rule):
            owed.setdefault(payer, []).append(part)
    return {payer: tuple(parts) for payer, parts in owed.items()}


def split_cents(total: int, weights: Sequence[Weight]) -> list[int]:
    """`total` cents (0 or more) in proportion to the weights, whole; odd cents to the first weight above 0.

    Raises ValueError when something must be split and no weight is above 0.
    """
    whole = sum(weights)
    if not total:
        return [0] * len(weights)
    if not whole:
        raise ValueError("nobody to owe the amount")
    shares = [int(total * weight // whole) for weight in weights]
    first = next(number for number, weight in enumerate(weights) if weight)
    shares[first] += total - sum(shares)
    return shares


def _parts(line: Line, rule: Rule) -> list[tuple[int, Line]]:
    match rule:
        case OnePayer():
            return [(rule.payer, line)]
        case Shares():
            payers = [payer for payer, _ in rule.percents]
            weights = [Fraction(percent) for _, percent in rule.percents]
            return list(zip(payers, _shared(line, weights), strict=True))
        case AlternateWeeks():
            return _by_weeks(line, rule)


def _shared(line: Line, weights: Sequence[Weight]) -> list[Line]:
    whole = sum(weights)
    table = _table((line.care_cents, line.food_cents, line.extra_cents), weights)
    return [
        replace(line, care_cents=care, food_cents=food, extra_cents=extra, share=line.share * Fraction(weight) / whole)
        for (care, food, extra), weight in zip(table, weights, strict=True)
    ]


def _table(parts: Sequence[int], weights: Sequence[Weight]) -> list[list[int]]:
    """Whole cents, a row per payer and a column per part: rows are the amount split, columns add up to the parts.

    Splitting each part by itself would give the first payer the odd cents of each: up to three for one line. So the
    amount is split first; each part is then split downwards, and the cents left over fill the rows in order.
    """
    whole = sum(weights)
    rows = split_cents(sum(parts), weights)
    table = [[int(part * weight // whole) for part in parts] for weight in weights]
    for cells, row in zip(table, rows, strict=True):
        for column, part in enumerate(parts):
            left = part - sum(other[column] for other in table)
            cells[column] += min(left, row - sum(cells))
    return table


def _by_weeks(line: Line, rule: AlternateWeeks) -> list[tuple[int, Line]]:
    days: dict[int, list[DayCharge]] = {rule.first: [], rule.second: []}
    for day in line.days:
        days[rule.first if in_alternate_weeks(rule.anchor, day.day) else rule.second].append(day)
    days = {payer: some for payer, some in days.items() if some}
    unit = line.unit_cents
    weights = [sum((day.penalty(unit) for day in some), Fraction(0)) for some in days.values()]
    extras = split_cents(line.extra_cents, weights)
    if line.tariff.unit is Unit.MONTH:
        flats = _shared(replace(line, extra_cents=0), [len(some) for some in days.values()])
    else:
        flats = [_of_days(line, some) for some in days.values()]
    return [
        (payer, replace(flat, extra_cents=extra, days=tuple(some)))
        for (payer, some), flat, extra in zip(days.items(), flats, extras, strict=True)
    ]


def _of_days(line: Line, days: Sequence[DayCharge]) -> Line:
    unit = line.quote.price
    quantity = sum(day.quantity for day in days)
    return replace(
        line, quantity=quantity, care_cents=quantity * unit.care_cents, food_cents=quantity * unit.food_cents
    )
