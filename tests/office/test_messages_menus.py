"""Menus at the town hall: typed, pasted, imported; what families then read, before and after login."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portail.news.models import Menu, NewsItem
from portail.news.operations.board import NewsDraft, post_news
from portail.rules.staff import Role
from tests.office.doors import Office
from tests.web.browser import Browser
from tests.world import ANGELINE, CLERK, DENISE_CODE, JAMES, JAMIE_CODE, MONDAY, NOW, World

MENUS = "/mairie/messages/menus/"
WEEK = f"{MENUS}?semaine=2026-11-16"
THIS_MONDAY = MONDAY - timedelta(days=7)


def csv(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("menus.csv", text.encode(), "text/csv")


def test_a_week_is_typed_and_families_read_it(demo: World, clerk: Office):
    where = clerk.sent(WEEK, {"act": "save", "plats_0": "soupe\r\nfrites", "allergenes_0": ["milk", "gluten"]})
    assert where == WEEK
    page = clerk.page(where)
    assert "Un jour enregistré." in page
    assert "soupe\nfrites" in page
    assert 'value="milk" id="allergenes_0_6" checked' in page.replace(' checked=""', " checked")
    seen = clerk.client.get("/").content.decode()
    for words in ("Menus de la semaine", "soupe, frites", "gluten, lait", "menu pas encore publié"):
        assert words in seen
    assert "Rien n&#39;a changé." in clerk.page(
        clerk.sent(WEEK, {"act": "save", "plats_0": "soupe\nfrites", "allergenes_0": ["gluten", "milk"]})
    )


def test_nothing_is_said_where_no_menu_is_published(demo: World, clerk: Office):
    assert "Menus de la semaine" not in clerk.client.get("/").content.decode()


def test_a_school_of_its_own(demo: World, clerk: Office):
    room = demo.angeline.classroom
    assert room is not None
    clerk.sent(f"{WEEK}&ecole={room.school_id}", {"act": "save", "plats_1": "hachis"})
    assert Menu.objects.get().school_id == room.school_id
    assert "hachis" not in clerk.page(MENUS, semaine="2026-11-16")
    assert clerk.get(MENUS, ecole="999999").status_code == 404
    assert clerk.get(MENUS, ecole="\0").status_code == 404


def test_a_pasted_week_fills_the_boxes_and_saves_nothing(demo: World, clerk: Office):
    answer = clerk.post(WEEK, {"act": "paste", "pasted": "Lundi : soupe, frites\nAllergènes : lait\nMardi : riz"})
    page = answer.content.decode()
    assert "Pas encore enregistré" in page
    assert "soupe\nfrites" in page
    assert not Menu.objects.exists()
    page = clerk.refused(WEEK, {"act": "paste", "pasted": "des frites"})
    assert "Aucun jour reconnu" in page
    assert "des frites" in page


def test_a_file_is_imported_or_nothing_is(demo: World, clerk: Office):
    wrong = csv("Date;Plat\n16/11/2026;riz\nhier;riz")
    assert "Ligne 3 : « hier »" in clerk.refused(WEEK, {"act": "file", "file": wrong})
    assert not Menu.objects.exists()
    clerk.sent(WEEK, {"act": "file", "file": csv("Date;Plat\n16/11/2026;riz\n24/11/2026;pâtes")})
    assert set(Menu.objects.values_list("courses", flat=True)) == {"riz", "pâtes"}
    twice = csv("Date;Plat\n16/11/2026;riz\n16/11/2026;riz")
    assert "Un jour est donné deux fois." in clerk.refused(WEEK, {"act": "file", "file": twice})


@pytest.mark.parametrize(
    "values",
    [{"act": "save", "plats_0": "x" * 1001}, {"act": "save", "allergenes_0": ["fraise"]}, {"act": "paste"},
     {"act": "save", "plats_0": "\0"}, {"act": "file"}, {"act": "file", "file": csv("")}],
)  # fmt: skip
def test_what_is_refused_saves_nothing(demo: World, clerk: Office, values):
    assert "à corriger" in clerk.refused(WEEK, values)
    assert not Menu.objects.exists()


@pytest.mark.parametrize("week", ["", "zzz", "0001-01-01", "9999-12-31", "2026-11-19"])
def test_any_week_of_the_address_is_shown(demo: World, clerk: Office, week):
    assert "Semaine du" in clerk.page(MENUS, semaine=week)


def test_from_friday_on_the_next_week_is_proposed(demo: World, clerk: Office, clock):
    assert "Semaine du 16 novembre 2026" in clerk.page(MENUS)
    clock.move_to(NOW + timedelta(days=4))
    clerk = Office().enter(Role.CLERK, now=NOW + timedelta(days=4))
    assert "Semaine du 23 novembre 2026" in clerk.page(MENUS)


def test_markup_in_a_menu_is_text(demo: World, clerk: Office):
    clerk.sent(WEEK, {"act": "save", "plats_0": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in clerk.client.get("/").content.decode()
    assert Menu.objects.get().day == THIS_MONDAY


def test_a_family_that_is_in_reads_the_menu_and_the_news_of_its_school(demo: World, clerk: Office):
    room = demo.angeline.classroom
    assert room is not None
    clerk.sent(WEEK, {"act": "save", "plats_0": "soupe"})
    clerk.sent(f"{WEEK}&ecole={room.school_id}", {"act": "save", "plats_0": "hachis"})
    draft = NewsDraft(NewsItem.Kind.NEWS, "Pour les connectés", "<p>x</p>", "", NOW, None, NewsItem.Place.AFTER)
    post_news(draft=draft, by=CLERK, now=NOW)
    page = Browser().enter(JAMES, JAMIE_CODE).get("/accueil/").content.decode()
    for words in ("Menus de la semaine", "soupe", "Pour les connectés"):
        assert words in page
    assert "hachis" not in page
    assert "hachis" in Browser().enter(ANGELINE, DENISE_CODE).get("/accueil/").content.decode()
    assert "Pour les connectés" not in clerk.client.get("/").content.decode()
