import pickle
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.calendar import (
    NOT_OFFERED,
    OPEN,
    ClosedWhy,
    Closure,
    DayOverride,
    HolidayPeriod,
    Opening,
    Openness,
    TownCalendar,
)
from portail.rules.holidays import public_holidays
from portail.rules.zones import HOLIDAYS

MALLERIN, CURIE = 1, 2  # 4 days, 4,5 days
EVERY_DAY = frozenset(range(7))
CANTEEN = frozenset({0, 1, 3, 4})
RHYTHMS = {MALLERIN: frozenset({0, 1, 3, 4}), CURIE: frozenset({0, 1, 2, 3, 4})}
CATCH_UP = DayOverride(date(2026, 11, 18), None, has_school=True, reason="Rattrapage du vendredi 7 mai")
BRIDGE = DayOverride(date(2026, 11, 13), MALLERIN, has_school=False, reason="Grève")
TOWN = TownCalendar(HOLIDAYS["C"], (CATCH_UP, BRIDGE), school_weekdays=RHYTHMS)


def closed(why, name=""):
    return Openness(open=False, offered=True, why=why, name=name)


@pytest.mark.parametrize(
    ("opens_on", "weekdays", "day", "school", "state"),
    [
        ("school_days", CANTEEN, "2026-11-23", MALLERIN, OPEN),
        ("school_days", CANTEEN, "2026-11-25", MALLERIN, NOT_OFFERED),
        ("school_days", CANTEEN, "2026-11-25", CURIE, NOT_OFFERED),
        ("school_days", EVERY_DAY, "2026-11-25", CURIE, OPEN),
        ("school_days", EVERY_DAY, "2026-11-25", MALLERIN, closed("no_school")),
        ("school_days", EVERY_DAY, "2026-11-25", None, closed("no_school")),
        ("school_days", EVERY_DAY, "2026-11-25", 99, closed("no_school")),
        ("school_days", CANTEEN, "2026-10-19", MALLERIN, closed("holidays", "Vacances de la Toussaint")),
        ("school_days", CANTEEN, "2026-11-02", MALLERIN, OPEN),
        ("school_days", CANTEEN, "2027-03-29", MALLERIN, closed("public_holiday", "Lundi de Pâques")),
        ("school_days", CANTEEN, "2026-11-13", MALLERIN, closed("no_school", "Grève")),
        ("school_days", CANTEEN, "2026-11-13", CURIE, OPEN),
        ("school_days", CANTEEN, "2026-11-18", MALLERIN, OPEN),  # catch-up Wednesday
        ("wednesdays", EVERY_DAY, "2026-11-18", MALLERIN, closed("catch_up", CATCH_UP.reason)),
        ("wednesdays", EVERY_DAY, "2026-11-25", MALLERIN, OPEN),
        ("wednesdays", EVERY_DAY, "2026-11-25", CURIE, OPEN),
        ("wednesdays", EVERY_DAY, "2026-11-26", MALLERIN, NOT_OFFERED),
        ("wednesdays", CANTEEN, "2026-11-25", MALLERIN, NOT_OFFERED),
        ("wednesdays", EVERY_DAY, "2026-11-11", MALLERIN, closed("public_holiday", "Armistice 1918")),
        ("wednesdays", EVERY_DAY, "2026-10-21", MALLERIN, closed("holidays", "Vacances de la Toussaint")),
        ("small_holidays", EVERY_DAY, "2026-10-21", MALLERIN, OPEN),
        ("small_holidays", EVERY_DAY, "2026-12-25", MALLERIN, closed("public_holiday", "Noël")),
        ("small_holidays", EVERY_DAY, "2026-11-25", MALLERIN, closed("only_holidays")),
        ("small_holidays", EVERY_DAY, "2027-07-15", MALLERIN, closed("only_holidays")),
        ("small_holidays", CANTEEN, "2026-10-24", MALLERIN, NOT_OFFERED),  # Saturday
        ("summer", EVERY_DAY, "2027-07-15", MALLERIN, OPEN),
        ("summer", EVERY_DAY, "2027-07-14", MALLERIN, closed("public_holiday", "Fête nationale")),
        ("summer", EVERY_DAY, "2026-10-21", MALLERIN, closed("only_holidays")),
        ("any_day", EVERY_DAY, "2026-10-25", None, OPEN),
        ("any_day", CANTEEN, "2026-10-25", None, NOT_OFFERED),
        ("any_day", EVERY_DAY, "2026-11-11", None, closed("public_holiday", "Armistice 1918")),
    ],
)
def test_openings(opens_on, weekdays, day, school, state):
    assert TOWN.opening(Opening(opens_on), weekdays, date.fromisoformat(day), school) == state


