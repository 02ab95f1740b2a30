"""How many are expected, of which meal type: a day against its yesterday, its last week and what was ordered (M4)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet

from portail.bookings.models import Attendance, Change, KitchenOrder, KitchenRecipient, Presence
from portail.bookings.queries.offer import Offer
from portail.bookings.queries.records import Span
from portail.families.models import Person, School

ADULTS = "adults"
"""Counted apart, whatever they eat: an adult is never counted among children."""
WEEK = timedelta(days=7)
LOOKED_BACK = 93  # days, longer than the summer: an activity that nobody ticked for so long is not ticked at all

Place = tuple[int, int | None]
"""An activity and a school, by their keys; no school: who has no class."""
Counts = Mapping[str, int]
"""How many, by meal type (`Person.Meal`) and `ADULTS`."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What was ordered for an activity and school, and when."""

    at: datetime
    actor: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class HeadCount:
    """One line of « Aujourd'hui »: an activity in a school on a day.

    `before`: the total of the last day, within a week, on which the activity had anybody, and that day; None without
    one. `week_ago`: the total of the same weekday of last week.
    """

    activity: str
    activity_name: str
    school_id: int | None
    school: str
    counts: Counts
    before: int | None
    before_day: date | None
    week_ago: int
    ordered: Ordered | None
    kitchen: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def moved(self) -> dict[str, int]:
        """By meal type, what changed since the order; nothing when nothing was ordered."""
        if self.ordered is None:
            return {}
        then = self.ordered.counts
        kinds = {*self.counts, *then}
        return {kind: diff for kind in kinds if (diff := self.counts.get(kind, 0) - then.get(kind, 0))}

    @property
    def moved_total(self) -> int:
        return sum(self.moved.values())


@dataclass(frozen=True, slots=True)
class WeekLine:
    """An activity in a school, day by day of a week."""

    activity_name: str
    school: str
    kitchen: bool
    days: Mapping[date, Counts] = field(default_factory=dict)

    def total(self, day: date) -> int:
        """How many on that day."""
        return sum(self.days.get(day, {}).values())


def counts_of(span: Span, activity_id: int | None = None) -> dict[date, dict[Place, dict[str, int]]]:
    """Who is booked, counted by day, place and meal type. One query."""
    rows = Presence.objects.filter(day__range=(span.first, span.last), person__active=True)
    if activity_id is not None:
        rows = rows.filter(activity_id=activity_id)
    columns = ("day", "activity_id", "person__classroom__school_id", "person__meal", "person__kind")
    found: dict[date, dict[Place, dict[str, int]]] = {}
    for day, activity, school, meal, kind, many in rows.order_by().values_list(*columns).annotate(Count("id")):
        counts = found.setdefault(day, {}).setdefault((activity, school), {})
        key = ADULTS if kind == Person.Kind.ADULT else meal
        counts[key] = counts.get(key, 0) + many
    return found


def head_counts(day: date, offer: Offer) -> list[HeadCount]:
    """Every place where somebody is expected on `day`, or was ordered for; in the order of the planning. 3 queries."""
    found = counts_of(Span(day - WEEK, day))
    orders, served = _orders(day), kitchen_activities()
    places = set(found.get(day, {})) | {(activity, school) for activity, school in _ordered_places(orders)}
    lines = []
    for activity_id, school in _in_order(places, offer):
        before_day = _last_day(found, activity_id, day)
        before = found.get(before_day, {}).get((activity_id, school), {}) if before_day else {}
        code = offer.codes[activity_id]
        lines.append(HeadCount(
            activity=code, activity_name=offer.rulebook.activities[code].name,
            school_id=school, school=offer.schools.get(school or 0, ""),
            counts=found.get(day, {}).get((activity_id, school), {}),
            before=sum(before.values()) if before_day else None, before_day=before_day,
            week_ago=sum(found.get(day - WEEK, {}).get((activity_id, school), {}).values()),
            ordered=_ordered(orders.get(activity_id, ()), school),
            kitchen=not served or activity_id in served,
        ))  # fmt: skip
    return lines


