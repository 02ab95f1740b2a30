"""Each visitor's language: chosen by the browser or in the footer, and kept to on every page."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import models
from django.urls import reverse
from django.utils import translation

from portail.billing.providers import NotOpened, Trouble
from portail.bookings.models import Activity, Period
from portail.bookings.operations.calendar import ClosureDraft, close_days
from portail.bookings.operations.offer import PeriodDraft, create_period, enrol
from portail.families.models import Link
from portail.families.operations.register import share_feed
from portail.gateways.pdf.press import PaperError
from portail.news.models import NewsItem
from portail.news.operations.board import FileDraft, NewsDraft, attach_file, post_news
from portail.rules import zones
from portail.rules.holidays import public_holidays
from portail.rules.paying import AttemptState
from portail.towns.models import Town
from portail.towns.operations import set_status
from portail.towns.scope import in_town
from portail.web import product_urls, urls
from tests.web import billed
from tests.web.billed import id_of, idop_of
from tests.web.bills import bills_of
from tests.web.browser import DEMO, Browser, Page, cell, planning_of
from tests.web.conftest import TOWN_MODELS, moment
from tests.world import (
    ALINE,
    CLERK,
    FRIDAY,
    JAMES,
    JAMIE_CODE,
    MONDAY,
    NOW,
    THURSDAY,
    TUESDAY,
    World,
    limit,
    tick,
    validate,
)

ENGLISH = {"accept-language": "en-GB,en;q=0.9"}
# No such word in English (« me », « plus », « car » have to be left out).
FRENCH = {
    "le", "la", "les", "un", "une", "des", "du", "de", "au", "aux", "et", "ou", "où", "donc", "ce", "cet", "cette",
    "ces", "mon", "ma", "mes", "votre", "vos", "notre", "nos", "leur", "leurs", "il", "elle", "ils", "elles", "vous",
    "nous", "je", "qui", "que", "quoi", "dont", "pour", "par", "avec", "sans", "dans", "sur", "vers", "chez", "est",
    "sont", "était", "sera", "avoir", "ont", "pas", "ne", "rien", "tout", "tous", "toute", "toutes", "aucun",
    "aucune", "jour", "jours", "semaine", "semaines", "heure", "heures", "inscrit", "inscrite", "inscription", "clos",
    "clôture", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "novembre", "ve", "lu", "di",
}  # fmt: skip
# Proper names, which stay as they are: what other people's papers and pages call it is what a reader must look for.
NAMES = [
    "Les Parents Services", "Défenseur des droits", "Libre réponse", "Français", "Trésorerie", "régie",
    "avis des sommes à payer", "Payer par carte bancaire", "Confirmer le paiement",
]  # fmt: skip
SAID = {"aria-label", "title", "alt", "placeholder", "data-reveal", "data-conceal", "data-countdown"}
FILES = {"feed", "news_file", "town_css", "logo", "invoice_pdf", "receipt_pdf", "certificate_pdf"}
ACTS = {
    "logout", "extend", "undo", "language", "modifications", "payment_state", "payment_resume", "pay_notified",
    "pay_announced",
}  # fmt: skip  # they answer with a redirection or with data
LOGS = {"towns.Audit", "bookings.ChangeSet"}  # they quote sentences
Form = dict[str, Any] | None


@pytest.fixture(autouse=True)
def language_put_back() -> Iterator[None]:
    """A request leaves its language behind for whatever comes next in the process."""
    with translation.override("fr"):
        yield


# --- Reading a page without what the town wrote -----------------------------------------------------------------------


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from re.split(r"<[^>]*>", value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (*strings(key), *strings(inner))


def town_data(world: World) -> list[str]:
    """What towns and families are called, and the French calendar; the longest first."""
    found = {*NAMES, *public_holidays(2026).values(), *public_holidays(2027).values()}
    found |= {period.name for zone in zones.HOLIDAYS.values() for period in zone}
    texts = (models.CharField, models.TextField)
    for town in (world.demo, world.buchelay):
        with in_town(town):
            tables: list[type[models.Model]] = [Town, *TOWN_MODELS]
            for model in tables:
                names = [f.name for f in model._meta.fields if isinstance(f, texts) or f.name == "labels"]
                rows = model._default_manager.values(*names) if names and model._meta.label not in LOGS else ()
                found |= {text.strip() for row in rows for value in row.values() for text in strings(value)}
    return sorted((text for text in found if re.search(r"[^\W\d]", text)), key=len, reverse=True)


def said(page: Page) -> str:
    """All that a page says, seen or heard, and what its scripts may say."""
    attributes = (
        value or ""
        for _tag, found in page.tags
        for name, value in found.items()
        if name in SAID or name.startswith("data-t-")
    )
    return " ".join([*page.words, *attributes])


def french_words(page: Page, data: list[str]) -> set[str]:
    """The French words of a page's own chrome: function words, and any word with an accent."""
    text = said(page)
    for words in data:
        text = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", " ", text)
    found = {word.lower() for word in re.findall(r"[^\W\d_]+", text)}
    return found & FRENCH | {word for word in found if not word.isascii()}


