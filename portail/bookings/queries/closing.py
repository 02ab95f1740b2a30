"""What a closure would take away, and which families it concerns: read before it is confirmed, and again inside it."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portail.bookings.models import Change, Closure, Event, Presence
from portail.families.models import Link, Person
from portail.news.models import OutboxMail

ASKED_AT_ONCE = 1000  # codes of one query


@dataclass(frozen=True, slots=True)
class Hit:
    """A booking that a closure takes away."""

    person: str
    name: str
    classroom: str
    activity: str
    activity_name: str
    day: date

    @property
    def cell(self) -> tuple[str, str, date]:
        return (self.person, self.activity, self.day)


@dataclass(frozen=True, slots=True)
class FamilyToTell:
    """A payer to write to, and the codes of the children that they answer for among those asked about."""

    payer_id: int
    public_id: UUID
    name: str
    email: str
    phone: str
    children: frozenset[str]


def presences_hit(closures: Iterable[Closure], needed_by: Mapping[str, Sequence[str]]) -> QuerySet[Presence]:
    """The bookings on days that these closures (saved or not) close.

    What requires a closed activity goes with it (`Rulebook.needed_by`): its booking could not stand alone.
    """
    asked = Q(pk__in=[])
    for closure in closures:
        one = Q(day__range=(closure.first, closure.last))
        if closure.activity is not None:
            one &= Q(activity__code__in=_with_what_needs_it(closure.activity.code, needed_by))
        asked |= one & _of_place(closure, "person__")
    hit: QuerySet[Presence] = Presence.objects.filter(asked).order_by("day", "person__sort_key", "id")
    return hit


def hits(closures: Iterable[Closure], needed_by: Mapping[str, Sequence[str]]) -> list[Hit]:
    """The same with the names, by day then by name. One query."""
    return _named(presences_hit(closures, needed_by))


def cancelled_by(event: Event) -> list[Hit]:
    """What an event took away, by day then by name. One query, none when it took nothing."""
    if event.change_set_id is None:
        return []
    changes = Change.objects.filter(change_set_id=event.change_set_id, present=False)
    return _named(changes.order_by("day", "person__sort_key", "id"))


def event_mails(event: Event) -> dict[str, int]:
    """How many mails about an event: sent, waiting, failed. One query."""
    rows = OutboxMail.objects.filter(key__startswith=f"event/{event.public_id}/").values_list("status")
    counts = dict(rows.annotate(number=Count("id")).order_by("status"))
    status = OutboxMail.Status
    return {
        "sent": counts.get(status.SENT, 0),
        "waiting": counts.get(status.WAITING, 0) + counts.get(status.SENDING, 0),
        "failed": counts.get(status.FAILED, 0),
    }


def digest(found: Iterable[Hit]) -> str:
    """Changes as soon as one booking does: what a confirmation compares with its preview."""
    text = "\n".join(sorted(f"{person} {activity} {day}" for person, activity, day in (hit.cell for hit in found)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def persons_of(closures: Iterable[Closure]) -> list[str]:
    """The codes of everybody whom these closures concern, booked or not. One query."""
    asked = Q(pk__in=[])
    for closure in closures:
        asked |= Q(active=True) & _of_place(closure, "")
    return list(Person.objects.filter(asked).order_by("id").values_list("code", flat=True))


def families_of(codes: Collection[str]) -> list[FamilyToTell]:
    """The payers of these persons, by name; each with the children of theirs among them. One query for each 1,000."""
    payers: dict[int, tuple[str, FamilyToTell, set[str]]] = {}
    asked = sorted(set(codes))
    for start in range(0, len(asked), ASKED_AT_ONCE):
        chunk = asked[start : start + ASKED_AT_ONCE]
        rows = Link.objects.filter(person__code__in=chunk, payer__active=True).order_by("id")
        for code, sort_key, pk, *rest in rows.values_list(
            "person__code", "payer__sort_key", "payer_id", "payer__public_id", "payer__first_name",
            "payer__last_name", "payer__email", "payer__phone",
        ):  # fmt: skip
            public_id, first, last, email, phone = rest
            family = FamilyToTell(pk, public_id, f"{last} {first}", email.strip(), phone, frozenset())
            payers.setdefault(pk, (sort_key, family, set()))[2].add(code)
    found = sorted(payers.values(), key=lambda one: (one[0], one[1].payer_id))
    return [
        FamilyToTell(f.payer_id, f.public_id, f.name, f.email, f.phone, frozenset(children)) for _, f, children in found
    ]


def _named(rows: QuerySet[Any]) -> list[Hit]:
    found = rows.values_list(
        "person__code", "person__last_name", "person__first_name", "person__classroom__name", "activity__code",
        "activity__name", "day",
    )  # fmt: skip
    return [
        Hit(code, f"{last} {first}", classroom or "", activity, name, day)
        for code, last, first, classroom, activity, name, day in found
    ]


def _of_place(closure: Closure, prefix: str) -> Q:
    place = Q()
    if closure.school_id:
        place &= Q(**{f"{prefix}classroom__school_id": closure.school_id})
    if closure.classroom_id:
        place &= Q(**{f"{prefix}classroom_id": closure.classroom_id})
    return place


def _with_what_needs_it(activity: str, needed_by: Mapping[str, Sequence[str]]) -> list[str]:
    found = [activity]
    for code in found:
        found += [other for other in needed_by.get(code, ()) if other not in found]
    return found
