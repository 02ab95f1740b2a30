"""Codes: drawn, cleaned, checked; and the patience asked of whoever fails."""

import secrets
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules import codes
from portail.rules.codes import ALLOWED, Brake, Bucket, Counters, Decision

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SEVEN_DIGITS = st.integers(1_000_000, 9_999_999).map(str)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_damm_gives_the_published_example() -> None:
    assert codes.damm("572") == 4
    assert codes.damm("5724") == 0


def test_damm_s_table_sees_what_it_promises() -> None:
    table, digits = codes._DAMM, range(10)
    assert all(sorted(row) == list(digits) for row in (*table, *zip(*table, strict=True)))  # every wrong digit
    assert all(table[n][n] == 0 for n in digits)
    swaps_unseen = [
        (start, x, y)
        for start in digits
        for x in digits
        for y in range(x)
        if table[table[start][x]][y] == table[table[start][y]][x]
    ]
    assert swaps_unseen == []


@given(SEVEN_DIGITS, st.data())
def test_one_wrong_digit_or_two_swapped_ones_are_always_seen(digits: str, data: st.DataObject) -> None:
    code = f"{digits}{codes.damm(digits)}"
    assert not codes.miscopied(code)
    place = data.draw(st.integers(0, 7))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert codes.miscopied(code[:place] + other + code[place + 1 :])
    swap = data.draw(st.integers(0, 6))
    swapped = code[:swap] + code[swap + 1] + code[swap] + code[swap + 2 :]
    assert codes.miscopied(swapped) == (swapped != code)


@given(st.integers(0, 8_999_999))
def test_a_drawn_child_code_is_good_and_keeps_its_length_in_a_spreadsheet(drawn: int) -> None:
    code = codes.new_child_code(lambda _: drawn)
    assert len(code) == 8
    assert str(int(code)) == code
    assert codes.child_code_ok(code)


def test_draws_ask_for_the_whole_range() -> None:
    asked: list[int] = []

    def draw(n: int) -> int:
        asked.append(n)
        return n - 1

    assert codes.new_child_code(draw)[:7] == "9999999"
    assert codes.new_payer_code(draw) == "Z" * 10
    assert asked == [9_000_000] + [32] * 10  # 50 bits
    letters = Counter("".join(codes.new_payer_code(secrets.randbelow) for _ in range(400)))
    assert set(letters) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("007", "007"),
        (" 1234 56 ", "123456"),
        ("1234-5678", "12345678"),
        ("12.34\u00a056\u201378", "12345678"),
        ("１２３", "123"),
        ("", ""),
        ("12", ""),
        ("123456789", ""),
        ("12a4", ""),
        ("٣٤٥", ""),
        ("²³¹", "231"),
        ("0" * 500, ""),
    ],
)
def test_child_codes_as_people_type_them(typed: str, code: str) -> None:
    assert codes.normalise_child_code(typed) == code


def test_imported_child_codes_are_taken_as_they_are() -> None:
    assert [codes.child_code_ok(code) for code in ("007", "008", "123456", "123457", "12")] == [True] * 4 + [False]
    wrong = "12345670" if codes.damm("1234567") else "12345671"
    assert (codes.miscopied(wrong), codes.child_code_ok(wrong)) == (True, False)
    assert (codes.miscopied(wrong, legacy_of_8=True), codes.child_code_ok(wrong, legacy_of_8=True)) == (False, True)
    assert not codes.miscopied("")


@pytest.mark.parametrize(
    "typed", ["K7M2P-9QXDT", "k7m2p9qxdt", " K7M2P 9QXDT\n", "K7M2P\u20119QXDT", "K7M2P\u20139QXDT", "k7-m2-p9-qx-dt"]
)
def test_payer_codes_as_people_type_them(typed: str) -> None:
    assert codes.normalise_payer_code(typed) == "K7M2P9QXDT"


def test_letters_that_look_like_digits() -> None:
    assert codes.normalise_payer_code("oOiIlL-0011") == "0011110011"
    assert codes.payer_code_ok("0011110011")
    assert len(codes.normalise_payer_code("7" * 10**6)) == 64
    assert [codes.payer_code_ok(code) for code in ("", "123456", "K7M2P9QXDU", "K7M2P-9QXD")] == [False] * 4
    assert (codes.normalise_payer_code("0042 42"), codes.show_payer_code("004242")) == ("004242", "004242")


@given(st.lists(st.integers(0, 31), min_size=10, max_size=10))
def test_a_payer_code_survives_paper(draws: list[int]) -> None:
    left = iter(draws)
    code = codes.new_payer_code(lambda _: next(left))
    shown = codes.show_payer_code(code)
    assert (len(shown), shown[5]) == (11, "-")
    assert codes.normalise_payer_code(shown.lower()) == code
    assert codes.payer_code_ok(code)


@given(st.text(max_size=200))
def test_anything_typed_comes_out_clean_and_cleaning_twice_changes_nothing(text: str) -> None:
    child, payer = codes.normalise_child_code(text), codes.normalise_payer_code(text)
    assert child == "" or (3 <= len(child) <= 8 and child.isascii() and child.isdigit())
    if codes.payer_code_ok(payer):
        assert codes.normalise_payer_code(payer) == payer
    codes.child_code_ok(text)


# --- Throttle


def test_the_schedule_of_waits() -> None:
    minutes = [codes.wait_after(n) / MINUTE for n in range(14)]
    assert minutes == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert codes.wait_after(10**9) == HOUR