# --- Every page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(world: World) -> World:
    """Something in every page: news with a file, stops, a closed day, a full one, a request, periods, a shared feed."""
    with in_town(world.demo):
        for kind in NewsItem.Kind:
            item = post_news(draft=NewsDraft(kind, "Menus", "<p>Bon</p>", "https://x.fr/", NOW), by=CLERK, now=NOW)
        item = post_news(draft=NewsDraft(NewsItem.Kind.NEWS, "Fête", "<p>Oui</p>", "", NOW), by=CLERK, now=NOW)
        attach_file(item=item, draft=FileDraft("m.pdf", b"%PDF-1.4\n", "application/pdf", ""), by=CLERK, now=NOW)
        enrol(person=JAMES, activity="bus", stop="Mairie", by=CLERK, now=NOW)
        close_days(draft=ClosureDraft(FRIDAY, FRIDAY, "Travaux", activity="matin"), by=CLERK, now=NOW)
        limit("midi", 1)
        validate(tick("123456", "midi", THURSDAY), world.as_denise)
        validate([*tick(JAMES, "cantine", MONDAY), *tick(JAMES, "cantine", TUESDAY)], world.as_jamie)
        create_period(draft=PeriodDraft(MONDAY, FRIDAY, {"cantine": frozenset({0, 1})}, "Novembre"), by=CLERK, now=NOW)
        create_period(
            draft=PeriodDraft(MONDAY, FRIDAY, {"cantine": frozenset({0})}, "Automne", freezes=True), by=CLERK, now=NOW
        )
        link = Link.objects.get(payer=world.jamie, person=world.aline)
        share_feed(link_id=link.public_id, payer_id=world.jamie.pk, shared=True)
        billed.bill_all(world)
    return world


PAGES = {
    "home": [reverse("home")],
    "children": [reverse("children")],
    "planning": [
        f"{planning_of(JAMES)}{more}" for more in ("", "?semaine=2026-W48", "?semaine=2026-W52", "?groupe=bus")
    ],
    "why": [
        reverse("why", kwargs={"code": JAMES, "activity": activity, "day": str(day)})
        for activity, day in (
            ("cantine", NOW.date()), ("cantine", "2026-11-11"), ("cantine", "2026-12-25"), ("cantine", "2026-12-22"),
            ("cantine", MONDAY), ("midi", THURSDAY), ("matin", FRIDAY), ("mercredi", "2026-11-18"), ("bus", MONDAY),
        )
    ],
    **{name: [reverse(name, kwargs={"code": JAMES})] for name in ("copy", "pattern", "absence", "siblings", "periods")},
    "feed_page": [reverse("feed_page", kwargs={"code": code}) for code in (JAMES, ALINE)],
    "history": [reverse("history", kwargs={"code": code}) for code in (JAMES, ALINE)],
    **billed.PAGES,
    "contact": [reverse("contact"), f"{reverse('contact')}?envoye=1"],
    "help": [reverse("help")],
    "invoice_manual": [reverse("invoice_manual")],
    "legal": [reverse("legal")],
    "privacy": [reverse("privacy")],
    "accessibility": [reverse("accessibility")],
}  # fmt: skip
ELSEWHERE = {"login", "recap", "product", "pay_return"}  # in the tests below


