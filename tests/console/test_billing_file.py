"""The money of a town described in its file: régies, what bills what, tariffs; every fault with its place."""

import re
from pathlib import Path

import pytest

from portail.billing.models import BilledActivity, Regie, Tariff
from portail.console.town_file import read_town
from portail.towns.models import Town
from portail.towns.scope import in_town
from tests.billing import build
from tests.billing.build import SCHOOL_DAYS
from tests.world import JAMES, World

TOWN = '[town]\nslug = "demo"\nname = "Ville de Démo"\nhosts = ["demo.localhost"]\nstatus = "open"\n'
MONEY = """
[[regies]]
code = "peri"
name = "REGIE PERISCOLAIRE"
provider = "payfip_ws"
numcli = "000123"
mode = "X"
popup = true
recette = "T5"
number_pattern = "{exer}-{lot:03}-{num:06}"
payable_day = 10
minimum = "2,50"
means = ["cash", "cesu"]
cash_ceiling = "1 200,00"
float = "50"
after_deadline = " Adressez-vous à la Trésorerie. "
officer = "Mme Nathalie ROUVIÈRE"
issuer = "M. Henri DELORME, maire"
treasury = { siret = "21380185500015" }

[[regies]]
code = "titres"
name = "TRANSPORT"
circuit = "titre"

[[billing]]
activity = "cantine"
regie = "peri"
cesu = "under6"
deductible = true
account = "7067"
product = "CA"
cost = "9,80"

[[tariffs]]
activity = "cantine"
name = "Repas enfant"
from = 2026-09-01
to = "31/08/2027"
[tariffs.rule]
brackets = [{ from = 0, care = 30, food = 70 }, { from = 500, care = 75, food = 165 }]
outside = { percent = "12,5" }
rank_reductions = [0, 10]
late = { cents = 200, from = 3 }
absences = { absent_billed = true, waiting_days = 1 }

[[tariffs]]
activity = "soir"
name = "Accueil du soir"
from = 2026-09-01
rule = { unit = "half_hour", effort = { rate = "0.00453", floor = 100, ceiling = 500 } }
"""


@pytest.fixture
def apply(run, tmp_path: Path):
    def write_and_apply(text: str = MONEY, run=run) -> object:
        path = tmp_path / "ville.toml"
        path.write_text(TOWN + text)
        return run("town", "apply", path)

    return write_and_apply


def saved() -> list[list[dict[str, object]]]:
    """Every row about money, whole."""
    return [list(model.objects.order_by("pk").values()) for model in (Regie, BilledActivity, Tariff)]


def test_a_regie_is_all_that_the_file_says(demo: World, apply):
    apply()
    regie = Regie.objects.get(code="peri")
    assert (regie.name, regie.provider, regie.numcli, regie.mode, regie.popup, regie.recette) == (
        "REGIE PERISCOLAIRE", "payfip_ws", "000123", "X", True, "T5",
    )  # fmt: skip
    assert (regie.payable_day, regie.minimum_cents, regie.cash_ceiling_cents, regie.float_cents) == (
        10, 250, 120_000, 5_000,
    )  # fmt: skip
    assert (regie.means, regie.after_deadline) == (["cash", "cesu"], "Adressez-vous à la Trésorerie.")
    assert (regie.officer, regie.issuer) == ("Mme Nathalie ROUVIÈRE", "M. Henri DELORME, maire")
    assert regie.treasury == {"siret": "21380185500015"}
    other = Regie.objects.get(code="titres")
    assert (other.circuit, other.provider, other.minimum_cents, other.cash_ceiling_cents) == (
        "titre",
        "none",
        100,
        None,
    )


def test_what_bills_what_and_the_tariffs(demo: World, apply):
    apply()
    billed = BilledActivity.objects.get()
    assert (billed.activity.code, billed.regie.code, billed.cesu, billed.deductible) == (
        "cantine",
        "peri",
        "under6",
        True,
    )
    assert (billed.account, billed.product, billed.cost_cents) == ("7067", "CA", 980)
    meal, evening = Tariff.objects.order_by("activity__position")
    assert (meal.name, str(meal.first_day), str(meal.last_day)) == ("Repas enfant", "2026-09-01", "2027-08-31")
    assert meal.rule["brackets"][1] == {"from": 500, "care": 75, "food": 165}
    assert (meal.rule["outside"], meal.rule["late"]) == ({"percent": "12.5"}, {"cents": 200, "from": 3})
    assert (evening.rule["unit"], evening.last_day) == ("half_hour", None)


def test_a_second_time_changes_nothing(demo: World, apply):
    apply()
    before = saved()
    assert apply() == ["« Ville de Démo » est à jour."]
    assert saved() == before


def test_what_changed_in_the_file_changes_and_what_is_removed_stays(demo: World, apply):
    apply()
    apply(MONEY.replace('"2,50"', '"3,00"').replace('mode = "X"', 'mode = "W"').split("[[billing]]")[0])
    assert (Regie.objects.get(code="peri").minimum_cents, Regie.objects.get(code="peri").mode) == (300, "W")
    assert (BilledActivity.objects.count(), Tariff.objects.count()) == (1, 2)


def test_a_new_tariff_closes_the_one_before(demo: World, apply):
    apply()
    after = (
        '[[tariffs]]\nactivity = "soir"\nname = "2027"\nfrom = 2027-01-01\nrule = { price = { care = 1, food = 0 } }\n'
    )
    apply(MONEY + after)
    rows = Tariff.objects.filter(activity__code="soir").order_by("first_day").values_list("name", "last_day")
    assert [(name, str(day)) for name, day in rows] == [("Accueil du soir", "2026-12-31"), ("2027", "None")]


