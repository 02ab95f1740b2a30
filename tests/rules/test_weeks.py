from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.weeks import (
    history_floor,
    in_alternate_weeks,
    iso_week,
    monday,
    parse_week,
    school_year_start,
    week_days,
    week_slug,
)

# Around a year that has a week 53, and around the 1 September and 1 October of two years.
turns = st.sampled_from([date(2026, 12, 31), date(2027, 1, 1), date(2025, 9, 1), date(2026, 10, 1), date(2028, 2, 29)])
days = st.builds(lambda turn, shift: turn + timedelta(days=shift), turns, st.integers(-21, 21))


def slow_monday(day):
    while day.strftime("%A") != "Monday":
        day -= timedelta(days=1)
    return day


@pytest.mark.parametrize(
    ("day", "first", "slug"),
    [
        (date(2026, 12, 28), date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 1), date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 3), date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 4), date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), date(2024, 12, 30), "2025-W01"),
        (date(2028, 2, 29), date(2028, 2, 28), "2028-W09"),
    ],
)
def test_the_weeks_that_families_know(day, first, slug):
    assert (monday(day), week_slug(day)) == (first, slug)
    assert iso_week(day) == (int(slug[:4]), int(slug[-2:]))
    assert parse_week(slug) == first


@given(days)
def test_a_week_is_seven_days_from_its_monday(day):
    first = slow_monday(day)

    assert monday(day) == first
    assert week_days(first) == [first + timedelta(days=n) for n in (0, 1, 2, 3, 4, 5, 6)]
    assert {week_slug(other) for other in week_days(first)} == {day.strftime("%G-W%V")}
    assert parse_week(week_slug(day)) == first


def test_all_the_week_names_of_ten_years_and_only_those():
    real = {
        (date(2020, 1, 6) + timedelta(weeks=n)).strftime("%G-W%V"): date(2020, 1, 6) + timedelta(weeks=n)
        for n in range(521)
    }
    candidates = [f"{year}-W{week:02}" for year in range(2021, 2029) for week in range(100)]

    assert {slug: parse_week(slug) for slug in candidates} == {slug: real.get(slug) for slug in candidates}


@pytest.mark.parametrize(
    "nonsense",
    [
        *["", "2026", "2026-W54", "2027-W53", "2026-W00", "2026-w53", "2026-W5", "2026-W053", " 2026-W53"],
        *["2026-W53\n", "0000-W01", "9999-W52", "1899-W10", "3000-W01", "２０２６-W53", "2026-W٥٣", "-026-W01"],
    ],
)
def test_what_names_no_week_is_none(nonsense):
    assert parse_week(nonsense) is None


@given(st.text("0123456789-W \n", max_size=9))
def test_no_text_surprises(text):
    first = parse_week(text)
    assert first is None or (first.weekday() == 0 and week_slug(first) == text)


def test_week_53_does_not_break_one_week_in_two():
    anchor = date(2026, 12, 16)  # week 51

    assert [week_slug(first) for first in _mondays(date(2026, 12, 14), 6) if in_alternate_weeks(anchor, first)] == [
        "2026-W51",
        "2026-W53",
        "2027-W02",
    ]


@given(days, days)
def test_one_week_in_two_is_a_walk_of_fourteen_days(anchor, day):
    walked = slow_monday(anchor)
    while walked > day:
        walked -= timedelta(days=14)
    while walked + timedelta(days=14) <= day:
        walked += timedelta(days=14)

    assert in_alternate_weeks(anchor, day) == (day < walked + timedelta(days=7))


@pytest.mark.parametrize(
    ("today", "year_start", "floor"),
    [
        (date(2026, 8, 31), date(2025, 9, 1), date(2025, 9, 1)),
        (date(2026, 9, 1), date(2026, 9, 1), date(2025, 9, 1)),
        (date(2026, 9, 30), date(2026, 9, 1), date(2025, 9, 1)),
        (date(2026, 10, 1), date(2026, 9, 1), date(2026, 9, 1)),
        (date(2027, 2, 3), date(2026, 9, 1), date(2026, 9, 1)),
        (date(2028, 2, 29), date(2027, 9, 1), date(2027, 9, 1)),
    ],
)
def test_the_school_year_and_what_history_shows(today, year_start, floor):
    assert (school_year_start(today), history_floor(today)) == (year_start, floor)


@given(days)
def test_the_floor_is_the_last_first_of_september_behind_a_first_of_october(today):
    def walk_back(day, month):
        while (day.month, day.day) != (month, 1):
            day -= timedelta(days=1)
        return day

    assert school_year_start(today) == walk_back(today, 9)
    assert history_floor(today) == walk_back(walk_back(today, 10), 9)


def _mondays(first, count):
    return [first + timedelta(weeks=n) for n in range(count)]