def test_every_page_is_asked_for():
    routes = {pattern.name for module in (urls, product_urls) for pattern in module.urlpatterns}
    assert routes == set(PAGES) | ELSEWHERE | FILES | ACTS


def in_both(browser: Browser, address: str, form: Form = None) -> tuple[Page, Page]:
    """The answer in English and in French: to a form when there is one, followed to the page that it leads to."""
    found = []
    for language in ("en", "fr"):
        browser.cookies["langue"] = language
        response: Any = browser.get(address) if form is None else browser.post(address, form)
        if response.status_code == 302:
            assert not response.headers["Location"].startswith("/?"), "sent to the login"
            response = browser.get(response.headers["Location"].partition("#")[0])
        found.append(Page(response.content.decode()))
    return found[0], found[1]


def check(browser: Browser, data: list[str], address: str, form: Form = None) -> None:
    english, french = in_both(browser, address, form)
    assert french_words(english, data) == set(), (address, form)
    assert french_words(french, data), f"{address}: the reader of pages sees nothing"
    assert (language_of(english), language_of(french)) == ("en", "fr"), address


def language_of(page: Page) -> str | None:
    return next(found["lang"] for tag, found in page.tags if tag == "html")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_nothing_in_french_to_an_english_reader(name, busy, jamie):
    data = town_data(busy)
    for address in PAGES[name]:
        check(jamie, data, address)
        assert jamie.get(address).status_code == 200, address


def test_the_page_before_login_and_its_refusals(busy, clock):
    data = town_data(busy)
    for query in ("", "?au-revoir=1", "?fin=1&suite=/planning/007/"):
        check(Browser(), data, f"/{query}")
    tries = [("", ""), ("x", "y"), ("007", "nonsense"), ("123450", "nonsense"), ("12345678", "K7M2P-9QXDT")]
    for codes in tries:
        sent = dict(zip(("child_code", "payer_code"), codes, strict=True))
        check(Browser(), data, "/", sent)
    for number in range(12):  # slowed down, asked to wait, blocked
        sent = {"child_code": "007", "payer_code": f"AAAAA-BBB{number:02}"}
        check(Browser(), data, "/", sent)


@pytest.mark.parametrize("status", [Town.Status.PREPARING, Town.Status.SUSPENDED])
def test_a_town_that_is_not_open_says_so(status, busy):
    with in_town(busy.demo):
        set_status(status=status, opens_on=MONDAY if status == Town.Status.PREPARING else None, by=CLERK, now=NOW)
    browser = Browser()
    check(browser, town_data(busy), "/")


def test_a_recap_with_all_that_can_become_of_a_cell(busy, clock):
    clock.move_to(moment(17, 9))  # « Accueil soir » of today asks the town hall, the canteen of today is over
    jamie, data = Browser().enter(JAMES, JAMIE_CODE), town_data(busy)
    cells = {
        cell(JAMES, "soir", TUESDAY): "0", cell(JAMES, "matin", MONDAY): "0", cell(JAMES, "cantine", TUESDAY): "0",
        cell(JAMES, "midi", THURSDAY): "0", cell(JAMES, "midi", MONDAY): "0", cell(JAMES, "matin", FRIDAY): "0",
        cell(ALINE, "cantine", MONDAY): "1", cell("999", "cantine", MONDAY): "0",
    }  # fmt: skip
    form = {"shown": [*(f"{key}/{seen}" for key, seen in cells.items()), "nonsense"], "ticked": sorted(cells)}
    first = jamie.post(planning_of(JAMES), {**form, "token": "one"}).headers["Location"].partition("#")[0]
    check(jamie, data, first)
    jamie.cookies["langue"] = "en"
    words = " ".join(said(jamie.page(first)).split())
    for expected in ("Changes saved", "changes refused", "Requests sent to the town hall", "Changed in the meantime"):
        assert expected in words
    check(jamie, data, f"{first}annuler/", {})
    check(jamie, data, first)


