from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.calendar import Closure, DayOverride, HolidayPeriod, TownCalendar
from portail.rules.cutoffs import Cutoff, CutoffKind, cutoff_day, deadline
from portail.rules.holidays import public_holidays
from portail.rules.zones import HOLIDAYS

PARIS = ZoneInfo("Europe/Paris")
ZONES = ["Europe/Paris", "Indian/Reunion", "America/Martinique", "America/Miquelon", "Pacific/Marquesas"]
SCHOOL = 1
TOWN = TownCalendar(
    HOLIDAYS["A"],
    [DayOverride(date(2026, 11, 18), None, has_school=True), DayOverride(date(2027, 3, 26), SCHOOL, has_school=False)],
    [Closure(date(2026, 11, 20), date(2026, 11, 23))],  # closes activities; the town hall works on
)

EVE = Cutoff(CutoffKind.CALENDAR_DAYS, at=600, days=1)
WORKED_EVE = Cutoff(CutoffKind.WORKING_DAYS, at=600, days=1)
SCHOOL_EVE = Cutoff(CutoffKind.SCHOOL_DAYS, at=960, days=1)
THURSDAY = Cutoff(CutoffKind.WEEKDAY_BEFORE, at=1020, weekday=3)
THURSDAY_MIDNIGHT = Cutoff(CutoffKind.WEEKDAY_BEFORE, at=1440, weekday=3)
FRIDAY_NOON = Cutoff(CutoffKind.WEEKDAY_BEFORE, at=720, weekday=4)


def moved(cutoff):
    return Cutoff(cutoff.kind, cutoff.at, cutoff.days, cutoff.weekday, cutoff.weeks, cutoff.on, moved_back=True)


def local(cutoff, day, zone="Europe/Paris", calendar=TOWN):
    instant = deadline(cutoff, date.fromisoformat(day), calendar, SCHOOL, ZoneInfo(zone))
    assert instant.tzinfo is UTC
    return instant.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("cutoff", "day", "wall"),
    [
        (EVE, "2026-11-24", "Mon 2026-11-23 10:00"),
        (EVE, "2026-11-23", "Sun 2026-11-22 10:00"),
        (moved(EVE), "2026-11-23", "Fri 2026-11-20 10:00"),
        (moved(EVE), "2026-11-12", "Tue 2026-11-10 10:00"),  # 11 November
        (EVE, "2028-03-01", "Tue 2028-02-29 10:00"),
        (WORKED_EVE, "2026-11-24", "Mon 2026-11-23 10:00"),
        (WORKED_EVE, "2026-11-23", "Fri 2026-11-20 10:00"),
        (WORKED_EVE, "2027-03-30", "Fri 2027-03-26 10:00"),  # Easter Monday
        (WORKED_EVE, "2027-01-04", "Thu 2026-12-31 10:00"),
        (Cutoff(CutoffKind.WORKING_DAYS, at=600, days=2), "2026-11-13", "Tue 2026-11-10 10:00"),
        (Cutoff(CutoffKind.WORKING_DAYS, at=420), "2026-11-22", "Sun 2026-11-22 07:00"),
        (SCHOOL_EVE, "2026-11-02", "Fri 2026-10-16 16:00"),  # the last school day before the holidays
        (SCHOOL_EVE, "2026-11-19", "Wed 2026-11-18 16:00"),  # a catch-up Wednesday
        (SCHOOL_EVE, "2027-03-30", "Thu 2027-03-25 16:00"),
        (SCHOOL_EVE, "2027-09-02", "Fri 2027-07-02 16:00"),
        (THURSDAY, "2026-11-23", "Thu 2026-11-19 17:00"),
        (THURSDAY, "2026-11-29", "Thu 2026-11-19 17:00"),
        (THURSDAY, "2027-01-04", "Thu 2026-12-31 17:00"),  # week 53
        (THURSDAY, "2027-01-03", "Thu 2026-12-24 17:00"),
        (THURSDAY_MIDNIGHT, "2026-11-23", "Fri 2026-11-20 00:00"),
        (THURSDAY_MIDNIGHT, "2027-01-05", "Fri 2027-01-01 00:00"),
        (moved(THURSDAY), "2027-05-10", "Wed 2027-05-05 17:00"),  # Ascension
        (FRIDAY_NOON, "2026-11-23", "Fri 2026-11-20 12:00"),
        (Cutoff(CutoffKind.WEEKDAY_BEFORE, at=720, weekday=4, weeks=2), "2026-11-23", "Fri 2026-11-13 12:00"),
        (Cutoff(CutoffKind.WEEKDAY_BEFORE, at=720, weekday=0, weeks=0), "2026-11-25", "Mon 2026-11-23 12:00"),
        (Cutoff(CutoffKind.SAME_DAY, at=420), "2026-11-23", "Mon 2026-11-23 07:00"),
        (Cutoff(CutoffKind.FIXED_DATE, at=0, on=date(2026, 9, 15)), "2026-11-23", "Tue 2026-09-15 00:00"),
    ],
)
def test_the_cut_offs_that_towns_use(cutoff, day, wall):
    assert local(cutoff, day) == wall


