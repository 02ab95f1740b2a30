"""Hostile names on every page, news cleaned, files that no browser runs, and the contact form."""

import pytest

from portail.bookings.models import Activity
from portail.bookings.operations.calendar import ClosureDraft, close_days
from portail.bookings.operations.offer import PeriodDraft, create_period, save_group
from portail.families.models import Classroom, Payer, Person, School
from portail.news.models import ContactRequest, NewsItem
from portail.news.operations.board import FileDraft, NewsDraft, attach_file, post_news
from portail.towns.models import Town
from portail.towns.operations import change_settings, set_logo
from portail.towns.scope import in_town
from tests.web.browser import Browser, Page
from tests.world import ALINE, CLERK, FRIDAY, JAMES, MONDAY, NOW, THURSDAY, World, tick, untick, validate

PAYLOADS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg onload=alert(1)>", "{{7*7}}{% x %}",
    "</title><b>", "%(name)s %s %%", "<!--", "]]>", "\" onmouseover=\"alert(1)", "javascript:alert(1)", "&lt;b&gt;",
]  # fmt: skip
PAGES = [
    "/accueil/", "/enfants/", "/planning/007/?semaine=2026-W48", "/planning/007/copier/?semaine=2026-W48",
    "/planning/007/semaine-type/", "/planning/007/absence/", "/planning/007/autres-enfants/",
    "/planning/007/periscotidien/", "/planning/007/agenda/", "/modifications/007/", "/factures/", "/contact/", "/aide/",
    "/mentions-legales/", "/donnees-personnelles/", "/accessibilite/", "/planning/007/pourquoi/cantine/2026-11-23/",
]  # fmt: skip
ALLOWED = {
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "img", "span", "svg", "use", "p",
    "time", "form", "button", "input", "nav", "ul", "li", "details", "summary", "main", "h1", "h2", "h3", "footer",
    "strong", "dialog", "section", "article", "dl", "dt", "dd", "small", "b", "i", "table", "caption", "thead", "tbody",
    "tr", "th", "td", "abbr", "fieldset", "legend", "label", "select", "option", "textarea", "noscript", "template",
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def runs(page: Page) -> list[object]:
    """What a browser would run or load because of a payload, and tags that no template of ours writes."""
    found: list[object] = [tag for tag, _attrs in page.tags if tag not in ALLOWED]
    for tag, attrs in page.tags:
        found += [(tag, name) for name in attrs if name.startswith("on")]
        found += [(tag, attrs["src"]) for _ in [0] if (attrs.get("src") or "/")[0] != "/"]
        found += [(tag, attrs["href"]) for _ in [0] if (attrs.get("href") or "").lower().startswith("javascript:")]
    return found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_is_only_ever_a_name(payload, world: World, jamie: Browser):
    short = payload[:40]
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY, FRIDAY) + tick(ALINE, "matin", MONDAY), world.as_jamie)
        draft = PeriodDraft(MONDAY, FRIDAY, {"cantine": frozenset({0})}, short)
        create_period(draft=draft, by=CLERK, now=NOW)
        save_group(code="peri", name=short, position=1, by=CLERK, now=NOW)
        Person.objects.update(first_name=short, last_name=short)
        Payer.objects.filter(pk=world.jamie.pk).update(first_name=short, last_name=short)
        School.objects.update(name=payload)
        Classroom.objects.filter(name="10").update(name=short, teacher=payload)
        Activity.objects.update(name=payload)
        texts = dict.fromkeys(("name", "phone", "voice_number", "address", "office_hours"), payload[:20])
        change_settings(settings=texts | {"name": payload}, by=CLERK, now=NOW)
        change_settings(
            settings={"labels": dict.fromkeys(("payer_code", "validate", "town_hall"), short)}, by=CLERK, now=NOW
        )
        close_days(draft=ClosureDraft(MONDAY, MONDAY, payload), by=CLERK, now=NOW)
    recap = jamie.post("/planning/007/", {"shown": [f"007/cantine/{MONDAY}/0", payload], "ticked": [payload]})
    preview = {"first": str(MONDAY), "last": str(FRIDAY), "child": JAMES}
    pages = [jamie.page(address) for address in [*PAGES, recap.headers["Location"].partition("#")[0]]]
    pages += [Browser().page("/"), Browser("localhost").page("/"), jamie.page("/planning/404/", 404)]
    pages.append(Page(jamie.post("/planning/007/absence/", preview).content.decode()))
    assert [(page.words[:3], runs(page)) for page in pages if runs(page)] == []
    planning = pages[2]
    assert "49" not in planning.text.split("Code enfant")[0] or "7*7" in planning.text
    assert "".join(payload.split()) in "".join(planning.text.split())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_typed_in_a_form_comes_back_as_text(payload, world, jamie):
    names = ("subject", "name", "email", "phone", "message", "child_code", "child_code", "first", "last", "anchor")
    typed = dict.fromkeys(names, payload) | {"day": [payload], "child": [payload], "every_other": "1"}
    for address in ("/contact/", "/planning/007/semaine-type/", "/planning/007/absence/"):
        response = jamie.post(address, typed)
        assert response.status_code == 400
        assert runs(Page(response.content.decode())) == []
    query = {"suite": payload, "semaine": payload, "groupe": payload, "du": payload, "au": payload, "fin": payload}
    for address in ("/planning/007/", "/planning/007/absence/", "/contact/"):
        assert runs(Page(jamie.get(address, query).content.decode())) == []
    assert runs(Page(Browser().get("/", query).content.decode())) == []