def test_forms_that_come_back_with_errors_and_previews(busy, jamie):
    data = town_data(busy)
    span = {"step": "preview", "first": str(MONDAY), "last": str(FRIDAY)}
    forms: list[tuple[str, dict[str, Any]]] = [
        ("pattern", {"step": "preview", "every_other": "1"}),
        ("pattern", {**span, "first": str(FRIDAY), "last": str(MONDAY)}),
        ("pattern", {**span, "last": "2099-01-01"}),
        ("pattern", {**span, "day": ["cantine/0", "midi/3", "matin/4", "bus/0"]}),
        ("absence", {"step": "preview"}),
        ("absence", {**span, "child": [JAMES, ALINE]}),
        ("copy", {"step": "preview", "until": "choose"}),
        ("copy", {"step": "preview", "until": "holidays"}),
        ("siblings", {"step": "preview"}),
        ("siblings", {**span, "child": [ALINE]}),
    ]
    for name, form in forms:
        address = reverse(name, kwargs={"code": JAMES})
        check(jamie, data, address, form)
    contact = {"name": "", "email": "nonsense", "phone": "nonsense", "message": ""}
    check(jamie, data, reverse("contact"), contact)


def test_periods_confirmed_or_not(busy, jamie):
    data, address = town_data(busy), reverse("periods", kwargs={"code": JAMES})
    with in_town(busy.demo):
        public_id = str(Period.objects.filter(freezes=True).get().public_id)
    check(jamie, data, address, {"period": public_id})
    chosen = {"period": public_id, "sure": "1", "day": ["cantine/0"]}
    check(jamie, data, address, chosen)  # the recap; the second time, too late
    check(jamie, data, address)


def test_paying_refused_or_impossible(busy, jamie, monkeypatch):
    data, trouble = town_data(busy), Trouble.DOWN
    bank = SimpleNamespace(asks=True, open=lambda *_asked: NotOpened(trouble, "A2", "Panne"))
    monkeypatch.setattr("portail.billing.operations.paying.provider_named", lambda _name: bank)
    free, right = str(id_of("free")), {"cents": "4000", "email": "me@server.fr"}
    pay = reverse("pay", kwargs={"public_id": free})
    for form in (right, right | {"cents": "1"}, right | {"email": ""}, right | {"email": "nonsense"}):
        check(jamie, data, pay, form)
    trouble = Trouble.EMAIL
    check(jamie, data, pay, right)
    for name in ("tiny", "deadline", f"invoice {AttemptState.REVIEW}"):
        check(jamie, data, reverse("pay", kwargs={"public_id": id_of(name)}), right)
    addresses = {"action": "emails", "email1": "nonsense", "email2": "a@server.fr", "email3": "A@server.fr"}
    for form in ({}, {"invoice": free}, {"invoice": str(id_of("paid")), "email": "x"}, addresses):
        check(jamie, data, reverse("invoices"), form)


def test_back_from_the_bank_without_a_session(busy):
    data, stranger = town_data(busy), Browser()
    for idop in ("", "nonsense", *(idop_of(state) for state in AttemptState if state is not AttemptState.CREATED)):
        check(stranger, data, f"{reverse('pay_return')}?idop={idop}")
    for secret in (billed.SECRET, "nonsense"):
        check(stranger, data, reverse("invoice_email", kwargs={"secret": secret}), {})


