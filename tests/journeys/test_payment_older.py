"""A town that has only the older form of PayFiP: what it says is announced, never credited by itself (feature F5)."""

from playwright.sync_api import expect

from tests.journeys.conftest import OLDER, PHONE, Owing, Visit
from tests.journeys.letters import letters
from tests.journeys.paying import go_to_the_bank, is_due, pay_by_card
from tests.journeys.portal import Portal


def test_paid_by_the_older_form(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing(OLDER)
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    expect(parent.link("Continuer")).to_have_count(0)  # the older form leads nowhere
    card = is_due(parent, debt)
    expect(card).to_contain_text("paiement annoncé")
    expect(card).to_contain_text("Ne payez pas une seconde fois.")
    expect(card.get_by_role("radio")).to_have_count(0)
    assert not letters(portal.mail, debt.email)
