"""From login to recap without a pointer."""

import re
from datetime import timedelta
from itertools import pairwise

from playwright.sync_api import Locator, expect

from tests.journeys.cells import MORNING, free
from tests.journeys.conftest import PLAIN, Owing, Visit
from tests.journeys.parent import PAGES_AHEAD, UNDONE, Cell, Parent, recap_line, today
from tests.journeys.paying import ACCEPTED, CODE, GOOD_CARD, PAY, at_the_bank, card_of, open_list, outcome
from tests.journeys.portal import Family

FURTHEST = 60  # presses of a key
PLACE = "(item) => { const cell = item.closest('td, th'); return [cell.parentElement.rowIndex, cell.cellIndex]; }"
OUTLINES = """() => [document.activeElement, document.activeElement.closest('label') ?? document.activeElement]
.map((item) => getComputedStyle(item)).map((style) => [style.outlineStyle, parseFloat(style.outlineWidth)])"""


def test_the_whole_journey_by_keyboard(visit: Visit, family: Family) -> None:
    parent = visit(family)
    keys = parent.page.keyboard
    _log_in(parent)
    _tab_to(parent, parent.link(re.compile(f"^Planning de {family.children[0].first_name}")))
    keys.press("Enter")
    expect(parent.heading(re.compile("^Planning de"), 1)).to_be_visible()
    one, other = _side_by_side(parent)
    _enter_table(parent, one)
    keys.press("Space")
    assert parent.now(one).checked
    keys.press("Shift+ArrowRight")
    expect(parent.box(other)).to_be_focused()
    assert parent.now(other).checked, "Maj + flèche recopie"
    keys.press("Control+s")
    parent.saved(recap_line(one), recap_line(other))
    _tab_to(parent, parent.button("Annuler ces modifications"))
    keys.press("Enter")
    parent.saved(recap_line(one.toggled()), recap_line(other.toggled()), heading=UNDONE)


def test_paying_by_keyboard(visit: Visit, owing: Owing) -> None:
    debt = owing(PLAIN, others=False)
    parent = visit(debt.family)
    page, keys = parent.page, parent.page.keyboard
    parent.log_in()
    open_list(parent)
    _tab_to(parent, card_of(parent, debt.number).get_by_role("radio"))
    keys.press("Space")
    _type(parent, parent.field("Mon e-mail"), debt.email)
    keys.press("Enter")
    _tab_to(parent, parent.button(PAY))
    keys.press("Enter")
    at_the_bank(page, debt)
    _tab_to(parent, parent.button(re.compile("^Payer par carte")))
    keys.press("Enter")
    _type(parent, parent.field("Numéro de carte"), GOOD_CARD)
    _type(parent, page.get_by_role("combobox", name="Mois"), "12")
    _type(parent, page.get_by_role("combobox", name="Année"), str(today().year + 2))
    _type(parent, parent.field("Cryptogramme visuel"), "123")
    keys.press("Enter")
    _type(parent, parent.field("Code reçu par SMS"), CODE)
    keys.press("Enter")
    _tab_to(parent, parent.link("Continuer"))
    keys.press("Enter")
    outcome(parent, ACCEPTED)
    _tab_to(parent, parent.link("Retourner aux factures"))
    keys.press("Enter")
    expect(parent.heading("Mes factures", 1)).to_be_visible()


def test_tab_enters_a_table_once(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    table = parent.page.get_by_role("table").filter(has=parent.box(cell))
    _enter_table(parent, cell)
    parent.page.keyboard.press("Tab")
    assert not table.evaluate("(table) => table.contains(document.activeElement)")
    parent.page.keyboard.press("Shift+Tab")
    expect(parent.box(cell)).to_be_focused()


def test_the_focus_can_be_seen(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    for _ in range(12):
        parent.page.keyboard.press("Tab")
        outlines = parent.page.evaluate(OUTLINES)
        assert any(kind != "none" and size >= 3 for kind, size in outlines), outlines


def _log_in(parent: Parent) -> None:
    keys = parent.page.keyboard
    parent.go("/")
    keys.press("Tab")
    skip = parent.link("Aller au contenu")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    keys.press("Enter")
    _tab_to(parent, parent.field("Code enfant"))
    keys.type(parent.family.children[0].code)
    keys.press("Tab")
    expect(parent.payer_code()).to_be_focused()
    keys.type(parent.family.payer_code)
    keys.press("Enter")
    expect(parent.heading(re.compile("^Bonjour"), 1)).to_be_visible()


def _tab_to(parent: Parent, target: Locator) -> None:
    for _ in range(FURTHEST):
        parent.page.keyboard.press("Tab")
        if target.evaluate("(item) => item === document.activeElement"):
            return
    raise AssertionError(f"{target} was not reached with Tab")


def _type(parent: Parent, field: Locator, words: str) -> None:
    """Into a field that Tab leads to, whose old words Tab has selected."""
    _tab_to(parent, field)
    parent.page.keyboard.type(words)


def _side_by_side(parent: Parent) -> tuple[Cell, Cell]:
    """Two free mornings of the same week, one after the other in its row."""
    for _ in range(PAGES_AHEAD):
        mornings = [cell for cell in parent.cells() if cell.activity == MORNING]
        for one, other in pairwise(mornings):
            if free()(one) and free()(other) and other.day - one.day == timedelta(days=1):
                return one, other
        parent.onward()
    raise AssertionError("no two free mornings side by side")


def _enter_table(parent: Parent, cell: Cell) -> None:
    """Tab until the focus is in the cell's table, then arrows until it is on the cell."""
    box = parent.box(cell)
    table = parent.page.get_by_role("table").filter(has=box)
    for _ in range(FURTHEST):
        parent.page.keyboard.press("Tab")
        if table.evaluate("(table) => table.contains(document.activeElement)"):
            break
    row, column = box.evaluate(PLACE)
    for _ in range(FURTHEST):
        here_row, here_column = parent.page.evaluate(f"() => ({PLACE})(document.activeElement)")
        if here_row != row:
            parent.page.keyboard.press("ArrowDown" if here_row < row else "ArrowUp")
        elif here_column != column:
            parent.page.keyboard.press("ArrowRight" if here_column < column else "ArrowLeft")
        else:
            break
    expect(box).to_be_focused()