def week_counts(days: list[date], offer: Offer) -> list[WeekLine]:
    """The same places over the days of a week. Two queries."""
    found, served = counts_of(Span(days[0], days[-1])), kitchen_activities()
    places = {place for counts in found.values() for place in counts}
    return [
        WeekLine(
            offer.rulebook.activities[offer.codes[activity]].name,
            offer.schools.get(school or 0, ""),
            not served or activity in served,
            {day: found[day][(activity, school)] for day in days if (activity, school) in found.get(day, {})},
        )
        for activity, school in _in_order(places, offer)
    ]


def kitchen_activities() -> set[int]:
    """The activities whose head-counts go to a kitchen: those with a recipient. One query."""
    rows = KitchenRecipient.objects.filter(active=True).order_by()
    return set(rows.values_list("activity_id", flat=True).distinct())


def recipients() -> QuerySet[KitchenRecipient]:
    """Who receives the head-counts, those removed left out."""
    return KitchenRecipient.objects.filter(active=True).select_related("activity", "school")


def changes_since(day: date, orders: Iterable[HeadCount]) -> list[Change]:
    """Who was added or taken away since the orders of these lines, by time. One query."""
    ordered = [line for line in orders if line.ordered is not None]
    if not ordered:
        return []
    since = {(line.activity, line.school_id): line.ordered.at for line in ordered if line.ordered}
    rows = (
        Change.objects.filter(day=day, at__gt=min(since.values()))
        .select_related("person__classroom__school", "activity")
        .order_by("at", "id")
    )
    return [row for row in rows if (at := since.get(_place_of(row))) is not None and row.at > at]


def unmarked(span: Span) -> QuerySet[Presence]:
    """Booked, and nobody wrote down whether they came; of the activities that are ticked at all."""
    since = span.last - timedelta(days=LOOKED_BACK)
    cell = Attendance.objects.filter(
        person_id=OuterRef("person_id"), activity_id=OuterRef("activity_id"), day=OuterRef("day")
    )
    ticked = Attendance.objects.filter(day__range=(min(since, span.first), span.last)).order_by()
    return Presence.objects.filter(
        ~Exists(cell), day__range=(span.first, span.last), person__active=True,
        activity_id__in=ticked.values("activity_id"),
    )  # fmt: skip


def _place_of(row: Change) -> tuple[str, int | None]:
    classroom = row.person.classroom
    return row.activity.code, classroom.school_id if classroom else None


def _orders(day: date) -> dict[int, list[KitchenOrder]]:
    """Of a day, by activity, the latest first."""
    found: dict[int, list[KitchenOrder]] = {}
    for order in KitchenOrder.objects.filter(day=day).order_by("-at", "-id"):
        found.setdefault(order.activity_id, []).append(order)
    return found


def _ordered(orders: Iterable[KitchenOrder], school: int | None) -> Ordered | None:
    for order in orders:
        if order.school_id is None or order.school_id == school:
            return Ordered(order.at, order.actor, order.counts.get(str(school or 0), {}))
    return None


def _ordered_places(orders: Mapping[int, list[KitchenOrder]]) -> Iterator[Place]:
    for activity, found in orders.items():
        for order in found:
            for school, counts in order.counts.items():
                if any(counts.values()):
                    yield activity, int(school) or None


def _last_day(found: Mapping[date, Mapping[Place, Counts]], activity: int, day: date) -> date | None:
    """The last day before `day` on which anybody was booked there."""
    days = [one for one, counts in found.items() if one < day and any(place[0] == activity for place in counts)]
    return max(days, default=None)


def _in_order(places: Iterable[Place], offer: Offer) -> list[Place]:
    """As the planning shows activities, then by school; those that are no longer offered left out."""
    rank = {activity: place for place, activity in enumerate(offer.codes)}
    kept = [place for place in places if place[0] in rank]
    return sorted(kept, key=lambda place: (rank[place[0]], place[1] is None, offer.schools.get(place[1] or 0, "")))


def school_codes() -> list[tuple[str, str]]:
    """(code, name) of every school, by name. One query."""
    return list(School.objects.order_by("name").values_list("code", "name"))
