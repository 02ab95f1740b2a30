"""The register of an activity and day: who is expected, who was ticked, who may still turn up (feature M4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from portail.bookings.models import Attendance, Presence
from portail.families.models import AuthorisedPerson, Classroom, HealthRecord, Person
from portail.rules.names import sort_key

MOST_OTHERS = 600
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A line of the register of an activity and day. `version` is opaque: what a tablet saw (`operations.tablets`)."""

    person_id: int
    code: str
    first_name: str
    last_name: str
    adult: bool
    meal: str
    care_plan: bool
    school_id: int | None
    school: str
    classroom: str
    booked: bool
    mark: str
    arrived: int | None
    left: int | None
    version: str

    @property
    def name(self) -> str:
        return f"{self.last_name} {self.first_name}"


def register(activity_id: int, day: date, school_id: int | None = None) -> list[RegisterRow]:
    """Who is booked or was ticked at an activity, by school, class and name. Three queries."""
    booked = set(
        Presence.objects.filter(activity_id=activity_id, day=day, person__active=True).values_list(
            "person_id", flat=True
        )
    )
    marks = {row.person_id: row for row in Attendance.objects.filter(activity_id=activity_id, day=day)}
    return [_register_row(person, booked, marks) for person in _persons(school_id).filter(pk__in=booked | set(marks))]


def not_booked(activity_id: int, day: date, school_id: int | None = None, words: str = "") -> list[RegisterRow]:
    """Who may still come without being expected: the others of the school whose name holds each of `words`. One query.

    At most `MOST_OTHERS`.
    """
    here = Presence.objects.filter(activity_id=activity_id, day=day, person_id=OuterRef("pk"))
    ticked = Attendance.objects.filter(activity_id=activity_id, day=day, person_id=OuterRef("pk"))
    persons = _persons(school_id).filter(~Exists(here), ~Exists(ticked), active=True)
    for word in sort_key(words.replace("\0", " ")[:LONGEST_SEARCH]).split():
        persons = persons.filter(Q(sort_key__contains=word) | Q(code=word))
    return [_register_row(person, set(), {}) for person in persons[:MOST_OTHERS]]


def version_of(row: Attendance | None) -> str:
    """The version of a cell as tablets know it: when it was written, "" for nothing written."""
    return "" if row is None else row.at.astimezone(UTC).isoformat()


def register_days(day: date) -> dict[tuple[int, int | None], tuple[int, int]]:
    """By activity and school: how many are booked on that day, and how many of them were ticked. One query."""
    cell = Attendance.objects.filter(person_id=OuterRef("person_id"), activity_id=OuterRef("activity_id"), day=day)
    rows = Presence.objects.filter(day=day, person__active=True).annotate(ticked=Exists(cell)).order_by()
    counted = rows.values_list("activity_id", "person__classroom__school_id", "ticked").annotate(Count("id"))
    found: dict[tuple[int, int | None], tuple[int, int]] = {}
    for activity, school, ticked, many in counted:
        booked, done = found.get((activity, school), (0, 0))
        found[(activity, school)] = booked + many, done + (many if ticked else 0)
    return found


def timed_activities(since: date) -> set[int]:
    """The activities where an hour of arrival or departure was written since that day. One query."""
    rows = Attendance.objects.filter(Q(arrived__isnull=False) | Q(left__isnull=False), day__gte=since).order_by()
    return set(rows.values_list("activity_id", flat=True).distinct())


def _persons(school_id: int | None) -> QuerySet[Person]:
    persons: QuerySet[Person] = Person.objects.select_related("classroom__school").annotate(
        has_care_plan=Exists(HealthRecord.objects.filter(person_id=OuterRef("pk"), care_plan=True))
    )
    if school_id is not None:
        persons = persons.filter(classroom__school_id=school_id)
    return persons.order_by("classroom__school__name", "classroom__name", "sort_key", "id")


