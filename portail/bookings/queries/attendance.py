"""What was booked and what really happened, together, for many persons at once: what an invoice is reckoned from."""

from collections.abc import Collection
from datetime import date

from portail.bookings.models import Attendance, Presence
from portail.bookings.queries.records import Span
from portail.rules import pricing

Days = dict[tuple[int, int], list[pricing.Consumed]]
"""By the keys of a person and of an activity."""


def consumed_days(persons: Collection[int], activities: Collection[int], span: Span) -> Days:
    """The days that these persons booked or attended at these activities, by their keys. Two queries.

    Days come in no order. Minutes are known where both an arrival and a departure were written down.
    """
    where = {"person_id__in": persons, "activity_id__in": activities, "day__range": (span.first, span.last)}
    booked = {
        (person, activity, day): late
        for person, activity, day, late in Presence.objects.filter(**where).values_list(
            "person_id", "activity_id", "day", "late"
        )
    }
    found: Days = {}
    marks = Attendance.objects.filter(**where).values_list("person_id", "activity_id", "day", "mark", "arrived", "left")
    for person, activity, day, mark, arrived, left in marks:
        late = booked.pop((person, activity, day), None)
        found.setdefault((person, activity), []).append(
            pricing.Consumed(
                day,
                booked=late is not None,
                late=bool(late),
                attendance=pricing.Attendance(mark),
                minutes=None if arrived is None or left is None else left - arrived,
            )
        )
    same: dict[tuple[date, bool], pricing.Consumed] = {}  # most days are alike: one value for all who booked them
    for (person, activity, day), late in booked.items():
        consumed = same.get((day, late))
        if consumed is None:
            consumed = same[day, late] = pricing.Consumed(day, late=late)
        found.setdefault((person, activity), []).append(consumed)
    return found


def recorded_days(activities: Collection[int], span: Span) -> set[tuple[int, date]]:
    """The (activity, day) about which somebody wrote down who came. One query."""
    marks = Attendance.objects.filter(activity_id__in=activities, day__range=(span.first, span.last))
    return set(marks.order_by().values_list("activity_id", "day").distinct())
