"""Which days show a cut-off best, and when an activity opens next."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portail.rules.calendar import SEARCH_DAYS, Opening, TownCalendar
from portail.rules.cutoffs import telling_days
from portail.rules.zones import HOLIDAYS

TOWN = TownCalendar(HOLIDAYS["B"])
WEEK = frozenset({0, 1, 3, 4})
DAYS = st.lists(st.dates(date(2026, 1, 1), date(2030, 1, 1)), unique=True, max_size=40).map(sorted)


def test_the_first_one_then_each_longer_gap():
    days = list(TOWN.open_days(Opening.SCHOOL_DAYS, WEEK, date(2026, 11, 17)))
    assert telling_days(days[:40]) == [
        date(2026, 11, 17), date(2026, 11, 19), date(2026, 11, 23), date(2027, 1, 4),
    ]  # fmt: skip
    assert telling_days([]) == []
    assert telling_days(days[:1]) == days[:1]


@given(DAYS, st.integers(1, 6))
def test_they_are_open_days_in_order_as_many_as_may_be(days: list[date], count: int):
    found = telling_days(days, count)
    assert found == sorted(set(found))
    assert set(found) <= set(days)
    assert len(found) == min(count, len(days))
    assert found[:1] == days[:1]


@given(
    st.sampled_from(Opening), st.frozensets(st.integers(0, 6), min_size=1), st.dates(date(2026, 1, 1), date(2028, 1, 1))
)
def test_open_days_are_those_that_the_calendar_opens(opens_on: Opening, weekdays: frozenset[int], first: date):
    found = list(TOWN.open_days(opens_on, weekdays, first))
    everyday = [first + timedelta(days=n) for n in range(SEARCH_DAYS)]
    assert found == [day for day in everyday if TOWN.opening(opens_on, weekdays, day, None).open]
    assert all(before < after for before, after in pairwise(found))


def test_the_end_of_the_calendar_is_no_fault():
    assert list(TOWN.open_days(Opening.ANY_DAY, WEEK, date.max)) == ([date.max] if date.max.weekday() in WEEK else [])
