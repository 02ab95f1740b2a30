"""Whom the town hall writes to: the families of a school, of a class, of an activity, of those booked on a day (M6)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from portail.bookings.models import Enrolment, Presence
from portail.bookings.queries.closing import FamilyToTell, families_of
from portail.families.models import Person


@dataclass(frozen=True, slots=True)
class Audience:
    """Every part that is set must match; none is everybody in the register. Keys of the rows, code of the activity.

    With a day: who is booked on it. An activity without a day: who is enrolled, or booked from `today` on.
    """

    today: date
    school: int | None = None
    classroom: int | None = None
    activity: str = ""
    day: date | None = None


def families_in(audience: Audience) -> list[FamilyToTell]:
    """The payers to write to, each once, by name, with an address or not. One query, and one for each 1,000 persons."""
    persons: QuerySet[Person] = Person.objects.filter(active=True)
    if audience.school is not None:
        persons = persons.filter(classroom__school_id=audience.school)
    if audience.classroom is not None:
        persons = persons.filter(classroom_id=audience.classroom)
    if audience.day is not None:
        booked = Presence.objects.filter(day=audience.day)
        if audience.activity:
            booked = booked.filter(activity__code=audience.activity)
        persons = persons.filter(pk__in=booked.values("person_id"))
    elif audience.activity:
        coming = Presence.objects.filter(day__gte=audience.today, activity__code=audience.activity)
        still = Q(last_day=None) | Q(last_day__gte=audience.today)
        enrolled = Enrolment.objects.filter(still, activity__code=audience.activity)
        persons = persons.filter(pk__in=coming.values("person_id").union(enrolled.values("person_id")))
    return families_of(persons.values_list("code", flat=True))


def digest(payers: Iterable[int]) -> str:
    """Changes as soon as one payer does: what a confirmation compares with its preview."""
    return hashlib.sha256(" ".join(map(str, sorted(payers))).encode()).hexdigest()[:24]