@pytest.mark.parametrize(
    ("at", "day", "zone", "instant"),
    [
        (600, "2026-10-26", "Europe/Paris", "2026-10-25T09:00"),  # winter time since the night
        (600, "2026-10-25", "Europe/Paris", "2026-10-24T08:00"),
        (600, "2027-03-29", "Europe/Paris", "2027-03-28T08:00"),
        (150, "2026-10-26", "Europe/Paris", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        (150, "2027-03-29", "Europe/Paris", "2027-03-28T01:30"),  # 02:30 never comes: 03:30
        (1440, "2027-03-29", "Europe/Paris", "2027-03-28T22:00"),
        (600, "2027-03-29", "Indian/Reunion", "2027-03-28T06:00"),
        (600, "2027-03-29", "America/Martinique", "2027-03-28T14:00"),
        (600, "2027-03-15", "America/Miquelon", "2027-03-14T12:00"),  # its own summer time
        (600, "2027-03-29", "Pacific/Marquesas", "2027-03-28T19:30"),
    ],
)
def test_local_time_as_an_instant(at, day, zone, instant):
    cutoff = Cutoff(CutoffKind.CALENDAR_DAYS, at=at, days=1)
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)

    assert deadline(cutoff, date.fromisoformat(day), TOWN, SCHOOL, ZoneInfo(zone)) == expected


def test_without_any_such_day_for_a_year_plain_days_count():
    never = TownCalendar([HolidayPeriod("Fermée", date(2020, 1, 1), date(2030, 1, 1))], worked_weekdays=frozenset())

    assert local(SCHOOL_EVE, "2026-11-24", calendar=never) == "Mon 2026-11-23 16:00"
    assert local(WORKED_EVE, "2026-11-24", calendar=never) == "Mon 2026-11-23 10:00"
    assert local(moved(EVE), "2026-11-24", calendar=never) == "Mon 2026-11-23 10:00"


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Marquesas"])
@pytest.mark.parametrize("kind", CutoffKind)
@pytest.mark.parametrize("day", [date.min, date(1, 12, 31), date.max])
def test_a_forged_date_has_a_deadline_too(kind, day, zone):
    for at in (0, 1440):
        cutoff = Cutoff(kind, at=at, days=1000, weekday=6, weeks=0, on=day, moved_back=True)
        assert deadline(cutoff, day, TOWN, SCHOOL, ZoneInfo(zone)).tzinfo is UTC


@pytest.mark.parametrize(
    "nonsense",
    [{"at": -1}, {"at": 1441}, {"days": -1}, {"weekday": 7}, {"weekday": -1}, {"weeks": -1}, {"kind": "fixed_date"}],
)
def test_a_rule_that_means_nothing_cannot_be_built(nonsense):
    with pytest.raises(ValueError, match=r"time of day|past of its day|needs its date"):
        Cutoff(**{"kind": CutoffKind(nonsense.pop("kind", "same_day")), "at": 600, **nonsense})


# ── the slow oracle ─────────────────────────────────────────────────────────────────────────────────────────────────
def slow_day(cutoff, day, worked, at_school):
    """The day of the cut-off, by lists of days and by walking; `worked` and `at_school`: every such day, in order."""
    if cutoff.kind in (CutoffKind.WORKING_DAYS, CutoffKind.SCHOOL_DAYS) and cutoff.days:
        candidates = worked if cutoff.kind is CutoffKind.WORKING_DAYS else at_school
        found = [other for other in candidates if other < day][-cutoff.days]
    elif cutoff.kind is CutoffKind.WEEKDAY_BEFORE:
        found = slow_weekday(cutoff, day)
    else:
        back = 0 if cutoff.kind is CutoffKind.SAME_DAY else cutoff.days
        found = cutoff.on if cutoff.kind is CutoffKind.FIXED_DATE else day - timedelta(days=back)
    return [other for other in worked if other <= found][-1] if cutoff.moved_back else found


def slow_weekday(cutoff, day):
    while day.strftime("%a") != "Mon":
        day -= timedelta(days=1)
    for _ in range(cutoff.weeks):
        day -= timedelta(days=7)
    while day.weekday() != cutoff.weekday:
        day += timedelta(days=1)
    return day


def slow_lists(town, first, last):
    """(days worked, days with school) of a town, reading its lines one by one."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    public = {day for year in range(first.year, last.year + 1) for day in public_holidays(year, town.region)}
    free = {day for day in days for period in town.periods if period.first <= day <= period.last}
    school = {day for day in days if day.weekday() in (0, 1, 3, 4)} - public - free
    for line in town.overrides:
        if line.school_id in (None, SCHOOL):
            school = school | {line.day} if line.has_school else school - {line.day}
    return [d for d in days if d.weekday() < 5 and d not in public], sorted(school)


def hours(first, last, zone):
    """Every hour of a stretch of time: the instant, and what the town's clock shows, in the order they are lived."""
    instant = datetime(first.year, first.month, first.day, tzinfo=UTC)
    while instant.date() <= last:
        yield instant, instant.astimezone(zone).replace(tzinfo=None)
        instant += timedelta(hours=1)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "America/Martinique", "America/Miquelon"])
