"""Who owes what: days and shares, to the cent."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.pricing import (
    AlternateWeeks,
    Increase,
    OnePayer,
    Owing,
    Price,
    Shares,
    Standing,
    Tariff,
    TariffError,
    Unit,
    owed_by,
    price_month,
    split_cents,
)
from portail.rules.weeks import in_alternate_weeks
from tests.rules.test_pricing import CANTEEN, MEAL, MONTHLY, cents, on, percent, priced
from tests.rules.test_pricing_properties import months, standings, tariffs

MOTHER, FATHER, TOWN = 11, 22, 33
HALVES = Shares(((MOTHER, Decimal(50)), (FATHER, Decimal(50))))
THIRDS = Shares(((MOTHER, Decimal("33.34")), (FATHER, Decimal("33.33")), (TOWN, Decimal("33.33"))))
# 2 November 2026 is a Monday: the weeks of the 2nd and the 16th are the mother's.
WEEKS = AlternateWeeks(date(2026, 11, 4), MOTHER, FATHER)


def owed(result, rule):
    """Each payer's lines as (days, quantity, (care, food, extra))."""
    return {
        payer: [
            ([d.day.day for d in one.days], one.quantity, (one.care_cents, one.food_cents, one.extra_cents))
            for one in lines
        ]
        for payer, lines in owed_by(result.lines, rule).items()
    }


def test_one_payer_owes_everything():
    result = priced(CANTEEN, on(2), on(9))
    assert owed_by(result.lines, OnePayer(MOTHER)) == {MOTHER: result.lines}
    assert owed_by([], OnePayer(MOTHER)) == {}


def test_a_payer_named_for_an_activity():
    owing = Owing(HALVES, {"cantine": OnePayer(FATHER)})
    assert (owing.of("cantine"), owing.of("garderie"), Owing(WEEKS).of("cantine")) == (OnePayer(FATHER), HALVES, WEEKS)


def test_one_week_in_two():
    result = priced(CANTEEN, *[on(day) for day in (1, 2, 6, 8, 9, 13, 16)])

    assert owed(result, WEEKS) == {
        MOTHER: [([2, 6, 8, 16], 4, (480, 920, 0))],
        FATHER: [([1, 9, 13], 3, (360, 690, 0))],
    }
    assert owed(priced(CANTEEN, on(9)), WEEKS) == {FATHER: [([9], 1, (120, 230, 0))]}
    assert owed(result, AlternateWeeks(date(2026, 11, 4), MOTHER, MOTHER))[MOTHER][0][1] == 7


def test_a_surcharge_follows_its_days_and_its_odd_cent_goes_to_the_first():
    late = Tariff(Price(1, 0), late=percent(50))
    result = priced(late, on(2, late=True), on(9, late=True), on(10, late=True))  # 1.5 cents in all, hence 2
    assert owed(result, WEEKS) == {MOTHER: [([2], 1, (1, 0, 1))], FATHER: [([9, 10], 2, (2, 0, 1))]}
    fixed = priced(Tariff(MEAL, late=cents(100)), on(2, late=True), on(9, late=True), on(10, late=True))
    assert [line[0][2][2] for line in owed(fixed, WEEKS).values()] == [100, 200]


def test_a_month_is_shared_by_days_and_its_surcharges_stay_with_theirs():
    tariff = Tariff(Price(2500, 501), Unit.MONTH, late=cents(150))
    result = priced(tariff, on(2), on(9, late=True), on(10, late=True))
    parts = owed_by(result.lines, WEEKS)

    assert owed(result, WEEKS) == {MOTHER: [([2], 1, (834, 167, 0))], FATHER: [([9, 10], 1, (1666, 334, 300))]}
    assert {payer: lines[0].share for payer, lines in parts.items()} == {MOTHER: Fraction(1, 3), FATHER: Fraction(2, 3)}


def test_the_surcharge_of_one_parent_moves_no_cent_of_the_other():
    result = priced(Tariff(Price(101, 101), Unit.MONTH, late=cents(101)), on(2), on(9, late=True))
    assert owed(result, WEEKS) == {MOTHER: [([2], 1, (51, 50, 0))], FATHER: [([9], 1, (50, 51, 101))]}


def test_a_share_may_be_shared_again():
    (mothers,) = owed_by(priced(CANTEEN, on(2)).lines, HALVES)[MOTHER]
    (part,) = owed_by([mothers], Shares(((MOTHER, Decimal(25)), (TOWN, Decimal(75)))))[TOWN]
    assert (part.share, part.amount_cents) == (Fraction(3, 8), 131)


