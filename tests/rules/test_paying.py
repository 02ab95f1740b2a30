"""The life of an online operation: what each answer makes of it, when it is asked about again, what it forbids."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portail.rules.invoicing import NotPayable
from portail.rules.paying import (
    ANOTHER_AFTER,
    DAILY,
    ENDED_UNPAID,
    FORGET_AFTER,
    GIVEN_UP_AFTER,
    HEARD_AGAIN_AFTER,
    MOST_HEARD,
    OPEN,
    RESULTS,
    SWEEP,
    Answer,
    AttemptState,
    Blocked,
    Heard,
    Operation,
    Ruling,
    any_open,
    blocked_by,
    is_resumable,
    look_at,
    next_check,
    rule,
)

BORN = datetime(2026, 11, 16, 9, tzinfo=ZoneInfo("Europe/Paris"))
MINUTE = timedelta(minutes=1)
S = AttemptState
UNKNOWN, PENDING, SILENT = Answer(Heard.UNKNOWN), Answer(Heard.PENDING), Answer(Heard.SILENT)

STATES = st.sampled_from(list(S))
NOT_FAILED = st.sampled_from([state for state in S if state is not S.FAILED])
AGES = st.integers(0, 12 * 24 * 60).map(lambda minutes: minutes * MINUTE)
LETTERS = st.sampled_from([*RESULTS, "X", "W", "", "p", "PV"])
ANSWERS = st.builds(
    Answer,
    heard=st.sampled_from(list(Heard)),
    letter=LETTERS,
    at=st.none() | st.integers(-600, 40_000).map(lambda minutes: BORN + minutes * MINUTE),
    faithful=st.booleans(),
)


def told(letter: str, after: int = 0, *, faithful: bool = True) -> Answer:
    return Answer(Heard.RESULT, letter, BORN + after * MINUTE, faithful)


def ruled(state: AttemptState, answer: Answer, minutes: int, silences: int = 0) -> Ruling:
    return rule(Operation(state, BORN, silences), answer, BORN + minutes * MINUTE)


def in_minutes(ruling: Ruling) -> int | None:
    return None if ruling.next_check is None else (ruling.next_check - BORN) // MINUTE


TABLE = {
    "paid by card": (S.WAITING, told("P", 4), 5, S.PAID, None),
    "paid by debit": (S.WAITING, told("V", 4), 5, S.PAID, None),
    "paid before we knew its number": (S.CREATED, told("P", 4), 5, S.PAID, None),
    "not finished": (S.WAITING, PENDING, 5, S.WAITING, 7),
    "not finished, just created": (S.CREATED, PENDING, 1, S.WAITING, 3),
    "not finished after 119 minutes": (S.WAITING, PENDING, 119, S.WAITING, 121),
    "not finished after 120": (S.WAITING, PENDING, 120, S.EXPIRED, 120 + 1440),
    "unknown": (S.WAITING, UNKNOWN, 5, S.EXPIRED, None),
    "unknown, after an abandon": (S.CANCELLED, UNKNOWN, 900, S.CANCELLED, None),
    "unknown, after a refusal": (S.REFUSED, UNKNOWN, 900, S.REFUSED, None),
    "unknown, while somebody looks": (S.REVIEW, UNKNOWN, 900, S.REVIEW, None),
    "abandoned just now": (S.WAITING, told("A", 5), 5, S.WAITING, 7),
    "abandoned before its number was known": (S.CREATED, told("A", 2), 3, S.WAITING, 5),
    "abandoned a while ago": (S.WAITING, told("A", 2), 19, S.WAITING, 20),
    "abandoned, no moment told": (S.WAITING, Answer(Heard.RESULT, "A"), 19, S.WAITING, 20),
    "abandoned, and its page is closed": (S.WAITING, told("A", 2), 20, S.CANCELLED, 120),
    "abandoned late": (S.WAITING, told("A", 28), 30, S.WAITING, 31),
    "abandoned late, three minutes ago": (S.WAITING, told("A", 28), 31, S.CANCELLED, 120),
    "refused just now": (S.WAITING, told("R", 5), 5, S.REFUSED, 7),
    "refused, no moment told": (S.WAITING, Answer(Heard.RESULT, "R"), 5, S.REFUSED, 7),
    "refused after an abandon": (S.WAITING, told("Z", 6), 7, S.REFUSED, 9),
    "abandoned after a refusal": (S.REFUSED, told("A", 6), 7, S.REFUSED, 9),
    "debit refused": (S.WAITING, told("Z"), 30, S.REFUSED, 120),
    "refused long ago": (S.REFUSED, told("R"), 200, S.REFUSED, 200 + 1440),
    "abandoned again after an end": (S.CANCELLED, told("A", 9), 10, S.CANCELLED, 12),
    "a letter that nobody knows": (S.WAITING, told("X"), 5, S.REVIEW, 7),
    "no letter": (S.WAITING, told(""), 5, S.REVIEW, 7),
    "paid, but not as asked": (S.WAITING, told("P", faithful=False), 5, S.REVIEW, 7),
    "looked at, then paid as asked": (S.REVIEW, told("P"), 900, S.PAID, None),
    "late success after an abandon": (S.CANCELLED, told("P", 8), 20, S.PAID, None),
    "late success after an expiry": (S.EXPIRED, told("V", 8), 5000, S.PAID, None),
    "an announced one": (S.ANNOUNCED, PENDING, 130, S.ANNOUNCED, 190),
    "paid hears anything": (S.PAID, told("R"), 5, S.PAID, None),
}


@pytest.mark.parametrize(("state", "answer", "minutes", "after", "next_minutes"), TABLE.values(), ids=TABLE)
def test_what_an_answer_makes_of_an_operation(state, answer, minutes, after, next_minutes):
    ruling = ruled(state, answer, minutes)
    assert (ruling.state, in_minutes(ruling), ruling.review) == (
        after,
        next_minutes,
        after is S.REVIEW and minutes == 5,
    )


@pytest.mark.parametrize(("silences", "pause"), [(0, 1), (1, 5), (2, 30), (3, 30), (99, 30)])
def test_a_silence_changes_nothing_and_is_tried_again_later_and_later(silences, pause):
    for state in (S.CREATED, S.WAITING, S.CANCELLED, S.REVIEW):
        assert ruled(state, SILENT, 200, silences) == Ruling(state, BORN + (200 + pause) * MINUTE)


@given(st.lists(st.tuples(ANSWERS, AGES), max_size=12), STATES)
def test_paid_is_the_end_whatever_is_heard(heard, first):
    """And it is only ever reached by a faithful P or V."""
    state = first
    for answer, age in sorted(heard, key=lambda pair: pair[1]):
        before = state
        state = rule(Operation(before, BORN), answer, BORN + age).state
        if before is S.PAID:
            assert state is S.PAID
        elif state is S.PAID:
            assert (answer.heard, answer.letter in ("P", "V"), answer.faithful) == (Heard.RESULT, True, True)


@given(NOT_FAILED, AGES, st.sampled_from("PV"))
def test_every_state_may_still_become_paid(state, age, letter):
    assert rule(Operation(state, BORN), told(letter), BORN + age) == Ruling(S.PAID, None)


@settings(max_examples=500)
@given(NOT_FAILED, ANSWERS, AGES, st.integers(0, 99))
def test_until_it_is_forgotten_it_is_asked_about_at_least_daily(state, answer, age, silences):
    now = BORN + age
    ruling = rule(Operation(state, BORN, silences), answer, now)
    over = ruling.state is S.PAID or answer.heard is Heard.UNKNOWN
    if over:
        assert ruling.next_check is None
    elif age < FORGET_AFTER:
        assert ruling.next_check is not None
        assert now < ruling.next_check <= now + DAILY


@given(AGES.filter(lambda age: age < GIVEN_UP_AFTER), ANSWERS, st.sampled_from([S.CREATED, S.WAITING]))
def test_while_the_payer_may_be_paying_a_lost_notification_is_found_within_two_minutes(age, answer, state):
    ruling = rule(Operation(state, BORN), answer, BORN + age)
    if ruling.state in (S.CREATED, S.WAITING) and answer.heard is not Heard.SILENT:
        assert ruling.next_check is not None
        assert ruling.next_check <= BORN + age + SWEEP


@given(AGES, st.integers(0, 30), st.sampled_from("RZ"))
def test_a_refusal_lets_another_be_opened_at_once(age, minutes, letter):
    """Also while the bank's page might still be used: its payer was refused, and comes back for another card."""
    now = BORN + age
    after = rule(Operation(S.WAITING, BORN), told(letter, minutes), now)
    assert after.state is S.REFUSED
    assert blocked_by([Operation(after.state, BORN)], now) is None


