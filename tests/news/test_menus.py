"""What the canteens serve: saved by days, read by families, taken from a pasted week or a table."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.gateways import spreadsheet, workbook
from portail.news.menu_files import allergens_in, menus_in_file, pasted_week
from portail.news.menu_queries import menus_of_week
from portail.news.models import Menu
from portail.news.operations.lines import NewsError
from portail.news.operations.menus import MenuDay, save_menus
from portail.towns.models import Audit
from portail.towns.scope import in_town
from portail.web.board import ALLERGENS
from tests.world import CLERK, MONDAY, NEXT_TUESDAY, NOW, World

A = Menu.Allergen
FRIES = MenuDay(MONDAY, "  frites \n\n pomme ", frozenset({A.MILK, A.GLUTEN}))


def save(*days: MenuDay, school=None) -> int:
    return save_menus(school=school, days=days, by=CLERK, now=NOW)


def test_a_day_is_saved_once_changed_and_taken_away(demo: World):
    assert [save(FRIES), save(FRIES)] == [1, 0]
    row = Menu.objects.get()
    assert (row.courses, row.allergens) == ("frites\npomme", ["gluten", "milk"])  # in the order of the regulation
    assert save(MenuDay(MONDAY, "riz")) == 1
    assert save(MenuDay(MONDAY, " "), MenuDay(NEXT_TUESDAY, "")) == 1
    assert not Menu.objects.exists()
    assert Audit.objects.filter(verb="save_menus").count() == 3


def test_there_are_fourteen_allergens():
    assert len(A) == 14


MANY = [MenuDay(date(2025, 1, 1) + timedelta(n), "x") for n in range(401)]


@pytest.mark.parametrize("days", [[MenuDay(MONDAY, "x" * 1001)], [FRIES, FRIES], MANY])
def test_what_cannot_be_saved_saves_nothing(demo: World, days):
    with pytest.raises(NewsError):
        save(MenuDay(NEXT_TUESDAY, "riz"), *days)
    assert not Menu.objects.exists()


def test_a_week_says_which_days_have_no_menu(demo: World, django_assert_num_queries):
    assert menus_of_week(MONDAY) == []
    save(FRIES)
    with django_assert_num_queries(1):
        found = menus_of_week(MONDAY)
    assert [(one.day.weekday(), one.courses) for one in found] == [(0, ("frites", "pomme")), (1, ()), (3, ()), (4, ())]
    assert found[0].allergens == ("gluten", "milk")
    save(MenuDay(MONDAY + timedelta(days=2), "picnic"))
    assert [one.day.weekday() for one in menus_of_week(MONDAY)] == [0, 1, 2, 3, 4]


def test_a_school_has_its_own_menu(demo: World):
    mallerin, ferry = demo.james.classroom, demo.angeline.classroom
    assert mallerin is not None
    assert ferry is not None
    save(FRIES)
    save(MenuDay(MONDAY, "soupe"), school=ferry.school)
    assert next(one.courses for one in menus_of_week(MONDAY, {ferry.school_id})) == ("soupe",)
    assert next(one.courses for one in menus_of_week(MONDAY, {mallerin.school_id})) == ("frites", "pomme")
    assert {one.school for one in menus_of_week(MONDAY) if one.courses} == {"", "JULES FERRY"}
    assert len([one for one in menus_of_week(MONDAY, {mallerin.school_id, ferry.school_id}) if one.courses]) == 2
    with in_town(demo.buchelay):
        assert menus_of_week(MONDAY) == []


def test_a_pasted_week():
    text = """Menus de la semaine
    Lundi 23 novembre : betteraves, gratin de pâtes ; pomme
    Allergènes : lait, gluten et œufs
    MARDI
    - salade
    - riz, yaourt
    Jeudi – poulet"""
    found = pasted_week(text, MONDAY)
    assert [one.day for one in found] == [MONDAY, NEXT_TUESDAY, MONDAY + timedelta(days=3)]
    assert found[0].courses == "betteraves\ngratin de pâtes\npomme"
    assert found[0].allergens == {A.MILK, A.GLUTEN, A.EGGS}
    assert found[1].courses == "salade\nriz\nyaourt"
    assert found[2].courses == "poulet"


@pytest.mark.parametrize("text", ["", "frites", "lundi", "\0"])
def test_no_day_is_recognised(text):
    with pytest.raises(NewsError, match="Aucun jour reconnu"):
        pasted_week(text, MONDAY)


@given(text=st.text() | st.text(alphabet="lundimar :,-\nAég"))
def test_any_pasted_text_gives_days_or_a_sentence(text):
    try:
        found = pasted_week(text, MONDAY)
    except NewsError:
        return
    assert any(one.courses for one in found)
    assert all(MONDAY <= one.day < MONDAY + timedelta(days=7) for one in found)


def test_the_names_of_allergens():
    assert allergens_in("Lait, oeufs; FRUITS À COQUES / Sésame.") == {A.MILK, A.EGGS, A.NUTS, A.SESAME}
    assert allergens_in(" aucun ") == allergens_in("") == frozenset()
    for one in A:
        assert allergens_in(str(one.label)) == {one}
    with pytest.raises(NewsError, match="« fraise » n'est pas un des 14"):
        allergens_in("lait, fraise")


TABLE: list[list[spreadsheet.Value]] = [
    ["Date", "Entrée", "Plat", "Allergènes"],
    [MONDAY, "soupe", "gratin", "lait"],
    [NEXT_TUESDAY, "", "poisson", "poisson, céleri"],
]


@pytest.mark.parametrize(("name", "written"), [("m.csv", spreadsheet.written), ("m.xlsx", workbook.written)])
def test_a_table_is_read(name, written):
    found = menus_in_file(name, written(TABLE))
    assert found == [
        MenuDay(MONDAY, "soupe\ngratin", frozenset({A.MILK})),
        MenuDay(NEXT_TUESDAY, "poisson", frozenset({A.FISH, A.CELERY})),
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.csv", b"", "vide"),
        ("m.csv", b"Date;Plat", "vide"),
        ("m.csv", b"Date;Plat\nhier;riz\n24/11/2026;riz\n31/02/2026;riz", "Ligne 2 : « hier » n'est pas une date"),
        ("m.csv", b"Date;Plat\n31/02/2026;riz", "Ligne 2"),
        ("m.csv", "Date;Allergènes\n24/11/2026;fraise".encode(), "Ligne 2 : « fraise »"),
        ("m.csv", b"\x00\x01", "pas du texte"),
        ("m.xlsx", b"PK\x03\x04zzz", "classeur"),
        ("m.csv", b"Date;Plat\n" + b"24/11/2026;riz\n" * 401, "dépasse 400 jours"),
    ],
)
def test_a_table_that_is_wrong_says_where(name, content, words):
    with pytest.raises(NewsError) as error:
        menus_in_file(name, content)
    assert words in str(error.value)


def test_families_read_every_allergen_in_words():
    assert {one.value: str(one.label) for one in A} == ALLERGENS