def fail_as_often_as_allowed(bucket: Bucket, now: datetime, until: datetime, *, weak: bool = False) -> list[datetime]:
    """An attacker who comes back the very second he may."""
    failures = []
    while now < until:
        decision = codes.decide(bucket, now, weak=weak)
        if decision.allowed:
            bucket = codes.counted(bucket, now)
            failures.append(now)
        elif decision.reason is Brake.DISABLED:
            break
        now += decision.wait
    return failures


def test_an_attacker_gets_five_then_waits_then_twenty_five_a_day_then_nothing() -> None:
    failures = fail_as_often_as_allowed(Bucket(), NOW, NOW + 30 * DAY)
    gaps = [(b - a) / MINUTE for a, b in pairwise(failures)]
    assert gaps[:12] == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert gaps[24] == 24 * 60
    assert len(failures) == 100  # disabled: in a row, whatever the days in between


def test_weak_codes_have_five_tries_a_day() -> None:
    failures = fail_as_often_as_allowed(Bucket(), NOW, NOW + 3 * DAY, weak=True)
    assert failures == [NOW] * 5 + [NOW + DAY] * 5 + [NOW + 2 * DAY] * 5
    spent = codes.decide(Bucket(5, 5, NOW), NOW + HOUR, weak=True)
    assert spent == Decision(allowed=False, wait=23 * HOUR, reason=Brake.DAY_SPENT)


@given(
    st.lists(st.tuples(st.integers(0, 100_000), st.booleans()), max_size=120),
    st.booleans(),
)
def test_no_24_hours_hold_more_than_the_day_s_failures(steps: list[tuple[int, bool]], weak: bool) -> None:
    """Also when the other parent's right code clears the waits in between."""
    bucket, now, failures = Bucket(), NOW, []
    for seconds, right in steps:
        now += timedelta(seconds=seconds // (1 if seconds % 3 else 40))
        if not codes.decide(bucket, now, weak=weak).allowed:
            continue
        before, bucket = bucket, codes.counted(bucket, now)
        if right:
            bucket = codes.refunded(bucket, before, now)
            assert (bucket.in_a_row, bucket.last) == (0, before.last)
        else:
            failures.append(now)
    limit = 5 if weak else 25
    assert all(sum(first <= at < first + DAY for at in failures) <= limit for first in failures)


def test_the_other_parent_cannot_use_his_own_code_to_guess_for_ever() -> None:
    bucket, now, guesses = Bucket(), NOW, 0
    for n in range(400):
        now += MINUTE
        if not codes.decide(bucket, now).allowed:
            continue
        before, bucket = bucket, codes.counted(bucket, now)
        if n % 4 == 3:
            bucket = codes.refunded(bucket, before, now)
        else:
            guesses += 1
    assert guesses == 25


def test_a_success_costs_nothing_and_ends_the_waits() -> None:
    before = Bucket(tries=7, in_a_row=7, last=NOW)
    at = NOW + 5 * MINUTE
    assert codes.decide(before, at) == ALLOWED
    after = codes.refunded(codes.counted(before, at), before, at)
    assert after == Bucket(tries=7, in_a_row=0, last=NOW)
    assert codes.decide(after, at) == ALLOWED
    # somebody else failed between the count and the refund: his failure stays
    meanwhile = codes.counted(codes.counted(before, at), at + MINUTE)
    assert codes.refunded(meanwhile, before, at) == Bucket(tries=8, in_a_row=0, last=at + MINUTE)


def test_a_disabled_code_stays_so_and_time_does_not_help() -> None:
    dead = Bucket(tries=1, in_a_row=100, last=NOW)
    assert codes.decide(dead, NOW + 1000 * DAY) == Decision(allowed=False, reason=Brake.DISABLED)
    assert codes.decide(replace(dead, in_a_row=99), NOW + DAY) == ALLOWED


def test_a_known_device_enters_whatever_happens_to_the_code() -> None:
    attacked = Counters(Bucket(25, 100, NOW), ip_codes=1000, town_failures=10_000)
    assert not codes.may_try(attacked, NOW).allowed
    assert codes.may_try(replace(attacked, device=Bucket()), NOW) == ALLOWED
    lost = replace(attacked, device=Bucket(5, 5, NOW), code=Bucket())  # a stolen telephone waits like anybody
    assert codes.may_try(lost, NOW) == Decision(allowed=False, wait=MINUTE, reason=Brake.WAIT)


def test_an_address_and_a_town_are_slowed_never_refused() -> None:
    seconds = [codes.ip_delay(n).total_seconds() for n in (0, 20, 21, 30, 50, 10_000)]
    assert seconds == [0, 0, 1, 10, 30, 30]
    assert [codes.town_alert(n) for n in (500, 501)] == [False, True]
    calm = Counters(Bucket())
    assert codes.may_try(calm, NOW) == ALLOWED
    assert codes.may_try(replace(calm, ip_codes=21), NOW) == Decision(True, timedelta(seconds=1), Brake.CHALLENGE)
    assert codes.may_try(replace(calm, town_failures=501), NOW) == Decision(True, codes.SLOW_MODE, Brake.SLOW)
    both = replace(calm, ip_codes=40, town_failures=501)
    assert codes.may_try(both, NOW) == Decision(True, timedelta(seconds=20), Brake.CHALLENGE)
    assert codes.may_try(replace(both, code=Bucket(5, 5, NOW)), NOW).reason is Brake.WAIT
    assert codes.may_try(replace(calm, code=Bucket(5, 5, NOW), weak=True), NOW).reason is Brake.DAY_SPENT
