"""Tariffs as the town types them and as the database keeps them."""

import json
import tomllib
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.pricing import (
    AbsenceRules,
    Bracket,
    Brackets,
    Effort,
    Increase,
    Price,
    Shares,
    Standing,
    Surcharge,
    SurchargeKind,
    Tariff,
    TariffError,
    Unit,
    explain,
    from_json,
    owed_by,
    price_month,
    to_json,
)
from portail.rules.pricing import shape as shape_module
from tests.rules.test_pricing import CANTEEN, on, priced
from tests.rules.test_pricing_properties import months, standings, tariffs

TYPED = """
name = "Cantine 2026-2027"
unit = "presence"
valid_from = 2026-09-01
valid_to = 2027-08-31
rank_reductions = [0, 10, "12,5"]
brackets = [{ from = 0, care = 60, food = 140 }, { from = 700, care = 120, food = 230 }]
outside = { percent = 20 }
late = { cents = 200, from = 3 }
unbooked = { multiplier = "1.5" }
absences = { absent_billed = false, waiting_days = 1 }
"""
READ = Tariff(
    name="Cantine 2026-2027",
    valid_from=date(2026, 9, 1),
    valid_to=date(2027, 8, 31),
    rank_reductions=(Decimal(0), Decimal(10), Decimal("12.5")),
    scale=Brackets((Bracket(0, Price(60, 140)), Bracket(700, Price(120, 230)))),
    outside=Increase(Decimal(20)),
    late=Surcharge(SurchargeKind.CENTS, Decimal(200), 3),
    unbooked=Surcharge(SurchargeKind.MULTIPLIER, Decimal("1.5")),
    absences=AbsenceRules(absent_billed=False, waiting_days=1),
)
PRICE = {"care": 120, "food": 230}


def test_what_a_town_types_is_what_the_database_keeps():
    assert from_json(tomllib.loads(TYPED)) == READ
    assert to_json(READ) == {
        "name": "Cantine 2026-2027",
        "unit": "presence",
        "valid_from": "2026-09-01",
        "valid_to": "2027-08-31",
        "rank_reductions": ["0", "10", "12.5"],
        "brackets": [{"from": 0, "care": 60, "food": 140}, {"from": 700, "care": 120, "food": 230}],
        "outside": {"percent": "20"},
        "late": {"cents": 200, "from": 3},
        "unbooked": {"multiplier": "1.5", "from": 1},
        "absences": {
            "absent_billed": False, "justified_billed": False, "waiting_days": 1, "unrecorded_billed": True,
            "attendance_expected": True, "half_hours": 1,
        },
    }  # fmt: skip
    assert from_json(json.loads(json.dumps(to_json(READ)))) == READ


def test_the_example_of_the_documentation_is_read():
    example = "\n".join(line for line in (shape_module.__doc__ or "").splitlines() if line.startswith("    "))
    assert from_json(tomllib.loads(example)).name == READ.name


def test_the_shortest_tariffs():
    assert from_json({"price": PRICE}) == CANTEEN
    assert to_json(CANTEEN) == {"unit": "presence", "price": PRICE}
    effort = {"rate": "0,00453", "floor": 100, "ceiling": 500}
    assert from_json({"effort": effort, "unit": "half_hour"}) == Tariff(
        Effort(Decimal("0.00453"), 100, 500), Unit.HALF_HOUR
    )
    shared = {**effort, "food_percent": 60}
    assert from_json({"effort": shared}).scale == Effort(Decimal("0.00453"), 100, 500, food_percent=Decimal(60))
    assert from_json({"price": PRICE, "outside": {"effort": effort}}).outside == Effort(Decimal("0.00453"), 100, 500)
    assert from_json({"price": PRICE, "late": {"percent": 25}}).late == Surcharge(SurchargeKind.PERCENT, Decimal(25))
    all_absences = {"justified_billed": True, "unrecorded_billed": False, "attendance_expected": False, "half_hours": 4}
    assert from_json({"price": PRICE, "absences": all_absences}).absences == AbsenceRules(
        justified_billed=True, unrecorded_billed=False, attendance_expected=False, half_hours=4
    )


def brackets(*lowers):
    return {"brackets": [{"from": lower, **PRICE} for lower in lowers]}


def fixed(**more):
    return {"price": PRICE, **more}


def effort(**more):
    return {"effort": {"rate": "0.005", "floor": 1, "ceiling": 2, **more}}


