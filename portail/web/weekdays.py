"""Tables of activities × weekdays, for « Semaine type » and « Périscotidien »."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from portail.bookings.queries.offer import Offer
from portail.towns import wording as say


@dataclass(frozen=True, slots=True)
class DayBox:
    """A box of the table."""

    number: int
    short: str
    full: str
    checked: bool
    possible: bool


@dataclass(frozen=True, slots=True)
class DayRow:
    """An activity over the week."""

    code: str
    name: str
    days: list[DayBox]


def heads(offer: Offer) -> list[tuple[str, str]]:
    """The columns: Monday to Friday, and the week-end when some activity opens on it."""
    return [(say.weekday_short(n), say.weekday(n)) for n in _columns(offer)]


def rows(offer: Offer, ticked: Mapping[str, Collection[int]], possible: Mapping[str, Collection[int]]) -> list[DayRow]:
    """One row for each activity of `possible`, which says its weekdays."""
    return [
        DayRow(
            code,
            offer.rulebook.activities[code].name,
            [
                DayBox(n, say.weekday_short(n), say.weekday(n), n in ticked.get(code, ()), n in weekdays)
                for n in _columns(offer)
            ],
        )
        for code, weekdays in possible.items()
    ]


def read_days(data: QueryDict, offer: Offer) -> dict[str, set[int]]:
    """The ticked boxes « cantine/0 »; what is not a box of ours is left out."""
    found: dict[str, set[int]] = {}
    for text in data.getlist("day"):
        code, _, number = text.rpartition("/")
        if code in offer.rulebook.activities and number in {"0", "1", "2", "3", "4", "5", "6"}:
            found.setdefault(code, set()).add(int(number))
    return found


def _columns(offer: Offer) -> range:
    weekend = any(activity.weekdays & {5, 6} for activity in offer.rulebook.activities.values())
    return range(7 if weekend else 5)