@given(st.integers(0, 240), st.none() | st.integers(0, 240))
def test_no_other_is_opened_while_an_abandoned_page_may_still_be_paid(minutes, at):
    now = BORN + minutes * MINUTE
    answer = Answer(Heard.RESULT, "A", None if at is None else BORN + at * MINUTE)
    after = Operation(rule(Operation(S.WAITING, BORN), answer, now).state, BORN)
    assert (blocked_by([after], now) is None) == (minutes >= 20)
    if minutes < 15:  # nobody waits for nothing: the same page is there to be taken up again
        assert is_resumable(after, now)
    if minutes >= 120:
        assert after.state is S.CANCELLED


@given(AGES.filter(lambda age: age < ANOTHER_AFTER), st.sampled_from("RZA"))
def test_what_is_paid_on_the_page_after_all_is_found_within_two_minutes(age, letter):
    """« Réessayer » at the bank after a refusal, its notification lost."""
    ruling = rule(Operation(S.WAITING, BORN), told(letter), BORN + age)
    assert ruling.next_check is not None
    assert ruling.next_check <= BORN + age + SWEEP


@given(STATES, ANSWERS, AGES)
def test_nothing_that_has_ended_waits_again(state, answer, age):
    """Else an operation begun since would have a second one alive beside it."""
    after = rule(Operation(state, BORN), answer, BORN + age).state
    assert after is not S.WAITING or state in (S.CREATED, S.WAITING)


