"""Régies, billed activities, tariffs, shares: what the town types, and the sentence for what cannot be."""

from datetime import date

import pytest

from portail.billing.models import BilledActivity, CostShare, Regie, Tariff
from portail.billing.operations.setup import BillingError, set_cost_shares
from portail.families.models import Link
from portail.families.operations.register import PersonDraft
from portail.rules.booking import Right
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.billing.build import CANTEEN, SCHOOL_DAYS, SEPTEMBER, billed, book, issued, prepared, regie, tariff
from tests.world import CLERK, JAMES, NOW, World, family

JANUARY = date(2027, 1, 1)
PRICE = {"price": {"care": 100, "food": 50}}


# --- Régies ---------------------------------------------------------------------------------------------------------


def test_a_regie_is_entered_then_changed(demo: World):
    first = regie(means=["cash", "cheque"], minimum_cents=250, treasury={"codique": "1"}, creditor={"iban": "FR76"})
    again = regie(name="Régie scolaire", payable_day=20)
    assert first.pk == again.pk
    found = Regie.objects.get()
    assert (found.name, found.payable_day, found.means, found.minimum_cents) == ("Régie scolaire", 20, [], 100)
    told = Audit.objects.filter(verb="save_regie").first()
    assert told is not None
    assert "FR76" not in str(told.after)  # nobody reads a bank account in the trail


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"code": "Péri"}, "minuscules"),
        ({"code": ""}, "minuscules"),
        ({"name": " "}, "nom de la régie"),
        ({"name": "x" * 81}, "nom de la régie"),
        ({"recette": "T-5"}, "code recette"),
        ({"recette": "T5555"}, "code recette"),
        ({"provider": "payfip_ws", "numcli": "12345"}, "six chiffres"),
        ({"provider": "payfip_ws", "numcli": "000123", "minimum_cents": 99}, "PayFiP ne prend rien"),
        ({"minimum_cents": 0}, "montant minimal"),
        ({"payable_day": 0}, "jour du mois"),
        ({"payable_day": 32}, "jour du mois"),
        ({"means": ["troc"]}, "troc"),
        ({"officer": "x" * 101}, "trop long"),
        ({"issuer": "x" * 151}, "trop long"),
        ({"number_pattern": "{lot}"}, "exercice"),
        ({"number_pattern": "{exer}" + "-" * 55 + "{lotnum}"}, "60 caractères"),
        ({"reference_pattern": "{exer}/{lotnum}"}, "PayFiP n'accepte"),
    ],
)
def test_a_regie_that_cannot_be_is_refused(demo: World, more, words):
    with pytest.raises(BillingError, match=words):
        regie(**more)
    assert not Regie.objects.exists()


def test_an_activity_is_billed_by_one_regie(demo: World):
    regie()
    regie("loisirs")
    billed("cantine", deductible=True)
    billed("cantine", "loisirs", cesu="under6", product="12")
    row = BilledActivity.objects.select_related("regie").get()
    assert (row.regie.code, row.cesu, row.deductible, row.product) == ("loisirs", "under6", False, "12")
    for more, words in (({"product": "12345"}, "code produit"), ({"account": "x" * 21}, "imputation")):
        with pytest.raises(BillingError, match=words):
            billed("cantine", **more)
    with pytest.raises(BillingError, match="L'activité « xx »"):
        billed("xx")
    with pytest.raises(BillingError, match="La régie « xx »"):
        billed("cantine", "xx")


# --- Tariffs --------------------------------------------------------------------------------------------------------


def spans() -> list[tuple[date, date | None]]:
    return list(Tariff.objects.order_by("first_day").values_list("first_day", "last_day"))


def test_a_following_tariff_closes_the_one_before(demo: World):
    tariff("cantine", CANTEEN)
    tariff("cantine", PRICE, JANUARY)
    assert spans() == [(SEPTEMBER, date(2026, 12, 31)), (JANUARY, None)]
    first = Tariff.objects.get(first_day=SEPTEMBER)
    assert (first.rule["valid_to"], first.rule["name"]) == ("2026-12-31", "Tarif cantine")


def test_a_tariff_before_a_later_one_ends_before_it(demo: World):
    tariff("cantine", PRICE, JANUARY)
    for last_day in (None, JANUARY):
        with pytest.raises(BillingError, match="commence le 01/01/2027"):
            tariff("cantine", CANTEEN, last_day=last_day)
    tariff("cantine", CANTEEN, last_day=date(2026, 12, 31))
    assert len(spans()) == 2


