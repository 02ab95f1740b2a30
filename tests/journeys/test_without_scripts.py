"""The whole journey with JavaScript off."""

import re

from playwright.sync_api import expect

from tests.journeys.cells import free
from tests.journeys.conftest import Visit
from tests.journeys.parent import UNDONE, recap_line
from tests.journeys.portal import Family


def test_the_whole_journey(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width, scripts=False)
    parent.log_in()
    parent.link(re.compile(f"^Planning de {family.children[0].first_name}")).click()
    one, other, *_ = parent.find_all(free(), "free morning", 2)
    parent.toggle(one, other)
    for cell in (one, other):  # the style sheet alone keeps the words true
        assert parent.now(cell).state == "inscrit, modifié"
    parent.validate()
    parent.saved(recap_line(one), recap_line(other), focus=False)
    parent.button("Annuler ces modifications").click()
    parent.saved(recap_line(one.toggled()), recap_line(other.toggled()), focus=False, heading=UNDONE)
    parent.link("Revenir au planning").click()
    assert parent.now(one).state == "non inscrit"
    parent.link("Voir mes dernières modifications").click()
    expect(parent.heading("Voir mes dernières modifications", 1)).to_be_visible()
    parent.log_out()
    expect(parent.heading("Me connecter")).to_be_visible()


def test_the_menu_holds_everything_on_a_phone(visit: Visit, family: Family) -> None:
    parent = visit(family, width=375, scripts=False)
    parent.log_in()
    menu = parent.page.get_by_role("navigation", name="Menu principal")
    for name in ("Accueil", "Planning", "Facture"):
        expect(parent.link(name, within=menu)).to_be_visible()
    expect(parent.link("Aide", within=menu)).to_be_hidden()
    menu.get_by_text("Plus", exact=True).click()
    parent.link("Aide", within=menu).click()
    expect(parent.page.get_by_role("heading", level=1)).to_contain_text("Aide")
