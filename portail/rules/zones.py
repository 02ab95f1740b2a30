"""School holidays of the zones A, B and C, as published; and, for the years after, an estimate.

The tables were made once from the package vacances-scolaires-france (a test compares, zone by zone); a town
may correct them, and the places without a zone (Corsica, overseas) enter their own periods.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from portail.rules.calendar import HolidayPeriod
from portail.rules.holidays import easter, public_holiday

LAST_PUBLISHED_YEAR = 2027
"""The school year 2027-2028 is the last one with published dates."""

_AUTUMN = "Vacances de la Toussaint"
_CHRISTMAS = "Vacances de Noël"
_WINTER = "Vacances d’hiver"
_SPRING = "Vacances de printemps"
_ASCENSION = "Pont de l’Ascension"
_SUMMER = "Vacances d’été"

_EVERY_ZONE = (
    HolidayPeriod(_AUTUMN, date(2025, 10, 18), date(2025, 11, 2)),
    HolidayPeriod(_CHRISTMAS, date(2025, 12, 20), date(2026, 1, 4)),
    HolidayPeriod(_SUMMER, date(2026, 7, 4), date(2026, 8, 31), summer=True),
    HolidayPeriod(_AUTUMN, date(2026, 10, 17), date(2026, 11, 1)),
    HolidayPeriod(_CHRISTMAS, date(2026, 12, 19), date(2027, 1, 3)),
    HolidayPeriod(_ASCENSION, date(2027, 5, 6), date(2027, 5, 8)),
    HolidayPeriod(_SUMMER, date(2027, 7, 3), date(2027, 8, 31), summer=True),
    HolidayPeriod(_AUTUMN, date(2027, 10, 23), date(2027, 11, 7)),
    HolidayPeriod(_CHRISTMAS, date(2027, 12, 18), date(2028, 1, 2)),
    HolidayPeriod(_ASCENSION, date(2028, 5, 26), date(2028, 5, 27)),
    HolidayPeriod(_SUMMER, date(2028, 7, 4), date(2028, 8, 31), summer=True),
)
_OF_ZONE = {
    "A": (
        HolidayPeriod(_WINTER, date(2026, 2, 7), date(2026, 2, 22)),
        HolidayPeriod(_SPRING, date(2026, 4, 4), date(2026, 4, 19)),
        HolidayPeriod(_WINTER, date(2027, 2, 13), date(2027, 2, 28)),
        HolidayPeriod(_SPRING, date(2027, 4, 10), date(2027, 4, 25)),
        HolidayPeriod(_WINTER, date(2028, 2, 19), date(2028, 3, 5)),
        HolidayPeriod(_SPRING, date(2028, 4, 22), date(2028, 5, 8)),
    ),
    "B": (
        HolidayPeriod(_WINTER, date(2026, 2, 14), date(2026, 3, 1)),
        HolidayPeriod(_SPRING, date(2026, 4, 11), date(2026, 4, 26)),
        HolidayPeriod(_WINTER, date(2027, 2, 20), date(2027, 3, 7)),
        HolidayPeriod(_SPRING, date(2027, 4, 17), date(2027, 5, 2)),
        HolidayPeriod(_WINTER, date(2028, 2, 5), date(2028, 2, 20)),
        HolidayPeriod(_SPRING, date(2028, 4, 8), date(2028, 4, 23)),
    ),
    "C": (
        HolidayPeriod(_WINTER, date(2026, 2, 21), date(2026, 3, 8)),
        HolidayPeriod(_SPRING, date(2026, 4, 18), date(2026, 5, 3)),
        HolidayPeriod(_WINTER, date(2027, 2, 6), date(2027, 2, 21)),
        HolidayPeriod(_SPRING, date(2027, 4, 3), date(2027, 4, 18)),
        HolidayPeriod(_WINTER, date(2028, 2, 12), date(2028, 2, 27)),
        HolidayPeriod(_SPRING, date(2028, 4, 15), date(2028, 5, 1)),
    ),
}

HOLIDAYS: Mapping[str, tuple[HolidayPeriod, ...]] = {
    zone: tuple(sorted((*_EVERY_ZONE, *periods), key=lambda period: period.first)) for zone, periods in _OF_ZONE.items()
}
"""Zone -> its periods from September 2025 to August 2028, in order of time."""

_ROTATION = {"A": 0, "B": 1, "C": 2}  # the zone that begins in February 2026, then those a week and two weeks later


def estimated_periods(zone: str, school_year: int) -> tuple[HolidayPeriod, ...]:
    """What the holidays of the school year that begins in September `school_year` may look like.

    AN ESTIMATE, for the demonstration only: the pattern of the published years, not a decision of the ministry.
    """
    spring_year = school_year + 1
    autumn = _saturday_from(date(school_year, 10, 17))
    christmas = _saturday_from(date(school_year, 12, 17))
    rank = (_ROTATION[zone] + spring_year - 2026) % 3
    winter = _saturday_from(date(spring_year, 2, 4)) + timedelta(weeks=rank)
    spring = winter + timedelta(weeks=8)
    ascension = easter(spring_year) + timedelta(days=39)
    return (
        HolidayPeriod(_AUTUMN, autumn, _fortnight_end(autumn)),
        HolidayPeriod(_CHRISTMAS, christmas, _fortnight_end(christmas)),
        HolidayPeriod(_WINTER, winter, _fortnight_end(winter)),
        HolidayPeriod(_SPRING, spring, _fortnight_end(spring)),
        HolidayPeriod(_ASCENSION, ascension, ascension + timedelta(days=2)),
        HolidayPeriod(_SUMMER, _saturday_from(date(spring_year, 7, 3)), date(spring_year, 8, 31), summer=True),
    )


def _saturday_from(day: date) -> date:
    return day + timedelta(days=(5 - day.weekday()) % 7)


def _fortnight_end(saturday: date) -> date:
    """The Sunday two weeks on, or the public holiday after it: school begins again on a Tuesday then."""
    last = saturday + timedelta(days=15)
    while public_holiday(last + timedelta(days=1)):
        last += timedelta(days=1)
    return last