def _register_row(person: Any, booked: Collection[int], marks: Mapping[int, Attendance]) -> RegisterRow:
    mark, classroom = marks.get(person.pk), person.classroom
    return RegisterRow(
        person_id=person.pk, code=person.code, first_name=person.first_name, last_name=person.last_name,
        adult=person.kind == Person.Kind.ADULT, meal=person.meal, care_plan=person.has_care_plan,
        school_id=classroom.school_id if classroom else None,
        school=classroom.school.name if classroom else "", classroom=classroom.name if classroom else "",
        booked=person.pk in booked, mark=mark.mark if mark else "",
        arrived=mark.arrived if mark else None, left=mark.left if mark else None, version=version_of(mark),
    )  # fmt: skip


def expected(
    day: date, *, activity: str = "", school_id: int | None = None, classroom_id: int | None = None
) -> list[tuple[int, RegisterRow]]:
    """(activity key, child) of every booking of a day, by activity, school, class and name. Two queries."""
    presences = Presence.objects.filter(day=day, person__active=True)
    if activity:
        presences = presences.filter(activity__code=activity)
    if classroom_id is not None:
        presences = presences.filter(person__classroom_id=classroom_id)
    booked = list(
        presences.order_by("activity__group__position", "activity__position", "activity_id").values_list(
            "activity_id", "person_id"
        )
    )
    persons = _persons(school_id).filter(pk__in={person for _, person in booked})
    rank = {person.pk: (place, _register_row(person, {person.pk}, {})) for place, person in enumerate(persons)}
    order = {key: place for place, key in enumerate(dict.fromkeys(key for key, _ in booked))}
    kept = [(key, rank[person]) for key, person in booked if person in rank]
    return [(key, row) for key, (_, row) in sorted(kept, key=lambda one: (order[one[0]], one[1][0]))]


def authorised_names(persons: Collection[int]) -> dict[int, list[str]]:
    """« Odile PRUVOST (grand-mère), 06 12… » by child: who may fetch them. One query."""
    found: dict[int, list[str]] = {}
    rows = AuthorisedPerson.objects.filter(person_id__in=persons).order_by("name", "id")
    for row in rows:
        relation = f" ({row.relation})" if row.relation else ""
        found.setdefault(row.person_id, []).append(f"{row.name}{relation}{f', {row.phone}' if row.phone else ''}")
    return found


def class_names() -> list[tuple[int, str]]:
    """(key, « école, classe ») of every class. One query."""
    rows = Classroom.objects.order_by("school__name", "name").values_list("id", "school__name", "name")
    return [(key, f"{school}, {name}") for key, school, name in rows]


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who was ticked as present and has not left, or who is expected and was not ticked.

    `activity`: where they were ticked last, or are expected; `times`: their last arrival.
    """

    row: RegisterRow
    activity: str
    activity_code: str
    ticked: bool


def who_is_here(day: date, minutes: int, school_id: int | None = None) -> list[Present]:
    """For an evacuation: everybody ticked present on a day, not left by `minutes` after midnight, by school and class;
    and whoever is booked and was ticked nowhere. Three queries.

    The last word about a child holds: present in the morning, then absent at noon is absent.
    """
    marks: dict[int, Attendance] = {}
    for mark in Attendance.objects.filter(day=day).select_related("activity").order_by("at", "id"):
        marks[mark.person_id] = mark
    booked: dict[int, Presence] = {}
    for presence in Presence.objects.filter(day=day, person__active=True).select_related("activity").order_by("-id"):
        booked[presence.person_id] = presence
    found = []
    for person in _persons(school_id).filter(pk__in={*marks, *booked}):
        last = marks.get(person.pk)
        if last is None:
            activity, ticked = booked[person.pk].activity, False
        elif last.mark == Attendance.Mark.PRESENT and (last.left is None or last.left > minutes):
            activity, ticked = last.activity, True
        else:
            continue
        row = _register_row(person, booked, marks)
        found.append(Present(row, activity.name, activity.code, ticked))
    return found
