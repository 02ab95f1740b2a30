"""What the town hall looks up about changes: one submission, the whole history by filters, a child's relatives."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from portail.bookings.models import Change, ChangeSet
from portail.families.models import Person
from portail.families.queries.search import Wanted, persons_wanted
from portail.rules.booking import Channel


@dataclass(frozen=True, slots=True)
class WantedChanges:
    """Which changes. `words`: as in the search of families; days are those that were changed, both included."""

    words: str = ""
    channel: Channel | None = None
    activity: str = ""
    first: date | None = None
    last: date | None = None
    child: UUID | None = None


def changes_wanted(wanted: WantedChanges) -> QuerySet[Change]:
    """The accepted changes with their child, activity and author; not yet in any order."""
    rows: QuerySet[Change] = Change.objects.select_related("person", "activity", "change_set__payer")
    if wanted.words.strip():
        persons = persons_wanted(Wanted(wanted.words, active=False))
        rows = rows.filter(person_id__in=persons.order_by().values("pk"))
    if wanted.child is not None:
        rows = rows.filter(person__public_id=wanted.child)
    if wanted.channel is not None:
        rows = rows.filter(channel=wanted.channel.value)
    if wanted.first is not None:
        rows = rows.filter(day__gte=wanted.first)
    if wanted.last is not None:
        rows = rows.filter(day__lte=wanted.last)
    return rows.filter(activity__code=wanted.activity) if wanted.activity else rows


def submission_named(public_id: UUID) -> ChangeSet | None:
    """A submission of the town, with its payer. One query."""
    found: ChangeSet | None = ChangeSet.objects.select_related("payer").filter(public_id=public_id).first()
    return found


def persons_coded(codes: Collection[str]) -> dict[str, Person]:
    """These persons by their codes. One query."""
    digits = [code for code in codes if code.isascii() and code.isdigit()]
    return {one.code: one for one in Person.objects.filter(code__in=digits).order_by("id")}


def relatives_of(person: Person) -> list[Person]:
    """Everybody in the register who shares a payer with this person, themselves included, by name. One query."""
    rows = Person.objects.filter(active=True, links__payer__links__person=person).distinct()
    return list(rows.order_by("sort_key", "id"))
