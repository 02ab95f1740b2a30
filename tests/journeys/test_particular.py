"""Cells and families that are not like the others: refused, full, late, half weeks, occasional, another town."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.cells import free, shut
from tests.journeys.conftest import DESKTOP, PHONE, Visit
from tests.journeys.parent import Cell, Parent
from tests.journeys.portal import Family, World

ASK = "sur demande"
WHY = "Pourquoi ne puis-je pas changer cette case ?"


def test_a_closed_cell_says_why_and_what_can_be_done(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(lambda one: shut("clos")(one) or shut("passé")(one), "cell past its cut-off")
    _ask_why(parent, cell)
    if "clos" in cell.state:
        parent.sees(re.compile(r"La clôture était .+ à\s\d+\sh"))
        parent.sees("Appelez la mairie au 04 65 71 00 10.")
    else:
        parent.sees("Ce jour est passé.")
    parent.link("Retour au planning").click()
    expect(parent.heading(re.compile("^Planning de"), 1)).to_be_visible()


def test_holidays_and_closures_are_named(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(shut("fermé"), "closed day")
    _ask_why(parent, cell)
    parent.sees(re.compile("vacances|férié|fermé|école"))


def test_a_full_day_takes_nobody_more(visit: Visit, demo_world: World) -> None:
    for family in demo_world.families[8:14]:  # who is in on that day sees « inscrit », so that one may not be enough
        parent = visit(family)
        parent.log_in()
        parent.open_planning()
        full = parent.look_for(shut("complet"), pages=3)
        if full is not None:
            _ask_why(parent, full)
            parent.sees("C'est complet : il n'y a plus de place ce jour-là.")
            return
    raise AssertionError("the demo world has no full day")


@pytest.mark.parametrize("width", [PHONE, DESKTOP])  # a family of its own for each
def test_a_late_wish_goes_to_the_town_hall(visit: Visit, demo_world: World, width: int) -> None:
    """Whatever the hour, a child of five or more has a day of NAP, Wednesday or holidays past its cut-off."""
    payer = {PHONE: "Aurélie PERRIN", DESKTOP: "Jean-Noël MOREAU"}[width]
    parent = visit(demo_world.family(payer), width=width)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(lambda one: one.live and ASK in one.state, "cell that can still be asked for")
    parent.toggle(cell)
    parent.validate()
    parent.lists("Demandes envoyées à la mairie", [f"{cell.activity}, {cell.words}"])
    parent.sees("en attente de la réponse")
    parent.open_planning()
    waiting = parent.now(cell)
    assert not waiting.live
    assert "en attente" in waiting.state
    _ask_why(parent, waiting)
    parent.sees("Une demande est déjà en attente de réponse pour ce jour.")


def test_separated_parents_change_their_own_weeks_only(visit: Visit, demo_world: World) -> None:
    mine = visit(demo_world.family("Nadia EL AMRANI"))
    theirs = visit(demo_world.family("Julien CARPENTIER"))
    weeks: list[set[tuple[int, int]]] = []
    for parent in (mine, theirs):
        parent.log_in()
        parent.open_planning()
        parent.onward()
        weeks.append({cell.day.isocalendar()[:2] for cell in parent.cells() if cell.live})
    assert weeks[0]
    assert weeks[1]
    assert not weeks[0] & weeks[1]
    locked = mine.find(
        lambda c: not c.live and c.day.isocalendar()[:2] in weeks[1] and "fermé" not in c.state, "their week"
    )
    _ask_why(mine, locked)
    mine.sees("Cette semaine est celle de l'autre parent : lui seul peut la changer.")


def test_an_occasional_child_can_change_nothing(visit: Visit, demo_world: World) -> None:
    parent = visit(demo_world.family("Mathilde VASSEUR"))
    parent.log_in()
    parent.open_planning()
    parent.onward()
    cells = parent.cells()
    assert cells
    assert not any(cell.live for cell in cells)
    _ask_why(parent, next(cell for cell in cells if "fermé" not in cell.state))
    parent.sees("Votre enfant vient de façon occasionnelle : ses jours ne se changent pas sur ce site.")


def test_a_parent_who_may_only_read(visit: Visit, demo_world: World) -> None:
    parent = visit(demo_world.family("Ginette FABRE"))
    parent.log_in()
    parent.open_planning()
    parent.onward()
    cells = parent.cells()
    assert cells
    assert not any(cell.live for cell in cells)
    _ask_why(parent, next(cell for cell in cells if "fermé" not in cell.state))
    parent.sees("Vous pouvez voir ce planning, pas le changer.")


def test_another_town_has_its_own_word_and_its_own_families(visit: Visit, demo_world: World, bond: Family) -> None:
    family = demo_world.family("Clémence BOUCHER")
    parent = visit(family, allowed={403})
    parent.go("/")
    expect(parent.field("Code famille")).to_be_visible()
    expect(parent.page.get_by_text("Code payeur")).to_have_count(0)
    parent.type_codes(bond.children[0].code, bond.payer_code)  # right, but not here
    expect(parent.page.get_by_role("alert")).to_contain_text("Ces deux codes ne vont pas ensemble.")
    parent.type_codes()
    expect(parent.heading(re.compile("^Bonjour"), 1)).to_contain_text(family.payer_name)
    parent.open_planning()
    parent.find(free(), "free morning")


def test_an_imported_code_opens_and_is_to_be_renewed(visit: Visit, demo_world: World) -> None:
    parent = visit(demo_world.family("Denise MARSONE"))
    parent.log_in()
    parent.sees("Code famille à renouveler")


def _ask_why(parent: Parent, cell: Cell) -> None:
    parent.link(cell.name).click()
    expect(parent.heading(WHY, 1)).to_be_visible()
    parent.sees(f"{cell.activity}, {cell.words}")
