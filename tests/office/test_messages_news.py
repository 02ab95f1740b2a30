"""The board at the town hall: written, previewed, scheduled, with files; what families then see."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portail.news.models import NewsFile, NewsItem
from portail.news.operations.board import NewsDraft, post_news
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import CLERK, NOW, World

LIST, NEW = "/mairie/messages/actualites/", "/mairie/messages/actualites/nouvelle/"
TOKEN = re.compile(r'name="token" value="([^"]+)"')
TYPED = {"kind": "news", "title": "Menus de mai", "text": "**Bonjour**\n\n- un\n- deux", "link": "", "place": "all",
         "first": "", "at": "", "last": "", "last_at": ""}  # fmt: skip


def posted(title: str = "Menus", **more: Any) -> NewsItem:
    draft = NewsDraft(NewsItem.Kind.NEWS, title, "<p>Bonjour</p>", "", NOW, **more)
    return post_news(draft=draft, by=CLERK, now=NOW)


def page_of(item: NewsItem, name: str = "edit_news") -> str:
    return reverse(f"office:{name}", kwargs={"public_id": item.public_id})


def pdf(name: str = "menus.pdf", content: bytes = b"%PDF-1.4\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/x-anything")


def test_posted_at_once_and_once(demo: World, clerk: Office):
    found = TOKEN.search(clerk.page(NEW))
    assert found
    where, again = (clerk.sent(NEW, {**TYPED, "token": found[1]}) for _ in range(2))
    assert where == again
    item = NewsItem.objects.get()
    assert where == page_of(item)
    assert item.body == "<p><strong>Bonjour</strong></p><ul><li>un</li><li>deux</li></ul>"
    assert item.published_at == NOW
    page = clerk.page(where)
    assert "En ligne" in page
    assert "**Bonjour**\n\n- un\n- deux" in page
    assert "<li>deux</li>" in clerk.client.get("/").content.decode()


def test_a_preview_saves_nothing(demo: World, clerk: Office):
    answer = clerk.post(NEW, {**TYPED, "text": "<p>x</p><script>alert(1)</script>", "act": "preview"})
    page = answer.content.decode()
    assert 'id="apercu"' in page
    assert "alert(1)</script>" not in page
    assert not NewsItem.objects.exists()
    for kind in NewsItem.Kind:
        assert 'id="apercu"' in clerk.post(NEW, {**TYPED, "kind": kind.value, "act": "preview"}).content.decode()


def test_scheduled_in_the_town_s_own_hours(demo: World, clerk: Office):
    clerk.sent(NEW, {**TYPED, "first": "2026-11-20", "at": "08:30", "last": "2026-11-27"})
    item = NewsItem.objects.get()
    paris = ZoneInfo("Europe/Paris")
    assert f"{item.published_at.astimezone(paris):%d/%m %H:%M}" == "20/11 08:30"
    assert item.until is not None
    assert f"{item.until.astimezone(paris):%d/%m %H:%M}" == "28/11 00:00"
    page = clerk.page(page_of(item))
    assert 'value="2026-11-27"' in page
    assert "À venir" in page
    clerk.sent(page_of(item), {**TYPED, "first": "2026-11-20", "at": "08:30", "last": "2026-11-27", "last_at": "12:00"})
    assert 'value="12:00"' in clerk.page(page_of(item))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": ""}, "Titre : ce champ est obligatoire"),
        ({"title": "\x07"}, "à corriger"),
        ({"link": "javascript:alert(1)"}, "adresse de page web"),
        ({"first": "2026-11-20", "last": "2026-11-19"}, "retirée avant"),
        ({"at": "08:00"}, "Indiquez aussi le jour"),
        ({"last": "9999-12-31"}, "trop lointaines"),
        ({"first": "0001-01-01"}, "trop lointaines"),
        ({"text": "x" * 25_001}, "25000"),
        ({"kind": "zzz"}, "à corriger"),
    ],
)
def test_a_refused_item_keeps_what_was_typed(demo: World, clerk: Office, values, words):
    for act in ("", "preview"):
        page = clerk.refused(NEW, {**TYPED, **values, "act": act})
        assert words in page.replace("\xa0", "").replace("&#x27;", "'")
        assert "- deux" in page or "text" in values
    assert not NewsItem.objects.exists()


def test_changed_withdrawn_removed(demo: World, clerk: Office):
    item = posted()
    clerk.sent(page_of(item), {**TYPED, "first": "2026-11-16", "at": "09:00"})
    assert "Menus de mai" in clerk.page(LIST)
    out = page_of(item, "news_out")
    assert "retirez-la d&#39;abord" in clerk.refused(out, {"act": "remove"})
    clerk.sent(out, {"act": "withdraw"})
    assert "Menus de mai" not in clerk.client.get("/").content.decode()
    assert "Menus de mai" in clerk.page(LIST, state="over")
    page = clerk.page(page_of(item))
    for words in ("Actualité retirée", "Actualité modifiée", CLERK.name, "Supprimer"):
        assert words in page
    assert clerk.sent(out, {"act": "remove"}) == LIST
    assert clerk.get(page_of(item)).status_code == 404


def test_files_are_attached_shown_and_taken_off(demo: World, clerk: Office):
    item = posted()
    clerk.sent(page_of(item, "attach"), {"file": pdf("../menus de mai.pdf"), "alt": ""})
    file = NewsFile.objects.get()
    assert file.name == "menus de mai.pdf"
    assert "menus de mai.pdf" in clerk.page(page_of(item))
    one = reverse("office:office_file", kwargs={"public_id": file.public_id})
    assert "sandbox" in clerk.get(one).headers["Content-Security-Policy"]
    clerk.sent(reverse("office:drop_file", kwargs={"public_id": file.public_id}))
    assert not NewsFile.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "alt", "words"),
    [
        ("a.svg", b"<svg onload=alert(1)>", "x", "ni un PDF, ni une image"),
        ("a.pdf", b"", "", "est vide"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "", "Décrivez l&#39;image"),
        ("a.pdf", b"%PDF-".ljust(10 * 1024 * 1024 + 1), "", "dépasse 10 Mo"),
    ],
)
def test_a_file_that_cannot_be_is_refused(demo: World, clerk: Office, name, content, alt, words):
    item = posted()
    assert words in clerk.refused(page_of(item, "attach"), {"file": pdf(name, content), "alt": alt})
    assert not NewsFile.objects.exists()


def test_an_item_for_those_who_are_in_is_not_shown_outside(demo: World, clerk: Office):
    posted("Réservé aux connectés", place=NewsItem.Place.AFTER)
    assert "Réservé aux connectés" not in clerk.client.get("/").content.decode()
    assert "après la connexion seulement" in clerk.page(LIST)


def test_the_list_costs_the_same_whatever_its_length(demo: World, clerk: Office, django_assert_max_num_queries):
    counts = []
    for number in (1, 60):
        for _ in range(number):
            posted()
        with django_assert_max_num_queries(20) as captured:
            clerk.page(LIST)
        counts.append(len(captured.captured_queries))
    assert counts[0] == counts[1]


def test_a_formula_stays_a_text_in_the_export(demo: World, clerk: Office):
    posted("=1+1")
    assert "'=1+1" in clerk.get(LIST, export="csv").content.decode()


def test_another_town_is_not_found(demo: World, clerk: Office):
    with in_town(demo.buchelay):
        item = posted()
    for name in ("edit_news", "attach", "news_out", "office_file", "drop_file"):
        assert clerk.post(page_of(item, name)).status_code == 404