@settings(max_examples=500)
@given(AGES, ANSWERS)
def test_a_wrong_clock_at_the_bank_holds_nothing_for_ever(age, answer):
    ruling = rule(Operation(S.WAITING, BORN), answer, BORN + GIVEN_UP_AFTER + age)
    assert ruling.state is not S.WAITING or answer.heard is Heard.SILENT


def test_next_checks_by_age():
    def after(state: AttemptState, minutes: int) -> int | None:
        found = next_check(state, BORN, BORN + minutes * MINUTE)
        return None if found is None else (found - BORN) // MINUTE - minutes

    assert [after(S.WAITING, m) for m in (0, 119, 120, 1439, 1440, 7 * 1440 - 1, 7 * 1440)] == [
        2,
        2,
        60,
        60,
        1440,
        1440,
        None,
    ]
    assert [after(S.REFUSED, m) for m in (0, 19, 20, 119, 120, 7 * 1440)] == [2, 2, 100, 1, 1440, None]
    assert after(S.PAID, 1) is after(S.FAILED, 1) is None


# --- Hearing of it again and again ----------------------------------------------------------------------------------


def test_the_first_time_is_looked_into_at_once_the_next_a_little_later():
    assert look_at([], BORN) == BORN
    assert look_at([BORN], BORN + timedelta(seconds=1)) == BORN + HEARD_AGAIN_AFTER
    assert look_at([BORN], BORN + HEARD_AGAIN_AFTER) == BORN + HEARD_AGAIN_AFTER
    assert look_at([BORN], BORN + MINUTE) == BORN + MINUTE
    assert look_at([BORN] * (MOST_HEARD - 1), BORN + MINUTE) == BORN + MINUTE
    assert look_at([BORN] * MOST_HEARD, BORN + DAILY) is None


@given(st.lists(st.integers(0, 90), max_size=60))
def test_however_often_it_is_said_the_looks_are_apart_and_few(pauses):
    """And what is heard in time is never forgotten, only looked into by `HEARD_AGAIN_AFTER` later."""
    now = BORN
    heard: list[datetime] = []
    for pause in pauses:
        now += pause * timedelta(seconds=1)
        look = look_at(heard, now)
        if look is not None:
            assert now <= look <= now + HEARD_AGAIN_AFTER
        if look == now:
            heard.append(now)
    assert len(heard) <= MOST_HEARD
    assert all(b - a >= HEARD_AGAIN_AFTER for a, b in pairwise(heard))


# --- What an operation forbids --------------------------------------------------------------------------------------


def born(state: AttemptState, minutes: int = 0) -> Operation:
    return Operation(state, BORN + minutes * MINUTE)


def test_twenty_minutes_between_two_operations():
    now = BORN + 19 * MINUTE
    for state in (S.CREATED, S.WAITING):
        assert blocked_by([born(state)], now) == Blocked(NotPayable.UNDER_WAY, BORN + ANOTHER_AFTER)
        assert blocked_by([born(state)], now + MINUTE) is None
    for state in (S.FAILED, S.PAID, *ENDED_UNPAID):
        assert blocked_by([born(state)], now) is None


def test_what_waits_for_somebody_forbids_at_any_age():
    later = BORN + 30 * DAILY
    assert blocked_by([born(S.WAITING), born(S.ANNOUNCED)], later) == Blocked(NotPayable.ANNOUNCED)
    assert blocked_by([born(S.REVIEW)], later) == Blocked(NotPayable.REVIEW)


@given(st.lists(st.builds(born, STATES, st.integers(0, 60)), max_size=6), st.integers(0, 90))
def test_the_moment_that_is_said_is_the_one_when_it_is_allowed(operations, minutes):
    now = BORN + minutes * MINUTE
    blocked = blocked_by(operations, now)
    if blocked and blocked.until:
        assert now < blocked.until
        assert blocked_by(operations, blocked.until) is None
    if blocked is None:
        assert all(one.created_at + ANOTHER_AFTER <= now for one in operations if one.state in (S.CREATED, S.WAITING))


def test_what_may_still_bring_money_is_open():
    for state in S:
        assert any_open([born(S.FAILED), born(state)]) == (state in OPEN)
    assert not any_open([])


@given(STATES, AGES)
def test_only_a_waiting_operation_is_resumed_and_for_fifteen_minutes(state, age):
    assert is_resumable(Operation(state, BORN), BORN + age) == (state is S.WAITING and age < 15 * MINUTE)


def test_a_week_of_silence_is_for_the_town_hall_to_decide():
    """Nobody could ever end it otherwise: the debt would be held for good."""
    week = 7 * 24 * 60
    assert ruled(S.WAITING, SILENT, week - 1, 200).state is S.WAITING
    assert ruled(S.WAITING, SILENT, week, 200) == Ruling(S.REVIEW, None, review=True)
    assert ruled(S.CANCELLED, SILENT, week, 200) == Ruling(S.CANCELLED, None)
