"""Getting around the planning: weeks, groups of activities, children (features P3, P4, P8)."""

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.parent import Parent, today
from tests.journeys.portal import Family

TITLE = re.compile(r"^Semaine (\d+) (\d\d)/(\d\d) → (\d\d)/(\d\d)$")
EVERYTHING = "◆ TOUTES LES ACTIVITÉS ◆"


def test_on_to_the_last_week_and_back_to_today(visit: Visit, family: Family) -> None:
    """Every page up to a year ahead: week 53, the turn of the year and no week left out or told twice."""
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    here = today()
    expected = here - timedelta(days=here.weekday())
    expect(parent.link("Aujourd'hui")).to_have_count(0)
    while True:
        for monday in _mondays(parent, expected):
            assert monday == expected
            expected += timedelta(weeks=1)
        if not parent.link("Suivant").count():
            break
        parent.onward()
    assert expected > here + timedelta(days=365)
    parent.link("Aujourd'hui").click()
    expect(parent.page.get_by_text("cette semaine", exact=True)).to_be_visible()
    parent.link("Précédent").click()
    expect(parent.link("Aujourd'hui")).to_be_visible()
    (first, *_) = _mondays(parent, here)
    assert first == here - timedelta(days=here.weekday(), weeks=len(_titles(parent)))


def test_an_address_names_its_week(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    soon = today() + timedelta(weeks=7)
    year, week, _ = soon.isocalendar()
    parent.open_planning(query=f"?semaine={year}-W{week:02}")
    assert _titles(parent)[0].startswith(f"Semaine {week} ")
    parent.open_planning(query="?semaine=2026-W99")  # nonsense: today's week
    expect(parent.page.get_by_text("cette semaine", exact=True)).to_be_visible()


def test_a_group_narrows_the_grid(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    groups = parent.page.get_by_role("navigation", name="Groupes d'activités")
    expect(parent.link(EVERYTHING, within=groups)).to_have_attribute("aria-current", "true")
    everything = {cell.activity for cell in parent.cells()}
    parent.link("PERISCOLAIRE", within=groups).click()
    expect(parent.link("PERISCOLAIRE", within=groups)).to_have_attribute("aria-current", "true")
    some = {cell.activity for cell in parent.cells()}
    assert "Accueil matin" in some
    assert some < everything
    parent.link("Suivant").click()  # the group is kept
    expect(parent.link("PERISCOLAIRE", within=groups)).to_have_attribute("aria-current", "true")
    parent.link(EVERYTHING, within=groups).click()
    expect(parent.link(EVERYTHING, within=groups)).to_have_attribute("aria-current", "true")


def test_another_child(visit: Visit, bond: Family, width: int) -> None:
    parent = visit(bond, width=width)
    parent.log_in()
    parent.open_planning(bond.child("James"))
    expect(parent.heading("Planning de James BOND", 1)).to_be_visible()
    for words in ("MALLERIN PRIMAIRE", "10 – Mme Béatrice ESCO"):
        parent.sees(words)
    parent.link("Aline", within=parent.page.get_by_role("navigation", name="Enfants")).click()
    expect(parent.heading("Planning de Aline BOND", 1)).to_be_visible()
    parent.go("/enfants/")
    expect(parent.heading("Choisir un autre enfant", 1)).to_be_visible()
    for child in bond.children:
        parent.sees(f"Code enfant {child.code}")
    parent.link("James BOND").click()
    expect(parent.heading("Planning de James BOND", 1)).to_be_visible()


def test_the_children_can_be_chosen_from_the_menu(visit: Visit, bond: Family) -> None:
    parent = visit(bond)
    parent.log_in()
    parent.link("Choisir un autre enfant").first.click()
    expect(parent.heading("Choisir un autre enfant", 1)).to_be_visible()


def test_on_paper_every_week_is_open_and_buttons_are_gone(visit: Visit, bond: Family) -> None:
    parent = visit(bond)
    parent.log_in()
    parent.open_planning()
    parent.page.emulate_media(media="print")
    parent.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(parent.page.get_by_role("table")).to_have_count(len(_titles(parent)))
    expect(parent.button("VALIDER MES MODIFICATIONS")).to_have_count(0)
    expect(parent.button("Déconnexion")).to_have_count(0)
    expect(parent.heading("Planning de James BOND", 1)).to_be_visible()
    assert parent.page.pdf(format="A4").startswith(b"%PDF")


def _titles(parent: Parent) -> list[str]:
    headings = parent.heading(re.compile("^Semaine [0-9]+"), 2)
    return [" ".join(words.split()) for words in headings.all_inner_texts()]


def _mondays(parent: Parent, near: date) -> list[date]:
    """The Mondays of the weeks shown; each title must be true."""
    mondays = []
    for words in _titles(parent):
        title = TITLE.match(words)
        assert title, words
        number, day, month, last_day, last_month = map(int, title.groups())
        years = (near.year - 1, near.year, near.year + 1)
        monday = min((date(y, month, day) for y in years), key=lambda one: abs(one - near))
        sunday = monday + timedelta(days=6)
        assert monday.isocalendar()[1:] == (number, 1), words
        assert (sunday.day, sunday.month) == (last_day, last_month), words
        mondays.append(monday)
    return mondays