def test_a_catch_up_day_inside_holidays_opens_the_school():
    day = date(2026, 10, 21)
    town = TownCalendar(HOLIDAYS["C"], [DayOverride(day, None, has_school=True)], region="martinique")

    assert town.has_school(day, MALLERIN)
    assert town.opening(Opening.SCHOOL_DAYS, CANTEEN, day, MALLERIN) == OPEN
    assert town.opening(Opening.WEDNESDAYS, EVERY_DAY, day, MALLERIN) == closed(ClosedWhy.CATCH_UP)
    assert town.public_holiday(date(2027, 5, 22)) == "Abolition de l’esclavage"


def test_no_school_on_a_wednesday_leaves_mercredi_open():
    day = date(2026, 11, 25)
    town = TownCalendar(overrides=[DayOverride(day, CURIE, has_school=False, reason="Grève")], school_weekdays=RHYTHMS)

    assert town.opening(Opening.SCHOOL_DAYS, EVERY_DAY, day, CURIE) == closed(ClosedWhy.NO_SCHOOL, "Grève")
    assert town.opening(Opening.WEDNESDAYS, EVERY_DAY, day, CURIE) == OPEN


def test_a_line_for_one_school_prevails_over_a_line_for_all():
    day = date(2026, 11, 25)
    lines = [DayOverride(day, MALLERIN, has_school=False), DayOverride(day, None, has_school=True)]
    town = TownCalendar(overrides=lines)

    assert [town.has_school(day, school) for school in (MALLERIN, CURIE, None)] == [False, True, True]
    assert [town.is_catch_up(day, school) for school in (MALLERIN, CURIE, None)] == [False, True, True]


@pytest.mark.parametrize(
    ("closure", "touched"),
    [
        ({}, ["cantine 1 10", "cantine 2 20", "soir 1 10", "soir None None"]),
        ({"activity": "cantine"}, ["cantine 1 10", "cantine 2 20"]),
        ({"school_id": 1}, ["cantine 1 10", "soir 1 10"]),
        ({"classroom_id": 20}, ["cantine 2 20"]),
        ({"school_id": 1, "activity": "soir"}, ["soir 1 10"]),
        ({"school_id": 1, "classroom_id": 20}, []),
    ],
)
def test_whom_a_closure_touches(closure, touched):
    line = Closure(date(2026, 11, 24), date(2026, 11, 24), "Travaux", **closure)
    town = TownCalendar(closures=[line])
    children = [("cantine", 1, 10), ("cantine", 2, 20), ("soir", 1, 10), ("soir", None, None)]

    def found(day):
        return [
            f"{activity} {school} {room}"
            for activity, school, room in children
            if town.closure(day, activity=activity, school_id=school, classroom_id=room) == line
        ]

    assert found(date(2026, 11, 24)) == touched
    assert found(date(2026, 11, 23)) == found(date(2026, 11, 25)) == []


# ── the slow oracle ─────────────────────────────────────────────────────────────────────────────────────────────────
# A window of seven weeks on purpose: drawn days must collide with drawn periods, overrides and closures. It holds
# 1 and 11 November; spans may begin long before it and end long after (« until further notice »).
WINDOW = [date(2026, 10, 12) + timedelta(days=n) for n in range(49)]
HOT = [date(2026, 10, 21), date(2026, 11, 11), date(2026, 11, 13), date(2026, 11, 18)]  # three Wednesdays, a Friday
days = st.sampled_from(HOT) | st.sampled_from(WINDOW)
edges = st.tuples(days, days) | st.tuples(st.just(date(2001, 1, 1)), days) | st.tuples(days, st.just(date.max))
schools = st.sampled_from([None, MALLERIN, CURIE, 99])
weekdays = st.frozensets(st.integers(0, 6)) | st.just(EVERY_DAY)
periods = st.builds(
    lambda e, name, summer: HolidayPeriod(name, min(e), max(e), summer), edges, st.text(max_size=2), st.booleans()
)
overrides = st.builds(DayOverride, days, schools, st.booleans(), st.sampled_from(["", "pont"]))
closures = st.builds(
    lambda e, *scope: Closure(e[0], e[1], *scope),  # some end before they begin: they close nothing
    edges,
    st.text(max_size=2),
    schools,
    st.sampled_from([None, 10, 20]),
    st.sampled_from([None, "cantine", "soir"]),
)
towns = st.builds(
    TownCalendar,
    st.lists(periods, max_size=3),
    st.lists(overrides, max_size=4),
    st.lists(closures, max_size=5),
    st.just(RHYTHMS),
    worked_weekdays=weekdays,
)


def slow_school(town, day, school):
    """(has school, is a catch-up day), reading every line of the calendar in turn."""
    for asked in (school, None):
        for line in reversed(town.overrides):
            if line.day == day and line.school_id == asked:
                return line.has_school, line.has_school
    rhythm = [0, 1, 2, 3, 4] if school == CURIE else [0, 1, 3, 4]
    free = any(period.first <= day <= period.last for period in town.periods)
    return day.weekday() in rhythm and not free and day not in public_holidays(day.year), False


