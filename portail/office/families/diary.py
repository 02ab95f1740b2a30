"""The coming two weeks of some children, as a small table: activities in rows, days in columns."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from portail.bookings.queries.offer import Offer
from portail.bookings.queries.records import Span, known
from portail.families.queries import ChildRow
from portail.rules.booking import Known

DAYS = 14


@dataclass(frozen=True, slots=True)
class DiaryRow:
    """One activity of a child: « booked », « waiting » (for the town hall's answer) or "" for each day."""

    name: str
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diary:
    """Some children over some days, weekends left out unless something is booked."""

    days: tuple[date, ...]
    rows: dict[str, tuple[DiaryRow, ...]]  # by child code; a child without any booking has none


def diary_of(children: Collection[ChildRow], offer: Offer, first: date) -> Diary:
    """What is booked from `first` on, for two weeks. Two queries at the most, none without a child."""
    if not children:
        return Diary((), {})
    span = Span(first, first + timedelta(days=DAYS - 1))
    found = known(children, offer, span)
    busy = {day for _, _, day in (*found.booked, *found.waiting)}
    every = [first + timedelta(days=number) for number in range(DAYS)]
    days = tuple(day for day in every if day.weekday() < 5 or day in busy)
    rows = {child.code: tuple(_rows(child.code, found, offer, days)) for child in children}
    return Diary(days, {code: found_rows for code, found_rows in rows.items() if found_rows})


def _rows(code: str, found: Known, offer: Offer, days: Collection[date]) -> list[DiaryRow]:
    rows = []
    for activity, rules in offer.rulebook.activities.items():
        marks = tuple(_mark((code, activity, day), found) for day in days)
        if any(marks):
            rows.append(DiaryRow(rules.name, marks))
    return rows


def _mark(cell: tuple[str, str, date], found: Known) -> str:
    if cell in found.waiting:
        return "waiting"
    return "booked" if cell in found.booked else ""
