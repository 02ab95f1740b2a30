"""`change_presences`: the one way to book or cancel, whoever asks and by whatever door."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from portail.bookings.models import Change, ChangeSet, LateRequest, Presence
from portail.bookings.operations.places import Demand, take_places
from portail.bookings.queries.offer import Offer, offer_now
from portail.bookings.queries.records import Span, booked_cells, facts_of, waiting_cells
from portail.bookings.verdicts import stored, unread
from portail.families.queries import ChildRow, children_of
from portail.rules.booking import Cell, Known, Outcome, Verdict, Wish, judge
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

DONE = (Outcome.BOOKED, Outcome.CANCELLED)


class UndoneAlreadyError(Exception):
    """The submission was undone before, or was itself an undoing."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked at once. The same `token` sent twice is one submission: the first answer is given again."""

    wishes: Sequence[Wish]
    token: str = ""
    reason: str = ""  # the town hall's, shown in the history
    undo_of: int | None = None
    unreadable: Sequence[str] = ()  # what was sent and is not a cell: kept with the answer, changes nothing


@dataclass(frozen=True, slots=True)
class _Before:
    """What the transaction found, locked: who is asked about, and what is booked."""

    children: dict[str, ChildRow]
    offer: Offer
    booked: dict[Cell, int]
    waiting: frozenset[Cell]


def change_presences(*, submission: Submission, by: Actor, now: datetime) -> ChangeSet:
    """Apply what may be applied, refuse the rest cell by cell, and write the history, in one transaction.

    Returns the submission as recorded, verdicts included; sent again with the same token, the first one, unchanged.
    Only the persons that `by` may reach are touched: a cell of anybody else's is refused as unknown.
    """
    try:
        with transaction.atomic():
            return apply_submission(submission, by=by, now=now)
    except IntegrityError:
        # Two sendings of one form at the same instant, and nobody to lock: the second finds the token taken.
        replayed = _already(submission, by)
        if replayed is None:
            raise
        return replayed


def apply_submission(submission: Submission, *, by: Actor, now: datetime) -> ChangeSet:
    """The body of `change_presences`, for operations that add their own rows to the same transaction."""
    offer = offer_now()
    children = {c.code: c for c in children_of(by, {wish.person for wish in submission.wishes}, lock=True)}
    replayed = _already(submission, by)
    if replayed is not None:
        return replayed
    span = Span.of(wish.day for wish in submission.wishes if wish.person in children)
    booked = booked_cells(children.values(), offer, span) if span else {}
    waiting = waiting_cells(children.values(), offer, span) if span else frozenset()
    before = _Before(children, offer, booked, waiting)
    verdicts = judge(
        submission.wishes,
        facts_of(list(children.values()), offer),
        offer.rulebook,
        known=Known(booked=booked.keys(), waiting=waiting),
        channel=by.channel,
        now=now,
    )
    verdicts = take_places(verdicts, Demand(offer, children, booked.keys()))
    return _write(submission, verdicts, before, by=by, now=now)


def undo(*, public_id: UUID, by: Actor, now: datetime) -> ChangeSet:
    """« Annuler ces modifications »: ask for the opposite of everything a submission changed, under the same rules.

    A cell that something else changed since is left alone (« modifié entre-temps »). Raises ChangeSet.DoesNotExist
    for somebody else's submission, UndoneAlreadyError when there is nothing left to undo.
    """
    with transaction.atomic():
        first = ChangeSet.objects.select_for_update(of=("self",)).get(public_id=public_id, payer_id=by.payer_id)
        if first.undo_of_id is not None or ChangeSet.objects.filter(undo_of=first).exists():
            raise UndoneAlreadyError
        changes = first.changes.select_related("person", "activity").order_by("id")
        wishes = [Wish(c.person.code, c.activity.code, c.day, present=not c.present, seen=c.present) for c in changes]
        if not wishes:
            raise UndoneAlreadyError
        submission = Submission(wishes, token=f"undo-{public_id}", undo_of=first.pk)
        return apply_submission(submission, by=by, now=now)


def _already(submission: Submission, by: Actor) -> ChangeSet | None:
    if not submission.token:
        return None
    return ChangeSet.objects.filter(token=_token(submission, by), payer_id=by.payer_id).first()


def _token(submission: Submission, by: Actor) -> str:
    """What is kept of the token: hashed with its sender, so that nobody can spend or guess at somebody else's."""
    if not submission.token:
        return uuid4().hex
    return hashlib.sha256(f"{by.payer_id}/{by.staff_id}/{submission.token}".encode(errors="replace")).hexdigest()


def _write(submission: Submission, verdicts: list[Verdict], before: _Before, *, by: Actor, now: datetime) -> ChangeSet:
    change_set = ChangeSet.objects.create(
        token=_token(submission, by),
        payer_id=by.payer_id,
        staff_id=by.staff_id,
        actor=by.name,
        channel=by.channel.value,
        at=now,
        verdicts=[*(stored(verdict) for verdict in verdicts), *(unread(text) for text in submission.unreadable)],
        undo_of_id=submission.undo_of,
    )
    _write_presences(verdicts, before)
    _write_history(verdicts, before, change_set, submission.reason)
    _write_requests(verdicts, before, change_set)
    if by.is_town_hall and any(v.outcome in DONE for v in verdicts):
        _answer_requests(verdicts, before)
        after = {"changes": change_set.verdicts, "reason": submission.reason}
        record(Act("change_presences", ", ".join(sorted(before.children)), after=after), by=by, now=now)
    return change_set


def _write_presences(verdicts: Iterable[Verdict], before: _Before) -> None:
    added = [v for v in verdicts if v.outcome is Outcome.BOOKED]
    removed = [before.booked[v.wish.cell] for v in verdicts if v.outcome is Outcome.CANCELLED]
    if removed:
        Presence.objects.filter(pk__in=removed).delete()
    Presence.objects.bulk_create(Presence(**_cell(v.wish, before), late=v.late) for v in added)


def _write_history(verdicts: Iterable[Verdict], before: _Before, change_set: ChangeSet, reason: str) -> None:
    Change.objects.bulk_create(
        Change(
            **_cell(v.wish, before),
            change_set=change_set,
            present=v.outcome is Outcome.BOOKED,
            late=v.late,
            channel=change_set.channel,
            reason=reason,
            at=change_set.at,
        )
        for v in verdicts
        if v.outcome in DONE
    )


def _write_requests(verdicts: Iterable[Verdict], before: _Before, change_set: ChangeSet) -> None:
    LateRequest.objects.bulk_create(
        LateRequest(**_cell(v.wish, before), present=v.wish.present, change_set=change_set, at=change_set.at)
        for v in verdicts
        if v.outcome is Outcome.REQUESTED
    )


def _answer_requests(verdicts: Iterable[Verdict], before: _Before) -> None:
    """The town hall that does what a family was waiting for has answered it; the opposite answers it too."""
    for v in verdicts:
        if v.outcome not in DONE or v.wish.cell not in before.waiting:
            continue
        open_request = LateRequest.objects.filter(**_cell(v.wish, before), status=LateRequest.Status.WAITING)
        open_request.filter(present=v.wish.present).update(status=LateRequest.Status.ACCEPTED)
        open_request.exclude(present=v.wish.present).update(status=LateRequest.Status.REFUSED)


def _cell(wish: Wish, before: _Before) -> dict[str, Any]:
    return {
        "person_id": before.children[wish.person].id,
        "activity_id": before.offer.rulebook.activities[wish.activity].id,
        "day": wish.day,
    }