def test_a_tariff_that_invoices_said_is_not_changed_by_the_file(demo: World, apply, fail):
    apply()
    build.book(JAMES, "cantine", SCHOOL_DAYS[:4])
    build.issued("peri")
    before = saved()
    assert apply() == ["« Ville de Démo » est à jour."]
    assert "a servi à des factures émises" in str(apply(MONEY.replace("food = 165", "food = 166"), run=fail))
    assert saved() == before


PLACE = "ville.toml, regies « peri »"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('mode = "X"', 'mode = "Z"', f"{PLACE}, mode : « Z » n'existe pas ; au choix : T, X, W."),
        ('provider = "payfip_ws"', 'provider = "tipi"', f"{PLACE}, provider : « tipi » n'existe pas"),
        ('circuit = "titre"', 'circuit = "x"', "ville.toml, regies « titres », circuit : « x » n'existe pas"),
        ('minimum = "2,50"', 'minimum = "deux"', f"{PLACE}, minimum : « deux » n'est pas un montant : écrivez 12,34."),
        ('minimum = "2,50"', "minimum = 250", f"{PLACE}, minimum : il faut un texte."),
        ('minimum = "2,50"', 'minimum = "0,99"', "PayFiP ne prend rien en dessous de 100 centimes"),
        ('float = "50"', "float = 50.5", f"{PLACE}, float : il faut un texte."),
        ("payable_day = 10", "payable_day = 32", "un jour du mois, de 1 à 31."),
        ("payable_day = 10", 'payable_day = "10"', f"{PLACE}, payable_day : il faut un nombre."),
        ('"cesu"]', '"or"]', f"{PLACE}, means : « or » n'existe pas ; au choix : card, cash"),
        ('"cesu"]', "3]", f"{PLACE}, means : il faut une liste de textes."),
        ("popup = true", 'popup = "oui"', f"{PLACE}, popup : il faut true ou false."),
        ("payable_day = 10", "payable_days = 10", f"{PLACE} : payable_days n'existe pas ici."),
        ('name = "TRANSPORT"\n', "", "ville.toml, regies « titres » : il manque name."),
        ('"000123"', '"123"', "Le numéro de client PayFiP a six chiffres."),
        ('code = "peri"', 'code = "Péri"', "Le code d'une régie s'écrit en minuscules"),
        ("{exer}-{lot:03}", "{lot:03}", "doit contenir l'exercice {exer}"),
        ('recette = "T5"', 'recette = "T5-6-7"', "Le code recette a 4 lettres"),
        ('siret = "21380185500015"', "depuis = 2026-01-01", f"{PLACE}, treasury : "),
        ('siret = "21380185500015"', "taux = nan", f"{PLACE}, treasury : "),
        ('siret = "21380185500015"', "x = { y = [1, 10:00:00] }", f"{PLACE}, treasury : "),
        ('activity = "cantine"\nregie', 'activity = "tennis"\nregie', "L'activité « tennis » n'existe pas."),
        ('regie = "peri"', 'regie = "lune"', "La régie « lune » n'existe pas."),
        ('cesu = "under6"', 'cesu = "oui"', "ville.toml, billing « n° 1 », cesu : « oui » n'existe pas"),
        ('cost = "9,80"', 'cost = "-1"', "ville.toml, billing « n° 1 », cost : « -1 » n'est pas un montant"),
        ('product = "CA"', 'product = "CANTINE"', "Le code produit a 4 caractères au plus"),
        ('deductible = true', "deductible = 1", "ville.toml, billing « n° 1 », deductible : il faut true ou false."),
        ("from = 2026-09-01\nto", 'from = "hier"\nto', "ville.toml, tariffs « Repas enfant », from : « hier »"),
        ('"31/08/2027"', '"31/08/2025"', "Le tarif finit avant de commencer."),
        ("brackets", "tranches", "Tarif « Repas enfant » : clé inconnue « tranches »"),
        ("from = 500", "from = 0", "Tarif « Repas enfant » : "),
        ('rate = "0.00453"', "rate = 0.00453", "Tarif « Accueil du soir » : taux d’effort (effort) : rate : il faut"),
        ("absent_billed = true", "absent_billed = 1", "Tarif « Repas enfant » : "),
        ("rule = { unit", "regle = { unit", "ville.toml, tariffs « Accueil du soir » : regle n'existe pas ici."),
        ("[[regies]]\ncode", "[regies]\ncode", "ville.toml"),
    ],
)  # fmt: skip
def test_a_fault_is_said_with_its_place_and_nothing_is_written(demo: World, apply, fail, before, after, sentence):
    assert before in MONEY
    found = str(apply(MONEY.replace(before, after, 1), run=fail))
    assert sentence in found
    assert found.count("ville.toml") <= 1
    assert saved() == [[], [], []]


def test_the_files_of_the_demonstration_are_read():
    folder = Path(__file__).parents[2] / "portail/console/demo"
    demo, buchelay = (read_town(folder / f"{name}.toml").billing for name in ("demo", "buchelay"))
    assert {"REGIE PERISCOLAIRE", "REGIE EXTRASCOLAIRE"} <= {regie.name for regie in demo.regies}
    assert demo.tariffs
    assert {regie.provider for regie in buchelay.regies} == {Regie.Provider.PAYFIP_REDIRECT}


def test_the_example_of_the_manual_is_applied_as_it_stands(demo: World, apply):
    manual = (Path(__file__).parents[2] / "docs/mairie/facturation.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
    apply("\n" + example)
    assert (Regie.objects.count(), BilledActivity.objects.count(), Tariff.objects.count()) == (1, 1, 1)


def test_the_money_of_one_town_is_not_the_others(world: World, apply):
    apply()
    with in_town(world.buchelay):
        assert saved() == [[], [], []]
    with in_town(Town.objects.get(slug="demo")):
        assert Regie.objects.count() == 2
