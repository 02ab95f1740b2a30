"""What was booked and what really happened, together, for many persons at once: what an invoice is reckoned from."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db.models import Aggregate, BigIntegerField, ExpressionWrapper, F, TextField

from portail.bookings.models import Attendance, Presence
from portail.bookings.queries.records import Span
from portail.rules import pricing

Days = dict[tuple[int, int], tuple[pricing.Consumed, ...]]
"""By the keys of a person and of an activity; in the order of the days."""

Patterns = dict[tuple[tuple[Any, ...], ...], tuple[pricing.Consumed, ...]]
"""Days already read, by what the database says of them: most children of a town come on one of a few sets of days."""

_MOST = 20_000  # patterns kept at once


class _Listed(Aggregate):
    """Days as one text, « 2026-11-02,2026-11-03 »: a row for each month of a person, not for each of their days."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "STRING_AGG(CAST(%(expressions)s AS text), ',')"
        return self.as_sql(compiler, connection, template=template, **extra)


def consumed_days(
    persons: Collection[int], activities: Collection[int], span: Span, known: Patterns | None = None
) -> Days:
    """The days that these persons booked or attended at these activities, by their keys. Two queries.

    Minutes are known where both an arrival and a departure were written down. `known`: kept by the caller from one call
    to the next, it makes those who came alike share one value; it is filled, and emptied when it grows too large.
    """
    # By persons first: the index of an activity by day leads to all the children of the town.
    place = ExpressionWrapper(F("activity_id") + 0, output_field=BigIntegerField())
    where = {"person_id__in": persons, "place__in": activities, "day__range": (span.first, span.last)}
    booked = Presence.objects.alias(place=place).filter(**where).order_by()
    booked = booked.values_list("person_id", "activity_id", "late")
    marked = Attendance.objects.alias(place=place).filter(**where).order_by()
    marked = marked.values_list("person_id", "activity_id", "mark")
    written: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for person, activity, *words in booked.annotate(days=_Listed("day")):
        written.setdefault((person, activity), []).append(tuple(words))
    for person, activity, *words in marked.annotate(minutes=F("left") - F("arrived"), days=_Listed("day")):
        written.setdefault((person, activity), []).append(tuple(words))
    known = {} if known is None else known
    found: Days = {}
    for key, rows in written.items():
        pattern = tuple(rows)
        days = known.get(pattern)
        if days is None:
            if len(known) >= _MOST:
                known.clear()
            days = known[pattern] = _consumed(pattern)
        found[key] = days
    return found


def recorded_days(activities: Collection[int], span: Span) -> set[tuple[int, date]]:
    """The (activity, day) about which somebody wrote down who came. One query."""
    marks = Attendance.objects.filter(activity_id__in=activities, day__range=(span.first, span.last))
    return set(marks.order_by().values_list("activity_id", "day").distinct())


def _consumed(pattern: tuple[tuple[Any, ...], ...]) -> tuple[pricing.Consumed, ...]:
    """From rows (late, days) of bookings and rows (mark, minutes, days) of the register."""
    booked = {day: late for late, days in (row for row in pattern if len(row) == 2) for day in days.split(",")}
    found = {day: pricing.Consumed(date.fromisoformat(day), late=bool(late)) for day, late in booked.items()}
    for mark, minutes, days in (row for row in pattern if len(row) == 3):
        for day in days.split(","):
            found[day] = pricing.Consumed(
                date.fromisoformat(day),
                booked=day in booked,
                late=bool(booked.get(day)),
                attendance=pricing.Attendance(mark),
                minutes=minutes,
            )
    return tuple(found[day] for day in sorted(found))
