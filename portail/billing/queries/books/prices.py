"""Prices that somebody must look at: above what a user costs, or the meals at one euro that the State pays part of."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q

from portail.billing.models import BilledActivity, Invoice, InvoiceLine, Tariff
from portail.rules import pricing
from portail.rules.invoicing import InvoiceStatus
from portail.rules.pricing import Brackets, Effort, Increase, Price, Scale, Surcharge, SurchargeKind, half_up

ONE_EURO = 100


@dataclass(frozen=True, slots=True)
class CostWarning:
    """A tariff whose highest price is above what one user costs the town (R531-52 and R531-53, code de l'éducation).

    `surcharged`: the price itself is not, but a surcharge lifts it above.
    """

    activity: str
    tariff: str
    cost_cents: int
    price_cents: int
    surcharged: bool


@dataclass(frozen=True, slots=True)
class CheapMeals:
    """Meals of one activity billed at one euro or less. `meals`: a part of a shared meal counts for that part."""

    activity: str
    meals: int
    cents: int


def cost_warnings(on: date) -> list[CostWarning]:
    """Of the tariffs in force on that day, for activities whose cost is known. A price per month is not compared.

    Two queries.
    """
    costs = {
        row.activity_id: (str(row.activity), row.cost_cents)
        for row in BilledActivity.objects.filter(cost_cents__isnull=False).select_related("activity")
    }
    in_force = Q(first_day__lte=on) & (Q(last_day__isnull=True) | Q(last_day__gte=on))
    found = []
    for row in Tariff.objects.filter(in_force, activity_id__in=costs).order_by("activity__code", "first_day"):
        name, cost = costs[row.activity_id]
        tariff = pricing.from_json(row.rule)
        if cost is None or tariff.unit is pricing.Unit.MONTH:
            continue
        plain = highest_price(tariff)
        price = max([plain, *(surcharged(plain, extra) for extra in (tariff.late, tariff.unbooked) if extra)])
        if price > cost:
            found.append(CostWarning(name, row.name, cost, price, surcharged=plain <= cost))
    return found


def highest_price(tariff: pricing.Tariff) -> int:
    """The highest unit price that a household may be asked, in cents, surcharges apart."""
    usual = _highest(tariff.scale)
    match tariff.outside:
        case None:
            return usual
        case Increase(percent):
            return max(usual, _times(usual, 1 + Fraction(percent) / 100))
        case scale:
            return max(usual, _highest(scale))


def surcharged(cents: int, surcharge: Surcharge) -> int:
    """What is paid for one unit with a surcharge."""
    value = Fraction(Decimal(surcharge.value))
    if surcharge.kind is SurchargeKind.CENTS:
        return cents + int(value)
    return _times(cents, value if surcharge.kind is SurchargeKind.MULTIPLIER else 1 + value / 100)


def _highest(scale: Scale) -> int:
    match scale:
        case Price():
            return scale.cents
        case Brackets(brackets):
            return max(bracket.price.cents for bracket in brackets)
        case Effort():
            return scale.ceiling_cents


def _times(cents: int, factor: Fraction) -> int:
    return half_up(cents * factor.numerator, factor.denominator)


def cheap_meals(first: date, last: date) -> list[CheapMeals]:
    """Meals between two days, billed by an issued invoice at one euro or less, by activity. One query.

    A meal is a unit with a food part. Those of a cancelled invoice do not count; a credit note that gives back part of
    an invoice does not change the count.
    """
    rows = InvoiceLine.objects.filter(
        invoice__kind=Invoice.Kind.INVOICE,
        invoice__status__in=[InvoiceStatus.ISSUED.value, InvoiceStatus.TRANSFERRED.value],
        invoice__issued_on__gte=first,
        food_cents__gt=0,
        unit_cents__range=(1, ONE_EURO),
        activity__isnull=False,
    )
    meals: dict[str, Fraction] = defaultdict(Fraction)
    cents: dict[str, Fraction] = defaultdict(Fraction)
    for name, unit, detail in rows.values_list("activity__name", "unit_cents", "detail"):
        within = sum(day.get("quantity", 1) for day in detail.get("days", ()) if _is_in(day["day"], first, last))
        part = within * Fraction(detail.get("share", "1"))
        meals[name] += part
        cents[name] += part * unit
    return [CheapMeals(name, int(meals[name]), int(cents[name])) for name in sorted(meals) if meals[name]]


def _is_in(day: str, first: date, last: date) -> bool:
    return first.isoformat() <= day <= last.isoformat()