def slow_opening(town, opens_on, offered_on, day, school):
    """« open », « closed » or « not offered », rule by rule as the town hall would tell them."""
    has_school, catch_up = slow_school(town, day, school)
    period = ([p for p in town.periods if p.first <= day <= p.last] or [None])[0]
    public = day in public_holidays(day.year)
    offered = day.weekday() in offered_on
    open_today = {
        "school_days": has_school,
        "wednesdays": period is None and not public and not catch_up,
        "small_holidays": period is not None and not period.summer and not public,
        "summer": period is not None and period.summer and not public,
        "any_day": not public,
    }[opens_on]
    if opens_on == "wednesdays":
        offered = offered and day.isoweekday() == 3
    if opens_on == "school_days":
        offered = offered or catch_up
    return "not offered" if not offered else "open" if open_today else "closed"


@given(towns, days, schools, st.sampled_from(Opening), weekdays)
def test_a_day_against_a_slow_reading_of_the_calendar(town, day, school, opens_on, offered_on):
    has_school, catch_up = slow_school(town, day, school)
    state = town.opening(opens_on, offered_on, day, school)

    assert (town.has_school(day, school), town.is_catch_up(day, school)) == (has_school, catch_up)
    assert town.holiday(day) == ([p for p in town.periods if p.first <= day <= p.last] or [None])[0]
    assert town.is_worked(day) == (day.weekday() in town.worked_weekdays and day not in public_holidays(day.year))
    said = "open" if state.open else "closed" if state.offered else "not offered"
    assert said == slow_opening(town, opens_on, offered_on, day, school)


@given(towns, days, schools, st.sampled_from(Opening), weekdays)
def test_a_reason_is_true(town, day, school, opens_on, offered_on):
    state = town.opening(opens_on, offered_on, day, school)
    catch_up = slow_school(town, day, school)[1]
    true = {
        None: state.open or not state.offered,
        ClosedWhy.PUBLIC_HOLIDAY: state.name and state.name == public_holidays(2026).get(day),
        ClosedWhy.HOLIDAYS: state.name in {p.name for p in town.periods if p.first <= day <= p.last},
        ClosedWhy.NO_SCHOOL: opens_on is Opening.SCHOOL_DAYS and not slow_school(town, day, school)[0],
        ClosedWhy.CATCH_UP: opens_on is Opening.WEDNESDAYS and catch_up,
        ClosedWhy.ONLY_HOLIDAYS: opens_on in {Opening.SUMMER, Opening.SMALL_HOLIDAYS},
    }
    assert true[state.why]


@given(towns, days, schools, st.sampled_from([None, 10, 20]), st.sampled_from(["cantine", "soir"]))
def test_closures_against_a_slow_reading(town, day, school, room, activity):
    def touches(line):
        wanted = [(line.school_id, school), (line.classroom_id, room), (line.activity, activity)]
        return line.first <= day <= line.last and all(theirs is None or theirs == ours for theirs, ours in wanted)

    expected = [line for line in town.closures if touches(line)]
    assert town.closure(day, activity=activity, school_id=school, classroom_id=room) == (expected or [None])[0]


@given(towns, days, st.integers(1, 30))
def test_days_counted_back_against_a_list(town, day, count):
    before = [day - timedelta(days=n) for n in range(1, 401)]

    def nth(found):
        return found[count - 1] if len(found) >= count else None

    for _ in range(2):  # the second answers are remembered
        assert town.working_day_before(day, count) == nth([other for other in before if town.is_worked(other)])
        for school in (None, MALLERIN, CURIE):
            at_school = [other for other in before if town.has_school(other, school)]
            assert town.school_day_before(day, count, school) == nth(at_school)


def test_each_school_counts_its_own_days():
    thursday = date(2026, 11, 26)

    assert TOWN.school_day_before(thursday, 1, MALLERIN) == date(2026, 11, 24)
    assert TOWN.school_day_before(thursday, 1, CURIE) == date(2026, 11, 25)


def test_the_search_backwards_ends():
    never = TownCalendar([HolidayPeriod("Fermée", date(2020, 1, 1), date(2030, 1, 1))], worked_weekdays=frozenset())

    assert never.working_day_before(date(2026, 11, 24), 1) is None
    assert never.school_day_before(date(2026, 11, 24), 1, MALLERIN) is None
    assert never.working_day_before(date.min, 1) is None


@pytest.mark.parametrize(("away", "found"), [(399, True), (400, True), (401, False)])
def test_the_search_goes_back_four_hundred_days(away, found):
    only, day = date(2025, 9, 1), date(2025, 9, 1) + timedelta(days=away)
    town = TownCalendar([HolidayPeriod("Travaux", only, day)], [DayOverride(only, None, has_school=True)])

    assert town.school_day_before(day, 1, MALLERIN) == (only if found else None)


def test_a_calendar_travels_between_processes():
    copy = pickle.loads(pickle.dumps(TOWN))  # noqa: S301 (our own bytes)

    assert copy.opening(Opening.SCHOOL_DAYS, CANTEEN, CATCH_UP.day, MALLERIN) == OPEN
    assert copy.periods == TOWN.periods
    assert copy != TOWN  # a calendar is only equal to itself: comparing two would read every line
