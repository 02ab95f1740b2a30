"""One act for what closes days: a strike, an outing, snow. Closes, cancels, tells the families; and the way back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from portail.bookings.models import Closure, Event
from portail.bookings.operations.calendar import answer_requests
from portail.bookings.operations.changes import Submission, apply_submission
from portail.bookings.operations.notices import Message, Reason, check_message, tell
from portail.bookings.operations.offer import OfferError, activity_named, classroom_named, school_named
from portail.bookings.queries.closing import Hit, cancelled_by, digest, hits, persons_of
from portail.bookings.queries.offer import offer_now
from portail.bookings.verdicts import restored_all
from portail.rules.booking import Outcome, Wish
from portail.towns.actors import Actor
from portail.towns.operations import Act, record, touch_rulebook
from portail.towns.queries import town_day

LONGEST = timedelta(days=366)
MOST_PLACES = 300


class HitsChangedError(OfferError):
    """Families booked or cancelled between the preview and the confirmation."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event closes: every part that is set must match, none set is the whole town."""

    school: str = ""
    classroom: str = ""
    activity: str = ""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event as the town hall describes it; both days included.

    `token` makes a form sent twice one event; `shown` is the digest of the bookings that the preview showed
    (`queries.closing.digest`), "" for who looked at none.
    """

    kind: Event.Kind
    first: date
    last: date
    reason: str
    places: Sequence[Place]
    token: UUID
    message: Message | None = None
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Reopened:
    """What became of what an event had cancelled: booked again, and not (full, closed otherwise, past)."""

    rebooked: int
    refused: int
    told: int


def event_order(draft: EventDraft) -> dict[str, Any]:
    """A draft as a job keeps it; what its preview showed was compared when it was asked for."""
    message = draft.message
    return {
        "kind": draft.kind.value,
        "first": draft.first.isoformat(),
        "last": draft.last.isoformat(),
        "reason": draft.reason,
        "places": [[place.school, place.classroom, place.activity] for place in draft.places],
        "token": str(draft.token),
        "message": None if message is None else [message.subject, message.text, message.booked_only],
    }


def event_ordered(order: Mapping[str, Any]) -> EventDraft:
    """The draft behind `event_order`."""
    return EventDraft(
        Event.Kind(order["kind"]),
        date.fromisoformat(order["first"]),
        date.fromisoformat(order["last"]),
        order["reason"],
        [Place(*place) for place in order["places"]],
        UUID(order["token"]),
        None if order["message"] is None else Message(*order["message"]),
    )


def planned(draft: EventDraft) -> list[Closure]:
    """The closures of a draft, not saved: what its preview asks about. Raises OfferError."""
    if draft.last < draft.first:
        raise OfferError("Le dernier jour est avant le premier.")
    if draft.last - draft.first > LONGEST:
        raise OfferError("Un évènement dure un an au plus.")
    if not draft.reason.strip():
        raise OfferError("Indiquez un motif : les familles le lisent dans leur planning.")
    if not 0 < len(draft.places) <= MOST_PLACES:
        raise OfferError("Choisissez moins de classes et d'activités à la fois.")
    return [
        Closure(
            first=draft.first,
            last=draft.last,
            reason=draft.reason,
            school=school_named(place.school),
            classroom=classroom_named(place.school, place.classroom),
            activity=activity_named(place.activity) if place.activity else None,
        )
        for place in draft.places
    ]


@transaction.atomic
def announce_event(*, draft: EventDraft, by: Actor, now: datetime) -> Event:
    """Close the days, cancel what was booked on them, and queue one mail per family, all or nothing.

    Raises OfferError, and HitsChangedError when what it would cancel is not what the preview showed.
    """
    closures = planned(draft)
    if draft.message is not None:
        check_message(draft.message)
    touch_rulebook()  # waits for the submissions under way, so that none is forgotten below
    known: Event | None = Event.objects.filter(public_id=draft.token).first()
    if known is not None:
        return known
    found = hits(closures, offer_now().rulebook.needed_by)
    if draft.shown and digest(found) != draft.shown:
        raise HitsChangedError("Des réservations ont changé entre-temps : relisez l'aperçu, puis confirmez.")
    event = _write(draft, closures, by, now)
    if found:
        wishes = [Wish(hit.person, hit.activity, hit.day, present=False) for hit in found]
        event.change_set = apply_submission(Submission(wishes, reason=draft.reason), by=by, now=now)
    answer_requests(closures, draft.reason)
    if draft.message is not None:
        asked = {hit.person for hit in found} if draft.message.booked_only else persons_of(closures)
        event.subject, event.text = draft.message.subject, draft.message.text
        event.told = tell(draft.message, asked, Reason(f"event/{event.public_id}", "closure", found), now=now)
    event.save(update_fields=["change_set", "subject", "text", "told"])
    after = {**_told(event), "bookings": len(found), "closures": len(closures), "told": event.told}
    record(Act("announce_event", event.reason, after=after), by=by, now=now)
    return event


@transaction.atomic
def reopen_event(
    *, event: Event, keep: tuple[date, date] | None, rebook: bool, message: Message | None, by: Actor, now: datetime
) -> Reopened:
    """Shorten an event to the days of `keep`, or undo it whole (None); book again what it had cancelled from today on.

    Raises OfferError: undone already, days outside the event, nothing reopened.
    """
    if message is not None:
        check_message(message)
    touch_rulebook()  # waits for the submissions under way
    found: Event = Event.objects.select_for_update(of=("self",)).get(pk=event.pk)
    if found.undone_at is not None:
        raise OfferError("Cet évènement est déjà retiré.")
    before, concerned = _told(found), persons_of(found.closures.all())
    free = [hit for hit in cancelled_by(found) if keep is None or not keep[0] <= hit.day <= keep[1]]
    _reopen(found, keep, now)
    rebooked = _rebook([hit for hit in free if hit.day >= town_day(now)], by, now) if rebook else []
    told = 0
    if message is not None:
        asked = {hit.person for hit in free} if message.booked_only else concerned
        key = f"event/{found.public_id}/{now:%Y%m%d%H%M%S}"
        told = tell(message, asked, Reason(key, "reopening", rebooked, booked=True), now=now)
    after = {**_told(found), "rebooked": len(rebooked), "told": told}
    record(Act("reopen_event", found.reason, before, after), by=by, now=now)
    return Reopened(len(rebooked), len(free) - len(rebooked), told)


def _write(draft: EventDraft, closures: Sequence[Closure], by: Actor, now: datetime) -> Event:
    event = Event.objects.create(
        public_id=draft.token, kind=draft.kind.value, reason=draft.reason, first=draft.first, last=draft.last,
        actor=by.name, at=now,
    )  # fmt: skip
    for closure in closures:
        closure.event = event
    Closure.objects.bulk_create(closures)
    touch_rulebook()  # again: what was compiled above knew nothing of these closures
    return event


def _reopen(event: Event, keep: tuple[date, date] | None, now: datetime) -> None:
    if keep is None:
        event.closures.all().delete()
        event.undone_at = now
    else:
        first, last = keep
        if not event.first <= first <= last <= event.last:
            raise OfferError("Gardez des jours de l'évènement ; pour l'allonger, ajoutez-en un autre.")
        if keep == (event.first, event.last):
            raise OfferError("Rien ne change : choisissez moins de jours, ou retirez l'évènement.")
        event.closures.all().update(first=first, last=last)
        event.first, event.last = first, last
    event.save(update_fields=["first", "last", "undone_at"])
    touch_rulebook()


def _rebook(free: Sequence[Hit], by: Actor, now: datetime) -> list[Hit]:
    """Those that could be booked again, under the rules of the town hall."""
    if not free:
        return []
    wishes = [Wish(hit.person, hit.activity, hit.day, present=True) for hit in free]
    answer = apply_submission(Submission(wishes, reason="Fermeture retirée"), by=by, now=now)
    booked = {v.wish.cell for v in restored_all(answer.verdicts) if v.outcome is Outcome.BOOKED}
    return [hit for hit in free if hit.cell in booked]


def _told(event: Event) -> dict[str, str]:
    return {"kind": event.kind, "first": str(event.first), "last": str(event.last), "reason": event.reason}
