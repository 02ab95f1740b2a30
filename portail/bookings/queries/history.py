"""What changed: the history that families read, and one submission for its recap."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portail.bookings.models import Change, ChangeSet
from portail.families.queries import ChildRow
from portail.rules.booking import Channel

LONGEST = 3000  # lines a page shows; a school year of eight activities for one child is about half


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line of « Mes dernières modifications »."""

    person: str
    activity: str
    activity_name: str
    day: date
    present: bool
    late: bool
    channel: Channel
    reason: str
    at: datetime


_COLUMNS = ("person__code", "activity__code", "activity__name", "day", "present", "late", "channel", "reason", "at")


def history_of(child: ChildRow, since: date) -> list[ChangeRow]:
    """The changes about days from `since` on, by activity in the order of the planning, newest first. One query."""
    rows = (
        Change.objects.filter(person_id=child.id, day__gte=since)
        .order_by("activity__group__position", "activity__position", "activity_id", "-at", "-id")
        .values_list(*_COLUMNS)[:LONGEST]
    )
    return [_row(row) for row in rows]


def latest_changes(children: Collection[ChildRow], since: date, number: int) -> list[ChangeRow]:
    """The last changes of a family, newest first. One query."""
    rows = (
        Change.objects.filter(person_id__in=[child.id for child in children], day__gte=since)
        .order_by("-at", "-id")
        .values_list(*_COLUMNS)[:number]
    )
    return [_row(row) for row in rows]


def change_set_of(public_id: UUID, payer_id: int) -> tuple[ChangeSet, bool] | None:
    """A submission of this payer, and whether it was undone since; None for anybody else's."""
    found = ChangeSet.objects.filter(public_id=public_id, payer_id=payer_id).first()
    return None if found is None else (found, ChangeSet.objects.filter(undo_of=found).exists())


def _row(row: tuple) -> ChangeRow:
    person, code, name, day, present, late, channel, reason, at = row
    return ChangeRow(person, code, name, day, present, late, Channel(channel), reason, at)
