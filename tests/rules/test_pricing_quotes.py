"""Unit prices and the days on which they hold: the tariffs that towns vote, by example."""

from datetime import date
from decimal import Decimal

import pytest

from portail.rules.pricing import (
    AbsenceRules,
    Basis,
    Bracket,
    Brackets,
    Effort,
    Increase,
    Price,
    QuotientSpan,
    Standing,
    Tariff,
    TariffError,
    half_up,
    quote,
    quotient_on,
    tariff_on,
)
from tests.rules.test_pricing import CANTEEN, EFFORT, GRID, MEAL, cents, percent, times

# ── unit prices ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_half_up():
    halves = [(0, 2, 0), (1, 2, 1), (3, 2, 2), (5, 2, 3), (249, 100, 2), (250, 100, 3), (251, 100, 3), (7, 1, 7)]
    assert [half_up(n, d) for n, d, _ in halves] == [whole for _, _, whole in halves]


@pytest.mark.parametrize(
    ("quotient", "number", "price"),
    [(0, 1, 100), (499, 1, 100), (500, 2, 220), (899, 2, 220), (900, 3, 380), (99_999, 3, 380), (None, 3, 380)],
)
def test_brackets(quotient, number, price):
    found = quote(Tariff(GRID), Standing(quotient))

    assert (found.bracket, found.price.cents, found.quotient) == (number, price, quotient)
    assert found.quotient_missing is (quotient is None)


def test_a_quotient_below_zero_is_in_the_first_bracket_and_pays_the_floor():
    assert quote(Tariff(GRID), Standing(-5)).bracket == 1
    assert quote(Tariff(EFFORT), Standing(-5)).price.cents == 100


@pytest.mark.parametrize(
    ("quotient", "price"),
    [
        (0, (0, 100)),  # the floor, all of it food
        (220, (0, 100)),  # 99.66 cents: rounded, then the floor
        (300, (0, 136)),  # 135.9
        (442, (0, 200)),  # 200.226
        (640, (90, 200)),  # 289.92
        (1103, (300, 200)),  # 499.659: rounded to the ceiling
        (1200, (300, 200)),
        (None, (300, 200)),
    ],
)
def test_effort_rate(quotient, price):
    found = quote(Tariff(EFFORT), Standing(quotient))

    assert (found.price.care_cents, found.price.food_cents) == price
    assert (found.bracket, found.quotient, found.quotient_missing) == (None, quotient, quotient is None)


def test_an_effort_rate_rounds_a_half_upwards_and_only_once():
    half = Effort(Decimal("0.00125"), 0, 1000)
    assert quote(Tariff(half), Standing(500)).price.cents == 63  # 62.5
    # 61.4999…: rounded first to fewer decimals, it would have become 61.5, then 62
    under = Effort(Decimal("0.0012299999"), 0, 1000)
    assert quote(Tariff(under), Standing(500)).price.cents == 61


def test_the_food_part_of_an_effort_rate_in_percent():
    assert quote(Tariff(Effort(Decimal("0.01"), 0, 1000, food_percent=Decimal(50))), Standing(5)).price == Price(2, 3)
    assert quote(Tariff(Effort(Decimal("0.01"), 0, 1000, food_percent=Decimal(0))), Standing(5)).price == Price(5, 0)
    assert quote(Tariff(Effort(Decimal("0.01"), 0, 1000, food_percent=Decimal(100))), Standing(5)).price == Price(0, 5)


@pytest.mark.parametrize(
    ("scale", "basis", "looks"), [(MEAL, "fixed", False), (GRID, "brackets", True), (EFFORT, "effort", True)]
)
def test_only_a_tariff_by_quotient_looks_at_the_quotient(scale, basis, looks):
    tariff = Tariff(scale)

    assert tariff.basis is Basis(basis)
    assert quote(tariff, Standing(450)).quotient == (450 if looks else None)
    assert quote(tariff, Standing(None)).quotient_missing is looks


def test_families_from_elsewhere():
    by_percent = Tariff(MEAL, outside=Increase(Decimal("12.5")))
    other_prices = Tariff(GRID, outside=Price(200, 300))
    elsewhere = Standing(450, resident=False)

    assert quote(CANTEEN, elsewhere) == quote(CANTEEN, Standing(450))  # nothing said: the same prices
    assert quote(by_percent, Standing()).price == MEAL
    assert quote(by_percent, elsewhere).price == Price(135, 259)  # 393.75 in all, 258.75 of food
    assert quote(other_prices, elsewhere).price == Price(200, 300)
    assert quote(other_prices, elsewhere).bracket is None
    assert [quote(by_percent, one).outside for one in (Standing(), elsewhere)] == [False, True]
    assert quote(CANTEEN, elsewhere).outside is False


def test_second_sets_of_any_kind():
    tariff = Tariff(MEAL, outside=GRID)

    assert quote(tariff, Standing(None, resident=False)).quotient_missing
    assert quote(tariff, Standing(600, resident=False)).price == Price(80, 140)


@pytest.mark.parametrize(("rank", "price", "off"), [(0, 350, 0), (1, 350, 0), (2, 315, 10), (3, 263, 25), (7, 263, 25)])
def test_rank_of_the_child(rank, price, off):
    tariff = Tariff(MEAL, rank_reductions=(Decimal(0), Decimal(10), Decimal(25)))
    found = quote(tariff, Standing(rank=rank))

    assert (found.price.cents, found.reduction, found.rank) == (price, off, max(rank, 1))  # 262.5 for the third
    assert quote(CANTEEN, Standing(rank=rank)).rank is None


