"""What is ticked and not validated is never lost, and never left to the next visitor."""

import re
from datetime import UTC, datetime

from playwright.sync_api import Dialog, expect

from tests.journeys.cells import free
from tests.journeys.conftest import Visit
from tests.journeys.parent import VALIDATE, Cell, Parent, recap_line
from tests.journeys.portal import Family

DRAFT = "brouillon"
WARNING = "Toujours là ?"


def test_a_draft_outlives_a_reload(visit: Visit, family: Family, width: int) -> None:
    parent, cell = _with_a_draft(visit, family, width)
    asked = _answering(parent, leave=True)
    parent.page.reload()
    assert asked == ["beforeunload"]
    expect(parent.page.get_by_role("status")).to_have_text("Brouillon retrouvé : 1 changement à valider.")
    expect(parent.page.get_by_text(DRAFT, exact=True)).to_be_visible()
    assert parent.now(cell).state == "inscrit, modifié"
    parent.validate()
    parent.saved(recap_line(cell))
    parent.open_planning()
    expect(parent.page.get_by_text(DRAFT, exact=True)).to_be_hidden()


def test_leaving_with_a_draft_asks_first(visit: Visit, family: Family) -> None:
    parent, cell = _with_a_draft(visit, family)
    asked = _answering(parent, leave=False)
    with parent.page.expect_event("dialog"):
        parent.page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    assert parent.now(cell).checked
    # the portal's own links lose nothing, so they do not ask
    parent.link("Accueil").click()
    expect(parent.heading(re.compile("^Bonjour"), 1)).to_be_visible()
    assert asked == ["beforeunload"]


def test_a_draft_follows_to_other_weeks(visit: Visit, family: Family) -> None:
    parent, cell = _with_a_draft(visit, family)
    parent.link("Suivant").click()
    parent.sees("1 à valider sur une autre page")
    parent.link("Précédent").click()
    assert parent.now(cell).state == "inscrit, modifié"


def test_a_draft_outlives_a_lost_session(visit: Visit, family: Family, width: int) -> None:
    parent, cell = _with_a_draft(visit, family, width)
    parent.context.clear_cookies(name=re.compile("sid$"))
    parent.button(VALIDATE).click()
    parent.sees("Votre session est terminée.")
    parent.type_codes()
    expect(parent.heading(re.compile("^Planning de"), 1)).to_be_visible()
    parent.find(lambda other: other.stem == cell.stem, "the same cell")
    assert parent.now(cell).state == "inscrit, modifié"
    parent.validate()
    parent.saved(recap_line(cell))


def test_logging_out_erases_the_draft(visit: Visit, family: Family) -> None:
    parent, cell = _with_a_draft(visit, family)
    _answering(parent, leave=True)
    parent.log_out()
    assert parent.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('draft'))") == []
    parent.type_codes()
    expect(parent.heading(re.compile("^Bonjour"), 1)).to_be_visible()
    parent.open_planning()
    parent.find(lambda other: other.stem == cell.stem, "the same cell")
    assert parent.now(cell).state == "non inscrit"
    expect(parent.page.get_by_text(DRAFT, exact=True)).to_be_hidden()


def test_another_family_on_the_same_device_sees_no_draft(visit: Visit, family: Family, bond: Family) -> None:
    parent, _cell = _with_a_draft(visit, family)
    parent.context.clear_cookies(name=re.compile("sid$"))
    _answering(parent, leave=True)
    parent.family = bond
    parent.log_in()
    parent.open_planning()
    expect(parent.page.get_by_text(DRAFT, exact=True)).to_be_hidden()
    expect(parent.button("Annuler mes changements")).to_have_count(0)


def test_the_end_of_the_session_is_announced_and_put_off(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width)
    parent.page.clock.install()
    parent.log_in()
    warning = parent.page.get_by_role("dialog", name=WARNING)
    parent.page.clock.fast_forward("27:00")
    expect(warning).to_have_count(0)
    parent.page.clock.fast_forward("01:30")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("Par sécurité, votre session se ferme dans 2 min.")
    parent.page.clock.set_system_time(datetime.now(UTC))  # noqa: TID251  what the server answers is in its own time
    with parent.page.expect_response("**/prolonger/") as told:
        warning.get_by_role("button", name="Prolonger").press("Enter")
    assert told.value.ok
    expect(warning).to_have_count(0)


def test_a_session_that_ends_brings_the_login_and_keeps_the_draft(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.page.clock.install()
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    parent.toggle(cell)
    parent.context.clear_cookies(name=re.compile("sid$"))  # the server has forgotten the visitor as well
    parent.page.clock.fast_forward("31:00")
    parent.sees("Votre session est terminée.")
    parent.page.clock.resume()
    parent.type_codes()
    expect(parent.heading(re.compile("^Planning de"), 1)).to_be_visible()
    assert parent.now(cell).state == "inscrit, modifié"


def _with_a_draft(visit: Visit, family: Family, width: int = 1280) -> tuple[Parent, Cell]:
    parent = visit(family, width=width)
    parent.log_in()
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    parent.toggle(cell)
    expect(parent.page.get_by_text(DRAFT, exact=True)).to_be_visible()
    return parent, cell


def _answering(parent: Parent, *, leave: bool) -> list[str]:
    """Answer what the browser asks before leaving; what it asked is in the list."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        if leave:
            dialog.accept()
        else:
            dialog.dismiss()

    parent.page.on("dialog", answer)
    return asked
