"""When the kitchen is told how many will eat: so many worked days before, at an hour of the town (feature M4)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from portail.rules.calendar import TownCalendar

LONGEST_WAIT = timedelta(days=31)
"""How far ahead a day is told of: ten worked days, whatever the public holidays."""


def told_on(day: date, days_ahead: int, calendar: TownCalendar) -> date | None:
    """The day on which the head-counts of `day` leave: that day, or the n-th worked day before. None: too far back."""
    return calendar.working_day_before(day, days_ahead) if days_ahead else day


def told_at(day: date, days_ahead: int, at: int, calendar: TownCalendar, zone: ZoneInfo) -> datetime | None:
    """The moment: `at` minutes after midnight of the town, on that day."""
    on = told_on(day, days_ahead, calendar)
    return None if on is None else datetime(on.year, on.month, on.day, at // 60, at % 60, tzinfo=zone)


def is_due(moment: datetime | None, *, day: date, since: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Is it time: the moment has come since the address was set, and the day is not over yet?"""
    if moment is None or not since <= moment <= now:
        return False
    return now.astimezone(zone).date() <= day