CENTS = "il faut un nombre entier de centimes, de 0 à 1000000"
NUMBER = 'il faut un nombre entier, ou un nombre entre guillemets comme "12.5"'
DATE = "il faut une date, comme 2026-09-01"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ([], "il faut une table de valeurs"),
        ({}, "il faut une seule sorte de prix, parmi price, brackets, effort"),
        ({**fixed(), **brackets(0)}, "il faut une seule sorte de prix, parmi price, brackets, effort"),
        ({"price": 350}, "prix (price) : il faut une table de valeurs"),
        ({"price": {"care": 1}}, f"prix (price) : food : {CENTS}"),
        ({"price": {"care": -1, "food": 0}}, f"prix (price) : care : {CENTS}"),
        ({"price": {"care": 1_000_001, "food": 0}}, f"prix (price) : care : {CENTS}"),
        ({"price": {"care": 1.5, "food": 0}}, f"prix (price) : care : {CENTS}"),
        ({"price": {"care": True, "food": 0}}, f"prix (price) : care : {CENTS}"),
        (
            {"price": {**PRICE, "meal\n": 1}},
            "prix (price) : clé inconnue « meal? » ; les clés possibles sont care, food",
        ),
        (brackets(0, 500, 500), "tranche 3 : le quotient de départ doit être plus grand que le précédent"),
        (brackets(0, 500, 400), "tranche 3 : le quotient de départ doit être plus grand que le précédent"),
        (brackets(100), "tranche 1 : le quotient de départ doit être 0"),
        (brackets(0, "500"), "tranche 2 : from : il faut un nombre entier, de 0 à 1000000"),
        (brackets(0, 1_000_001), "tranche 2 : from : il faut un nombre entier, de 0 à 1000000"),
        (brackets(0, True), "tranche 2 : from : il faut un nombre entier, de 0 à 1000000"),
        (brackets(0, -1), "tranche 2 : from : il faut un nombre entier, de 0 à 1000000"),
        ({"brackets": [{"from": 0}]}, f"tranche 1 : care : {CENTS}"),
        ({"brackets": [7]}, "tranche 1 : il faut une table de valeurs"),
        (brackets(), "tranches (brackets) : il faut une liste, de 1 à 100 éléments"),
        (brackets(*range(101)), "tranches (brackets) : il faut une liste, de 1 à 100 éléments"),
        ({"brackets": {"from": 0}}, "tranches (brackets) : il faut une liste, de 1 à 100 éléments"),
        (effort(rate=0.00453), f"taux d’effort (effort) : rate : {NUMBER}"),
        (effort(rate="1e-3"), f"taux d’effort (effort) : rate : {NUMBER}"),
        (effort(rate="٣"), f"taux d’effort (effort) : rate : {NUMBER}"),
        (effort(rate=True), f"taux d’effort (effort) : rate : {NUMBER}"),
        (effort(rate=-1), f"taux d’effort (effort) : rate : {NUMBER}"),
        (effort(rate=10**9), f"taux d’effort (effort) : rate : {NUMBER}"),
        (effort(rate="0"), "taux d’effort (effort) : rate : le taux doit être plus grand que 0, et au plus 1"),
        (effort(floor=3), "taux d’effort (effort) : ceiling : le plafond doit être au moins égal au plancher"),
        (
            effort(food=1, food_percent=1),
            (
                "taux d’effort (effort) : "
                "la part repas se dit en centimes (food) ou en pourcentage (food_percent), pas les deux"
            ),
        ),
        (effort(food_percent=101), "taux d’effort (effort) : food_percent : il faut un pourcentage, de 0 à 100"),
        (fixed(unit="hour"), "unit : il faut un mot parmi presence, half_hour, month"),
        (fixed(unit=[]), "unit : il faut un mot parmi presence, half_hour, month"),
        (fixed(name=7), "name : il faut un texte"),
        (fixed(name="\ud800"), "name : au plus 120 caractères, sur une seule ligne"),
        (fixed(valid_from="1er septembre"), f"valid_from : {DATE}"),
        (fixed(valid_from="2026-02-30"), f"valid_from : {DATE}"),
        (fixed(valid_from="20260901"), f"valid_from : {DATE}"),
        (fixed(valid_to=datetime(2026, 9, 1)), f"valid_to : {DATE}"),
        (fixed(valid_to=7), f"valid_to : {DATE}"),
        (
            fixed(valid_from="2026-09-02", valid_to="2026-09-01"),
            "valid_to : la fin vient avant le début (valid_from)",
        ),
        (fixed(outside={}), "hors commune (outside) : il faut une seule sorte de prix, parmi price, brackets, effort"),
        (
            fixed(outside={"percent": 20, "price": PRICE}),
            "hors commune (outside) : il faut un pourcentage ou d’autres prix, pas les deux",
        ),
        (fixed(outside={"percent": 1001}), "hors commune (outside) : percent : il faut un pourcentage, de 0 à 1000"),
        (
            fixed(outside=brackets(0, 0)),
            "hors commune (outside) : tranche 2 : le quotient de départ doit être plus grand que le précédent",
        ),
        (fixed(rank_reductions=10), "réductions par enfant (rank_reductions) : il faut une liste, de 1 à 100 éléments"),
        (fixed(rank_reductions=["x"]), f"réductions par enfant (rank_reductions) : enfant 1 : {NUMBER}"),
        (fixed(rank_reductions=[0, 101]), "rank_reductions : enfant 2 : il faut un pourcentage, de 0 à 100"),
        (fixed(late={"from": 2}), "majoration (late) : il faut une seule majoration, parmi cents, percent, multiplier"),
        (
            fixed(late={"cents": 1, "percent": 1}),
            "majoration (late) : il faut une seule majoration, parmi cents, percent, multiplier",
        ),
        (fixed(late={"cents": "200"}), f"majoration (late) : cents : {CENTS}"),
        (fixed(unbooked={"multiplier": "0.5"}), "majoration (unbooked) : multiplier : il faut un nombre de 1 à 11"),
        (
            fixed(unbooked={"cents": 1, "from": 0}),
            "majoration (unbooked) : from : il faut un nombre de fois, à partir de 1",
        ),
        (fixed(late={"cents": 1, "from": 32}), "majoration (late) : from : il faut un nombre entier, de 0 à 31"),
        (
            fixed(unit="month", late={"percent": 1}),
            "late : à un prix par mois, la majoration se dit en centimes (cents)",
        ),
        (
            fixed(unit="month", unbooked={"multiplier": 2}),
            "unbooked : à un prix par mois, la majoration se dit en centimes (cents)",
        ),
        (fixed(absences=True), "absences : il faut une table de valeurs"),
        (fixed(absences={"absent_billed": 1}), "absences : absent_billed : il faut oui ou non (true ou false)"),
        (fixed(absences={"waiting_days": 32}), "absences : waiting_days : il faut un nombre entier, de 0 à 31"),
        (fixed(absences={"half_hours": 0}), "absences : half_hours : il faut un nombre de demi-heures, de 1 à 48"),
        (
            fixed(absences={"waiting_days": 1, "justified_billed": True}),
            "absences : waiting_days : sans objet, puisque toute absence justifiée est facturée",
        ),
    ],
)
def test_each_fault_has_its_sentence_and_its_place(typed, sentence):
    with pytest.raises(TariffError) as caught:
        from_json(typed)
    assert str(caught.value) == sentence


