"""What staff writes down of who came. Bookings stay as they are: the invoice compares both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from portail.bookings.models import Activity, Attendance
from portail.families.models import Person
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

MIDNIGHT = 24 * 60
MOST_MARKS = 5_000  # a whole school, every activity of a week


class AttendanceError(ValueError):
    """Something written down that cannot be; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class MarkDraft:
    """A person (by code) at an activity (by code) on a day; `mark` None takes back what was written.

    `arrived` and `left`: minutes after midnight of the town's time.
    """

    person: str
    activity: str
    day: date
    mark: Attendance.Mark | None
    arrived: int | None = None
    left: int | None = None


@transaction.atomic
def record_attendance(*, marks: Sequence[MarkDraft], by: Actor, now: datetime) -> int:
    """Write down who came, at most `MOST_MARKS` at once; the last word about a cell holds. Returns how many cells.

    Raises AttendanceError and writes nothing when one of them cannot be.
    """
    if len(marks) > MOST_MARKS:
        raise AttendanceError(f"Pas plus de {MOST_MARKS} pointages à la fois.")
    for mark in marks:
        check_mark(mark)
    last = {(mark.person, mark.activity, mark.day): mark for mark in marks}
    persons, activities = _keys(marks)
    rows = [
        Attendance(
            person_id=persons[mark.person],
            activity_id=activities[mark.activity],
            day=mark.day,
            mark=mark.mark,
            arrived=mark.arrived,
            left=mark.left,
            at=now,
        )
        for mark in last.values()
        if mark.mark is not None
    ]
    Attendance.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["town", "person", "day", "activity"],
        update_fields=["mark", "arrived", "left", "at"],
    )
    _take_back([mark for mark in last.values() if mark.mark is None], persons, activities)
    days = sorted({mark.day for mark in marks})
    after = {"cells": len(last), "days": [str(day) for day in days]}
    record(Act("record_attendance", ", ".join(sorted(activities)), after=after), by=by, now=now)
    return len(last)


def check_mark(mark: MarkDraft) -> None:
    """Raises AttendanceError for hours that cannot be."""
    times = [minutes for minutes in (mark.arrived, mark.left) if minutes is not None]
    if any(not 0 <= minutes <= MIDNIGHT for minutes in times):
        raise AttendanceError("Une heure va de 0 h à minuit.")
    if times != sorted(times):
        raise AttendanceError(f"Le départ de l'enfant {mark.person} vient avant son arrivée.")
    if times and mark.mark is not Attendance.Mark.PRESENT:
        raise AttendanceError("Seul un enfant présent a une heure d'arrivée et de départ.")


def _keys(marks: Sequence[MarkDraft]) -> tuple[dict[str, int], dict[str, int]]:
    persons = dict(Person.objects.filter(code__in={mark.person for mark in marks}).values_list("code", "id"))
    activities = dict(Activity.objects.filter(code__in={mark.activity for mark in marks}).values_list("code", "id"))
    for mark in marks:
        if mark.person not in persons:
            raise AttendanceError(f"Aucun enfant n'a le code {mark.person}.")
        if mark.activity not in activities:
            raise AttendanceError(f"L'activité « {mark.activity} » n'existe pas.")
    return persons, activities


def _take_back(marks: Sequence[MarkDraft], persons: dict[str, int], activities: dict[str, int]) -> None:
    days: dict[tuple[int, date], list[int]] = {}
    for mark in marks:
        days.setdefault((activities[mark.activity], mark.day), []).append(persons[mark.person])
    where = Q(pk__in=[])
    for (activity, day), keys in days.items():
        where |= Q(activity_id=activity, day=day, person_id__in=keys)
    Attendance.objects.filter(where).delete()
