"""From a habit to days: « périscotidien » periods (P10), « semaine type », copies of a week."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta

from portail.rules.weeks import in_alternate_weeks, monday


def expand(
    weekdays_by_activity: Mapping[str, Collection[int]],
    first: date,
    last: date,
    every_other: bool = False,
    anchor: date | None = None,
) -> list[tuple[str, date]]:
    """The (activity, day) pairs of chosen weekdays (0 = Monday) from `first` to `last`, both included, sorted.

    `every_other`: one week in two, beginning with the week of `anchor` (by default, that of `first`). Days are
    neither judged nor compared with the calendar here.
    """
    days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    if every_other:
        days = [day for day in days if in_alternate_weeks(anchor or first, day)]
    return sorted(
        (activity, day)
        for activity, weekdays in weekdays_by_activity.items()
        for day in days
        if day.weekday() in weekdays
    )


def copy_days(source_monday: date, target_mondays: Iterable[date]) -> list[tuple[date, date]]:
    """(day to read, day to write) for each day of each target week; the source is never copied onto itself."""
    source = monday(source_monday)
    targets = dict.fromkeys(monday(target) for target in target_mondays)
    return [
        (source + timedelta(days=n), target + timedelta(days=n))
        for target in targets
        if target != source
        for n in range(7)
    ]
