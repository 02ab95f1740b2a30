"""What tablets say of who is there: taps made offline and on, each dealt with once, in whatever order they arrive.

A tap carries an identifier made by the tablet and the version of the cell that its screen showed: `t:<version>` for
what the server said, `g:<identifier>` for an earlier tap of the same tablet that was still on its way. A cell that
somebody else wrote meanwhile keeps what they wrote; the tap is in the history all the same, and its author is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from portail.bookings.models import Activity, Attendance, AttendanceGesture
from portail.bookings.operations.attendance import AttendanceError, MarkDraft, check_mark
from portail.bookings.queries.roll import version_of
from portail.families.models import Person
from portail.rules.attendance import Outcome, holds
from portail.towns.actors import Actor
from portail.towns.operations.trail import Act, record
from portail.towns.queries import town_day
from portail.towns.scope import current_town

MOST_AT_ONCE = 1_000
FUTURE = "Ce jour n'est pas encore venu : le pointage ouvre le jour même."

_FIELDS = ("mark", "arrived", "left")
_Cell = tuple[int, int, date]


@dataclass(frozen=True, slots=True)
class Gesture:
    """One tap. `seen`: the version that the screen showed (see above), "t:" for an empty cell; `made_at`: its clock."""

    id: UUID
    draft: MarkDraft
    seen: str
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a tap, and what the cell holds now: by whom when another tablet was first. `words` are French."""

    id: UUID
    outcome: Outcome
    mark: str = ""
    arrived: int | None = None
    left: int | None = None
    version: str = ""
    words: str = ""


@dataclass(slots=True)
class _Desk:
    """The cells as they stand while the taps are dealt with one after the other."""

    persons: Mapping[str, Person]
    activities: Mapping[str, Activity]
    cells: dict[_Cell, Attendance]
    gestures: dict[UUID, AttendanceGesture]
    fresh: list[AttendanceGesture] = field(default_factory=list)
    written: dict[_Cell, Attendance | None] = field(default_factory=dict)


@transaction.atomic
def receive_gestures(*, gestures: Sequence[Gesture], by: Actor, now: datetime) -> list[Receipt]:
    """Deal with these taps in their order; one receipt each. The same tap sent again gets the same answer.

    Raises AttendanceError for more than `MOST_AT_ONCE`.
    """
    if len(gestures) > MOST_AT_ONCE:
        raise AttendanceError(f"Pas plus de {MOST_AT_ONCE} pointages à la fois.")
    desk = _desk(gestures)
    receipts = [_deal(gesture, desk, by, now) for gesture in gestures]
    if desk.fresh:
        AttendanceGesture.objects.bulk_create(desk.fresh)
        _write(desk.written)
        days = sorted({str(gesture.day) for gesture in desk.fresh})
        names = sorted({gesture.activity.code for gesture in desk.fresh})
        refused = sum(gesture.outcome == Outcome.CONFLICT for gesture in desk.fresh)
        after: dict[str, Any] = {"gestures": len(desk.fresh), "days": days}
        record(Act("tick_attendance", ", ".join(names), after={**after, **({"conflicts": refused} if refused else {})}),
               by=by, now=now)  # fmt: skip
    return receipts


def _desk(gestures: Sequence[Gesture]) -> _Desk:
    """What the taps speak of; the children are locked first, so that two tablets are heard one after the other."""
    # A forged code may be no text that a database takes: nobody has it.
    codes = {code for gesture in gestures if (code := gesture.draft.person).isascii() and code.isdigit()}
    names = {code for gesture in gestures if (code := gesture.draft.activity).isascii() and code.isprintable()}
    locked = Person.objects.filter(code__in=codes).order_by("id").select_for_update(of=("self",), no_key=True)
    persons = {person.code: person for person in locked}
    activities = {activity.code: activity for activity in Activity.objects.filter(code__in=names)}
    told = [gesture.id for gesture in gestures] + [one for one in map(_earlier, gestures) if one is not None]
    known = AttendanceGesture.objects.filter(gesture_id__in=told).select_related("activity", "person")
    keys = {activity.pk for activity in activities.values()}
    rows = Attendance.objects.filter(
        person_id__in={person.pk for person in persons.values()}, activity_id__in=keys,
        day__in={gesture.draft.day for gesture in gestures},
    )  # fmt: skip
    cells = {(row.person_id, row.activity_id, row.day): row for row in rows}
    return _Desk(persons, activities, cells, {row.gesture_id: row for row in known})


