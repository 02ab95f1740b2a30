from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portail.rules.recurrence import copy_days, expand

# Across a week 53 and the last day of a leap February.
days = st.dates(date(2026, 12, 14), date(2027, 1, 17)) | st.dates(date(2028, 2, 21), date(2028, 3, 12))
weekdays = st.frozensets(st.integers(0, 6), max_size=7)
habits = st.dictionaries(st.sampled_from(["cantine", "matin", "soir"]), weekdays, max_size=3)


def test_two_habits_over_a_week_and_a_half():
    assert expand({"soir": [4], "cantine": {0, 1}}, date(2026, 11, 24), date(2026, 12, 4)) == [
        ("cantine", date(2026, 11, 24)),
        ("cantine", date(2026, 11, 30)),
        ("cantine", date(2026, 12, 1)),
        ("soir", date(2026, 11, 27)),
        ("soir", date(2026, 12, 4)),
    ]


def test_one_week_in_two_across_week_53():
    tuesdays = expand({"cantine": [1]}, date(2026, 12, 15), date(2027, 1, 15), every_other=True)

    assert tuesdays == [("cantine", day) for day in (date(2026, 12, 15), date(2026, 12, 29), date(2027, 1, 12))]


def test_one_week_in_two_from_another_date():
    tuesdays = expand({"c": [1]}, date(2026, 12, 15), date(2027, 1, 5), every_other=True, anchor=date(2026, 9, 6))

    assert tuesdays == [("c", date(2026, 12, 22)), ("c", date(2027, 1, 5))]  # a Sunday belongs to the week before it


@given(habits, days, st.integers(-2, 40), st.booleans(), st.none() | days)
def test_expand_against_a_walk_day_by_day(by_activity, first, length, every_other, anchor):
    last = first + timedelta(days=length)
    wanted = set()
    for activity, chosen in by_activity.items():
        day = first
        while day <= last:
            start = anchor or first
            weeks = round(
                ((day - timedelta(day.weekday())) - (start - timedelta(start.weekday()))) / timedelta(weeks=1)
            )
            if day.weekday() in chosen and (not every_other or weeks in range(-2000, 2000, 2)):
                wanted.add((activity, day))
            day += timedelta(days=1)

    assert expand(by_activity, first, last, every_other, anchor) == sorted(wanted)


def test_a_week_copied_onto_two_others():
    pairs = copy_days(date(2026, 12, 21), [date(2026, 12, 28), date(2027, 1, 4)])

    assert len(pairs) == 14
    assert pairs[4] == (date(2026, 12, 25), date(2027, 1, 1))
    assert pairs[-1] == (date(2026, 12, 27), date(2027, 1, 10))


@given(days, st.lists(days, max_size=6))
def test_a_copy_keeps_weekdays_and_writes_each_day_once(source, targets):
    pairs = copy_days(source, targets)
    week = {source - timedelta(days=source.weekday()) + timedelta(days=n) for n in range(7)}
    weeks = {day.strftime("%G-W%V") for day in targets} - {source.strftime("%G-W%V")}

    assert all(read in week and read.weekday() == written.weekday() for read, written in pairs)
    assert len({written for _, written in pairs}) == len(pairs) == 7 * len(weeks)
    assert {written.strftime("%G-W%V") for _, written in pairs} == weeks
