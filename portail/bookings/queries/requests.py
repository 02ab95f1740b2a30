"""Late requests as the town hall reads them: what waits for its answer, what it answered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from portail.bookings.models import LateRequest

WAITING = LateRequest.Status.WAITING


@dataclass(frozen=True, slots=True)
class WantedRequests:
    """Which requests. `waiting`: those without an answer (True), with one (False), all (None); days both included."""

    waiting: bool | None = True
    first: date | None = None
    last: date | None = None
    activity: str = ""


def requests_wanted(wanted: WantedRequests) -> QuerySet[LateRequest]:
    """The requests with their child, activity and payer; not yet in any order."""
    rows = _whole()
    if wanted.waiting is not None:
        rows = rows.filter(status=WAITING) if wanted.waiting else rows.exclude(status=WAITING)
    if wanted.first is not None:
        rows = rows.filter(day__gte=wanted.first)
    if wanted.last is not None:
        rows = rows.filter(day__lte=wanted.last)
    return rows.filter(activity__code=wanted.activity) if wanted.activity else rows


def request_named(public_id: UUID) -> LateRequest | None:
    """The request of this public identifier, with its child, activity and payer. One query."""
    found: LateRequest | None = _whole().filter(public_id=public_id).first()
    return found


def waiting_number() -> int:
    """How many families wait for an answer. One query."""
    return LateRequest.objects.filter(status=WAITING).count()


def refused_requests(persons: Collection[int], since: date) -> list[LateRequest]:
    """The requests of these persons that were refused, about days from `since` on, the latest first. One query.

    An accepted one needs no line of its own: it is in the history as the booking that it became.
    """
    rows = LateRequest.objects.filter(person_id__in=persons, day__gte=since, status=LateRequest.Status.REFUSED)
    return list(rows.select_related("person", "activity").order_by("-at", "-id"))


def _whole() -> QuerySet[LateRequest]:
    rows: QuerySet[LateRequest] = LateRequest.objects.select_related(
        "person__classroom__school", "activity", "change_set__payer"
    )
    return rows
