"""What the canteens serve (feature N5): saved by days, in one school or in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from portail.families.models import School
from portail.news.models import Menu
from portail.news.operations.lines import CONTROL, NewsError
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.wording import day as day_words

LONGEST_COURSES = 1000
MOST_DAYS = 400
ALLERGENS = tuple(Menu.Allergen)


@dataclass(frozen=True, slots=True)
class MenuDay:
    """What is served on a day: courses, one a line; none takes the day's menu away."""

    day: date
    courses: str
    allergens: frozenset[Menu.Allergen] = frozenset()


@transaction.atomic
def save_menus(*, school: School | None, days: Sequence[MenuDay], by: Actor, now: datetime) -> int:
    """Save these days for a school, or for all (None); the other days stay. Returns how many changed.

    Raises NewsError, and then nothing is saved.
    """
    if len(days) > MOST_DAYS:
        raise NewsError(f"Enregistrez {MOST_DAYS} jours au plus à la fois.")
    wanted = {one.day: (_courses(one), [a.value for a in ALLERGENS if a in one.allergens]) for one in days}
    if len(wanted) < len(days):
        raise NewsError("Un jour est donné deux fois.")
    rows = Menu.objects.select_for_update(of=("self",)).filter(school=school, day__in=wanted).order_by("day")
    known = {row.day: row for row in rows}
    changed: list[date] = []
    for day, (courses, allergens) in sorted(wanted.items()):
        row = known.get(day)
        if (row.courses, row.allergens) == (courses, allergens) if row else not courses:
            continue
        changed.append(day)
        if row is not None and not courses:
            row.delete()
        else:
            Menu.objects.update_or_create(
                school=school, day=day, defaults={"courses": courses, "allergens": allergens}
            )  # fmt: skip
    if changed:
        after = {"school": school.name if school else "toutes", "days": [str(day) for day in changed]}
        record(Act("save_menus", f"menus, {day_words(changed[0])}", after=after), by=by, now=now)
    return len(changed)


def _courses(one: MenuDay) -> str:
    lines = (" ".join(line.split()) for line in CONTROL.sub("", one.courses).splitlines())
    courses = "\n".join(line for line in lines if line)
    if len(courses) > LONGEST_COURSES:
        raise NewsError(f"Le menu du {day_words(one.day)} dépasse {LONGEST_COURSES} caractères.")
    return courses
