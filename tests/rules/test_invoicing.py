"""Numbers and references as the documents print them, wrong patterns, what may be paid, shares of a payment."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portail.rules.invoicing import (
    LAST_LOT,
    LAST_SEQUENCE,
    NUMBER_PATTERN,
    REFERENCE_PATTERN,
    REFERENCE_SENT,
    Debt,
    InvoiceStatus,
    NotPayable,
    PatternError,
    Place,
    check_patterns,
    day_of_next_month,
    number_of,
    pro_rata,
    refusal_to_pay,
    sent,
)

PLACES = st.builds(
    Place,
    exercise=st.integers(2000, 2099),
    lot=st.integers(1, LAST_LOT),
    sequence=st.integers(1, LAST_SEQUENCE),
    recette=st.just("T5"),
    period=st.integers(0, 12),
)

# --- Numbers --------------------------------------------------------------------------------------------------------

ONE_BY_ONE = "{exer}-{recette}-{periode:02}-{num}"  # of document 004: no lot in it
PRINTED = [
    (Place(2013, 26, 335, "T5"), REFERENCE_PATTERN, "2013-026-000335", "2013-T5-00-26000335"),
    (Place(2013, 19, 345, "T5"), REFERENCE_PATTERN, "2013-019-000345", "2013-T5-00-19000345"),
    (Place(2012, 3, 314, "T5"), REFERENCE_PATTERN, "2012-003-000314", "2012-T5-00-3000314"),
    (Place(2012, 1, 56, "04"), ONE_BY_ONE, "2012-001-000056", "2012-04-00-56"),
    (Place(2018, 10, 1, "T5", 7), REFERENCE_PATTERN, "2018-010-000001", "2018-T5-07-10000001"),
]


@pytest.mark.parametrize(("place", "pattern", "number", "reference"), PRINTED, ids=[row[2] for row in PRINTED])
def test_the_numbers_of_the_documents(place, pattern, number, reference):
    assert (number_of(NUMBER_PATTERN, place), number_of(pattern, place)) == (number, reference)
    assert REFERENCE_SENT.fullmatch(sent(reference))
    assert "-" not in sent(reference)


def test_our_own_patterns_are_good():
    check_patterns(NUMBER_PATTERN, REFERENCE_PATTERN, "T5")
    check_patterns("{exer}/{lotnum:09}", "{exer}{lot:03}{num:06}", "")
    check_patterns("F{exer}-{lot}-{num}", "{exer}{recette}{lotnum}", "A1B2")
    check_patterns("{num}{exer}-{lot:03}", "{exer}{lot}{recette}{num}", "T5")


@pytest.mark.parametrize("pattern", [NUMBER_PATTERN, REFERENCE_PATTERN])
@given(one=PLACES, other=PLACES)
def test_two_places_never_have_the_same_number(pattern, one, other):
    assume((one.exercise, one.lot, one.sequence) != (other.exercise, other.lot, other.sequence))
    assert sent(number_of(pattern, one)) != sent(number_of(pattern, other))


HOSTILE = [
    "{exer.__class__}-{lot:03}-{num:06}",
    "{exer}-{lot.__init__.__globals__}-{num}",
    "{exer}-{lot:03}-{num:999999999}",
    "{exer}-{lot:03}-{num:0999999999d}",
    "{exer}-{lot:03}-{num:{lot}}",
    "{exer}-{lot!r}-{num!a:>9}",
    "{exer[0]}-{lot}-{num}",
    "{0}-{1}-{2}",
    "{}-{}-{}",
    "{exer",
    "exer}",
    "",
    "{exer}",
    "{lot:03}-{num:06}",
    "{exer}-{num:06}",
    "{exer}-{lot:03}",
    "{exer}-{lot:03}-{num:06}-{secret}",
    "{exer}-{lot:03}-{num:06}-" + "x" * 40,
]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_hostile_or_incomplete_pattern_is_refused_in_french(pattern):
    with pytest.raises(PatternError, match=r"modèle|numéro"):
        check_patterns(pattern, REFERENCE_PATTERN, "T5")
    with pytest.raises(PatternError, match=r"modèle|référence|numéro"):
        check_patterns(NUMBER_PATTERN, pattern, "T5")


COLLIDING = [
    "{exer}-{lot}{num}",  # 1 12, 11 2
    "{exer}-{num}{lot}",  # 1 21, 11 2 the other way round
    "{exer}-{lot:02}{num:02}",  # 11 112, 111 12
    "{exer}-{lot}0{num}",  # a figure separates nothing
    "{num}{exer}{lot:02}-",
    "{exer}-{periode}{lotnum}",  # 1 12000001, 11 2000001
]


@pytest.mark.parametrize("pattern", COLLIDING)
def test_figures_that_run_into_each_other_are_refused(pattern):
    for number, reference in ((pattern, REFERENCE_PATTERN), (NUMBER_PATTERN, pattern)):
        with pytest.raises(PatternError, match="deux factures"):
            check_patterns(number, reference, "T5")


def test_a_hyphen_separates_a_number_but_no_reference_since_payfip_never_sees_it():
    check_patterns("{exer}-{lot}-{num}", REFERENCE_PATTERN, "T5")
    with pytest.raises(PatternError, match="deux factures"):
        check_patterns(NUMBER_PATTERN, "{exer}-{recette}-{lot}-{num}", "T5")


@pytest.mark.parametrize(
    "reference", ["{exer}-{recette}é-{lotnum}", "{exer} {lotnum}", "{exer}" + "9" * 20 + "{lotnum}"]
)
def test_a_reference_that_payfip_refuses_is_refused_before(reference):
    with pytest.raises(PatternError, match="PayFiP"):
        check_patterns(NUMBER_PATTERN, reference, "T5")


PIECES = st.sampled_from(
    ["{exer}", "{recette}", "{periode}", "{periode:02}", "{lot}", "{lot:03}", "{num}", "{num:06}", "{num:02}",
     "{lotnum}", "{lotnum:09}", "-", "T", "0", "/"]
)  # fmt: skip
NUMBERS = st.sampled_from([1, 2, 11, 12, 21, 111, 112, 121, 211, 999])


@settings(max_examples=1000)
@given(
    st.lists(PIECES, min_size=2, max_size=7).map("".join),
    st.tuples(*[NUMBERS] * 4),
    st.tuples(*[st.integers(0, 12)] * 2),
)
def test_a_pattern_that_is_accepted_never_gives_the_same_number_twice(pattern, numbers, periods):
    one, other = (Place(2013, numbers[n], numbers[n + 2], "05", periods[n]) for n in (0, 1))
    assume((one.lot, one.sequence) != (other.lot, other.sequence))
    for number, reference, seen in ((pattern, REFERENCE_PATTERN, str), (NUMBER_PATTERN, pattern, sent)):
        try:
            check_patterns(number, reference, "05")
        except PatternError:
            continue
        assert seen(number_of(pattern, one)) != seen(number_of(pattern, other))


@given(st.text(max_size=40) | st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join))
def test_any_text_is_a_pattern_or_a_french_refusal(pattern):
    said = "."
    try:
        check_patterns(pattern, pattern, "T5")
    except PatternError as refused:
        said = str(refused)
    else:
        assert REFERENCE_SENT.fullmatch(sent(number_of(pattern, Place(2013, 1, 1, "T5"))))
    assert said.endswith(".")


# --- What may be paid -----------------------------------------------------------------------------------------------

TODAY = date(2026, 12, 10)
GOOD = Debt(InvoiceStatus.ISSUED, 777, TODAY, remitted=False, online=True)
BAD: list[tuple[dict[str, Any], NotPayable]] = [
    ({"status": InvoiceStatus.DRAFT}, NotPayable.NOT_ISSUED),
    ({"status": InvoiceStatus.CARRIED}, NotPayable.NOT_ISSUED),
    ({"status": InvoiceStatus.CANCELLED}, NotPayable.CANCELLED),
    ({"status": InvoiceStatus.TRANSFERRED}, NotPayable.TRANSFERRED),
    ({"left_cents": 0}, NotPayable.PAID),
    ({"left_cents": -1}, NotPayable.PAID),
    ({"remitted": True}, NotPayable.REMITTED),
    ({"online": False}, NotPayable.NO_PROVIDER),
    ({"payable_until": TODAY - timedelta(1)}, NotPayable.DEADLINE),
    ({"left_cents": 99}, NotPayable.TOO_SMALL),
    ({"left_cents": 10_000_000}, NotPayable.TOO_LARGE),
]


def test_a_good_debt_may_be_paid_until_the_last_day_included_and_within_the_limits():
    for debt in (GOOD, replace(GOOD, payable_until=None), replace(GOOD, left_cents=100)):
        assert refusal_to_pay(debt, TODAY) is None
    assert refusal_to_pay(replace(GOOD, left_cents=9_999_999), TODAY) is None
    assert refusal_to_pay(replace(GOOD, left_cents=1_000_000), TODAY, (100, 999_999)) is NotPayable.TOO_LARGE


@pytest.mark.parametrize(("changed", "reason"), BAD, ids=str)
def test_one_reason_is_enough(changed, reason):
    assert refusal_to_pay(replace(GOOD, **changed), TODAY) is reason


@given(st.lists(st.sampled_from(BAD), min_size=2, max_size=5))
def test_of_several_reasons_the_first_of_the_list_is_said(chosen):
    changed = {name: value for values, _ in chosen for name, value in values.items()}
    debt = replace(GOOD, **changed)
    possible = [reason for values, reason in BAD if all(getattr(debt, name) == value for name, value in values.items())]
    assert refusal_to_pay(debt, TODAY) is possible[0]


@pytest.mark.parametrize(
    ("issued", "day", "found"),
    [
        (date(2026, 11, 30), 10, date(2026, 12, 10)),
        (date(2026, 12, 1), 10, date(2027, 1, 10)),
        (date(2027, 1, 31), 31, date(2027, 2, 28)),
        (date(2028, 1, 5), 30, date(2028, 2, 29)),
    ],
)
def test_the_deadline_of_the_next_month(issued, day, found):
    assert day_of_next_month(issued, day) == found


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 31))
def test_the_deadline_is_in_the_month_after(issued, day):
    found = day_of_next_month(issued, day)
    assert (found.year * 12 + found.month) - (issued.year * 12 + issued.month) == 1
    assert found.day == day or (found + timedelta(1)).day == 1


# --- Shares of a payment --------------------------------------------------------------------------------------------


def test_a_partial_payment_falls_on_the_lines_in_proportion():
    assert pro_rata([300, 100], 200) == [150, 50]
    assert pro_rata([1, 1, 1], 2) == [1, 1, 0]
    assert pro_rata([0, 500], 1) == [0, 1]
    assert pro_rata([], 100) == []
    assert pro_rata([0, 0], 0) == [0, 0]


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=12), st.data())
def test_shares_sum_to_the_payment_and_none_exceeds_its_part(parts, data):
    cents = data.draw(st.integers(0, sum(parts)))
    shares = pro_rata(parts, cents)
    assert sum(shares) == cents
    assert all(0 <= share <= part for share, part in zip(shares, parts, strict=True))
    for share, part in zip(shares, parts, strict=True):
        assert abs(share - part * cents / max(1, sum(parts))) < 1
    assert pro_rata(parts, sum(parts)) == parts