# --- News ------------------------------------------------------------------------------------------------------------

BODY = (
    '<p onclick="x()">Bon <b>jour</b></p><script>alert(1)</script><style>p{}</style><img src=x onerror=y>'
    '<a href="javascript:alert(1)">a</a><a href="https://example.org" target=_blank style="x">b</a>'
    "<iframe src=x></iframe>"
    '<form action="//evil"><input name=payer_code></form><svg><use href="//evil"/></svg><math><mi>x'
)


def post(kind: NewsItem.Kind, title: str, body: str = BODY, link: str = "") -> NewsItem:
    return post_news(draft=NewsDraft(kind, title, body, link, NOW), by=CLERK, now=NOW)


def test_news_keep_a_few_harmless_tags(world):
    with in_town(world.demo):
        for kind in NewsItem.Kind:
            post(kind, "<script>Titre</script>", link="https://example.org/?a=1&b=2")
    page = Browser().page("/")
    assert runs(page) == []
    assert page.html.count("<b>jour</b>") == 3
    assert "<script>Titre</script>" in page.text
    assert "alert(1)" not in page.text
    assert [name for name, _value in page.fields].count("payer_code") == 1
    links = [attrs for tag, attrs in page.tags if tag == "a" and attrs.get("href") == "https://example.org"]
    assert links == [{"href": "https://example.org", "rel": "noopener noreferrer"}] * 3


def test_old_news_that_were_never_cleaned_are_cleaned_when_shown(world):
    with in_town(world.demo):
        item = post(NewsItem.Kind.NEWS, "Vieille")
        NewsItem.objects.filter(pk=item.pk).update(body=BODY)
    assert runs(Browser().page("/")) == []


@pytest.mark.parametrize(
    ("name", "content", "kind", "inline"),
    [
        ("m.png", PNG, "image/png", True),
        ("menu.pdf", b"%PDF-1.7 x", "application/pdf", False),
        ('é"\r\nX: y; .pdf', b"%PDF-1.7 <script>", "application/pdf", False),
    ],
)
def test_a_file_is_shown_or_saved_never_run(name, content, kind, inline, world):
    with in_town(world.demo):
        file = attach_file(
            item=post(NewsItem.Kind.NEWS, "Menus"), draft=FileDraft(name, content, kind, "Le menu"), by=CLERK, now=NOW
        )
    address = f"/actualites/fichier/{file.public_id}/"
    assert address in Browser().page("/").links
    response = Browser().get(address)
    assert response.content == content
    assert response.headers["Content-Type"] == kind
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("inline" if inline else "attachment")
    assert not set(disposition) & set("\r\n")