def test_a_tariff_nobody_used_is_changed_in_place(demo: World):
    key = tariff("cantine", CANTEEN)
    assert tariff("cantine", PRICE, name="Corrigé", last_day=JANUARY) == key
    found = Tariff.objects.get()
    assert (found.name, found.last_day, found.rule["price"]) == ("Corrigé", JANUARY, {"care": 100, "food": 50})


def test_a_tariff_that_invoices_used_is_only_closed_and_followed(billing: World):
    book(JAMES, "cantine", SCHOOL_DAYS[:4])
    prepared()
    tariff("cantine", CANTEEN, name="Autre nom")  # a draft binds nobody
    issued()
    with pytest.raises(BillingError, match="a servi à des factures émises"):
        tariff("cantine", PRICE)
    used = SCHOOL_DAYS[3]
    for act in (
        lambda: tariff("cantine", CANTEEN, last_day=SCHOOL_DAYS[2]),
        lambda: tariff("cantine", PRICE, used),
    ):
        with pytest.raises(BillingError, match=f"jusqu'au {used:%d/%m/%Y}"):
            act()
    tariff("cantine", CANTEEN, name="Encore un nom", last_day=JANUARY)
    tariff("cantine", PRICE, SCHOOL_DAYS[4])
    assert Tariff.objects.get(activity__code="cantine", first_day=SEPTEMBER).last_day < SCHOOL_DAYS[4]


@pytest.mark.parametrize(
    ("rule", "more", "words"),
    [
        ({}, {}, "une seule sorte de prix"),
        ({"price": {"care": -1, "food": 0}}, {}, "centimes"),
        ({"brackets": [{"from": 5, "care": 1, "food": 1}]}, {}, "quotient de départ"),
        ({"prix": 3}, {}, "prix"),
        (PRICE, {"name": ""}, "nom du tarif"),
        (PRICE, {"name": "x" * 81}, "nom du tarif"),
        (PRICE, {"name": "a\nb"}, "ligne"),
        (PRICE, {"last_day": date(2026, 8, 1)}, "finit avant"),
    ],
)
def test_a_tariff_that_cannot_be_is_refused(demo: World, rule, more, words):
    with pytest.raises(BillingError, match=words):
        tariff("cantine", rule, **more)
    assert not Tariff.objects.exists()


# --- Shares ---------------------------------------------------------------------------------------------------------


def share(world: World, *percents: int, activity: str | None = None) -> None:
    payers = [world.jamie, *[link.payer for link in Link.objects.filter(payer__last_name="BOND2")]]
    set_cost_shares(person=JAMES, shares=list(zip(payers, percents, strict=True)), activity=activity, by=CLERK, now=NOW)


def test_shares_replace_those_said_before(demo: World):
    family("Robin BOND2", "", [PersonDraft("James", "BOND", code=JAMES)])
    share(demo, 60, 40)
    share(demo, 50, 50, activity="soir")
    share(demo, 30, 70)
    rows = CostShare.objects.order_by("activity_id", "percent").values_list("activity__code", "percent")
    assert sorted(rows, key=str) == [("soir", 50), ("soir", 50), (None, 30), (None, 70)]
    set_cost_shares(person=JAMES, shares=[], by=CLERK, now=NOW)
    assert CostShare.objects.count() == 2


@pytest.mark.parametrize("percents", [(50, 49), (100, 0), (101, -1)])
def test_shares_make_a_hundred(demo: World, percents):
    family("Robin BOND2", "", [PersonDraft("James", "BOND", code=JAMES)])
    with pytest.raises(BillingError, match="100 en tout"):
        share(demo, *percents)


def test_a_share_goes_to_someone_who_answers_for_the_child(demo: World):
    for shares in ([(demo.denise, 100)], [(demo.jamie, 50), (demo.jamie, 50)]):
        with pytest.raises(BillingError, match="payeur différent"):
            set_cost_shares(person=JAMES, shares=shares, by=CLERK, now=NOW)
    Link.objects.filter(payer=demo.jamie).update(right=Right.READ_ONLY.value)
    with pytest.raises(BillingError, match="lecture seule"):
        set_cost_shares(person=JAMES, shares=[(demo.jamie, 100)], by=CLERK, now=NOW)
    with pytest.raises(BillingError, match="code 999"):
        set_cost_shares(person="999", shares=[], by=CLERK, now=NOW)


def test_another_towns_payer_gets_no_share(demo: World):
    with in_town(demo.buchelay), pytest.raises(BillingError, match="payeur différent"):
        set_cost_shares(person=JAMES, shares=[(demo.jamie, 100)], by=CLERK, now=NOW)
