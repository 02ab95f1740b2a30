"""The price of one unit, for one household on one day."""

from bisect import bisect_right
from collections.abc import Hashable
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter

from portail.rules.pricing.facts import Quote, Standing
from portail.rules.pricing.values import Brackets, Effort, Increase, Price, Scale, Tariff, half_up

_NOTHING = Decimal(0)
_lower = attrgetter("lower")


def quote(tariff: Tariff, standing: Standing) -> Quote:
    """The unit price of `tariff` for `standing`, in cents, with its grounds.

    The price is read or reckoned first, rounded to the cent; the percentage of families from elsewhere and the
    reduction of the rank are then applied together and rounded half up once.
    """
    outside = tariff.outside if not standing.resident else None
    scale, increase = _scale(tariff.scale, outside)
    price, bracket = _read(scale, standing.quotient)
    reduction = _reduction(tariff, standing.rank)
    by_quotient = not isinstance(scale, Price)
    return Quote(
        price=_adjusted(price, increase, reduction),
        quotient=standing.quotient if by_quotient else None,
        bracket=bracket,
        quotient_missing=by_quotient and standing.quotient is None,
        outside=outside is not None,
        rank=max(standing.rank, 1) if tariff.rank_reductions else None,
        reduction=reduction,
    )


def likeness(tariff: Tariff, standing: Standing) -> Hashable:
    """What `tariff` looks at in `standing`: those of one likeness have the same `quote`, the quotient itself aside.

    Much cheaper than the quote: the price is read, and adjusted to nothing.
    """
    outside = tariff.outside if not standing.resident else None
    scale, _ = _scale(tariff.scale, outside)
    price, bracket = _read(scale, standing.quotient)
    missing = standing.quotient is None and not isinstance(scale, Price)
    rank = max(standing.rank, 1) if tariff.rank_reductions else None
    return price.care_cents, price.food_cents, bracket, missing, outside is not None, rank


def _scale(usual: Scale, outside: Scale | Increase | None) -> tuple[Scale, Decimal]:
    if outside is None:
        return usual, _NOTHING
    if isinstance(outside, Increase):
        return usual, outside.percent
    return outside, _NOTHING


def _read(scale: Scale, quotient: int | None) -> tuple[Price, int | None]:
    match scale:
        case Price():
            return scale, None
        case Brackets():
            number = _bracket(scale, quotient)
            return scale.brackets[number - 1].price, number
        case Effort():
            return _effort_price(scale, quotient), None


def _bracket(scale: Brackets, quotient: int | None) -> int:
    """The number of the bracket, from 1: the last for an unknown quotient, the first for one below zero."""
    if quotient is None:
        return len(scale.brackets)
    return max(1, bisect_right(scale.brackets, quotient, key=_lower))


def _effort_price(effort: Effort, quotient: int | None) -> Price:
    cents = effort.ceiling_cents
    if quotient is not None:
        numerator, denominator = effort.rate.as_integer_ratio()
        cents = half_up(quotient * 100 * numerator, denominator)
        cents = min(max(cents, effort.floor_cents), effort.ceiling_cents)
    percent = effort.food_percent
    food = min(effort.food_cents, cents) if percent is None else _part(cents, percent)
    return Price(cents - food, food)


def _part(cents: int, percent: Decimal) -> int:
    numerator, denominator = percent.as_integer_ratio()
    return half_up(cents * numerator, denominator * 100)


def _reduction(tariff: Tariff, rank: int) -> Decimal:
    if not tariff.rank_reductions:
        return _NOTHING
    return tariff.rank_reductions[min(max(rank, 1), len(tariff.rank_reductions)) - 1]


def _adjusted(price: Price, increase: Decimal, reduction: Decimal) -> Price:
    """Both percentages at once. The food part follows, care is the rest: rounding keeps the order, so never below 0."""
    if not increase and not reduction:
        return price
    factor = (100 + Fraction(increase)) * (100 - Fraction(reduction)) / 10_000
    food = half_up(price.food_cents * factor.numerator, factor.denominator)
    return Price(half_up(price.cents * factor.numerator, factor.denominator) - food, food)