def test_a_free_third_child():
    tariff = Tariff(MEAL, rank_reductions=(Decimal(0), Decimal(0), Decimal(100)))
    assert quote(tariff, Standing(rank=3)).price == Price(0, 0)


def test_residence_and_rank_are_rounded_together():
    tariff = Tariff(Price(0, 101), outside=Increase(Decimal(50)), rank_reductions=(Decimal(50),))
    # 101 × 1.5 × 0.5 = 75.75; one after the other: 151.5 → 152 → 76. Then 99 tells them apart: 74.25, not 149 / 2.
    assert quote(tariff, Standing(resident=False)).price == Price(0, 76)
    tariff = Tariff(Price(0, 99), outside=Increase(Decimal(50)), rank_reductions=(Decimal(50),))
    assert quote(tariff, Standing(resident=False)).price == Price(0, 74)


def test_a_percentage_may_lift_a_price_above_what_a_town_may_type():
    dear = Tariff(Price(1_000_000, 0), outside=Increase(Decimal(1000)))
    assert quote(dear, Standing(resident=False)).price.cents == 11_000_000


# ── dates ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tariff_in_force():
    old = Tariff(MEAL, valid_to=date(2026, 11, 15))
    new = Tariff(GRID, valid_from=date(2026, 11, 16), valid_to=date(2026, 11, 20))

    assert [tariff_on([old, new], date(2026, 11, day)) for day in (1, 15, 16, 20, 21)] == [old, old, new, new, None]
    assert tariff_on([new, old], date(2026, 11, 16)) is new
    assert tariff_on([], date(2026, 11, 16)) is None


def test_of_several_tariffs_the_one_that_began_last():
    usual, newer = Tariff(MEAL), Tariff(GRID, valid_from=date(2026, 11, 16))
    twin = Tariff(Price(1, 1), valid_from=date(2026, 11, 16))

    assert tariff_on([newer, usual], date(2026, 11, 15)) is usual
    assert tariff_on([newer, usual], date(2026, 11, 16)) is newer
    assert tariff_on([usual, newer], date(2026, 11, 16)) is newer
    assert tariff_on([newer, twin], date(2026, 11, 16)) is twin


def test_the_quotient_of_the_day():
    first = QuotientSpan(date(2026, 1, 1), date(2026, 6, 30), 600)
    second = QuotientSpan(date(2026, 7, 1), None, 700)
    mended = QuotientSpan(date(2026, 9, 1), None, 650)
    history = [second, first, mended]

    found = [quotient_on(history, date(2026, *day)) for day in ((1, 1), (6, 30), (7, 1), (8, 31), (9, 1), (12, 31))]
    assert found == [600, 600, 700, 700, 650, 650]
    assert quotient_on(history, date(2025, 12, 31)) is None
    assert quotient_on([], date(2026, 1, 1)) is None
    assert quotient_on([QuotientSpan(date(2026, 1, 1), date(2026, 1, 1), 0)], date(2026, 1, 1)) == 0
    assert quotient_on([second, QuotientSpan(date(2026, 7, 1), None, 1)], date(2026, 8, 1)) == 1


# ── what cannot be ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Price(-1, 0), "care, food : un prix n’est jamais négatif"),
        (lambda: Price(0, -1), "care, food : un prix n’est jamais négatif"),
        (lambda: Brackets(()), "il faut au moins une tranche de quotient"),
        (lambda: Brackets((Bracket(1, MEAL),)), "tranche 1 : le quotient de départ doit être 0"),
        (lambda: Effort(Decimal(0), 0, 1), "rate : le taux doit être plus grand que 0, et au plus 1"),
        (lambda: Effort(Decimal("1.1"), 0, 1), "rate : le taux doit être plus grand que 0, et au plus 1"),
        (lambda: Effort(Decimal(1), 2, 1), "ceiling : le plafond doit être au moins égal au plancher"),
        (lambda: Increase(Decimal(-1)), "percent : il faut un pourcentage, de 0 à 1000"),
        (lambda: Increase(Decimal(1001)), "percent : il faut un pourcentage, de 0 à 1000"),
        (lambda: cents("0.5"), "cents : il faut un nombre entier de centimes"),
        (lambda: cents(-1), "cents : il faut un nombre de centimes, de 0 à 1000000"),
        (lambda: percent(-1), "percent : il faut un pourcentage, de 0 à 1000"),
        (lambda: times("0.99"), "multiplier : il faut un nombre de 1 à 11"),
        (lambda: times(12), "multiplier : il faut un nombre de 1 à 11"),
        (lambda: cents(1, nth=0), "from : il faut un nombre de fois, à partir de 1"),
        (lambda: AbsenceRules(waiting_days=-1), "waiting_days : il faut un nombre de jours, de 0 à 31"),
        (lambda: Tariff(MEAL, name="a\nb"), "name : au plus 120 caractères, sur une seule ligne"),
        (lambda: Tariff(MEAL, name="a" * 121), "name : au plus 120 caractères, sur une seule ligne"),
    ],
)
def test_a_tariff_that_means_nothing_cannot_be_built(build, sentence):
    with pytest.raises(TariffError) as caught:
        build()
    assert str(caught.value) == sentence


def test_a_tariff_may_hold_one_day():
    day = date(2026, 11, 2)
    assert Tariff(MEAL, valid_from=day, valid_to=day).in_force(day)
