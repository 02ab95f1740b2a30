"""Many days at once: copy, « Semaine type », absence, brothers and sisters (features P6, P7)."""

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.journeys.cells import MORNING, free
from tests.journeys.conftest import Visit
from tests.journeys.parent import Cell, Parent, far, recap_line
from tests.journeys.portal import Family

UNDO = "Annuler ces modifications"
A_WEEK = timedelta(days=7)


def test_copy_a_week(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    cell, later = _same_day_next_week(parent)
    parent.toggle(cell)
    parent.validate()
    parent.open_planning(query=_week(cell.day))
    parent.link(re.compile(f"^Copier cette semaine… : Semaine {cell.day.isocalendar().week}$")).click()
    expect(parent.heading("Copier cette semaine", 1)).to_be_visible()
    parent.page.get_by_role("radio", name="la semaine suivante").check()
    _preview(parent, later)
    _apply_and_undo(parent, later)


def test_copy_to_weeks_of_ones_choice(visit: Visit, family: Family) -> None:
    parent = visit(family, allowed={400})
    parent.log_in()
    parent.open_planning()
    cell, later = _same_day_next_week(parent)
    parent.toggle(cell)
    parent.validate()
    parent.go(f"/planning/{family.children[0].code}/copier/{_week(cell.day)}")
    parent.page.get_by_role("radio", name="choisir les semaines").check()
    parent.button("Voir le détail").click()
    expect(parent.page.get_by_role("alert")).to_contain_text("Choisissez au moins une semaine.")
    expect(parent.page.get_by_role("radio", name="choisir les semaines")).to_be_checked()
    parent.page.get_by_role("checkbox", name=re.compile(f"^Semaine {later.day.isocalendar().week},")).check()
    _preview(parent, later)


def test_a_usual_week(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width, allowed={400})
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    parent.link("Semaine type").click()
    parent.page.get_by_role("checkbox", name=f"{MORNING}, {cell.words.split()[0]}", exact=True).check()
    _between(parent, cell.day, cell.day - A_WEEK)
    parent.button("Voir le détail").click()
    expect(parent.page.get_by_role("alert")).to_contain_text("Le dernier jour est avant le premier.")
    _between(parent, cell.day, cell.day)
    _preview(parent, cell)
    _apply_and_undo(parent, cell)


def test_a_usual_week_one_week_in_two(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    cell, later = _same_day_next_week(parent)
    parent.link("Semaine type").click()
    parent.page.get_by_role("checkbox", name=f"{MORNING}, {cell.words.split()[0]}", exact=True).check()
    parent.page.get_by_role("checkbox", name=re.compile("^Une semaine sur deux")).check()
    _between(parent, cell.day, later.day)
    parent.field("Une semaine où votre enfant vient").fill(later.day.isoformat())
    _preview(parent, later)
    expect(parent.page.get_by_role("listitem").filter(has_text=cell.words)).to_have_count(0)


def test_an_absence_and_what_is_too_late(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    parent.toggle(cell)
    parent.validate()
    parent.open_planning()
    parent.link("Absent du … au …").click()
    parent.field("Premier jour d'absence").fill(cell.day.isoformat())
    parent.field("Dernier jour d'absence").fill(cell.day.isoformat())
    child = family.children[0]
    expect(parent.page.get_by_role("checkbox", name=f"{child.first_name} {child.last_name}")).to_be_checked()
    _preview(parent, cell.toggled())
    _apply_and_undo(parent, cell.toggled())


def test_the_same_for_a_sister(visit: Visit, bond: Family, width: int) -> None:
    parent = visit(bond, width=width)
    parent.log_in()
    james, aline = bond.child("James"), bond.child("Aline")
    cell = _free_for_both(parent, bond)
    parent.open_planning(james, _week(cell.day))
    parent.toggle(cell)
    parent.validate()
    parent.open_planning(james)
    parent.link("Appliquer aussi à un autre enfant").click()
    expect(parent.page.get_by_role("checkbox", name="Aline BOND")).to_be_checked()
    _between(parent, cell.day, cell.day)
    _preview(parent, cell)
    parent.button("Appliquer").click()
    expect(parent.heading("Modifications enregistrées", 2)).to_be_focused()
    parent.open_planning(aline, _week(cell.day))
    assert parent.now(cell).checked
    parent.page.go_back()
    parent.button(UNDO).click()
    expect(parent.button(UNDO)).to_have_count(0)
    parent.open_planning(aline, _week(cell.day))
    assert not parent.now(cell).checked


def _preview(parent: Parent, cell: Cell) -> None:
    """Ask for the detail: it lists the cell, and nothing is recorded yet."""
    parent.button("Voir le détail").click()
    parent.sees("Rien n'est encore enregistré.")
    line = parent.page.get_by_role("listitem").filter(has_text=f"{cell.activity}, {cell.words}")
    expect(line).to_have_count(1)


def _apply_and_undo(parent: Parent, cell: Cell) -> None:
    parent.button("Appliquer").click()
    expect(parent.heading("Modifications enregistrées", 2)).to_be_focused()
    saved = parent.page.get_by_role("region", name=re.compile("enregistrés?$")).get_by_role("listitem")
    count = saved.count()
    expect(saved.filter(has_text=re.compile(recap_line(cell).replace(" ", r"\s*")))).to_have_count(1)
    parent.button(UNDO).click()
    expect(parent.button(UNDO)).to_have_count(0)
    expect(saved).to_have_count(count)
    parent.open_planning(query=_week(cell.day))
    assert parent.now(cell).checked is cell.checked


def _between(parent: Parent, first: date, last: date) -> None:
    parent.page.get_by_label("Du", exact=True).fill(first.isoformat())
    parent.page.get_by_label("Au", exact=True).fill(last.isoformat())


def _same_day_next_week(parent: Parent) -> tuple[Cell, Cell]:
    """Two free mornings a week apart on one page."""
    for _ in range(14):
        mornings = {cell.day: cell for cell in parent.cells() if free()(cell)}
        for day, cell in mornings.items():
            if day + A_WEEK in mornings:
                return cell, mornings[day + A_WEEK]
        parent.onward()
    raise AssertionError("no two free mornings a week apart")


def _free_for_both(parent: Parent, family: Family) -> Cell:
    """A morning that is free for both children, far ahead, and nothing else booked that day for the first."""
    start = far()
    for _ in range(20):
        cells = []
        for child in family.children:
            parent.open_planning(child, _week(start))
            cells.append([cell for cell in parent.cells() if free()(cell)])
        stems = {cell.stem for cell in cells[1]}
        both = [cell for cell in cells[0] if cell.stem in stems]
        if both:
            return both[-1]
        start += 4 * A_WEEK
    raise AssertionError("no morning is free for both")


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"?semaine={year}-W{week:02}"
