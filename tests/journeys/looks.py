"""What every page is held to: axe finds nothing, nothing is too small or too wide; and its picture to judge it by."""

from axe_playwright_python.sync_playwright import Axe

from tests.journeys.conftest import DESKTOP, HEIGHTS, PHONE
from tests.journeys.parent import Parent
from tests.journeys.processes import ROOT

PICTURES = ROOT / "var" / "screenshots"
NARROWEST = 320
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINGER = 44  # px, side of a cell on a phone
STILL = "{ const soon = setTimeout; setTimeout = (act, wait = 0) => wait < 1000 ? soon(act, wait) : 0; }"
AXE = Axe()


def hold_still(parent: Parent) -> None:
    """The pages to come do nothing by themselves while they are looked at."""
    parent.page.add_init_script(STILL)


def judge(parent: Parent, name: str) -> None:
    """The page shown, on a phone and on a desktop: both pictures, axe, sizes."""
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
