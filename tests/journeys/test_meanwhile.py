"""Nothing is overwritten, nothing happens twice: older tabs, double clicks, Back, retries (features P5, P11)."""

from playwright.sync_api import Locator, Request, expect

from tests.journeys.cells import MORNING, free
from tests.journeys.conftest import Visit
from tests.journeys.parent import NOTHING, VALIDATE, Cell, Parent, recap_line
from tests.journeys.portal import Family, World


def test_the_other_parents_older_page_overwrites_nothing(visit: Visit, demo_world: World, width: int) -> None:
    early = visit(demo_world.family("François-Xavier L'HÉRITIER"), width=width)
    late = visit(demo_world.family("Anaïs L'HÉRITIER"), width=width)
    for parent in (early, late):
        parent.log_in()
        parent.open_planning()
    both, mine, *_ = early.find_all(free(), "free morning", 2)
    late.find(lambda cell: cell.stem == both.stem, "the same cell")
    early.toggle(both)
    early.validate()
    early.saved(recap_line(both))
    late.toggle(mine)  # `both` is still shown free here, and stays untouched
    late.validate()
    late.saved(recap_line(mine))
    late.lists("Modifié entre-temps", [f"{both.activity}, {both.words}"])
    late.sees("Votre page montrait : non inscrit · maintenant : inscrit")
    late.link("Revenir au planning").click()
    assert late.now(both).checked
    assert late.now(mine).checked


def test_double_click_back_and_retry_change_nothing_more(visit: Visit, family: Family) -> None:
    parent = visit(family)
    sent: list[Request] = []
    parent.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    before = _written(parent, family, cell).count()
    parent.open_planning(query=f"?semaine={cell.day:%G-W%V}")
    parent.toggle(cell)
    sent.clear()
    parent.button(VALIDATE).dblclick()
    parent.saved(recap_line(cell))
    (post,) = sent
    recap = parent.page.url.removesuffix("#recap")
    # a retry of the very same sending leads to the very same recap
    again = parent.page.evaluate(
        "async ([url, body, type]) => (await fetch(url, {method: 'POST', body, headers: {'Content-Type': type}})).url",
        [post.url, post.post_data, post.headers["content-type"]],
    )
    assert again.removesuffix("#recap") == recap
    parent.page.go_back()
    expect(parent.button(VALIDATE)).to_be_visible()
    assert parent.now(cell).checked
    parent.validate()
    expect(parent.heading(NOTHING, 2)).to_be_visible()
    expect(_written(parent, family, cell)).to_have_count(before + 1)


def _written(parent: Parent, family: Family, cell: Cell) -> Locator:
    """The lines of the history that say that this cell was booked."""
    parent.go(f"/modifications/{family.children[0].code}/")
    lines = parent.region(MORNING).get_by_role("listitem").filter(has_text=f"{cell.day:%d-%m-%Y}")
    return lines.filter(has_text="inscrit")


def test_unticking_what_somebody_else_unticked_is_no_quarrel(visit: Visit, family: Family) -> None:
    early, late = visit(family), visit(family)
    for parent in (early, late):
        parent.log_in()
        parent.open_planning()
    cell = early.find(free(), "free morning")
    late.find(lambda other: other.stem == cell.stem, "the same cell")
    for parent in (early, late):
        parent.toggle(cell)
    early.validate()
    early.saved(recap_line(cell))
    late.validate()  # the wish is already fulfilled: nothing to record, nothing to refuse
    expect(late.heading(NOTHING, 2)).to_be_visible()
    expect(late.region("Modifié entre-temps")).to_have_count(0)
