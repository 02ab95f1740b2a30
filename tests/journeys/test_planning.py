"""The heart: tick, untick, validate, read what was recorded, undo (features P1 to P6, P9)."""

import re

from playwright.sync_api import expect

from tests.journeys.cells import LUNCH, MORNING, free
from tests.journeys.conftest import Visit
from tests.journeys.parent import NOTHING, UNDONE, Cell, recap_line
from tests.journeys.portal import Family

HISTORY, UNDO = "Voir mes dernières modifications", "Annuler ces modifications"


def test_tick_validate_read_and_untick(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.link(re.compile(f"^Planning de {family.children[0].first_name}")).click()
    one, other, *_ = parent.find_all(free(), "free morning", 2)
    parent.toggle(one, other)
    for cell in (one, other):
        assert parent.now(cell).state == "inscrit, modifié"
    parent.sees("2 changements")
    parent.validate()
    parent.saved(recap_line(one), recap_line(other))
    parent.link("Revenir au planning").click()
    assert parent.now(one).state == "inscrit"
    parent.toggle(parent.now(one))
    assert parent.now(one).state == "non inscrit, modifié"
    parent.validate()
    parent.saved(recap_line(one.toggled()))
    parent.open_planning()
    parent.link(HISTORY).click()
    expect(parent.heading(HISTORY, 1)).to_be_visible()
    log = parent.region(MORNING).get_by_role("listitem").filter(has_text=f"{one.day:%d-%m-%Y}")
    expect(log.first).to_have_text(re.compile("^annulé.*par internet, le "))


def test_undo_brings_everything_back(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    parent.toggle(cell)
    parent.validate()
    back = parent.page.url
    parent.button(UNDO).click()
    parent.saved(recap_line(cell.toggled()), heading=UNDONE)
    parent.link("Revenir au planning").click()
    assert parent.now(cell).state == "non inscrit"
    parent.page.goto(back)
    expect(parent.button(UNDO)).to_have_count(0)


def test_one_of_two_that_exclude_each_other_is_refused(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    meal, none = parent.find_day(LUNCH, lambda day: not any(cell.checked for cell in day))[:2]
    parent.toggle(meal, none)
    parent.validate()
    parent.saved(recap_line(meal))
    parent.lists("1 changement refusé", [f"{none.activity}, {none.words}"])
    parent.sees("c'est l'un ou l'autre")
    parent.link("Revenir au planning").click()
    assert parent.now(meal).checked
    assert not parent.now(none).checked


def test_nothing_changed_nothing_recorded(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    parent.validate()
    expect(parent.heading(NOTHING, 2)).to_be_visible()
    expect(parent.button(UNDO)).to_have_count(0)


def test_changes_are_counted_and_taken_back(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    parent.toggle(cell)
    parent.sees("1 changement")
    parent.page.keyboard.press("Control+z")
    assert not parent.now(cell).checked
    parent.page.keyboard.press("Control+y")
    assert parent.now(cell).checked
    parent.button("Annuler mes changements").click()
    assert parent.now(cell).state == "non inscrit"
    expect(parent.button("Annuler mes changements")).to_have_count(0)


def test_the_heads_tick_a_row_and_a_day(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    week = parent.page.get_by_role("table").filter(has=parent.box(cell))
    row = [c for c in parent.cells() if c.live and c.activity == MORNING and _same_week(c, cell)]
    ticked = all(c.checked for c in row)
    week.get_by_role("rowheader", name=re.compile(f"^{MORNING}")).get_by_role("button").click()
    assert all(parent.now(c).checked is not ticked for c in row)
    parent.button("Annuler mes changements").click()
    assert [parent.now(c) for c in row] == row


def _same_week(one: Cell, other: Cell) -> bool:
    return one.day.isocalendar()[:2] == other.day.isocalendar()[:2]
