"""When the kitchen is told."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.calendar import TownCalendar
from portail.rules.kitchen import LONGEST_WAIT, is_due, told_at, told_on

PARIS = ZoneInfo("Europe/Paris")
CALENDAR = TownCalendar(periods=(), overrides=(), closures=(), school_weekdays={})
DAYS = st.dates(date(2025, 1, 1), date(2030, 12, 31))
AHEAD = st.integers(0, 10)


@pytest.mark.parametrize(
    ("day", "ahead", "on"),
    [
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
        (date(2026, 11, 24), 1, date(2026, 11, 23)),
        (date(2026, 11, 23), 1, date(2026, 11, 20)),  # Monday: told on Friday
        (date(2026, 11, 12), 1, date(2026, 11, 10)),  # after the 11 November
    ],
)
def test_examples(day: date, ahead: int, on: date):
    assert told_on(day, ahead, CALENDAR) == on
    moment = told_at(day, ahead, 9 * 60 + 30, CALENDAR, PARIS)
    assert moment == datetime(on.year, on.month, on.day, 9, 30, tzinfo=PARIS)


@given(DAYS, AHEAD)
def test_never_after_the_day_nor_too_long_before(day: date, ahead: int):
    on = told_on(day, ahead, CALENDAR)
    assert on is not None
    assert timedelta() <= day - on < LONGEST_WAIT
    assert ahead == 0 or CALENDAR.is_worked(on)


@given(DAYS, AHEAD, st.integers(0, 1439), st.integers(-3000, 3000))
def test_due_from_its_moment_to_the_end_of_the_day(day: date, ahead: int, at: int, minutes: int):
    moment = told_at(day, ahead, at, CALENDAR, PARIS)
    assert moment is not None
    now = moment + timedelta(minutes=minutes)
    due = is_due(moment, day=day, since=moment - timedelta(days=1), now=now, zone=PARIS)
    assert due == (minutes >= 0 and now.astimezone(PARIS).date() <= day)
    assert not is_due(moment, day=day, since=moment + timedelta(seconds=1), now=now, zone=PARIS)
    assert not is_due(None, day=day, since=moment, now=now, zone=PARIS)
