"""A town that has only the older form of PayFiP: what it says is announced, never credited by itself (feature F5).

The bank's last page leads nowhere: it opens in a window of its own, and ours goes on.
"""

from playwright.sync_api import Page, expect

from tests.journeys.conftest import OLDER, PHONE, Owing, Visit
from tests.journeys.letters import letters
from tests.journeys.parent import Parent
from tests.journeys.paying import PAY, WAITING, at_the_bank, choose, is_due, outcome, pay_by_card
from tests.journeys.portal import Debt, Portal

ANNOUNCED = "Paiement annoncé"
BY_LINK, OPEN_THE_BANK = "La fenêtre ne s'ouvre pas", "Ouvrir la page de la banque"


def test_paid_by_the_older_form(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing(OLDER)
    parent = visit(debt.family, width=PHONE)
    parent.log_in()
    choose(parent, debt)
    window = _opened_by(parent, PAY, debt)
    outcome(parent, WAITING)
    parent.sees("fermez sa fenêtre")
    _pay_and_close(window)
    outcome(parent, ANNOUNCED)
    card = is_due(parent, debt)
    expect(card).to_contain_text("paiement annoncé")
    expect(card).to_contain_text("Ne payez pas une seconde fois.")
    expect(card.get_by_role("radio")).to_have_count(0)
    assert not letters(portal.mail, debt.email)


def test_when_no_window_opens_a_link_does(visit: Visit, owing: Owing) -> None:
    """Without scripts; with them, `test_looks_billing` walks the same way. The world has four such debts."""
    debt = owing(OLDER)
    parent = visit(debt.family, width=PHONE, scripts=False)
    parent.log_in()
    choose(parent, debt)
    parent.button(BY_LINK).click()
    expect(parent.heading("La page de la banque est prête", 2)).to_be_visible()
    parent.fits(PHONE)
    with parent.page.expect_popup() as opened:
        parent.link(OPEN_THE_BANK).click()
    at_the_bank(opened.value, debt)
    _pay_and_close(opened.value)
    parent.link("Vérifier maintenant").click()
    outcome(parent, ANNOUNCED)


def test_without_scripts(visit: Visit, owing: Owing) -> None:
    debt = owing(OLDER)
    parent = visit(debt.family, width=PHONE, scripts=False)
    parent.log_in()
    choose(parent, debt)
    window = _opened_by(parent, PAY, debt)
    parent.link("La fenêtre est ouverte : suivre mon paiement").click()
    outcome(parent, WAITING)
    _pay_and_close(window)
    outcome(parent, ANNOUNCED)  # the page asks again by itself


def _opened_by(parent: Parent, button: str, debt: Debt) -> Page:
    with parent.page.expect_popup() as opened:
        parent.button(button).click()
    at_the_bank(opened.value, debt)
    return opened.value


def _pay_and_close(window: Page) -> None:
    pay_by_card(window)
    expect(window.get_by_role("link", name="Continuer")).to_have_count(0)  # the older form leads nowhere
    window.close()
