"""The browser, a portal per process, and parents to walk through it."""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.bank import Bank
from tests.journeys.parent import Parent
from tests.journeys.portal import POSTGRESQL, Debt, Family, Portal, World, portal_over_a_copy, world_of_this_run
from tests.journeys.watching import Watch

# What does not depend on the engine is looked at once: accessibility, sizes, screenshots.
collect_ignore = ["test_looks.py", "test_looks_billing.py"] if POSTGRESQL else []

PHONE, DESKTOP = 375, 1280
SMALLEST = 320
HEIGHTS = {SMALLEST: 640, PHONE: 812, DESKTOP: 900}
WAIT = 8_000  # milliseconds; a state that has not come by then will not come

# Régies of the demo world: the bank in the same window, in a window of its own, and by PayFiP's older form.
PLAIN, POPUP, OLDER = "periscolaire", "extrascolaire", "cantine"

Visit = Callable[..., Parent]
Owing = Callable[..., Debt]


@pytest.fixture(scope="session")
def folder() -> Path:
    """The run's own folder, shared by xdist's processes and erased at the end (see tests/settings.py)."""
    return Path(os.environ["PORTAIL_TEST_DIR"]) / "journeys"


@pytest.fixture(scope="session")
def demo_world(folder: Path) -> World:
    """The demo world, built once a run."""
    return world_of_this_run(folder)


@pytest.fixture(scope="session")
def portal(demo_world: World, folder: Path) -> Iterator[Portal]:
    """This process's own portal, over its own copy of the world."""
    with portal_over_a_copy(demo_world, folder / os.environ.get("PYTEST_XDIST_WORKER", "alone")) as portal:
        yield portal


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    arguments = ["--lang=fr-FR", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    french: dict[str, str | float | bool] = {
        **os.environ,
        "LANGUAGE": "fr_FR",
        "LANG": "fr_FR.UTF-8",
    }  # date fields follow the browser, not the page
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments, env=french)
        yield browser
        browser.close()


# Widths do not depend on the engine; the ordinary phone, laid out as the smallest one, is for the pictures and axe.
@pytest.fixture(params=[DESKTOP] if POSTGRESQL else [SMALLEST, DESKTOP])
def width(request: pytest.FixtureRequest) -> int:
    """The widths every journey is walked at: the smallest phone, a desktop."""
    return int(request.param)


@pytest.fixture
def visit(browser: Browser, portal: Portal) -> Iterator[Visit]:
    """`visit(family, width=375, scripts=True, allowed={400}, said="")`: somebody opens a browser of their own."""
    portal.must_answer()
    expect.set_options(timeout=WAIT)
    parents: list[Parent] = []

    def one(
        family: Family, *, width: int = DESKTOP, scripts: bool = True, allowed: Any = (), said: str = "", **options: Any
    ) -> Parent:
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            java_script_enabled=scripts,
            has_touch=width < DESKTOP,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            extra_http_headers={"X-Forwarded-For": next(NETWORKS)},
            **options,
        )
        context.set_default_timeout(WAIT)
        watch = Watch(f"{family.host}:{portal.port}", portal.bank.netloc, set(allowed), said)
        watch.over(context)
        parents.append(Parent(portal, family, context, context.new_page(), watch, scripts))
        return parents[-1]

    yield one
    for parent in parents:
        parent.context.close()
    for parent in parents:
        parent.watch.verdict()


NETWORKS = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), repeat=3))


# Those of whom the demo world tells something particular: half weeks, an occasional child, reading only, an adult.
PARTICULAR = re.compile("BOND|EL AMRANI|CARPENTIER|VASSEUR|FABRE|KEÏTA|L'HÉRITIER")


@pytest.fixture(scope="session")
def _ordinary(demo_world: World) -> Iterator[Family]:
    """The families of whom nothing particular is told, round and round."""
    demo = demo_world.towns["Ville de Démo"]
    return itertools.cycle(
        family for family in demo_world.families if family.host == demo and not PARTICULAR.search(family.payer_name)
    )


@pytest.fixture
def family(_ordinary: Iterator[Family]) -> Family:
    """A family of « Ville de Démo » that no other test of this moment uses."""
    return next(_ordinary)


@pytest.fixture
def bank(portal: Portal) -> Iterator[Bank]:
    """The simulated PayFiP, put in order again at the end."""
    yield portal.bank
    portal.bank.order(reset=True)


@pytest.fixture(scope="session")
def _debts(demo_world: World) -> list[Debt]:
    """What is still to be paid. Jamie BOND's own are left alone: his list is looked at."""
    return [debt for debt in demo_world.debts if debt.family.payer_name != "Jamie BOND"]


@pytest.fixture
def owing(_debts: list[Debt]) -> Owing:
    """`owing()`, `owing(POPUP)`, `owing(others=True)`: an invoice to pay that no other test uses.

    `others`: must this payer have another one to pay, which no test uses either, or none at all?
    """

    def one(regie: str = "", *, others: bool | None = None) -> Debt:
        for debt in sorted(_debts, key=lambda one: -sum(one.regie == other.regie for other in _debts)):
            rest = [other for other in _debts if other.family == debt.family and other != debt]
            if (debt.regie == regie or (not regie and debt.regie != OLDER)) and others in (None, bool(rest)):
                for used in [debt, *(rest if others else [])]:
                    _debts.remove(used)
                return debt
        raise AssertionError(f"the demo world has no such invoice left to pay (régie {regie or 'any'})")

    return one


@pytest.fixture
def bond(demo_world: World) -> Family:
    """Jamie BOND, with James and Aline."""
    return demo_world.family("Jamie BOND")
