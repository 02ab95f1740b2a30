"""Who pays alike: standings of one likeness have one quote, the quotient aside, for any tariff."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portail.rules.pricing import Bracket, Brackets, Effort, Increase, Price, Standing, Tariff, likeness, quote
from tests.rules.test_pricing_properties import standings, tariffs

BRACKETS = Brackets((Bracket(0, Price(60, 140)), Bracket(700, Price(120, 230))))


def alike(tariff: Tariff, one: Standing, other: Standing) -> bool:
    return likeness(tariff, one) == likeness(tariff, other)


def test_two_quotients_of_a_bracket_pay_alike():
    assert alike(Tariff(BRACKETS), Standing(0), Standing(699))
    assert not alike(Tariff(BRACKETS), Standing(699), Standing(700))


def test_an_unknown_quotient_is_told_from_the_top_bracket_although_it_pays_as_much():
    assert quote(Tariff(BRACKETS), Standing(None)).price == quote(Tariff(BRACKETS), Standing(2000)).price
    assert not alike(Tariff(BRACKETS), Standing(None), Standing(2000))


def test_what_the_tariff_does_not_look_at_makes_no_difference():
    assert alike(Tariff(Price(100, 50)), Standing(None, resident=True, rank=1), Standing(10, resident=False, rank=3))


def test_what_it_looks_at_does():
    outside, ranks = Tariff(BRACKETS, outside=Increase(Decimal(20))), Tariff(BRACKETS, rank_reductions=(Decimal(5),))
    assert not alike(outside, Standing(0), Standing(0, resident=False))
    assert not alike(ranks, Standing(0, rank=1), Standing(0, rank=2))


def test_by_effort_those_who_pay_the_floor_pay_alike():
    effort = Tariff(Effort(Decimal("0.005"), 100, 500))
    assert alike(effort, Standing(0), Standing(200))
    assert not alike(effort, Standing(200), Standing(203))


@given(tariff=tariffs(), one=standings, other=standings)
def test_one_likeness_is_one_quote(tariff, one, other):
    quotes = [replace(quote(tariff, standing), quotient=None) for standing in (one, other)]
    if alike(tariff, one, other):
        assert quotes[0] == quotes[1]
    else:
        assert one != other


@given(tariff=tariffs(), standing=standings, quotient=st.integers(0, 3000))
def test_nearby_quotients_too(tariff, standing, quotient):
    """Drawn close together, so that many are alike; the control is that the quotient is shown by the quote."""
    one, other = replace(standing, quotient=quotient), replace(standing, quotient=quotient + 1)
    same = alike(tariff, one, other)
    assert not same or replace(quote(tariff, one), quotient=None) == replace(quote(tariff, other), quotient=None)