def test_a_family_with_one_invoice_or_none(busy, denise):
    check(denise, town_data(busy), reverse("invoices"))
    with in_town(busy.demo):
        bills_of(busy.denise).invoice()
    for address in (reverse("home"), reverse("invoices")):
        check(denise, town_data(busy), address)


def test_errors_are_told_in_the_language_of_the_visitor(busy, jamie, monkeypatch):
    data = town_data(busy)
    monkeypatch.setattr("portail.billing.documents.invoice_pdf", Mock(side_effect=PaperError("x")))
    check(jamie, data, reverse("invoice_pdf", kwargs={"public_id": id_of("free")}))
    check(jamie, data, "/nowhere/")
    check(jamie, data, "/contact/", {"x": ["y"] * 20_001})
    check(jamie, data, reverse("logout"))
    strict = Browser(enforce_csrf_checks=True)
    check(strict, data, "/", {})
    stranger = Browser("nobody.example")
    check(stranger, data, "/")


def test_the_product_page(busy):
    browser = Browser("localhost")
    check(browser, town_data(busy), "/")


# --- Choosing ---------------------------------------------------------------------------------------------------------


def switch(browser: Browser, page: Page, language: str) -> Any:
    """Press the button of the footer."""
    assert ("button", "language", language) in {(t, f.get("name"), f.get("value")) for t, f in page.tags}
    sent = {name: page.value(name) for name in ("csrfmiddlewaretoken", "next")}
    return browser.post(reverse("language"), {**sent, "language": language})


@pytest.mark.parametrize(
    ("header", "language"),
    [("en", "en"), ("en-GB,en;q=0.9", "en"), ("de,en;q=0.5", "en"), ("fr,en;q=0.9", "fr"), ("de", "fr"), ("", "fr")],
)
def test_the_browser_says_its_language(header, language, world):
    response = Browser().get("/", headers={"accept-language": header, "host": DEMO})
    assert language_of(Page(response.content.decode())) == language
    assert "Accept-Language" in response.headers["Vary"]


def test_the_switch_in_the_footer_keeps_the_page_and_is_remembered(world):
    browser = Browser(enforce_csrf_checks=True)
    page = browser.page("/contact/?envoye=1")
    response = switch(browser, page, "en")
    assert (response.status_code, response.headers["Location"]) == (302, "/contact/?envoye=1")
    page = browser.page("/contact/?envoye=1")
    assert language_of(page) == "en"
    assert "Message sent" in page.text
    assert language_of(browser.page("/aide/")) == "en"
    assert switch(browser, page, "fr").status_code == 302
    assert language_of(browser.page("/aide/")) == "fr"


def test_the_switch_keeps_the_week_and_the_session_of_a_parent(jamie):
    address = f"{planning_of(JAMES)}?semaine=2026-W48&groupe=peri"
    response = switch(jamie, jamie.page(address), "en")
    assert response.headers["Location"] == address
    page = jamie.page(address)
    assert "Planner for James BOND" in page.text
    assert "Monday 23 November 2026, not booked" in page.text


def test_the_cookie_wins_over_the_browser_and_leads_nowhere_else(world):
    browser = Browser()
    sent = {"language": "fr", "next": "https://evil.example/"}
    response = browser.post(reverse("language"), sent, headers={**ENGLISH, "host": DEMO})
    assert response.headers["Location"] == "/"
    assert language_of(Page(browser.get("/", headers={**ENGLISH, "host": DEMO}).content.decode())) == "fr"


def test_labels_of_a_town_stay_its_own_in_english(busy, jamie):
    jamie.cookies["langue"] = "en"
    with in_town(busy.demo):
        name = Activity.objects.get(code="cantine").name
    page = jamie.page(planning_of(JAMES))
    assert name in page.text
    assert "closes at 10:00 the working day before" in page.text
    assert "SAVE MY CHANGES" in page.text