def test_a_file_leaves_with_its_news(world, clock):
    with in_town(world.demo):
        draft = NewsDraft(NewsItem.Kind.NEWS, "Un jour", "", "", NOW, NOW.replace(day=17))
        item = post_news(draft=draft, by=CLERK, now=NOW)
        file = attach_file(item=item, draft=FileDraft("m.png", PNG, "image/png", "m"), by=CLERK, now=NOW)
    address = f"/actualites/fichier/{file.public_id}/"
    assert Browser().get(address).status_code == 200
    clock.move_to(NOW.replace(day=17))
    assert Browser().get(address).status_code == 404
    assert "Un jour" not in Browser().page("/").text


def test_a_hostile_logo_is_never_run(world):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    with in_town(world.demo):
        set_logo(content=svg, content_type="image/svg+xml", by=CLERK, now=NOW)
        digest = Town.objects.get(pk=world.demo.pk).logo_digest
    response = Browser().get(f"/logo/{digest[:12]}/")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert response.headers["Content-Security-Policy"].endswith("sandbox")
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert f"/logo/{digest[:12]}/" in Browser().page("/").links


# --- Contact ---------------------------------------------------------------------------------------------------------

LETTER = {"subject": "login", "name": "Anne", "email": "a@example.org", "phone": "", "message": "Bonjour"}


def test_a_message_arrives_with_who_wrote_it(world, jamie):
    assert Browser().post("/contact/", LETTER | {"child_code": "999"}).headers["Location"] == "/contact/?envoye=1"
    jamie.post("/contact/", LETTER)
    with in_town(world.demo):
        rows = list(ContactRequest.objects.order_by("id").values_list("name", "email", "child", "message"))
    assert rows == [
        ("Anne", "a@example.org", "999", "Bonjour"),
        ("Anne", "a@example.org", "Aline BOND (008), James BOND (007)", "Bonjour"),
    ]


def test_a_robot_is_thanked_and_forgotten(world):
    assert Browser().post("/contact/", LETTER | {"website": "x"}).status_code == 302
    with in_town(world.demo):
        assert ContactRequest.objects.count() == 0


ODD = {
    "name of nothing": {"name": "\x00\x01"},
    "message of nothing": {"message": "\x00"},
    "long name": {"name": "x" * 151},
    "long message": {"message": "x" * 4001},
    "long e-mail": {"email": "x" * 245 + "@example.org"},
    "longer e-mail": {"email": "x" * 400 + "@example.org"},
    "telephone of nothing": {"email": "", "phone": "\x00" * 8},
    "telephone in words": {"phone": "zéro un"},
    "nothing to answer to": {"email": "", "phone": ""},
    "long code": {"child_code": "9" * 500},
}


def test_a_letter_that_cannot_be_is_said_and_never_a_crash(world):
    answers = {what: Browser().post("/contact/", LETTER | more).status_code for what, more in ODD.items()}
    assert answers == dict.fromkeys(ODD, 400)
    with in_town(world.demo):
        assert ContactRequest.objects.count() == 0


def test_strange_but_possible_letters_arrive(world):
    for more in (
        {"subject": "x" * 500}, {"name": "\x00Anne\r\nBcc: x"}, {"message": "a\x00\r\nb\u202e😀"}, {"subject": "\x00"},
        {"child_code": "\x00"},
    ):  # fmt: skip
        assert Browser().post("/contact/", LETTER | more).status_code == 302, more
    with in_town(world.demo):
        assert "\n" not in "".join(ContactRequest.objects.values_list("name", flat=True))
        assert ContactRequest.objects.count() == 5


def test_an_undone_history_shows_the_reason_of_the_town_hall(world, jamie):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", THURSDAY), world.as_jamie)
        validate(untick(JAMES, "cantine", THURSDAY), world.as_jamie)
        validate(tick(JAMES, "cantine", THURSDAY), world.as_jamie)
        close_days(draft=ClosureDraft(THURSDAY, THURSDAY, "Grève"), by=CLERK, now=NOW)
    text = jamie.page("/modifications/007/").text
    assert text.count("par internet") == 3
    assert "par la mairie" in text
