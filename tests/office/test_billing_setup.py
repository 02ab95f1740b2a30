"""Régies and tariffs from the office: typed in French, tried before they are kept, refused with a clear sentence."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.billing.models import BilledActivity, Regie, Tariff
from portail.billing.queries.setup import Household, above_cost, answer
from portail.gateways.payfip import PayfipError
from portail.gateways.payfip.errors import Kind
from portail.office.billing import regies
from portail.office.billing.tariff_forms import TariffForm
from portail.office.billing.tariff_words import tariff_words
from portail.rules import pricing
from portail.rules.pricing import Bracket, Brackets, Effort, Increase, Price, Surcharge, SurchargeKind
from portail.rules.pricing import Tariff as Rule
from tests.billing import build
from tests.world import World

REGIES, TARIFFS = "/mairie/facturation/regies/", "/mairie/facturation/tarifs/"
REGIE = {
    "code": "peri", "name": "Régie périscolaire", "circuit": "regie", "provider": "payfip_ws", "numcli": "000123",
    "mode": "T", "recette": "T5", "number_pattern": "{exer}-{lot:03}-{num:06}", "active": "on",
    "reference_pattern": "{exer}-{recette}-{periode:02}-{lotnum}", "minimum_cents": "1,00", "payable_day": "20",
    "means": ["cash", "cheque"], "cash_ceiling_cents": "1 500", "float_cents": "50,00",
}  # fmt: skip
TARIFF = {
    "name": "Cantine 2027", "first_day": "2027-09-01", "unit": "presence", "basis": "brackets", "outside": "same",
    "from_1": "0", "care_1": "0,60", "food_1": "0,40", "from_2": "500", "care_2": "1,80", "food_2": "1,40",
    "absent_billed": "on", "unrecorded_billed": "on", "attendance_expected": "on",
}  # fmt: skip


# --- Régies ---------------------------------------------------------------------------------------------------------


def test_a_regie_is_created_then_changed(demo: World, regisseur):
    regisseur.sent(f"{REGIES}nouvelle/", REGIE)
    one = Regie.objects.get()
    assert (one.numcli, one.minimum_cents, one.cash_ceiling_cents, one.means) == (
        "000123", 100, 150_000, ["cash", "cheque"]
    )  # fmt: skip
    Regie.objects.update(treasury={"collectivite": "01"})
    assert "1500,00" in regisseur.page(f"{REGIES}peri/")
    regisseur.sent(f"{REGIES}peri/", {**REGIE, "mode": "W", "name": "Périscolaire"})
    one.refresh_from_db()
    assert (one.mode, one.name, one.treasury) == ("W", "Périscolaire", {"collectivite": "01"})
    assert "Périscolaire" in regisseur.page(REGIES)
    assert "porte déjà ce code" in regisseur.refused(f"{REGIES}nouvelle/", REGIE)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": "Péri scolaire"}, "minuscules"),
        ({"name": ""}, "obligatoire"),
        ({"numcli": "123"}, "six chiffres"),
        ({"numcli": "\0"}, "nul"),
        ({"minimum_cents": "0,50"}, "PayFiP ne prend rien"),
        ({"minimum_cents": "un euro"}, "pas un montant"),
        ({"payable_day": "32"}, "31"),
        ({"number_pattern": "{exer}"}, "numéro"),
        ({"number_pattern": "{exer.__class__}"}, "qui n"),
        ({"reference_pattern": "x" * 10_000}, "60"),
        ({"means": ["gold"]}, "gold"),
        ({"mode": "Z"}, "Z"),
    ],
)
def test_a_regie_that_cannot_be_is_said(demo: World, regisseur, wrong, said):
    page = regisseur.refused(f"{REGIES}nouvelle/", {**REGIE, **wrong})
    assert said in page
    assert "1 500" in page
    assert not Regie.objects.exists()


def test_the_connection_is_tried(demo: World, regisseur, monkeypatch):
    build.regie(provider=Regie.Provider.PAYFIP_WS, numcli="000123")
    monkeypatch.setattr(regies, "test_connection", lambda _: ["REGIE PERISCOLAIRE"])
    assert regisseur.sent(f"{REGIES}peri/tester/") == f"{REGIES}peri/"
    assert "REGIE PERISCOLAIRE" in regisseur.page(f"{REGIES}peri/")

    def fails(_: Regie) -> list[str]:
        raise PayfipError(Kind.FUNCTIONAL, "T2")

    monkeypatch.setattr(regies, "test_connection", fails)
    regisseur.sent(f"{REGIES}peri/tester/")
    assert "Échec (T2) : Le numéro client est inconnu." in regisseur.page(REGIES)
    build.regie("libre")
    regisseur.sent(f"{REGIES}libre/tester/")
    assert "rien à tester" in regisseur.page(REGIES)


@pytest.mark.parametrize("path", [f"{REGIES}zzz/", f"{TARIFFS}99999/", f"{TARIFFS}activites/zzz/"])
def test_what_is_not_there_is_not_found(demo: World, regisseur, path):
    assert regisseur.get(path).status_code == 404
    assert regisseur.post(path, REGIE).status_code == 404


# --- Tariffs --------------------------------------------------------------------------------------------------------


def test_a_tariff_by_brackets_is_tried_then_kept(demo: World, regisseur):
    build.setup()
    path = f"{TARIFFS}activites/cantine/nouveau/"
    trial = {"try": "1", "essai-quotient": "640", "essai-children": "2"}
    answer = regisseur.post(path, {**TARIFF, **trial})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Quotient 640, 2 enfants → 6,40" in page
    assert "tranche 2" in page
    assert Tariff.objects.count() == 4
    regisseur.sent(path, TARIFF)
    kept = Tariff.objects.get(name="Cantine 2027")
    assert kept.rule["brackets"] == [{"from": 0, "care": 60, "food": 40}, {"from": 500, "care": 180, "food": 140}]
    assert Tariff.objects.get(name="Tarif cantine").last_day == date(2027, 8, 31)
    assert "Cantine 2027" in regisseur.page(f"{TARIFFS}activites/cantine/")
    page = regisseur.page(f"{TARIFFS}{kept.pk}/")
    assert 'value="1,80"' in page


def test_a_tariff_above_the_cost_is_said(demo: World, regisseur):
    build.setup()
    billed = {"regie": "peri", "cost_cents": "3,00", "cesu": "none"}
    regisseur.sent(f"{TARIFFS}activites/cantine/", billed)
    assert BilledActivity.objects.get(activity__code="cantine").cost_cents == 300
    assert "dépasse le coût" in regisseur.page(TARIFFS)
    regisseur.sent(f"{TARIFFS}activites/cantine/nouveau/", TARIFF)
    assert "plus que le coût par usager" in regisseur.page(TARIFFS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "obligatoire"),
        ({"first_day": ""}, "obligatoire"),
        ({"last_day": "2026-01-01"}, "finit avant"),
        ({"basis": "price"}, "Saisissez le prix"),
        ({"from_1": "10"}, "tranche 1"),
        ({"from_2": "0"}, "tranche 2"),
        ({"care_2": "beaucoup"}, "pas un montant"),
        ({"care_2": "99999,00"}, "centimes"),
        ({"basis": "effort"}, "taux"),
        ({"basis": "effort", "rate": "un pour cent"}, "pas un nombre"),
        ({"basis": "x"}, "basis"),
        ({"outside": "keep"}, "outside"),
        ({"outside": "percent", "outside_percent": "9999"}, "pourcentage"),
        ({"reductions": "dix"}, "réductions"),
        ({"late_kind": "multiplier", "late_value": "0,5"}, "multiplier"),
        ({"unit": "month", "late_kind": "percent", "late_value": "5"}, "late"),
        ({"waiting_days": "32"}, "31"),
        ({"justified_billed": "on", "waiting_days": "2"}, "sans objet"),
        ({"rows": "9" * 400}, "rows"),
        ({"from_1": "", "care_1": "", "food_1": "", "from_2": "", "care_2": "", "food_2": ""}, "tranche"),
        ({"name": "\0"}, "nul"),
    ],
)
def test_a_tariff_that_cannot_be_is_said_and_kept(demo: World, regisseur, wrong, said):
    build.setup()
    page = regisseur.refused(f"{TARIFFS}activites/cantine/nouveau/", {**TARIFF, **wrong})
    assert said in page
    assert Tariff.objects.count() == 4


def test_a_tariff_that_was_used_is_followed_by_another(demo: World, regisseur):
    build.setup()
    build.book("007", "cantine", build.SCHOOL_DAYS[:2])
    build.issued()
    used = Tariff.objects.get(name="Tarif cantine")
    values = {**TARIFF, "first_day": "2020-01-01"}
    assert "a servi à des factures" in regisseur.refused(f"{TARIFFS}{used.pk}/", values)


def test_the_simulator_answers_for_every_activity(demo: World, regisseur, django_assert_max_num_queries):
    build.setup()
    page = regisseur.page(TARIFFS, quotient="640", children="2", resident="yes", day="2026-11-16")
    assert "Quotient 640, 2 enfants" in page
    assert "4,00" in page  # twice the second bracket of the canteen
    with django_assert_max_num_queries(20):
        regisseur.page(TARIFFS, quotient="", children="99", day="x")


def test_the_town_decides_prices_not_the_clerk(demo: World, clerk):
    assert clerk.get(TARIFFS).status_code == 403
    assert clerk.get(REGIES).status_code == 403


# --- The form says what the rule said -------------------------------------------------------------------------------

CENTS = st.integers(0, 100_000)
PRICES = st.builds(Price, CENTS, CENTS)
PERCENTS = st.decimals(0, 100, places=2)
SCALES = st.one_of(
    PRICES,
    st.lists(st.integers(1, 5000), unique=True, max_size=20).flatmap(
        lambda lowers: st.lists(PRICES, min_size=len(lowers) + 1, max_size=len(lowers) + 1).map(
            lambda prices: Brackets(tuple(map(Bracket, [0, *sorted(lowers)], prices)))
        )
    ),
    st.builds(Effort, st.decimals("0.0001", 1, places=4), st.integers(0, 500), st.integers(500, 9000), CENTS),
    st.builds(Effort, st.just(Decimal("0.005")), st.just(0), st.just(500), st.just(0), PERCENTS),
)
SURCHARGES = st.none() | st.one_of(
    st.builds(Surcharge, st.just(SurchargeKind.CENTS), CENTS.map(Decimal), st.integers(1, 31)),
    st.builds(Surcharge, st.just(SurchargeKind.PERCENT), PERCENTS, st.integers(1, 31)),
    st.builds(Surcharge, st.just(SurchargeKind.MULTIPLIER), st.decimals(1, 11, places=2), st.integers(1, 31)),
)
RULES = st.builds(
    Rule, SCALES, outside=st.none() | st.builds(Increase, PERCENTS) | PRICES, late=SURCHARGES, unbooked=SURCHARGES,
    rank_reductions=st.lists(PERCENTS, max_size=4).map(tuple),
)  # fmt: skip


@given(RULES)
def test_a_tariff_read_again_from_its_own_form_is_the_same(rule: Rule):
    table = pricing.to_json(rule)
    shown = TariffForm(rule=table)
    sent = {}
    for bound in shown:
        value = bound.field.prepare_value(bound.value()) if hasattr(bound.field, "prepare_value") else bound.value()
        if value not in (None, False, ""):
            sent[bound.name] = "on" if value is True else str(value)
    sent |= {"name": "Tarif", "first_day": "2026-09-01"}
    form = TariffForm(sent, rule=table)
    assert form.is_valid(), form.errors
    assert pricing.from_json(form.rule()) == pricing.from_json(table)


@given(RULES, st.none() | st.integers(0, 5000), st.integers(1, 8), st.booleans())
def test_answers_are_sums_and_nobody_pays_above_the_highest(rule: Rule, quotient, children, resident):
    found = answer(rule, Household(quotient, children, resident))
    assert len(found.cents) == children
    assert found.total_cents == sum(found.cents)
    assert above_cost(rule, None) == 0
    assert above_cost(rule, max(found.cents) - 1) >= max(found.cents)
    assert tariff_words(rule)
