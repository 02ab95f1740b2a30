"""What the canteens serve, as families and the town hall read it (feature N5)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from portail.families.models import School
from portail.news.models import Menu

USUAL = frozenset({0, 1, 3, 4})  # a day of lunch without a menu says so; other days appear when they have one
KNOWN = frozenset(Menu.Allergen.values)


@dataclass(frozen=True, slots=True)
class DayMenu:
    """A day: its courses (none: no menu is published), values of `Menu.Allergen`; `school` empty: everywhere."""

    day: date
    school: str
    courses: tuple[str, ...]
    allergens: tuple[str, ...]


def menus_of_week(monday: date, schools: Collection[int] | None = None) -> list[DayMenu]:
    """The days of a week, in these schools (None: all of them); empty when nothing at all is published. One query.

    A school's own menu of a day replaces that of all schools for its families.
    """
    rows = Menu.objects.filter(day__range=(monday, monday + timedelta(days=6))).select_related("school")
    found = [row for row in rows.order_by("day", "school__name", "id") if _concerns(row, schools)]
    if not found:
        return []
    days: list[DayMenu] = []
    for number in range(7):
        day = monday + timedelta(days=number)
        own = [row for row in found if row.day == day]
        covered = {row.school_id for row in own if row.school_id is not None}
        if schools and covered >= set(schools):
            own = [row for row in own if row.school_id is not None]
        days.extend(_day(row) for row in own)
        if not own and number in USUAL:
            days.append(DayMenu(day, "", (), ()))
    return days


def menus_typed(school: School | None, monday: date) -> dict[date, Menu]:
    """The rows of a week for one school, or for all of them (None). One query."""
    rows = Menu.objects.filter(school=school, day__range=(monday, monday + timedelta(days=6)))
    return {row.day: row for row in rows}


def _concerns(row: Menu, schools: Collection[int] | None) -> bool:
    return schools is None or row.school_id is None or row.school_id in schools


def _day(row: Menu) -> DayMenu:
    allergens = tuple(value for value in row.allergens if value in KNOWN)
    return DayMenu(row.day, row.school.name if row.school else "", tuple(row.courses.splitlines()), allergens)
