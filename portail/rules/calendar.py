"""The town's calendar: on which days is there school, and on which is an activity open? (features P6, P12, M2)

Days are local dates of the town; nothing here knows an hour. A calendar is built once and asked for every cell
of a grid: a lookup costs the same whatever the number of closures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from portail.rules.holidays import public_holiday

WEDNESDAY = 2
FOUR_DAYS = frozenset({0, 1, 3, 4})
"""The 4-day rhythm: Monday, Tuesday, Thursday, Friday. Also that of a child whose school is not known."""
FOUR_AND_A_HALF_DAYS = frozenset({0, 1, 2, 3, 4})
MONDAY_TO_FRIDAY = frozenset(range(5))

SEARCH_DAYS = 400
"""How far back days are counted: more than a year, so that only a calendar without any such day reaches it."""


class Opening(StrEnum):
    """The kind of days on which an activity opens."""

    SCHOOL_DAYS = "school_days"
    WEDNESDAYS = "wednesdays"  # Wednesdays of school weeks
    SMALL_HOLIDAYS = "small_holidays"
    SUMMER = "summer"
    ANY_DAY = "any_day"  # but public holidays


class ClosedWhy(StrEnum):
    """Why the calendar closes an activity on a day that it otherwise offers."""

    PUBLIC_HOLIDAY = "public_holiday"  # name: of the public holiday
    HOLIDAYS = "holidays"  # name: of the period
    NO_SCHOOL = "no_school"  # name: the reason that the town gave, if any
    CATCH_UP = "catch_up"  # « Mercredi » closed because there is school; name: the reason given
    ONLY_HOLIDAYS = "only_holidays"
    CLOSURE = "closure"  # name: the reason given


@dataclass(frozen=True, slots=True)
class HolidayPeriod:
    """School holidays: the days without school, first and last included."""

    name: str
    first: date
    last: date
    summer: bool = False


@dataclass(frozen=True, slots=True)
class DayOverride:
    """« Il y aura école mercredi 13 novembre », or no school on a day that usually has some.

    `school_id` None: every school; a line for one school prevails over a line for all.
    """

    day: date
    school_id: int | None
    has_school: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Closure:
    """Days closed, first and last included. Every part that is set must match; none set: the whole town."""

    first: date
    last: date
    reason: str = ""
    school_id: int | None = None
    classroom_id: int | None = None
    activity: str | None = None

    def concerns(self, activity: str, school_id: int | None, classroom_id: int | None) -> bool:
        return (
            self.activity in (None, activity)
            and self.school_id in (None, school_id)
            and self.classroom_id in (None, classroom_id)
        )


@dataclass(frozen=True, slots=True)
class Openness:
    """Is an activity open on a day? Three states: open, closed (« ⊘ », with `why` and `name`), not offered (« . »)."""

    open: bool
    offered: bool
    why: ClosedWhy | None = None
    name: str = ""


OPEN = Openness(open=True, offered=True)
NOT_OFFERED = Openness(open=False, offered=False)


class _Span(Protocol):
    @property
    def first(self) -> date: ...
    @property
    def last(self) -> date: ...


_S = TypeVar("_S", bound=_Span)
_BUCKET = 32  # days
_LONG = 64 * _BUCKET  # a longer span (« closed until further notice ») is kept apart: it would fill the index


class _Spans(Generic[_S]):
    """Spans of days by day, in the order they were given."""

    def __init__(self, spans: Sequence[_S]) -> None:
        self._long = [span for span in spans if _is_long(span)]
        self._buckets: dict[int, list[_S]] = {
            number: [] for span in spans if not _is_long(span) for number in _buckets(span)
        }
        for span in spans:
            for number in self._buckets if _is_long(span) else _buckets(span):
                self._buckets[number].append(span)

    def on(self, day: date) -> Iterator[_S]:
        for span in self._buckets.get(day.toordinal() // _BUCKET, self._long):
            if span.first <= day <= span.last:
                yield span


def _is_long(span: _Span) -> bool:
    return (span.last - span.first).days > _LONG


def _buckets(span: _Span) -> range:
    return range(span.first.toordinal() // _BUCKET, span.last.toordinal() // _BUCKET + 1)


@dataclass(frozen=True, eq=False)
class TownCalendar:
    """Everything that a town says about its days.

    `school_weekdays`: school_id -> weekdays with school (0 = Monday); a school that is not there, or None, has the
    4-day rhythm. `worked_weekdays`: the days on which the town hall works, for cut-offs counted in working days.
    Where two periods or closures meet, the first given names the day.
    """

    periods: Sequence[HolidayPeriod] = ()
    overrides: Sequence[DayOverride] = ()
    closures: Sequence[Closure] = ()
    school_weekdays: Mapping[int, frozenset[int]] = field(default_factory=dict)
    region: str = ""
    worked_weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    _periods: _Spans[HolidayPeriod] = field(init=False, repr=False)
    _closures: _Spans[Closure] = field(init=False, repr=False)
    _overrides: dict[tuple[date, int | None], DayOverride] = field(init=False, repr=False)
    # Days counted back, remembered: the cells of a page count from the same days.
    _counted: dict[tuple[str, date, int, int | None], date | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Frozen: an index can only be set this way, once.
        object.__setattr__(self, "_periods", _Spans(self.periods))
        object.__setattr__(self, "_closures", _Spans(self.closures))
        object.__setattr__(self, "_overrides", {(line.day, line.school_id): line for line in self.overrides})
        object.__setattr__(self, "_counted", {})

    def public_holiday(self, day: date) -> str:
        """The name of the public holiday, "" when `day` is none."""
        return public_holiday(day, self.region)

    def holiday(self, day: date) -> HolidayPeriod | None:
        """The school holidays that `day` belongs to."""
        return next(self._periods.on(day), None)

    def has_school(self, day: date, school_id: int | None) -> bool:
        """An override decides; else a weekday of the school's rhythm, out of holidays and public holidays."""
        line = self._override(day, school_id)
        if line is not None:
            return line.has_school
        return self._is_school_weekday(day, school_id) and not self.public_holiday(day) and self.holiday(day) is None

    def is_catch_up(self, day: date, school_id: int | None) -> bool:
        """Did the town say that there is school on that very day (« jour rattrapé »)?"""
        line = self._override(day, school_id)
        return line is not None and line.has_school

    def is_worked(self, day: date) -> bool:
        """Does the town hall work on `day`: one of its weekdays, and no public holiday?"""
        return day.weekday() in self.worked_weekdays and not self.public_holiday(day)

    def closure(self, day: date, *, activity: str, school_id: int | None, classroom_id: int | None) -> Closure | None:
        """The closure that touches this activity, for a child of this school and class."""
        for closure in self._closures.on(day):
            if closure.concerns(activity, school_id, classroom_id):
                return closure
        return None

    def opening(self, opens_on: Opening, weekdays: frozenset[int], day: date, school_id: int | None) -> Openness:
        """Does the calendar open, on `day`, an activity offered on `weekdays` (0 = Monday)? Closures apart.

        A catch-up day opens what opens on school days, whatever its weekdays, even inside holidays.
        """
        if opens_on is Opening.SCHOOL_DAYS and self.is_catch_up(day, school_id):
            return OPEN
        if day.weekday() not in weekdays or (opens_on is Opening.WEDNESDAYS and day.weekday() != WEDNESDAY):
            return NOT_OFFERED
        if name := self.public_holiday(day):
            return _closed(ClosedWhy.PUBLIC_HOLIDAY, name)
        if opens_on is Opening.SCHOOL_DAYS:
            return self._school_day(day, school_id)
        return self._other_day(opens_on, day, school_id)

    def open_days(
        self, opens_on: Opening, weekdays: frozenset[int], first: date, *, school_id: int | None = None
    ) -> Iterator[date]:
        """The days from `first` on, within SEARCH_DAYS, when such an activity is open. Closures apart."""
        start = first.toordinal()
        for ordinal in range(start, min(start + SEARCH_DAYS, date.max.toordinal() + 1)):
            day = date.fromordinal(ordinal)
            if self.opening(opens_on, weekdays, day, school_id).open:
                yield day

    def working_day_before(self, day: date, count: int) -> date | None:
        """The `count`-th day worked before `day`; None when there is none within SEARCH_DAYS."""
        return self._count_back(("worked", day, count, None), self.is_worked)

    def school_day_before(self, day: date, count: int, school_id: int | None) -> date | None:
        """The `count`-th day with school, for that school, before `day`; None when none within SEARCH_DAYS."""
        return self._count_back(("school", day, count, school_id), lambda other: self.has_school(other, school_id))

    def _override(self, day: date, school_id: int | None) -> DayOverride | None:
        return self._overrides.get((day, school_id)) or self._overrides.get((day, None))

    def _is_school_weekday(self, day: date, school_id: int | None) -> bool:
        weekdays = FOUR_DAYS if school_id is None else self.school_weekdays.get(school_id, FOUR_DAYS)
        return day.weekday() in weekdays

    def _school_day(self, day: date, school_id: int | None) -> Openness:
        if period := self.holiday(day):
            return _closed(ClosedWhy.HOLIDAYS, period.name)
        if line := self._override(day, school_id):  # not a catch-up day: those are open
            return _closed(ClosedWhy.NO_SCHOOL, line.reason)
        return OPEN if self._is_school_weekday(day, school_id) else _closed(ClosedWhy.NO_SCHOOL)

    def _other_day(self, opens_on: Opening, day: date, school_id: int | None) -> Openness:
        if opens_on is Opening.ANY_DAY:
            return OPEN
        period = self.holiday(day)
        if opens_on is not Opening.WEDNESDAYS:
            inside = period is not None and period.summer == (opens_on is Opening.SUMMER)
            return OPEN if inside else _closed(ClosedWhy.ONLY_HOLIDAYS)
        line = self._override(day, school_id)
        if line and line.has_school:
            return _closed(ClosedWhy.CATCH_UP, line.reason)
        return _closed(ClosedWhy.HOLIDAYS, period.name) if period else OPEN

    def _count_back(self, key: tuple[str, date, int, int | None], counts: Callable[[date], bool]) -> date | None:
        if key in self._counted:
            return self._counted[key]
        if len(self._counted) > 20_000:  # a calendar that lives long, asked by a robot
            self._counted.clear()
        found = _counted_back(key[1], key[2], counts)
        self._counted[key] = found
        return found


def _closed(why: ClosedWhy, name: str = "") -> Openness:
    return Openness(open=False, offered=True, why=why, name=name)


def _counted_back(day: date, count: int, counts: Callable[[date], bool]) -> date | None:
    start = day.toordinal()
    for ordinal in range(start - 1, max(0, start - 1 - SEARCH_DAYS), -1):
        other = date.fromordinal(ordinal)
        if counts(other):
            count -= 1
        if count <= 0:
            return other
    return None
