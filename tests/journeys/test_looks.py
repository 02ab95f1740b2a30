"""Every page and state: axe finds nothing, nothing is too small or too wide, and a picture to judge it by.

Pictures go to var/screenshots. On SQLite only: none of this depends on the engine.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.journeys.conftest import DESKTOP, HEIGHTS, PHONE, Visit
from tests.journeys.parent import Parent
from tests.journeys.portal import ROOT, Family, World
from tests.journeys.states import PRIVATE, PUBLIC

PICTURES = ROOT / "var" / "screenshots"
NARROWEST = 320
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINGER = 44  # px, side of a cell on a phone
AXE = Axe()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page(visit: Visit, bond: Family, name: str) -> None:
    parent = visit(bond, width=PHONE, allowed={400, 403, 404})
    PUBLIC[name](parent)
    _judge(parent, name)


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_page(visit: Visit, demo_world: World, name: str) -> None:
    payer_name, way = PRIVATE[name]
    parent = visit(demo_world.family(payer_name), width=PHONE, allowed={400, 403})
    parent.log_in()
    way(parent)
    _judge(parent, name)


def test_another_towns_login(visit: Visit, demo_world: World) -> None:
    parent = visit(demo_world.family("Clémence BOUCHER"), width=PHONE)
    parent.go("/")
    _judge(parent, "login-buchelay")


def test_the_bare_host(visit: Visit, demo_world: World) -> None:
    parent = visit(Family("localhost", "", "", ()), width=PHONE)
    parent.go("/")
    _judge(parent, "product")


def test_on_paper(visit: Visit, bond: Family) -> None:
    parent = visit(bond)
    parent.log_in()
    parent.open_planning()
    parent.page.emulate_media(media="print")
    PICTURES.mkdir(parents=True, exist_ok=True)
    parent.page.pdf(path=PICTURES / "planning-print.pdf", format="A4")
    parent.picture(PICTURES / "planning-print.png")


@pytest.mark.parametrize(("name", "width"), [("planning-telephone", PHONE), ("planning-ordinateur", DESKTOP)])
def test_the_pictures_of_the_readme(visit: Visit, bond: Family, name: str, width: int) -> None:
    """Copied to docs/images by hand, when the look has changed."""
    parent = visit(bond, width=width, device_scale_factor=2 if width == PHONE else 1)
    parent.log_in()
    parent.open_planning()
    parent.onward()
    parent.page.evaluate("scrollTo(0, 0)")
    PICTURES.mkdir(parents=True, exist_ok=True)
    parent.page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def _judge(parent: Parent, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for width in (PHONE, DESKTOP):
        parent.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        parent.page.evaluate("scrollTo(0, 0)")
        parent.picture(PICTURES / f"{name}-{width}.png")
        found += [f"{width} px: {line}" for line in _violations(parent)]
        if width == PHONE:
            found += _small_cells(parent)
    for width in (NARROWEST, PHONE):
        parent.fits(width)
    assert not found, "\n".join(found)


def _violations(parent: Parent) -> list[str]:
    answer = AXE.run(parent.page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response
    assert answer["passes"] or answer["incomplete"], "axe looked at nothing"
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in answer["violations"]
        for node in violation["nodes"][:3]
    ]


def _small_cells(parent: Parent) -> list[str]:
    table = parent.page.get_by_role("table")
    sizes = table.get_by_role("checkbox").evaluate_all(
        """(all) => all.map((box) => box.closest('label').getBoundingClientRect())
        .map(({width, height}) => [width, height])"""
    )
    return [f"a cell of {width} × {height} px" for width, height in sizes if min(width, height) < FINGER]
