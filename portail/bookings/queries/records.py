"""What the database holds about some persons over some days: the facts that the rules judge against."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import CharField, F, IntegerField, Value
from django.utils.translation import gettext

from portail.bookings.models import Enrolment, LateRequest, PeriodChoice, Places, Presence
from portail.bookings.queries.offer import Offer
from portail.families.queries import ChildRow
from portail.rules.booking import Cell, Known, PersonFacts
from portail.rules.weekdays import from_mask
from portail.towns import wording

# Which table a row of a common query comes from.
_ENROLLED, _FROZEN = 0, 1
_BOOKED, _WAITING = 0, 1


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, days: Iterable[date]) -> "Span | None":
        """The shortest span that holds these days; None without any."""
        found = sorted(days)
        return cls(found[0], found[-1]) if found else None


@dataclass(frozen=True, slots=True)
class _Standing:
    """What holds for persons for months, by their key: enrolments, frozen periods, transport stops by activity."""

    enrolled: dict[int, list[tuple[str, date | None, date | None]]]
    frozen: dict[int, list[tuple[str, date, date]]]
    stops: dict[int, dict[str, str]]


def facts_of(children: Collection[ChildRow], offer: Offer) -> dict[str, PersonFacts]:
    """What the rules need to know of these persons, by code. One query, none when no rule asks for anything."""
    return _facts(children, _standing(children, offer))


def facts_and_stops(child: ChildRow, offer: Offer) -> tuple[PersonFacts, dict[str, str]]:
    """The same of one person, with their transport stop by activity: « arrêt Mairie, 8 h 12 ». Still one query."""
    standing = _standing([child], offer)
    return _facts([child], standing)[child.code], standing.stops.get(child.id, {})


def _facts(children: Collection[ChildRow], standing: _Standing) -> dict[str, PersonFacts]:
    return {
        child.code: PersonFacts(
            code=child.code,
            school_id=child.school_id,
            classroom_id=child.classroom_id,
            level=child.level,
            birth_date=child.birth_date,
            adult=child.adult,
            occasional=child.occasional,
            enrolled=frozenset(standing.enrolled.get(child.id, ())),
            right=child.right,
            weeks_from=child.weeks_from,
            frozen=frozenset(standing.frozen.get(child.id, ())),
        )
        for child in children
    }


def booked_cells(children: Collection[ChildRow], offer: Offer, span: Span) -> dict[Cell, int]:
    """Every booking of these persons in the span, with its key. One query."""
    codes = {child.id: child.code for child in children}
    rows = Presence.objects.filter(person_id__in=codes, day__range=(span.first, span.last)).values_list(
        "person_id", "activity_id", "day", "id"
    )
    return {(codes[p], offer.codes[a], day): pk for p, a, day, pk in rows if a in offer.codes}


def waiting_cells(children: Collection[ChildRow], offer: Offer, span: Span) -> frozenset[Cell]:
    """The cells about which the town hall has not answered yet. No query when no activity asks it anything."""
    if not offer.asks:
        return frozenset()
    codes = {child.id: child.code for child in children}
    rows = LateRequest.objects.filter(
        person_id__in=codes, day__range=(span.first, span.last), status=LateRequest.Status.WAITING
    ).values_list("person_id", "activity_id", "day")
    return frozenset((codes[p], offer.codes[a], day) for p, a, day in rows if a in offer.codes)


def full_days(offer: Offer, span: Span) -> frozenset[tuple[str, date, int | None]]:
    """The (activity, day, school) that have no place left. No query when nothing is limited."""
    limits = {limit.id: limit for found in offer.limits.values() for limit in found}
    if not limits:
        return frozenset()
    rows = Places.objects.filter(
        limit_id__in=limits, day__range=(span.first, span.last), taken__gte=F("limit__seats")
    ).values_list("limit_id", "day")
    taken_up = {(limits[pk].activity, day, limits[pk].school_id) for pk, day in rows}
    return frozenset(taken_up)


def known(children: Collection[ChildRow], offer: Offer, span: Span) -> Known:
    """What a page shows and judges against: bookings, requests, full days. Two queries at the most."""
    codes = {child.id: child.code for child in children}
    about = {"person_id__in": codes, "day__range": (span.first, span.last)}
    columns = ("person_id", "activity_id", "day")
    rows = Presence.objects.filter(**about).values_list(Value(_BOOKED), *columns)
    if offer.asks:  # one query for both
        waiting = LateRequest.objects.filter(**about, status=LateRequest.Status.WAITING)
        rows = rows.union(waiting.values_list(Value(_WAITING), *columns), all=True)
    cells: tuple[set[Cell], set[Cell]] = (set(), set())
    for kind, person, activity, day in rows:
        if activity in offer.codes:
            cells[kind].add((codes[person], offer.codes[activity], day))
    return Known(booked=cells[_BOOKED], waiting=cells[_WAITING], full=full_days(offer, span))


def _standing(children: Collection[ChildRow], offer: Offer) -> _Standing:
    """Enrolments and frozen periods in one query: every planning page asks for them."""
    ids = [child.id for child in children]
    standing = _Standing({}, {}, {})
    for kind, person, activity, first, last, stop, at in _standing_rows(ids, offer):
        if activity not in offer.codes:
            continue
        code = offer.codes[activity]
        if kind == _FROZEN:
            standing.frozen.setdefault(person, []).append((code, first, last))
            continue
        standing.enrolled.setdefault(person, []).append((code, first, last))
        if stop is not None:
            standing.stops.setdefault(person, {})[code] = _stop_words(stop, at)
    return standing


def _standing_rows(ids: list[int], offer: Offer) -> Iterable[tuple]:
    nothing = Value(None, output_field=CharField()), Value(None, output_field=IntegerField())
    enrolments = Enrolment.objects.filter(person_id__in=ids).values_list(
        Value(_ENROLLED), "person_id", "activity_id", "first_day", "last_day", "stop__name", "stop__at"
    )
    frozen = PeriodChoice.objects.filter(person_id__in=ids, period__freezes=True).values_list(
        Value(_FROZEN), "person_id", "activity_id", "period__first", "period__last", *nothing
    )
    matter = []
    if offer.has_stops or any(activity.enrolled_only for activity in offer.rulebook.activities.values()):
        matter.append(enrolments)
    if any(period.freezes for period in offer.periods):
        matter.append(frozen)
    return matter[0].union(*matter[1:], all=True) if matter else ()


def _stop_words(name: str, at: int) -> str:
    return gettext("arrêt %(stop)s, %(time)s") % {"stop": name, "time": wording.time(at)}


def period_choices(child: ChildRow, offer: Offer) -> dict[int, dict[str, frozenset[int]]]:
    """The périscotidien choices of a person: period key -> activity -> weekdays. One query."""
    found: dict[int, dict[str, frozenset[int]]] = {}
    rows = PeriodChoice.objects.filter(person_id=child.id).values_list("period_id", "activity_id", "weekdays")
    for period, activity, weekdays in rows:
        if activity in offer.codes:
            found.setdefault(period, {})[offer.codes[activity]] = from_mask(weekdays)
    return found


def booked_days(person_id: int, offer: Offer, first: date, last: date) -> list[tuple[str, str, date]]:
    """(activity code, name, day) of a person's bookings, by day. One query."""
    rows = Presence.objects.filter(person_id=person_id, day__range=(first, last)).order_by("day", "activity_id")
    activities = offer.rulebook.activities
    return [
        (offer.codes[activity], activities[offer.codes[activity]].name, day)
        for activity, day in rows.values_list("activity_id", "day")
        if activity in offer.codes
    ]