def test_shares_and_their_odd_cents():
    result = priced(Tariff(Price(1, 1)), on(2))
    assert owed(result, HALVES) == {MOTHER: [([2], 1, (1, 0, 0))], FATHER: [([2], 1, (0, 1, 0))]}
    amounts = [lines[0].amount_cents for lines in owed_by(priced(CANTEEN, on(2)).lines, THIRDS).values()]
    assert amounts == [118, 116, 116]
    parts = owed_by(priced(MONTHLY, on(2)).lines, HALVES)
    assert [lines[0].share for lines in parts.values()] == [Fraction(1, 2)] * 2


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [35, 33, 33]),
        (101, [0, 1, 1], [0, 51, 50]),
        (1, [1, 999], [1, 0]),
        (0, [0, 0], [0, 0]),
        (7, [Fraction(1, 3), Fraction(2, 3)], [3, 4]),
    ],
)
def test_odd_cents_go_to_the_first_concerned(total, weights, shares):
    assert split_cents(total, weights) == shares


def test_an_amount_that_nobody_owes():
    for weights in ([], [0, 0]):
        with pytest.raises(ValueError, match="nobody"):
            split_cents(1, weights)


@pytest.mark.parametrize(
    ("percents", "sentence"),
    [
        (((1, Decimal(100)), (2, Decimal(0))), "chaque part doit être plus grande que 0"),
        (((1, Decimal(101)), (2, Decimal(-1))), "chaque part doit être plus grande que 0"),
        (((1, Decimal(50)), (2, Decimal(49))), "les parts doivent faire 100 en tout"),
        (((1, Decimal("33.3")),) , "les parts doivent faire 100 en tout"),
        ((), "les parts doivent faire 100 en tout"),
        (((1, Decimal(50)), (1, Decimal(50))), "un payeur ne peut avoir qu’une part"),
    ],
)  # fmt: skip
def test_shares_that_do_not_add_up(percents, sentence):
    with pytest.raises(TariffError, match=sentence):
        Shares(percents)


@st.composite
def shares(draw):
    cuts = sorted(draw(st.sets(st.integers(1, 9999), max_size=3)))
    steps = [after - before for before, after in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    return Shares(tuple((payer, Decimal(step) / 100) for payer, step in enumerate(steps)))


anchors = st.dates(date(2026, 10, 1), date(2026, 12, 31))
rules = shares() | st.builds(AlternateWeeks, anchors, st.just(MOTHER), st.just(FATHER))


@given(months, tariffs(), standings, rules)
def test_no_cent_is_lost_or_made(month, tariff, standing, rule):
    for line in price_month(month, [tariff], lambda _: standing).lines:
        parts = [part for lines in owed_by([line], rule).values() for part in lines]

        for part_of in ("amount_cents", "care_cents", "food_cents", "extra_cents"):
            assert sum(getattr(part, part_of) for part in parts) == getattr(line, part_of)
            assert all(getattr(part, part_of) >= 0 for part in parts)
        if line.tariff.unit is not Unit.MONTH and isinstance(rule, AlternateWeeks):
            assert sorted(day.day for part in parts for day in part.days) == [day.day for day in line.days]
            assert sum(part.quantity for part in parts) == line.quantity


@given(months, tariffs(), standings, shares())
def test_shares_are_fair_to_the_cent(month, tariff, standing, rule):
    for line in price_month(month, [tariff], lambda _: standing).lines:
        owed = owed_by([line], rule)
        exact = {payer: line.amount_cents * Fraction(part) / 100 for payer, part in rule.percents}
        amounts = {payer: lines[0].amount_cents for payer, lines in owed.items()}

        assert list(owed) == [payer for payer, _ in rule.percents]
        assert all(amounts[payer] == int(exact[payer]) for payer in list(amounts)[1:])
        for payer, (part,) in owed.items():  # each kind of cents follows too, a few odd cents aside
            assert part.share == Fraction(dict(rule.percents)[payer]) / 100
            assert abs(part.care_cents - line.care_cents * part.share) < 2 * len(owed)
            assert abs(part.food_cents - line.food_cents * part.share) < 2 * len(owed)


@given(months, tariffs(), standings, st.builds(AlternateWeeks, anchors, st.just(MOTHER), st.just(FATHER)))
def test_every_day_is_owed_by_the_parent_of_its_week(month, tariff, standing, rule):
    lines = price_month(month, [tariff], lambda _: standing).lines
    for payer, parts in owed_by(lines, rule).items():
        for day in (day.day for part in parts for day in part.days):
            assert payer == (MOTHER if in_alternate_weeks(rule.anchor, day) else FATHER)


def test_the_split_of_a_dear_line_keeps_every_part():
    tariff = Tariff(Price(999_999, 1), outside=Increase(Decimal("12.34")), late=percent("33.33"))
    result = priced(tariff, on(2, late=True), standing=Standing(resident=False))
    parts = [lines[0] for lines in owed_by(result.lines, THIRDS).values()]
    assert sum(part.amount_cents for part in parts) == result.amount_cents