@pytest.mark.parametrize("year", [2027, 2028])  # 2027 begins in week 53 of 2026; 2028 has a 29 February
@pytest.mark.parametrize(
    "cutoff",
    [
        EVE,
        moved(Cutoff(CutoffKind.CALENDAR_DAYS, at=180, days=2)),
        Cutoff(CutoffKind.CALENDAR_DAYS, at=120, days=1),  # an hour that is skipped in spring, lived twice in autumn
        WORKED_EVE,
        SCHOOL_EVE,
        THURSDAY_MIDNIGHT,
        moved(FRIDAY_NOON),
        Cutoff(CutoffKind.SAME_DAY, at=0),
        Cutoff(CutoffKind.FIXED_DATE, at=1440, on=date(2027, 3, 27)),
    ],
    ids=lambda cutoff: f"{cutoff.kind}-{cutoff.at}",
)
def test_every_hour_of_a_year(cutoff, year, zone):
    """Live the year hour by hour: a day closes when the town's clock first shows its cut-off, and stays closed."""
    first, last = date(year - 1, 12, 20), date(year + 1, 1, 10)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    lists = slow_lists(TOWN, date(2026, 1, 1), date(2029, 1, 31))
    midnight = datetime.min.time()
    closes = {
        day: datetime.combine(slow_day(cutoff, day, *lists), midnight) + timedelta(minutes=cutoff.at) for day in days
    }
    # Far days would only make it slow: look at those whose cut-off is less than three days away.
    deadlines = {day: deadline(cutoff, day, TOWN, SCHOOL, ZoneInfo(zone)) for day in days}
    watched: dict[date, list[date]] = {}
    for day, wall in closes.items():
        for shift in range(-3, 4):
            watched.setdefault(wall.date() + timedelta(days=shift), []).append(day)
    closed: set[date] = set()
    for instant, wall in hours(first, last, ZoneInfo(zone)):
        near = watched.get(wall.date(), [])
        closed.update(day for day in near if wall >= closes[day])
        assert [day for day in near if instant >= deadlines[day]] == [day for day in near if day in closed]


# Drawn days must collide with weekends, drawn overrides, 1 and 11 November, Christmas, Easter and clock changes.
WINDOWS = [(date(2026, 10, 12), 35), (date(2026, 12, 14), 28), (date(2027, 3, 15), 28), (date(2028, 2, 24), 14)]
near = st.sampled_from([first + timedelta(days=n) for first, length in WINDOWS for n in range(length)])
overrides = st.builds(DayOverride, near, st.sampled_from([None, 2]), st.booleans())
periods = st.builds(
    lambda first, length: HolidayPeriod("", first, first + timedelta(days=length)), near, st.integers(0, 9)
)
towns = st.builds(
    TownCalendar,
    st.lists(periods, max_size=4),
    st.lists(overrides, max_size=12, unique_by=lambda line: (line.day, line.school_id)),
    region=st.sampled_from(["", "alsace-moselle"]),
)
minutes = st.integers(0, 1440) | st.sampled_from([0, 119, 120, 150, 180, 1380, 1439, 1440])
cutoffs = st.builds(
    Cutoff,
    st.sampled_from(CutoffKind),
    at=minutes,
    days=st.integers(0, 6),
    weekday=st.integers(0, 6),
    weeks=st.integers(0, 3),
    on=near,
    moved_back=st.booleans(),
)


@given(cutoffs, near, towns)
def test_the_day_of_a_cut_off_against_lists_of_days(cutoff, day, town):
    lists = slow_lists(town, day - timedelta(days=200), day + timedelta(days=600))
    lists = slow_lists(town, date(2026, 5, 1), date(2028, 4, 30)) if cutoff.kind is CutoffKind.FIXED_DATE else lists

    assert cutoff_day(cutoff, day, town, SCHOOL) == slow_day(cutoff, day, *lists)


@given(cutoffs, near, st.sampled_from(ZONES))
def test_the_instant_against_a_clock_watched_minute_by_minute(cutoff, day, name):
    zone = ZoneInfo(name)
    wall = datetime.combine(cutoff_day(cutoff, day, TOWN, SCHOOL), datetime.min.time()) + timedelta(minutes=cutoff.at)

    def first_minute_showing(shown):
        start = shown.replace(tzinfo=UTC) - timedelta(hours=14)
        lived = (start + timedelta(minutes=n) for n in range(28 * 60))
        return next((i for i in lived if i.astimezone(zone).replace(tzinfo=None) == shown), None)

    expected = first_minute_showing(wall) or first_minute_showing(wall + timedelta(hours=1))
    assert deadline(cutoff, day, TOWN, SCHOOL, zone) == expected


@given(cutoffs, near, st.integers(1, 10), towns)
def test_a_later_day_never_closes_earlier(cutoff, day, more, town):
    later = day + timedelta(days=more)

    assert deadline(cutoff, day, town, SCHOOL, PARIS) <= deadline(cutoff, later, town, SCHOOL, PARIS)
