"""The days of the demonstration that move with the calendar: holidays, catch-up Wednesday, closures, periods."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from portail.rules import zones
from portail.rules.calendar import WEDNESDAY, HolidayPeriod, TownCalendar
from portail.rules.weeks import monday, school_year_start

FRIDAY = 4
WEEK = 6  # days from its first to its last
ENOUGH = 8  # days of school that make a month worth billing
FURTHEST = 150  # days: from any day of the year, school has begun again by then


@dataclass(frozen=True, slots=True)
class MovingDays:
    """Days of the coming weeks; all of them have school but `closed`, which is a working day of any kind."""

    catch_up: date
    bridge: date
    closed: date
    outing: date
    periods: tuple[tuple[date, date], ...]


def holidays_around(zone: str, today: date) -> list[HolidayPeriod]:
    """The holidays of the zone over the years that the demonstration may show, estimated where not published."""
    first = school_year_start(today).year - 1
    found = [period for period in zones.HOLIDAYS[zone] if period.last.year >= first]
    published = range(2025, zones.LAST_PUBLISHED_YEAR + 1)
    for year in range(first, first + 4):
        if year not in published:
            found += zones.estimated_periods(zone, year)
    return found


def moving_days(calendar: TownCalendar, school_id: int | None, today: date) -> MovingDays:
    """Choose them. `school_id`: a school with the four-day rhythm."""

    def school(day: date) -> bool:
        return calendar.has_school(day, school_id)

    def wednesday_of_school(day: date) -> bool:
        return day.weekday() == WEDNESDAY and school(day - timedelta(days=1)) and not calendar.public_holiday(day)

    catch_up = _first_from(today + timedelta(days=8), wednesday_of_school)
    bridge = _first_from(catch_up + timedelta(days=7), lambda day: day.weekday() == FRIDAY and school(day))
    taken = {catch_up, bridge}
    closed = _first_from(today + timedelta(days=15), lambda day: calendar.is_worked(day) and day not in taken)
    outing = _first_from(today + timedelta(days=6), lambda day: school(day) and day not in {*taken, closed})
    return MovingDays(catch_up, bridge, closed, outing, _periods(calendar, school, today))


def billed_month(calendar: TownCalendar, today: date) -> date:
    """The month that the town has just billed, by its first day: the last one with enough days of school.

    In August and September it is June: of the summer there would be no meal to pay.
    """
    first = today.replace(day=1)
    for _ in range(12):
        last = first - timedelta(days=1)
        first = last.replace(day=1)
        days = (first + timedelta(days=n) for n in range(last.day))
        if sum(calendar.has_school(day, None) for day in days) >= ENOUGH:
            return first
    raise ValueError("a year without school")


def _periods(calendar: TownCalendar, school: Callable[[date], bool], today: date) -> tuple[tuple[date, date], ...]:
    """Two stretches between holidays, the first one under way or about to begin (« périscotidien », P10)."""

    def before_holidays(day: date) -> bool:
        period = calendar.holiday(day + timedelta(days=1))
        return period is not None and (period.last - period.first).days >= WEEK  # a bridge ends no period

    found: list[tuple[date, date]] = []
    day = monday(today)
    while len(found) < 2:
        first = _first_from(day, school)
        last = _first_from(first, before_holidays)
        if last >= today:
            found.append((first, last))
        day = last + timedelta(days=1)
    return tuple(found)


def _first_from(day: date, wanted: Callable[[date], bool]) -> date:
    for n in range(FURTHEST):
        if wanted(day + timedelta(days=n)):
            return day + timedelta(days=n)
    raise LookupError(f"no such day within {FURTHEST} days of {day}")
