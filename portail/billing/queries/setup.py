"""How the town bills, for the office: régies, billed activities, tariffs, and what a household would pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portail.billing.models import BilledActivity, Regie, Tariff
from portail.billing.queries.books.prices import highest_price, surcharged
from portail.bookings.models import Activity
from portail.rules import pricing
from portail.rules.pricing import Standing, Unit


@dataclass(frozen=True, slots=True)
class TariffRow:
    """A tariff with its rule read. `above_cents`: its highest price when that is above the cost of a user, else 0."""

    key: int
    name: str
    first_day: date
    last_day: date | None
    rule: pricing.Tariff
    above_cents: int

    def in_force(self, day: date) -> bool:
        """Does it hold on that day?"""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class BilledRow:
    """An activity, how it is billed (None: free), and its tariffs, the latest first."""

    activity: Activity
    billed: BilledActivity | None
    tariffs: tuple[TariffRow, ...]

    def on(self, day: date) -> TariffRow | None:
        """The tariff of that day."""
        return next((row for row in self.tariffs if row.in_force(day)), None)


@dataclass(frozen=True, slots=True)
class Household:
    """Somebody who asks what it would cost: quotient (None: unknown), children, resident or not."""

    quotient: int | None
    children: int
    resident: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What one unit costs each child, the first one first, in cents, and the quote of the first."""

    cents: tuple[int, ...]
    first: pricing.Quote

    @property
    def total_cents(self) -> int:
        """All the children together."""
        return sum(self.cents)


def regies() -> list[Regie]:
    """Every régie, by name; one query."""
    return list(Regie.objects.order_by("name", "pk"))


def regie_with(code: str) -> Regie | None:
    """The régie of this code; one query."""
    return Regie.objects.filter(code=code).first()


def billed_rows() -> list[BilledRow]:
    """Every activity with how it is billed, in their order. Three queries."""
    activities = list(Activity.objects.order_by("position", "name"))
    billed = {row.activity_id: row for row in BilledActivity.objects.select_related("regie")}
    tariffs: dict[int, list[Tariff]] = {}
    for row in Tariff.objects.order_by("-first_day"):
        tariffs.setdefault(row.activity_id, []).append(row)
    return [_billed(one, billed.get(one.pk), tariffs.get(one.pk, [])) for one in activities]


def billed_with(code: str) -> BilledRow | None:
    """One activity, by its code. Three queries."""
    activity = Activity.objects.filter(code=code).first()
    if activity is None:
        return None
    billed = BilledActivity.objects.select_related("regie").filter(activity=activity).first()
    return _billed(activity, billed, list(Tariff.objects.filter(activity=activity).order_by("-first_day")))


def tariff_with(key: int) -> Tariff | None:
    """One tariff with its activity; one query."""
    return Tariff.objects.select_related("activity").filter(pk=key).first()


def answer(rule: pricing.Tariff, who: Household) -> Answer:
    """What a unit of this tariff costs the household."""
    quotes = [
        pricing.quote(rule, Standing(who.quotient, who.resident, rank)) for rank in range(1, max(who.children, 1) + 1)
    ]
    return Answer(tuple(quote.price.cents for quote in quotes), quotes[0])


def above_cost(rule: pricing.Tariff, cost_cents: int | None) -> int:
    """The highest price of a tariff when it is above what a user costs the town (R531-52 code de l'éducation), or 0."""
    if cost_cents is None or rule.unit is Unit.MONTH:
        return 0
    plain = highest_price(rule)
    highest = max([plain, *(surcharged(plain, extra) for extra in (rule.late, rule.unbooked) if extra)])
    return highest if highest > cost_cents else 0


def _billed(activity: Activity, billed: BilledActivity | None, tariffs: Sequence[Tariff]) -> BilledRow:
    cost = billed.cost_cents if billed else None
    rows = []
    for one in tariffs:
        rule = pricing.from_json(one.rule)
        rows.append(TariffRow(one.pk, one.name, one.first_day, one.last_day, rule, above_cost(rule, cost)))
    return BilledRow(activity, billed, tuple(rows))