def test_an_unknown_key_is_told_with_those_that_exist():
    with pytest.raises(TariffError, match=r"^clé inconnue « prix » ; les clés possibles sont unit, name, .*effort$"):
        from_json({"prix": 350})
    with pytest.raises(TariffError, match=f"« {'x' * 40} »"):
        from_json({"x" * 5000: 1})


@given(tariffs(), st.dates(), st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=120))
def test_a_tariff_survives_the_database(tariff, first, name):
    named = Tariff(**{**{key: getattr(tariff, key) for key in tariff.__slots__}, "name": name, "valid_from": first})

    assert from_json(json.loads(json.dumps(to_json(named)))) == named
    assert to_json(from_json(to_json(named))) == to_json(named)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.dates() | st.datetimes()
KEYS = [
    "price", "brackets", "effort", "care", "food", "from", "rate", "floor", "ceiling", "food_percent", "unit", "name",
    "valid_from", "valid_to", "outside", "rank_reductions", "late", "unbooked", "absences", "cents", "percent",
    "multiplier", "waiting_days", "half_hours", "absent_billed",
]  # fmt: skip
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


OTHER_SENTENCES = (
    "clé inconnue", "doit être", "doivent", "un pourcentage ou d’autres prix", "au plus 120", "la fin vient avant",
    "se dit en centimes", "sans objet",
)  # fmt: skip


def read_or_sentence(typed):
    try:
        return from_json(typed)
    except TariffError as error:
        return str(error)


@given(junk, tariffs(), st.data())
def test_nothing_typed_breaks_the_reader(value, tariff, data):
    """A whole table of junk, or a good table with one value replaced: a tariff, or a French sentence."""
    table = to_json(tariff)
    key = data.draw(st.sampled_from(sorted({*table, *KEYS})))
    inside = table.get(key)
    if isinstance(inside, dict) and inside:
        inside[data.draw(st.sampled_from(sorted(inside)))] = value
    else:
        table[key] = value
    for typed in (value, table):
        read = read_or_sentence(typed)
        if isinstance(read, Tariff):
            assert from_json(to_json(read)) == read
        else:
            assert read.isprintable()
            assert " il faut " in f" {read}" or any(words in read for words in OTHER_SENTENCES)


def test_what_stands_behind_a_line():
    result = priced(READ, on(2, late=True), on(3, late=True), on(4, late=True), standing=Standing(800, False, 2))
    half = Shares(((1, Decimal(50)), (2, Decimal(50))))
    late = owed_by(result.lines, half)[1][1]

    assert explain(late) == {
        "unit": "presence",
        "unit_cents": 378,
        "unit_care_cents": 130,
        "unit_food_cents": 248,
        "quantity": 1,
        "share": "1/2",
        "why": ["present", "late"],
        "tariff": "Cantine 2026-2027",
        "basis": "brackets",
        "valid_from": "2026-09-01",
        "quotient": 800,
        "quotient_missing": False,
        "bracket": 2,
        "outside": True,
        "rank": 2,
        "reduction": "10",
        "days": [
            {
                "day": "2026-11-04",
                "quantity": 1,
                "why": ["present", "late"],
                "surcharge": {"cents": 200, "from": 3},
            }
        ],
    }


@given(months, tariffs(), standings)
def test_what_stands_behind_any_line_is_plain_json(month, tariff, standing):
    for line in price_month(month, [tariff], lambda _: standing).lines:
        told = explain(line)
        assert json.loads(json.dumps(told)) == told
        assert [day["day"] for day in told["days"]] == [day.day.isoformat() for day in line.days]
