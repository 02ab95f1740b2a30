"""The register on a tablet: ticked online, offline, online again; two tablets; without scripts."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.journeys.portal import Portal

HOST, PASSWORD = "demo.localhost", "demonstration-2026"
TABLET = {"width": 800, "height": 1100}
PATH = "/mairie/pointage/envoi/"
SEND = f"**{PATH}"
WAIT = 20_000  # milliseconds; longer than the quarter of a minute after which a tablet tries again
MOST_DAYS = 30  # back to a day with school, past the longest holidays but summer's


@dataclass
class Tablet:
    """An agent in front of the register."""

    portal: Portal
    context: BrowserContext
    page: Page
    errors: list[str]

    def go(self, path: str) -> None:
        self.page.goto(self.portal.origin(HOST) + path)

    def log_in(self, login: str) -> None:
        """Password, then the code that a demonstration shows."""
        self.go("/mairie/connexion/")
        self.page.get_by_label("Identifiant").fill(login)
        self.page.get_by_label("Mot de passe").fill(PASSWORD)
        self.page.locator("main button[type=submit]").click()
        expect(self.page.get_by_label("Code à 6 chiffres")).to_be_visible()
        shown = re.search(r"\b\d{6}\b", self.page.locator("main").inner_text())
        assert shown
        self.page.get_by_label("Code à 6 chiffres").fill(shown[0])
        self.page.locator("main button[type=submit]").click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("Bonjour")

    def find_register(self) -> str:
        """The address of the largest canteen of the last day with school."""
        self.go("/mairie/pointage/")
        for _ in range(MOST_DAYS):
            canteen = self.page.locator("section", has=self.page.get_by_role("heading", name="Cantine", exact=True))
            if canteen.count() and self.page.get_by_role("link", name="Jour suivant").count():
                found = canteen.get_by_role("link", name=re.compile("MATERNELLE")).get_attribute("href")
                assert found
                return found
            self.page.get_by_role("link", name="Jour précédent").click()
        raise AssertionError("no canteen on the last days of the demo world")

    def open(self, register: str) -> None:
        """The register, once it is at hand without a network."""
        self.go(register)
        expect(self.page.locator("html[data-kept]")).to_be_attached()

    def child(self, place: int) -> Locator:
        return self.page.locator(".pupil:not([data-other])").nth(place)

    def tap(self, place: int, times: int = 1) -> None:
        for _ in range(times):
            self.child(place).locator(".touch").click()

    def shows(self, place: int, mark: str) -> None:
        expect(self.child(place)).to_have_attribute("data-mark", mark)

    def has_sent_all(self) -> None:
        expect(self.page.locator("#tablet-state")).to_be_hidden()
        expect(self.page.locator("#tablet-state")).to_have_attribute("data-waiting", "0")

    def waits(self, words: str) -> None:
        expect(self.page.locator("#tablet-state")).to_have_text(words)


Open = Callable[..., Tablet]


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """The session of each agent: the same code is not taken twice, and a test need not wait for the next one."""
    return {}


@pytest.fixture
def tablet(browser: Browser, portal: Portal, sessions: dict[str, Any]) -> Iterator[Open]:
    """`tablet("animation@demo")`: somebody takes a tablet and logs in."""
    portal.must_answer()
    expect.set_options(timeout=WAIT)
    taken: list[Tablet] = []

    def one(login: str = "animation@demo", *, scripts: bool = True) -> Tablet:
        context = browser.new_context(
            viewport=TABLET, has_touch=True, locale="fr-FR", timezone_id="Europe/Paris", java_script_enabled=scripts,  # type: ignore[arg-type]
            storage_state=sessions.get(login),
        )  # fmt: skip
        context.set_default_timeout(WAIT)
        errors: list[str] = []
        context.on("weberror", lambda error: errors.append(str(error.error)))
        taken.append(Tablet(portal, context, context.new_page(), errors))
        if login not in sessions:
            taken[-1].log_in(login)
            sessions[login] = context.storage_state()
        return taken[-1]

    yield one
    for each in taken:
        each.context.close()
    assert [each.errors for each in taken if each.errors] == []


def clean(tablet: Tablet, register: str) -> None:
    """Nothing is ticked: a journey before this one may have ticked some."""
    tablet.open(register)
    rows = tablet.page.locator(".pupil:not([data-other])")
    for place, mark in enumerate(rows.evaluate_all("rows => rows.map(row => row.dataset.mark)")):
        tablet.tap(place, times={"": 0, "present": 3, "justified": 2, "absent": 1}[mark])
    tablet.has_sent_all()
    tablet.open(register)


def test_online_offline_and_back_without_loss_or_double(tablet: Open):
    mine, looking = tablet(), tablet("mairie@demo")
    register = mine.find_register()
    clean(mine, register)
    mine.tap(0)
    mine.has_sent_all()
    mine.context.set_offline(True)
    mine.tap(1)
    mine.tap(2, times=2)
    mine.tap(3, times=3)
    mine.waits("Hors ligne : 6 pointages à envoyer")
    mine.page.reload()
    for place, mark in enumerate(("present", "present", "justified", "absent", "")):
        mine.shows(place, mark)
    mine.waits("Hors ligne : 6 pointages à envoyer")
    looking.open(register)
    looking.shows(1, "")
    mine.context.set_offline(False)
    mine.has_sent_all()
    looking.page.reload()
    for place, mark in enumerate(("present", "present", "justified", "absent", "")):
        looking.shows(place, mark)
    expect(mine.page.locator(".conflict")).to_have_count(0)


def test_an_answer_that_was_lost_changes_nothing(tablet: Open):
    mine = tablet()
    register = mine.find_register()
    clean(mine, register)
    lost: list[int] = []
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in mine.context.cookies())

    def lose(route: Route) -> None:
        if route.request.method != "POST" or len(lost) == 2:
            route.continue_()
            return
        headers = {**route.request.headers, "host": f"{HOST}:{mine.portal.port}", "cookie": cookies}
        with closing(HTTPConnection("127.0.0.1", mine.portal.port)) as connection:
            connection.request("POST", PATH, body=route.request.post_data_buffer, headers=headers)
            lost.append(connection.getresponse().status)  # the server has heard it, the tablet never knows
        route.abort()

    mine.context.route(SEND, lose)
    mine.tap(0)
    expect(mine.page.locator("#tablet-state")).to_contain_text("Hors ligne")
    mine.tap(0)
    mine.tap(0)
    mine.has_sent_all()
    assert lost == [200, 200]
    mine.page.reload()
    mine.shows(0, "absent")
    expect(mine.page.locator(".conflict")).to_have_count(0)


def test_two_tablets_disagree(tablet: Open):
    mine, theirs = tablet(), tablet("mairie@demo")
    register = mine.find_register()
    clean(mine, register)
    theirs.open(register)
    mine.context.set_offline(True)
    mine.tap(0)
    theirs.tap(0, times=3)
    theirs.has_sent_all()
    mine.context.set_offline(False)
    note = mine.page.locator(".conflict")
    expect(note).to_contain_text("vous avez noté « présent », mais quelqu'un a noté « absent »")
    mine.shows(0, "absent")
    mine.page.reload()
    expect(note).to_have_count(1)  # until somebody has read it
    note.get_by_role("button", name="Noter « présent » quand même").click()
    expect(note).to_have_count(0)
    mine.has_sent_all()
    theirs.page.reload()
    theirs.shows(0, "present")


def test_a_child_who_was_not_expected_is_found_offline(tablet: Open):
    mine = tablet()
    register = mine.find_register()
    clean(mine, register)
    name = mine.page.locator("#others .pupil").first.get_attribute("data-name")
    assert name
    mine.context.set_offline(True)
    mine.page.get_by_label("Nom de l'enfant").fill(name.split()[-1].lower())
    mine.page.locator("#others .pupil:visible", has_text=name.split()[0]).first.locator(".touch").click()
    expect(mine.page.locator("#added")).to_contain_text("non réservé")
    mine.page.get_by_role("button", name="Annuler le dernier").click()
    expect(mine.page.locator("#added .pupil")).to_have_attribute("data-mark", "")
    mine.context.set_offline(False)
    mine.has_sent_all()


def test_the_evacuation_list_is_at_hand_without_a_network(tablet: Open):
    mine = tablet()
    mine.open(mine.find_register())
    mine.context.set_offline(True)
    mine.page.get_by_role("link", name="Qui est là maintenant").first.click()
    expect(mine.page.get_by_role("heading", level=1)).to_have_text("Qui est là maintenant")
    mine.waits("Hors ligne : tout est envoyé")


def test_targets_are_large_enough_for_a_finger(tablet: Open):
    mine = tablet()
    mine.open(mine.find_register() + "&heures=1")
    for one in mine.page.locator(
        ".touch:visible, .tablet .btn:visible, .tablet select:visible, .tablet input:visible"
    ).all():
        box = one.bounding_box()
        assert box
        assert box["height"] >= 56, one
    assert mine.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_scripts(tablet: Open):
    plain = tablet(scripts=False)
    register = plain.find_register()
    plain.go(register)
    row = plain.page.locator(".pupil:not([data-other])").nth(4)
    before = row.get_attribute("data-mark")
    row.locator(".touch").click()
    expect(plain.page.get_by_role("status").filter(has_text=" : ").first).to_be_visible()
    assert row.get_attribute("data-mark") != before
    plain.page.get_by_role("button", name="Annuler le dernier").click()
    expect(row).to_have_attribute("data-mark", before or "")
