"""What the database holds about some persons over some days: the facts that the rules judge against."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.utils.translation import gettext

from portail.bookings.models import Enrolment, LateRequest, PeriodChoice, Places, Presence
from portail.bookings.queries.offer import Offer
from portail.families.queries import ChildRow
from portail.rules.booking import Cell, Known, PersonFacts
from portail.rules.weekdays import from_mask
from portail.towns import wording


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


def facts_of(children: Collection[ChildRow], offer: Offer) -> dict[str, PersonFacts]:
    """What the rules need to know of these persons, by code. At most two queries, none when no rule asks for them."""
    ids = [child.id for child in children]
    enrolled = _enrolments(ids, offer) if any(a.enrolled_only for a in offer.rulebook.activities.values()) else {}
    frozen = _frozen(ids, offer) if any(period.freezes for period in offer.periods) else {}
    return {
        child.code: PersonFacts(
            code=child.code,
            school_id=child.school_id,
            classroom_id=child.classroom_id,
            level=child.level,
            birth_date=child.birth_date,
            adult=child.adult,
            occasional=child.occasional,
            enrolled=frozenset(enrolled.get(child.id, ())),
            right=child.right,
            weeks_from=child.weeks_from,
            frozen=frozenset(frozen.get(child.id, ())),
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
    """What a page shows and judges against: bookings, requests, full days."""
    return Known(
        booked=booked_cells(children, offer, span).keys(),
        waiting=waiting_cells(children, offer, span),
        full=full_days(offer, span),
    )


def _enrolments(ids: list[int], offer: Offer) -> Mapping[int, list[tuple[str, date | None, date | None]]]:
    found: dict[int, list[tuple[str, date | None, date | None]]] = {}
    rows = Enrolment.objects.filter(person_id__in=ids).values_list("person_id", "activity_id", "first_day", "last_day")
    for person, activity, first, last in rows:
        if activity in offer.codes:
            found.setdefault(person, []).append((offer.codes[activity], first, last))
    return found


def _frozen(ids: list[int], offer: Offer) -> Mapping[int, list[tuple[str, date, date]]]:
    found: dict[int, list[tuple[str, date, date]]] = {}
    rows = PeriodChoice.objects.filter(person_id__in=ids, period__freezes=True).values_list(
        "person_id", "activity_id", "period__first", "period__last"
    )
    for person, activity, first, last in rows:
        if activity in offer.codes:
            found.setdefault(person, []).append((offer.codes[activity], first, last))
    return found


def stops_of(child: ChildRow, offer: Offer) -> dict[str, str]:
    """The transport stop of a person by activity: « arrêt Mairie, 8 h 12 ». No query when no activity has stops."""
    if not offer.has_stops:
        return {}
    rows = Enrolment.objects.filter(person_id=child.id, stop__isnull=False).values_list(
        "activity_id", "stop__name", "stop__at"
    )
    return {
        offer.codes[activity]: gettext("arrêt %(stop)s, %(time)s") % {"stop": name, "time": wording.time(at)}
        for activity, name, at in rows
        if activity in offer.codes
    }


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
