"""The town's days as its calendar page shows them: holidays, public holidays, closures, particular days, bookings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count

from portail.bookings.models import Closure, DayOverride, Event, HolidayPeriod, Presence
from portail.bookings.queries.offer import Offer
from portail.rules.calendar import Openness

WHOLE_TOWN = "toute la commune"


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """One act that closes days: an event with all its places, or a closure of its own (`event` None)."""

    closure: int
    event: UUID | None
    kind: str
    reason: str
    first: date
    last: date
    places: tuple[str, ...]
    at: datetime | None
    actor: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class ParticularDay:
    """A day with or without school against the calendar; `school` "" for all."""

    number: int
    day: date
    has_school: bool
    reason: str
    school: str


@dataclass(frozen=True, slots=True)
class DayCard:
    """One day of the calendar page."""

    day: date
    holiday: str
    public_holiday: str
    closed: tuple[ClosedLine, ...]
    particular: tuple[ParticularDay, ...]
    booked: int

    @property
    def mark(self) -> str:
        """The one word that colours the day: closed, ferie, holiday, particular, weekend or ""."""
        if self.closed:
            return "closed"
        if self.public_holiday:
            return "ferie"
        if self.particular:
            return "particular"
        return "holiday" if self.holiday else "weekend" if self.day.weekday() > 4 else ""


def closed_lines(first: date | None = None, last: date | None = None) -> list[ClosedLine]:
    """The closures that touch these days, all of them without days; by first day. One query."""
    rows = Closure.objects.select_related("school", "classroom", "activity", "event")
    if last is not None:
        rows = rows.filter(first__lte=last)
    if first is not None:
        rows = rows.filter(last__gte=first)
    grouped: dict[tuple[int, int], list[Closure]] = {}
    for row in rows.order_by("first", "id"):
        grouped.setdefault((row.event_id or 0, 0 if row.event_id else row.pk), []).append(row)
    return [_line(found) for found in grouped.values()]


def event_history() -> list[ClosedLine]:
    """Every closure and every event, undone ones too; the latest days first. Two queries."""
    undone = [
        ClosedLine(0, one.public_id, one.kind, one.reason, one.first, one.last, (), one.at, one.actor, undone=True)
        for one in Event.objects.filter(undone_at__isnull=False).order_by("first", "id")
    ]
    return sorted([*closed_lines(), *undone], key=lambda line: line.first, reverse=True)


def _line(found: Sequence[Closure]) -> ClosedLine:
    one, event = found[0], found[0].event
    return ClosedLine(
        one.pk,
        event.public_id if event else None,
        event.kind if event else "other",
        one.reason,
        min(row.first for row in found),
        max(row.last for row in found),
        places_of(found),
        event.at if event else None,
        event.actor if event else "",
    )


def places_of(closures: Iterable[Closure]) -> tuple[str, ...]:
    """« toute la commune », « JULES FERRY, classe CE1 : Cantine »; an activity of several places is said once each."""
    found: dict[str, list[str]] = {}
    for one in closures:
        where = one.school.name if one.school else ""
        if one.classroom:
            where = f"{where}, classe {one.classroom.name}" if where else f"classe {one.classroom.name}"
        names = found.setdefault(where or WHOLE_TOWN, [])
        if one.activity:
            names.append(one.activity.name)
    return tuple(f"{where} : {', '.join(names)}" if names else where for where, names in found.items())


def particular_days(first: date | None = None, last: date | None = None) -> list[ParticularDay]:
    """The particular days between two days, in order. One query."""
    rows = DayOverride.objects.select_related("school").order_by("day", "id")
    if first is not None:
        rows = rows.filter(day__gte=first)
    if last is not None:
        rows = rows.filter(day__lte=last)
    return [ParticularDay(r.pk, r.day, r.has_school, r.reason, r.school.name if r.school else "") for r in rows]


def holiday_rows() -> list[HolidayPeriod]:
    """Every period of holidays, in order. One query."""
    return list(HolidayPeriod.objects.order_by("first"))


def day_cards(first: date, last: date, offer: Offer, *, counted: bool = True) -> list[DayCard]:
    """Each day from `first` to `last`, with its bookings if `counted`. Three queries, two without."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    closed: dict[date, list[ClosedLine]] = {}
    for line in closed_lines(first, last):
        for day in days:
            if line.first <= day <= line.last:
                closed.setdefault(day, []).append(line)
    particular: dict[date, list[ParticularDay]] = {}
    for one in particular_days(first, last):
        particular.setdefault(one.day, []).append(one)
    booked = _booked(first, last) if counted else {}
    calendar = offer.rulebook.calendar
    cards = []
    for day in days:
        holiday = calendar.holiday(day)
        cards.append(
            DayCard(
                day,
                holiday.name if holiday else "",
                calendar.public_holiday(day),
                tuple(closed.get(day, ())),
                tuple(particular.get(day, ())),
                booked.get(day, 0),
            )
        )
    return cards


def _booked(first: date, last: date) -> Mapping[date, int]:
    rows = Presence.objects.filter(day__range=(first, last)).values_list("day")
    return dict(rows.annotate(number=Count("id")).order_by("day"))


@dataclass(frozen=True, slots=True)
class Stranded:
    """Bookings that no rule would take any more: the calendar or the activity changed after them."""

    day: date
    activity: str
    name: str
    school: str
    number: int
    why: Openness


def stranded(first: date, last: date, offer: Offer) -> list[Stranded]:
    """The bookings from `first` to `last` on days when their activity is not open; by day. One query."""
    rows = Presence.objects.filter(day__range=(first, last)).values_list(
        "day", "activity_id", "person__classroom__school_id", "person__classroom__school__name"
    )
    found = []
    for day, activity_id, school_id, school, number in rows.annotate(number=Count("id")).order_by("day"):
        rules = offer.rulebook.activities.get(offer.codes.get(activity_id, ""))
        if rules is None:
            continue
        state = offer.rulebook.calendar.opening(rules.opens_on, rules.weekdays, day, school_id)
        if not state.open:
            found.append(Stranded(day, rules.code, rules.name, school or "", number, state))
    return found
