"""Weeks as families know them (« Semaine 53 »: ISO weeks, Monday first), and school years (features P1, P9)."""

import re
from datetime import date, timedelta

_SLUG = re.compile(r"([0-9]{4})-W([0-9]{2})")
# Weeks that a page may show. Far from the ends of the calendar, so that « Précédent » and « Suivant » always exist.
_YEARS_SHOWN = range(1900, 3000)


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def iso_week(day: date) -> tuple[int, int]:
    """ISO year and week: 28 December 2026 and 1 January 2027 are both (2026, 53)."""
    year, week, _ = day.isocalendar()
    return year, week


def week_days(first: date) -> list[date]:
    """The seven days that begin with `first`, a Monday."""
    return [first + timedelta(days=n) for n in range(7)]


def parse_week(slug: str) -> date | None:
    """The Monday that `2026-W53` names; None when it names no week (a 53rd week only exists in long years)."""
    match = _SLUG.fullmatch(slug)
    if match is None or int(match[1]) not in _YEARS_SHOWN:
        return None
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        return None


def week_slug(day: date) -> str:
    """The name of the week of `day` in addresses and forms: `2026-W53`, as `<input type=week>` writes it."""
    year, week = iso_week(day)
    return f"{year:04}-W{week:02}"


def in_alternate_weeks(anchor: date, day: date) -> bool:
    """True in the anchor's own week and in every second week before and after it.

    Anchored on a date, never on the parity of week numbers: weeks 2026-W53 and 2027-W01 follow each other
    and are both odd.
    """
    return (monday(day) - monday(anchor)).days // 7 % 2 == 0


def school_year_start(day: date) -> date:
    """The 1 September that opens the school year of `day`."""
    return date(day.year if day.month >= 9 else day.year - 1, 9, 1)


def history_floor(today: date) -> date:
    """The first day whose movements a family may still read (P9).

    From 1 October, only those of the current school year; in September, those of the year just ended too.
    """
    start = school_year_start(today)
    return start.replace(year=start.year - 1) if today.month == 9 else start
