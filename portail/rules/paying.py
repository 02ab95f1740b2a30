"""The life of an online payment operation (« idOp »): truth is pulled from PayFiP, and a success is never undone.

Source: PayFiP web service guide V19, and what its users measured: an operation may be opened for 15 minutes, its result
stays unknown (P5) until the bank has answered, it is forgotten the next night if it never reached the bank (P1), and an
abandon is not final while the payer may still try again on the same page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portail.rules.invoicing import NotPayable

SECURE_PAGE_LIVES = timedelta(minutes=15)
ANOTHER_AFTER = timedelta(minutes=20)  # before, a second operation on the same debt could be paid as well
GIVEN_UP_AFTER = timedelta(minutes=120)  # P5 for so long: expired
NOT_FINAL_FOR = timedelta(minutes=3)  # two minutes, and one because the bank's time has no seconds
FORGET_AFTER = timedelta(days=7)
HEARD_AGAIN_AFTER = timedelta(seconds=30)  # between two looks that notifications, or returns, may ask for
MOST_HEARD = 20  # notifications, or returns, of one operation that are listened to; the sweep goes on without them
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))  # after technical errors
SWEEP, HOURLY, DAILY = timedelta(minutes=2), timedelta(hours=1), timedelta(days=1)


class AttemptState(StrEnum):
    """Where an operation stands. Only PAID is absorbing: any other may still become paid (a late answer wins)."""

    CREATED = "created"  # PayFiP has not answered our request yet
    FAILED = "failed"  # it could not be created: the payer never left us
    WAITING = "waiting"
    PAID = "paid"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ANNOUNCED = "announced"  # the older form said « paid », which nobody can verify: to be reconciled
    REVIEW = "review"  # the answer differs from what was asked: nothing is credited, the town hall looks


OPEN = frozenset({AttemptState.CREATED, AttemptState.WAITING, AttemptState.ANNOUNCED, AttemptState.REVIEW})
ENDED_UNPAID = frozenset({AttemptState.REFUSED, AttemptState.CANCELLED, AttemptState.EXPIRED})


class Heard(StrEnum):
    """What PayFiP answered when asked about an operation."""

    RESULT = "result"
    PENDING = "pending"  # P5: not an error
    UNKNOWN = "unknown"  # P1: definitive
    SILENT = "silent"  # down, slow, or nonsense


RESULTS = {
    "P": AttemptState.PAID,  # card
    "V": AttemptState.PAID,  # direct debit
    "R": AttemptState.REFUSED,  # card
    "Z": AttemptState.REFUSED,  # direct debit
    "A": AttemptState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about one operation. `letter`: « resultrans »; `at`: the bank's moment, to the minute, if it said one.

    `faithful`: amount, reference, client number and mode are those that were sent.
    """

    heard: Heard
    letter: str = ""
    at: datetime | None = None
    faithful: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as we know it. `silences`: technical errors in a row."""

    state: AttemptState
    created_at: datetime
    silences: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """The state that follows, when to ask again (None: never), and whether somebody must look at it."""

    state: AttemptState
    next_check: datetime | None
    review: bool = False


def rule(operation: Operation, answer: Answer, now: datetime) -> Ruling:
    """What an answer makes of an operation. Aware instants."""
    if operation.state is AttemptState.PAID:
        return Ruling(AttemptState.PAID, None)
    if answer.heard is Heard.RESULT:
        return _after_result(operation, answer, now)
    if answer.heard is Heard.UNKNOWN:
        kept = operation.state in ENDED_UNPAID | {AttemptState.ANNOUNCED, AttemptState.REVIEW}
        return Ruling(operation.state if kept else AttemptState.EXPIRED, None)
    if answer.heard is Heard.SILENT:
        return _after_silence(operation, now)
    waiting = operation.state in {AttemptState.CREATED, AttemptState.WAITING}
    expired = waiting and now - operation.created_at >= GIVEN_UP_AFTER
    state = AttemptState.EXPIRED if expired else AttemptState.WAITING if waiting else operation.state
    return Ruling(state, next_check(state, operation.created_at, now))


def _after_silence(operation: Operation, now: datetime) -> Ruling:
    """A week without one usable answer: nobody asks any more, and the town hall decides of what may still be open."""
    if now - operation.created_at >= FORGET_AFTER:
        undecided = operation.state in {AttemptState.CREATED, AttemptState.WAITING}
        return Ruling(AttemptState.REVIEW if undecided else operation.state, None, review=undecided)
    pause = RETRIES[min(operation.silences, len(RETRIES) - 1)]
    return Ruling(operation.state, now + pause)


def _after_result(operation: Operation, answer: Answer, now: datetime) -> Ruling:
    if not answer.faithful or answer.letter not in RESULTS:
        return Ruling(AttemptState.REVIEW, next_check(AttemptState.REVIEW, operation.created_at, now), review=True)
    state = RESULTS[answer.letter]
    # Only while the payer may be at the bank: a clock there that runs ahead must not hold the end back for ever.
    if state is AttemptState.CANCELLED and now < min(
        _final_at(operation, answer), operation.created_at + GIVEN_UP_AFTER
    ):
        # What has ended stays so: another operation may have been begun since, and two may not wait at once.
        kept = AttemptState.WAITING if operation.state is AttemptState.CREATED else operation.state
        return Ruling(kept, min(_final_at(operation, answer), now + SWEEP))
    return Ruling(state, next_check(state, operation.created_at, now))


def _final_at(operation: Operation, answer: Answer) -> datetime:
    """When an abandon is the last word. A refusal always is: this is what lets a second operation be opened, or not.

    A refusal (R, Z) is the bank's word on one card or one account. The payer comes back to use another and must not
    wait; whoever tried again on the bank's page as well, and paid on both, would know it, and the money is kept as
    « trop-perçu ». An abandon (A) is the payer's own, perhaps by mistake, perhaps to look for a card: nobody was
    refused anything, and the bank's page may still be paid. While it may (`ANOTHER_AFTER`, or three minutes after an
    abandon that came later), the operation waits: its payer may take it up again at once, and no other is opened
    beside it. PayFiP never says that an abandoned page is closed, so only time tells.
    """
    later = answer.at + NOT_FINAL_FOR if answer.at else operation.created_at
    return max(operation.created_at + ANOTHER_AFTER, later)


def next_check(state: AttemptState, created_at: datetime, now: datetime) -> datetime | None:
    """When the sweep asks again: often while the payer may be paying, then hourly, then daily for a week."""
    age = now - created_at
    if state in {AttemptState.PAID, AttemptState.FAILED} or age >= FORGET_AFTER:
        return None
    if state in ENDED_UNPAID and age >= ANOTHER_AFTER:
        return created_at + GIVEN_UP_AFTER if age < GIVEN_UP_AFTER else now + DAILY
    if age < GIVEN_UP_AFTER:
        return now + SWEEP
    return now + (HOURLY if age < DAILY else DAILY)


def look_at(heard: Sequence[datetime], now: datetime) -> datetime | None:
    """When to look after a notification, or a return, that comes now. `heard`: when those before it were noted.

    At once, but not more often than every `HEARD_AGAIN_AFTER`, and no longer after `MOST_HEARD` of them (None): whoever
    knows an operation's identifier may send it again and again, and each look is a question to PayFiP and two lines of
    history.
    """
    if len(heard) >= MOST_HEARD:
        return None
    return max([now, *(at + HEARD_AGAIN_AFTER for at in heard if at <= now)])


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a second operation may not be opened, and until when if time mends it."""

    reason: NotPayable
    until: datetime | None = None


def blocked_by(operations: Iterable[Operation], now: datetime) -> Blocked | None:
    """Do earlier operations on the debt forbid a new one now? Two parents at once must not both pay."""
    found: Blocked | None = None
    for operation in operations:
        if operation.state is AttemptState.ANNOUNCED:
            return Blocked(NotPayable.ANNOUNCED)
        if operation.state is AttemptState.REVIEW:
            return Blocked(NotPayable.REVIEW)
        until = operation.created_at + ANOTHER_AFTER
        alive = operation.state in {AttemptState.CREATED, AttemptState.WAITING} and now < until
        if alive and (found is None or found.until is None or found.until < until):
            found = Blocked(NotPayable.UNDER_WAY, until)
    return found


def any_open(operations: Iterable[Operation]) -> bool:
    """May one of these still bring money? Then the debt may not pass to a titre nor into a direct debit file."""
    return any(operation.state in OPEN for operation in operations)


def is_resumable(operation: Operation, now: datetime) -> bool:
    """May the payer go back to the bank's page of this operation?"""
    return operation.state is AttemptState.WAITING and now < operation.created_at + SECURE_PAGE_LIVES
