"""Cut-offs (« clôtures », feature P6): until which instant may a day still be booked or cancelled?

A cut-off is kept as a rule in the town's wall-clock time and turned into an instant in UTC: wall times of one zone
do not compare rightly when clocks change. A change is allowed strictly before the instant: 10:00:00 is late.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portail.rules.calendar import TownCalendar
from portail.rules.weeks import monday

MIDNIGHT_AFTER = 24 * 60
"""`at` for the midnight that ends the day (« jusqu'à jeudi minuit »)."""

# A forged date near the ends of the calendar must meet a deadline, not an overflow.
_EARLIEST, _LATEST = date(2, 1, 1), date(9998, 12, 31)


class CutoffKind(StrEnum):
    """How the day of the cut-off is found from the day booked."""

    CALENDAR_DAYS = "calendar_days"  # `days` before
    WORKING_DAYS = "working_days"  # `days` worked by the town hall before
    SCHOOL_DAYS = "school_days"  # `days` with school, for the child's school, before
    WEEKDAY_BEFORE = "weekday_before"  # `weekday` of the week `weeks` before: Thursday 17:00 for all of next week
    SAME_DAY = "same_day"
    FIXED_DATE = "fixed_date"  # `on`, whatever the day booked


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The rule of a cut-off.

    `at`: minutes after local midnight, 0 to 1440 (1440: the midnight that ends the day). `weekday`: 0 = Monday.
    `moved_back`: a cut-off on a day that the town hall does not work moves back to the last one that it does.
    """

    kind: CutoffKind
    at: int
    days: int = 0
    weekday: int = 0
    weeks: int = 1
    on: date | None = None
    moved_back: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.at <= MIDNIGHT_AFTER:
            raise ValueError(f"no such time of day: {self.at} minutes")
        if self.days < 0 or self.weeks < 0 or not 0 <= self.weekday <= 6:
            raise ValueError(f"a cut-off lies in the past of its day: {self}")
        if self.kind is CutoffKind.FIXED_DATE and self.on is None:
            raise ValueError("a fixed cut-off needs its date")


def deadline(cutoff: Cutoff, day: date, calendar: TownCalendar, school_id: int | None, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which `day` may no longer be changed.

    An hour skipped in spring is pushed forward (02:30 reads 03:30); of an hour lived twice in autumn, the first.
    """
    last_day = cutoff_day(cutoff, day, calendar, school_id)
    hours, minutes = divmod(cutoff.at % MIDNIGHT_AFTER, 60)
    if cutoff.at == MIDNIGHT_AFTER:
        last_day += timedelta(days=1)
    return datetime(last_day.year, last_day.month, last_day.day, hours, minutes, tzinfo=zone).astimezone(UTC)


def telling_days(days: Iterable[date], count: int = 4) -> list[date]:
    """Of the open days given in order, those that show a cut-off best: the first one, then the first after each longer
    gap than before (a weekend, then holidays); completed with the next ones. At most `count`, in order.
    """
    found = list(days)
    chosen = found[:1]
    longest = 1
    for before, day in itertools.pairwise(found):
        gap = (day - before).days
        if gap > longest and len(chosen) < count:
            chosen.append(day)
            longest = gap
    spare = [day for day in found if day not in chosen]
    return sorted([*chosen, *spare[: max(0, count - len(chosen))]])


def cutoff_day(cutoff: Cutoff, day: date, calendar: TownCalendar, school_id: int | None) -> date:
    """The local day of the cut-off: the one that a sentence names (« vendredi 10 h pour lundi »)."""
    day = min(max(day, _EARLIEST), _LATEST)
    found = min(max(_day_named(cutoff, day, calendar, school_id), _EARLIEST), _LATEST)
    if cutoff.moved_back and not calendar.is_worked(found):
        found = calendar.working_day_before(found, 1) or found
    return found


def _day_named(cutoff: Cutoff, day: date, calendar: TownCalendar, school_id: int | None) -> date:
    match cutoff.kind:
        case CutoffKind.WEEKDAY_BEFORE:
            return _before(monday(day), 7 * cutoff.weeks - cutoff.weekday)
        case CutoffKind.FIXED_DATE:
            return cutoff.on or day
        case CutoffKind.SAME_DAY:
            return day
        case _:
            return _days_before(cutoff, day, calendar, school_id)


def _days_before(cutoff: Cutoff, day: date, calendar: TownCalendar, school_id: int | None) -> date:
    found = None
    if cutoff.days and cutoff.kind is CutoffKind.WORKING_DAYS:
        found = calendar.working_day_before(day, cutoff.days)
    elif cutoff.days and cutoff.kind is CutoffKind.SCHOOL_DAYS:
        found = calendar.school_day_before(day, cutoff.days, school_id)
    # A calendar without such a day for more than a year says nothing: plain days then.
    return found or _before(day, cutoff.days)


def _before(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))
