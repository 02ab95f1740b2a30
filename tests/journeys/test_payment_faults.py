"""Payments that go wrong on the way: the parent gets one honest sentence, and nothing is lost."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.bank import Bank
from tests.journeys.conftest import PHONE, PLAIN, Owing, Visit
from tests.journeys.letters import awaited, letters
from tests.journeys.parent import Parent
from tests.journeys.paying import (
    ACCEPTED,
    PATIENCE,
    PAY,
    at_the_bank,
    card_of,
    choose,
    come_back,
    go_to_the_bank,
    is_due,
    is_paid,
    open_list,
    outcome,
    pay_by_card,
)
from tests.journeys.portal import Debt, Family, Portal

SWEPT = timedelta(minutes=5)


@pytest.mark.parametrize(
    "trouble",
    [{"fault": "TechIndisponibiliteErreur"}, {"garbage": True}, {"slow": 8}],
    ids=["outage", "garbage", "slow"],
)
def test_payfip_in_trouble(visit: Visit, bank: Bank, owing: Owing, trouble: dict[str, Any]) -> None:
    debt = owing(PLAIN)
    parent = visit(debt.family, width=PHONE, allowed={503})
    parent.log_in()
    choose(parent, debt)
    bank.order(**trouble)
    parent.button(PAY).click()
    alert = parent.page.get_by_role("alert")
    expect(alert).to_contain_text("ne répond pas : rien n'a été payé ni débité", timeout=PATIENCE)
    expect(parent.field("Mon e-mail")).to_have_value(debt.email)
    bank.order(reset=True)
    parent.button(PAY).click()
    at_the_bank(parent.page, debt)


def test_nothing_is_notified(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    bank.order(notifications="drop")
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    come_back(parent.page)  # the return alone makes us ask
    outcome(parent, ACCEPTED)


def test_nothing_is_notified_and_nobody_comes_back(visit: Visit, portal: Portal, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    bank.order(notifications="drop")
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    parent.page.close()
    portal.work(SWEPT)
    awaited(portal.mail, debt.email)
    parent.page = parent.context.new_page()
    is_paid(parent, debt)


def test_notified_again_and_again(visit: Visit, portal: Portal, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    bank.order(notifications="repeat")
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    awaited(portal.mail, debt.email)
    portal.work(SWEPT)
    is_paid(parent, debt)
    assert len(letters(portal.mail, debt.email)) == 1


def test_the_bank_tells_of_another_amount(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    (operation,) = bank.operations(debt.email)
    bank.order(alter={"idop": operation["idop"], "montant": "1"})
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, "Paiement à vérifier")
    card = is_due(parent, debt)
    expect(card).to_contain_text("Ne payez pas une seconde fois.")
    expect(card.get_by_role("radio")).to_have_count(0)


def test_paid_at_the_counter_meanwhile(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing(PLAIN)
    parent = visit(debt.family, width=PHONE, allowed={409})
    parent.log_in()
    choose(parent, debt)
    _at_the_counter(portal, debt, "1,00")
    parent.button(PAY).click()
    expect(parent.page.get_by_role("alert")).to_contain_text("Le montant à payer a changé")
    _at_the_counter(portal, debt, _less_one(debt))
    parent.button(PAY).click()
    parent.sees("Cette facture est déjà réglée.")
    expect(parent.button(PAY)).to_have_count(0)


def test_paid_at_the_counter_while_at_the_bank(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    _at_the_counter(portal, debt, debt.left)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    open_list(parent)
    parent.sees("d'avance (avoir ou trop-perçu)")


def test_an_email_that_is_none(visit: Visit, bond: Family) -> None:
    number = "2013-026-000335"
    parent = visit(bond, width=PHONE, allowed={400})
    parent.log_in()
    open_list(parent)
    card_of(parent, number).get_by_role("radio").check()
    proceed = parent.page.get_by_role("button", name="Procéder au paiement")
    _mistype(parent, proceed)
    expect(card_of(parent, number).get_by_role("radio")).to_be_checked()
    parent.field("Mon e-mail").fill("jamie@bond.example")
    proceed.click()
    _mistype(parent, parent.button(PAY))
    expect(parent.button(PAY)).to_be_visible()


def test_no_invoice_is_chosen(visit: Visit, bond: Family) -> None:
    parent = visit(bond, width=PHONE, allowed={400})
    parent.log_in()
    open_list(parent)
    parent.field("Mon e-mail").fill("jamie@bond.example")
    parent.page.get_by_role("button", name="Procéder au paiement").click()
    expect(parent.page.get_by_role("alert")).to_contain_text("Choisissez la facture que vous voulez payer.")
    expect(parent.field("Mon e-mail")).to_have_value("jamie@bond.example")


def _mistype(parent: Parent, button: Locator) -> None:
    """An address that is none is refused at once, and kept."""
    parent.field("Mon e-mail").fill("jamie@")
    button.click()
    parent.sees("Cette adresse de courriel n'est pas complète")
    expect(parent.field("Mon e-mail")).to_have_value("jamie@")
    expect(parent.field("Mon e-mail")).to_have_attribute("aria-invalid", "true")


def _at_the_counter(portal: Portal, debt: Debt, amount: str) -> None:
    """The régisseur takes cash in."""
    place = ("--town", debt.town, "--invoice", debt.number)
    portal.command("payment", "record", *place, "--means", "especes", "--amount", amount)


def _less_one(debt: Debt) -> str:
    euros, cents = debt.left.split(",")
    return f"{int(euros) - 1},{cents}"