def _deal(gesture: Gesture, desk: _Desk, by: Actor, now: datetime) -> Receipt:
    draft = gesture.draft
    person, activity = desk.persons.get(draft.person), desk.activities.get(draft.activity)
    if words := _impossible(draft, person, activity, now):
        return Receipt(gesture.id, Outcome.REFUSED, words=words)
    if person is None or activity is None:
        raise AssertionError("an unknown child or activity went through")
    cell = (person.pk, activity.pk, draft.day)
    again = desk.gestures.get(gesture.id)
    if again is not None:
        return _receipt(again, desk.cells.get(cell))
    current = desk.cells.get(cell)
    wanted = (draft.mark.value if draft.mark else "", draft.arrived, draft.left)
    same = wanted == _value(current)
    outcome = holds(seen=_seen(gesture, desk), current=version_of(current), same=same)
    if outcome is Outcome.APPLIED and not same:
        current = _apply(desk, cell, draft, now)
    row = AttendanceGesture(
        gesture_id=gesture.id, person=person, activity=activity, day=draft.day, mark=wanted[0], arrived=draft.arrived,
        left=draft.left, made_at=gesture.made_at, at=now, staff_id=by.staff_id, actor=by.name, outcome=outcome,
        seen=gesture.seen[:60].replace("\0", ""), version=version_of(current),
        kept=None if outcome is Outcome.APPLIED else dict(zip(_FIELDS, _value(current), strict=True)),
    )  # fmt: skip
    desk.gestures[gesture.id] = row
    desk.fresh.append(row)
    return _receipt(row, current)


def _impossible(draft: MarkDraft, person: Person | None, activity: Activity | None, now: datetime) -> str:
    """Why a tap can be of nothing, in a French sentence; "" when it can."""
    if person is None:
        return "Aucun enfant n'a ce code."
    if activity is None:
        return "Cette activité n'existe pas."
    if draft.day > town_day(now):
        return FUTURE
    try:
        check_mark(draft)
    except AttendanceError as refusal:
        return str(refusal)
    return ""


def _seen(gesture: Gesture, desk: _Desk) -> str:
    """The version upon which the tap was made; after a tap that did not hold, no version that is in force."""
    earlier = _earlier(gesture)
    if earlier is None:
        return gesture.seen.removeprefix("t:")
    row = desk.gestures.get(earlier)
    if row is None or row.outcome != Outcome.APPLIED:
        return f"g:{earlier}"
    return row.version


def _earlier(gesture: Gesture) -> UUID | None:
    if not gesture.seen.startswith("g:"):
        return None
    try:
        return UUID(gesture.seen.removeprefix("g:"))
    except ValueError:
        return None


def _apply(desk: _Desk, cell: _Cell, draft: MarkDraft, now: datetime) -> Attendance | None:
    row = None
    if draft.mark is not None:
        row = Attendance(person_id=cell[0], activity_id=cell[1], day=cell[2], mark=draft.mark, arrived=draft.arrived,
                         left=draft.left, at=now)  # fmt: skip
        desk.cells[cell] = row
    else:
        desk.cells.pop(cell, None)
    desk.written[cell] = row
    return row


def _write(written: Mapping[_Cell, Attendance | None]) -> None:
    """The last word about each cell."""
    Attendance.objects.bulk_create(
        [row for row in written.values() if row is not None],
        update_conflicts=True,
        unique_fields=["town", "person", "day", "activity"],
        update_fields=["mark", "arrived", "left", "at"],
    )
    for person, activity, day in (cell for cell, row in written.items() if row is None):
        Attendance.objects.filter(person_id=person, activity_id=activity, day=day).delete()


def _value(row: Attendance | None) -> tuple[str, int | None, int | None]:
    return ("", None, None) if row is None else (str(row.mark), row.arrived, row.left)


def _receipt(row: AttendanceGesture, current: Attendance | None) -> Receipt:
    mark, arrived, left = _value(current)
    words = _conflict_words(row, current) if row.outcome == Outcome.CONFLICT else ""
    return Receipt(row.gesture_id, Outcome(row.outcome), mark, arrived, left, version_of(current), words)


_SAID: Mapping[str, str] = {
    "": "rien", "present": "présent", "justified": "absent, justifié", "absent": "absent",
}  # fmt: skip


def said(mark: str, times: Iterable[int | None] = ()) -> str:
    """« présent, 7 h 45 »: a mark in words."""
    hours = [f"{minutes // 60} h {minutes % 60:02}" for minutes in times if minutes is not None]
    return ", ".join([_SAID[mark], *hours])


def _conflict_words(row: AttendanceGesture, current: Attendance | None) -> str:
    mark, arrived, left = _value(current)
    zone = ZoneInfo(current_town().time_zone)
    when = f" à {current.at.astimezone(zone):%H:%M}" if current else ""
    mine, theirs = said(row.mark, (row.arrived, row.left)), said(mark, (arrived, left))
    return (
        f"{row.person.first_name} {row.person.last_name} : vous avez noté « {mine} », mais quelqu'un a noté "
        f"« {theirs} »{when} entre-temps. Ce pointage est gardé."
    )
