"""Every page and state: axe finds nothing, nothing is too small or too wide, and a picture to judge it by.

Pictures go to var/screenshots. On SQLite only: none of this depends on the engine.
"""

import pytest

from tests.journeys.conftest import DESKTOP, PHONE, Visit
from tests.journeys.looks import PICTURES, judge
from tests.journeys.portal import Family, World
from tests.journeys.states_billing import PRIVATE, PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page(visit: Visit, bond: Family, name: str) -> None:
    parent = visit(bond, width=PHONE, allowed={400, 403, 404})
    PUBLIC[name](parent)
    judge(parent, name)


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_page(visit: Visit, demo_world: World, name: str) -> None:
    payer_name, way = PRIVATE[name]
    parent = visit(demo_world.family(payer_name), width=PHONE, allowed={400, 403})
    parent.log_in()
    way(parent)
    judge(parent, name)


def test_another_towns_login(visit: Visit, demo_world: World) -> None:
    parent = visit(demo_world.family("Clémence BOUCHER"), width=PHONE)
    parent.go("/")
    judge(parent, "login-buchelay")


def test_the_bare_host(visit: Visit, demo_world: World) -> None:
    parent = visit(Family("localhost", "", "", ()), width=PHONE)
    parent.go("/")
    judge(parent, "product")


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
