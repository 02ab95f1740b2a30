"""Every address × every kind of visitor: the right status, nothing of anybody else's, and a GET that writes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse

from portail.bookings.operations.offer import PeriodDraft, create_period
from portail.families.models import Link
from portail.families.operations.register import share_feed
from portail.news.models import NewsItem
from portail.news.operations.board import FileDraft, NewsDraft, attach_file, post_news
from portail.towns.operations import set_logo
from portail.towns.scope import in_town
from portail.web import product_urls, urls
from portail.web.feed import feed_secret
from tests.web.bills import bills_of
from tests.web.browser import BUCHELAY, DEMO, Browser, Queries
from tests.world import ALINE, CLERK, FRIDAY, JAMES, MONDAY, NOW, THURSDAY, World, tick, validate

PUBLIC_ROUTES = {
    "login",
    "feed",  # by its secret address
    "contact",
    "help",
    "invoice_manual",
    "legal",
    "privacy",
    "accessibility",
    "news_file",
    "town_css",
    "logo",
    "language",
    "product",
    "invoice_email",  # by the secret of its e-mail
    "pay_return",
    "pay_notified",
    "pay_announced",
}
POST_ONLY = {"logout", "extend", "undo"}
GET_ONLY = {"home", "children", "recap", "why", "modifications", "history", "feed"} | {
    "help", "invoice_manual", "legal", "privacy", "accessibility", "news_file", "town_css", "logo"
} | {
    "invoice", "invoice_pdf", "receipt_pdf", "certificate_pdf", "pay_follow", "payment", "payment_state",
    "payment_resume",
}  # fmt: skip
OF_A_CHILD = {"planning", "why", "copy", "pattern", "absence", "siblings", "periods", "feed_page", "history"}
OF_A_PAYER = {"recap", "undo"} | {
    "invoice", "invoice_pdf", "receipt_pdf", "certificate_pdf", "pay", "pay_follow", "payment", "payment_state",
    "payment_resume",
}  # fmt: skip
# What the owner of the scene meets instead of a page: led elsewhere, or a certificate for which nothing was paid.
LEADS_ON = {"login", "modifications", "language", "pay_follow", "pay_return", "payment_resume"}
EMPTY = {"certificate_pdf"}
OF_A_TOWN = {"feed", "news_file", "logo"}
NAMES_OF_THE_BONDS = ("James", "Aline", "BOND", "Jamie", "ESCO", "MALLERIN")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

ROUTES = {pattern.name: pattern for module in (urls, product_urls) for pattern in module.urlpatterns}


@dataclass
class Scene:
    """Addresses of what belongs to the Bonds of « Ville de Démo »; `child` is theirs."""

    world: World
    kwargs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def address(self, name: str, child: str = ALINE) -> str:
        more = {"code": child} if name in OF_A_CHILD else {}
        return reverse(name, kwargs=self.kwargs.get(name, {}) | more)


@pytest.fixture
def scene(world: World) -> Scene:
    found = Scene(world)
    with in_town(world.demo):
        change_set = validate([*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "matin", FRIDAY)], world.as_jamie)
        link = Link.objects.get(payer=world.jamie, person=world.aline)
        share_feed(link_id=link.public_id, payer_id=world.jamie.pk, shared=True)
        item = post_news(draft=NewsDraft(NewsItem.Kind.NEWS, "Menus", "<p>Bon</p>", "", NOW), by=CLERK, now=NOW)
        file = attach_file(item=item, draft=FileDraft("m.png", PNG, "image/png", "m"), by=CLERK, now=NOW)
        set_logo(content=PNG, content_type="image/png", by=CLERK, now=NOW)
        create_period(draft=PeriodDraft(MONDAY, FRIDAY, {"cantine": frozenset({0, 1})}, "Novembre"), by=CLERK, now=NOW)
        world.demo.refresh_from_db()
        bills = bills_of(world.jamie)
        invoice = bills.invoice()
        attempt, payment = bills.attempt(invoice), bills.paid(invoice, 100)
    found.kwargs = {
        "recap": {"public_id": change_set.public_id},
        "undo": {"public_id": change_set.public_id},
        "why": {"activity": "cantine", "day": str(THURSDAY)},
        "feed": {"link": link.public_id, "secret": feed_secret(link.public_id, 1)},
        "news_file": {"public_id": file.public_id},
        "town_css": {"digest": world.demo.colours_digest},
        "logo": {"digest": world.demo.logo_digest[:12]},
        "invoice_email": {"secret": "x"},
        "receipt_pdf": {"public_id": payment.public_id},
        "certificate_pdf": {"year": "2025"},
        "pay_announced": {"token": "x"},
        **{key: {"public_id": invoice.public_id} for key in ("invoice", "invoice_pdf", "pay", "pay_follow")},
        **{key: {"public_id": attempt.public_id} for key in ("payment", "payment_state", "payment_resume")},
    }
    return found


def test_every_route_asks_for_a_login_or_is_listed_as_public():
    private = {name for name, pattern in ROUTES.items() if getattr(pattern.callback, "for_family", False)}
    assert private & PUBLIC_ROUTES == set()
    assert private | PUBLIC_ROUTES == set(ROUTES)
    assert private >= OF_A_CHILD | OF_A_PAYER | POST_ONLY


def test_every_route_has_a_name_and_no_primary_key():
    for module in (urls, product_urls):
        assert [str(pattern.pattern) for pattern in module.urlpatterns if not pattern.name] == []
    assert [name for name, pattern in ROUTES.items() if "int" in str(pattern.pattern)] == []


PRIVATE = sorted(set(ROUTES) - PUBLIC_ROUTES)
GETS = sorted(set(ROUTES) - POST_ONLY - {"product"})
OWNED = sorted(OF_A_CHILD | OF_A_PAYER)
Door = tuple[str, str]
"""(route, method)."""


def doors(names: Iterable[str]) -> Iterator[Door]:
    for name in names:
        if name not in POST_ONLY:
            yield name, "get"
        if name not in GET_ONLY:
            yield name, "post"


@dataclass
class Visit:
    """Tries every door in turn; `statuses` and `leaks` are what came of it."""

    browser: Browser
    scene: Scene
    more: dict[str, Any] = field(default_factory=dict)
    answers: dict[Door, HttpResponse] = field(default_factory=dict)

    def knock(self, names: Iterable[str], child: str = ALINE) -> "Visit":
        kept = {name: morsel.value for name, morsel in self.browser.cookies.items()}
        for name, method in doors(names):
            for cookie, value in kept.items():  # a thief does not obey when told to forget one
                self.browser.cookies[cookie] = value
            response = getattr(self.browser, method)(self.scene.address(name, child), **self.more)
            self.answers[name, method] = response
        return self

    def all_answered(self, status: int) -> bool:
        return {door: r.status_code for door, r in self.answers.items()} == dict.fromkeys(self.answers, status)

    def led_to_the_login(self) -> bool:
        places = {door: r.headers.get("Location", "").startswith("/?suite=%2F") for door, r in self.answers.items()}
        return self.all_answered(302) and places == dict.fromkeys(self.answers, True)

    def leaks(self, words: Iterable[str] = NAMES_OF_THE_BONDS) -> list[tuple[Door, str]]:
        return [(door, word) for door, r in self.answers.items() for word in words if word in r.content.decode()]


def test_a_stranger_is_led_to_the_login(scene, snapshot):
    before = snapshot()
    visit = Visit(Browser(), scene).knock(PRIVATE)
    assert visit.led_to_the_login()
    assert visit.leaks() == []
    assert snapshot() == before


def test_another_family_finds_nothing(scene, denise, snapshot):
    before = snapshot()
    visit = Visit(denise, scene).knock(OWNED)
    assert visit.all_answered(404)
    assert visit.leaks() == []
    assert snapshot() == before


def test_the_other_parent_finds_nothing_of_the_sister_nor_of_the_other_parents_acts(scene, paul, snapshot):
    before = snapshot()
    visit = Visit(paul, scene).knock(OWNED)
    assert visit.all_answered(404)
    assert visit.leaks(("Aline", "Jamie")) == []
    assert snapshot() == before


def test_the_other_parent_sees_the_common_child_alone(scene, paul):
    names = sorted(set(GETS) - OF_A_PAYER - OF_A_TOWN)
    for name in names:
        response = paul.get(scene.address(name, JAMES))
        assert response.status_code in {200, 302}, name
        assert [w for w in ("Aline", "Jamie", "008") if w in response.content.decode()] == [], name


def test_a_family_of_another_town_finds_nothing_on_its_own_host(scene, lea, snapshot):
    before = snapshot()
    visit = Visit(lea, scene).knock(OWNED)  # 008 is nobody's there
    assert visit.all_answered(404)
    assert visit.leaks() == []
    assert snapshot() == before


def test_the_same_child_code_in_another_town_is_another_child(scene, lea):
    for name in sorted(OF_A_CHILD):
        response = lea.get(scene.address(name, JAMES))
        assert response.status_code == 200, name
        assert [word for word in NAMES_OF_THE_BONDS if word in response.content.decode()] == [], name


def test_what_a_town_publishes_is_not_on_another_towns_host(scene):
    for name in sorted(OF_A_TOWN):
        assert Browser(BUCHELAY).get(scene.address(name)).status_code == 404, name
        assert Browser().get(scene.address(name)).status_code == 200, name


def test_the_session_of_another_town_opens_nothing(scene, lea, snapshot):
    before = snapshot()
    assert Visit(lea, scene, {"headers": {"host": DEMO}}).knock(PRIVATE, JAMES).led_to_the_login()
    assert snapshot() == before


def test_a_stolen_cookie_of_this_town_opens_nothing_in_another(scene, jamie, snapshot):
    before = snapshot()
    visit = Visit(jamie, scene, {"headers": {"host": BUCHELAY}}).knock(PRIVATE, JAMES)
    assert visit.led_to_the_login()
    assert visit.leaks() == []
    assert snapshot() == before


def test_the_family_reads_its_own_pages_and_nothing_is_written(scene, jamie, snapshot, clock):
    clock.shift(90)  # the session cookie is due for a new stamp
    before = snapshot()
    for name in GETS:
        with Queries() as queries:
            response = jamie.get(scene.address(name))
        assert response.status_code == (302 if name in LEADS_ON else 404 if name in EMPTY else 200), name
        assert queries.writes == [], name
    assert snapshot() == before


def test_a_strangers_get_writes_nothing_either(scene, snapshot):
    before = snapshot()
    for name in GETS:
        with Queries() as queries:
            Browser().get(scene.address(name))
        assert queries.writes == [], name
    assert snapshot() == before


@pytest.mark.parametrize("value", ["", "x", "x.y:z", "é", "a" * 5000, "key.99999999999999:sig"])
def test_a_forged_or_old_cookie_is_an_ordinary_stranger(value, scene):
    for name in GETS:
        browser = Browser()
        browser.cookies["sid"] = browser.cookies["device"] = value
        response = browser.get(scene.address(name))
        assert response.status_code == (200 if name in PUBLIC_ROUTES - {"language"} else 302), name


def test_a_wrong_method_is_refused(scene, jamie):
    for name in sorted(POST_ONLY):
        assert jamie.get(scene.address(name)).status_code == 405
    for name in sorted(GET_ONLY):
        assert jamie.post(scene.address(name)).status_code == 405


NONSENSE: dict[str, Callable[[], list[str]]] = {
    "planning": lambda: ["/planning/999/", "/planning/%00/", "/planning/..%2f/", "/planning/" + "9" * 3000 + "/"],
    "why": lambda: [
        f"/planning/007/pourquoi/{activity}/{day}/"
        for activity, day in (
            ("nothing", "2026-11-24"), ("cantine", "2026-02-30"), ("cantine", "nonsense"), ("cantine", "-1"),
        )
    ],
    "recap": lambda: ["/planning/recap/00000000-0000-0000-0000-000000000000/", "/planning/recap/12/"],
    "files": lambda: ["/actualites/fichier/00000000-0000-0000-0000-000000000000/", "/logo/0/", "/couleurs/0.css"],
    "feed": lambda: ["/agenda/00000000-0000-0000-0000-000000000000-x.ics", "/agenda/x.ics"],
    "money": lambda: [
        *(f"/{place}/00000000-0000-0000-0000-000000000000{rest}" for place, rest in (
            ("factures", "/"), ("factures", ".pdf"), ("factures", "/payer/"), ("factures", "/suivi/"),
            ("recus", ".pdf"), ("paiement", "/"), ("paiement", "/etat/"), ("paiement", "/reprendre/"),
        )),
        *(f"/attestations/{year}.pdf" for year in ("2025", "2026", "9999", "x", "²025", "-201", "%00", "0000")),
        "/factures/x/", "/paiement/x/", "/factures/courriel/",
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(NONSENSE))
def test_a_nonsense_address_is_a_plain_404(kind, scene, jamie):
    for address in NONSENSE[kind]():
        response = jamie.get(address)
        assert response.status_code == 404, address
        assert "Page introuvable" in response.content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2026-11-28", "2200-01-01", "9999-12-31"])
def test_why_answers_for_any_day_of_the_calendar(day, jamie):
    assert jamie.get(f"/planning/007/pourquoi/cantine/{day}/").status_code == 200


@pytest.mark.parametrize(
    "query", ["semaine=1900-W01", "semaine=2999-W52", "semaine=2026-W99", "semaine=%00", "groupe=%00", "groupe=é/'\"<"]
)
def test_a_nonsense_week_or_group_still_shows_a_page(query, jamie):
    page = jamie.page(f"/planning/007/?{query}")
    assert "<" not in "".join(link for link in page.links if "groupe" in link)
    assert jamie.get(f"/planning/007/copier/?{query}").status_code == 200


def test_the_product_page_knows_no_town_address(world):
    for name in sorted(set(ROUTES) - {"product", "login", "language"}):
        with pytest.raises(NoReverseMatch):
            reverse(name, urlconf="portail.web.product_urls")
