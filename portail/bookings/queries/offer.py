"""The town's offer: activities, rules and calendar, compiled once and kept per process as long as they hold.

What keeps a copy honest is `Town.revision`: each operation that changes an offer raises it in its own transaction, and
every request reads the town's row anyway. So the planning costs no query for the rules, and never shows old ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from portail.bookings.models import (
    Activity,
    ActivityAudience,
    ActivityDependency,
    Closure,
    DayOverride,
    HolidayPeriod,
    Limit,
    Period,
    PeriodActivity,
    Stop,
)
from portail.families.models import School
from portail.rules import calendar
from portail.rules.booking import ActivityRules, Audience, Dependency, DependencyKind, LatePolicy, Rulebook
from portail.rules.calendar import Opening, TownCalendar
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.rules.weekdays import from_mask
from portail.towns.models import Town
from portail.towns.queries import revision_held
from portail.towns.scope import current_town

KEPT = 200  # towns whose offer one process remembers


@dataclass(frozen=True, slots=True)
class Group:
    """A line of the menu « TOUTES LES ACTIVITÉS »."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A capacity: `school_id` None means for all schools together."""

    id: int
    activity: str
    school_id: int | None
    seats: int


@dataclass(frozen=True, slots=True)
class PeriodOffer:
    """A périscotidien period and the weekdays that each of its activities offers."""

    id: int
    public_id: str
    name: str
    first: date
    last: date
    freezes: bool
    weekdays: Mapping[str, frozenset[int]]


@dataclass(frozen=True)
class Offer:
    """All that a town offers at one revision."""

    rulebook: Rulebook
    groups: tuple[Group, ...]
    group_of: Mapping[str, str]
    codes: Mapping[int, str]
    limits: Mapping[str, tuple[LimitRow, ...]]
    periods: tuple[PeriodOffer, ...]
    schools: Mapping[int, str]
    has_stops: bool

    @property
    def asks(self) -> bool:
        """Does some activity send late changes to the town hall?"""
        return any(a.late is LatePolicy.ASK for a in self.rulebook.activities.values())


_kept: dict[int, tuple[int, Offer]] = {}


def offer_in_force() -> Offer:
    """The offer of the town in force, as of the revision that its row says."""
    town = current_town()
    kept = _kept.get(town.pk)
    if kept is not None and kept[0] == town.revision:
        return kept[1]
    offer = _compile(town)
    if len(_kept) >= KEPT:
        _kept.clear()
    _kept[town.pk] = (town.revision, offer)
    return offer


def offer_now() -> Offer:
    """The same, as of now and until the transaction ends: what the inside of a writing transaction begins with.

    An offer that changes waits for the submissions under way, and they for it: nobody books a day that is being closed.
    """
    town = current_town()
    town.revision = revision_held()
    return offer_in_force()


def cutoff_from(stored: Mapping[str, Any]) -> Cutoff:
    """The value behind a stored cut-off. Raises ValueError or TypeError when it is not one."""
    fields = dict(stored)
    fields["kind"] = CutoffKind(fields["kind"])
    if fields.get("on"):
        fields["on"] = date.fromisoformat(fields["on"])
    return Cutoff(**fields)


def _compile(town: Town) -> Offer:
    activities = list(
        Activity.objects.filter(active=True).select_related("group").order_by("group__position", "position", "id")
    )
    codes = {activity.pk: activity.code for activity in activities}
    audiences: dict[int, list[Audience]] = {}
    for line in ActivityAudience.objects.order_by("id"):
        audiences.setdefault(line.activity_id, []).append(Audience(line.school_id, line.classroom_id, line.level))
    rulebook = Rulebook(
        activities={a.code: _rules(a, tuple(audiences.get(a.pk, ()))) for a in activities},
        dependencies=tuple(
            Dependency(codes[d.activity_id], DependencyKind(d.kind), codes[d.other_id])
            for d in ActivityDependency.objects.order_by("id")
            if d.activity_id in codes and d.other_id in codes
        ),
        calendar=_calendar(town, codes),
        zone=ZoneInfo(town.time_zone),
    )
    groups = {a.group.code: Group(a.group.code, a.group.name) for a in activities}
    return Offer(
        rulebook=rulebook,
        groups=tuple(groups.values()),
        group_of={a.code: a.group.code for a in activities},
        codes=codes,
        limits=_limits(codes),
        periods=_periods(codes),
        schools=dict(School.objects.order_by("id").values_list("id", "name")),
        has_stops=Stop.objects.exists(),
    )


def _rules(activity: Activity, audiences: tuple[Audience, ...]) -> ActivityRules:
    return ActivityRules(
        id=activity.pk,
        code=activity.code,
        name=activity.name,
        opens_on=Opening(activity.opens_on),
        weekdays=from_mask(activity.weekdays),
        book=cutoff_from(activity.book_cutoff),
        cancel=cutoff_from(activity.cancel_cutoff),
        late=LatePolicy(activity.late_policy),
        late_until=activity.late_until,
        weeks_ahead=activity.weeks_ahead,
        audiences=audiences,
        min_age=activity.min_age,
        max_age=activity.max_age,
        enrolled_only=activity.enrolled_only,
        adults=activity.adults,
        first_day=activity.first_day,
        last_day=activity.last_day,
    )


def _calendar(town: Town, codes: Mapping[int, str]) -> TownCalendar:
    return TownCalendar(
        periods=tuple(
            calendar.HolidayPeriod(p.name, p.first, p.last, p.summer) for p in HolidayPeriod.objects.order_by("first")
        ),
        overrides=tuple(
            calendar.DayOverride(o.day, o.school_id, o.has_school, o.reason)
            for o in DayOverride.objects.order_by("day")
        ),
        closures=tuple(
            calendar.Closure(
                c.first,
                c.last,
                c.reason,
                c.school_id,
                c.classroom_id,
                codes.get(c.activity_id) if c.activity_id else None,
            )
            for c in Closure.objects.order_by("first", "id")
            if c.activity_id is None or c.activity_id in codes
        ),
        school_weekdays={
            school: from_mask(mask)
            for school, mask in School.objects.order_by("id").values_list("id", "school_weekdays")
        },
        region=town.region,
    )


def _limits(codes: Mapping[int, str]) -> dict[str, tuple[LimitRow, ...]]:
    found: dict[str, tuple[LimitRow, ...]] = {}
    for limit in Limit.objects.order_by("id"):
        code = codes.get(limit.activity_id)
        if code is not None:
            found[code] = (*found.get(code, ()), LimitRow(limit.pk, code, limit.school_id, limit.seats))
    return found


def _periods(codes: Mapping[int, str]) -> tuple[PeriodOffer, ...]:
    weekdays: dict[int, dict[str, frozenset[int]]] = {}
    for line in PeriodActivity.objects.order_by("activity__position", "id"):
        if line.activity_id in codes:
            weekdays.setdefault(line.period_id, {})[codes[line.activity_id]] = from_mask(line.weekdays)
    return tuple(
        PeriodOffer(p.pk, str(p.public_id), p.name, p.first, p.last, p.freezes, weekdays.get(p.pk, {}))
        for p in Period.objects.order_by("first", "id")
    )
