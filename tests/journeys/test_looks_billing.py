"""The looks of a payment on its way, the bank's pages among them; the pictures of « Mode d'emploi FACTURE ».

On SQLite only, as `test_looks`.
"""

from dataclasses import replace
from datetime import timedelta

from playwright.sync_api import Locator, expect

from tests.journeys.bank import Bank
from tests.journeys.conftest import OLDER, PHONE, PLAIN, Owing, Visit
from tests.journeys.looks import PICTURES, hold_still, judge
from tests.journeys.paying import (
    ACCEPTED,
    CANCELLED,
    PAY,
    REFUSED,
    REFUSED_CARD,
    WRONG_CODE,
    at_the_bank,
    choose,
    come_back,
    go_to_the_bank,
    is_due,
    is_paid,
    open_list,
    outcome,
    pay_by_card,
    pay_here,
    press,
    type_card,
    type_code,
)
from tests.journeys.portal import Portal

CLOSED = timedelta(minutes=21)  # after which an abandoned page of the bank can no longer be paid
TALL = 1800  # px: nothing is behind the phone's menu, which stays at the bottom of the screen


def test_by_card(visit: Visit, owing: Owing) -> None:
    debt = owing(others=True)
    parent = visit(debt.family, width=PHONE, allowed={422})
    go_to_the_bank(parent, debt)
    judge(parent, "bank-choice")
    choice = parent.page.url
    press(parent.page, "Payer par carte bancaire")
    judge(parent, "bank-card")
    press(parent.page, "Valider")
    expect(parent.page.get_by_role("alert")).to_be_visible()
    judge(parent, "bank-card-errors")
    parent.page.goto(choice)
    type_card(parent.page)
    judge(parent, "bank-code")
    type_code(parent.page, WRONG_CODE)
    expect(parent.page.get_by_role("alert")).to_be_visible()
    judge(parent, "bank-code-wrong")
    type_code(parent.page)
    expect(parent.heading("Informations de paiement", 2)).to_be_visible()
    judge(parent, "bank-accepted")
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    judge(parent, "payment-accepted")
    is_paid(parent, debt)
    judge(parent, "invoices-paid")


def test_refused(visit: Visit, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page, REFUSED_CARD)
    judge(parent, "bank-refused")
    come_back(parent.page)
    outcome(parent, REFUSED)
    judge(parent, "payment-refused")


def test_by_debit(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE, allowed={422})
    go_to_the_bank(parent, debt)
    press(parent.page, "Payer par prélèvement")
    judge(parent, "bank-debit")
    press(parent.page, "Connexion")
    expect(parent.page.get_by_role("alert")).to_be_visible()
    judge(parent, "bank-debit-errors")
    parent.field("Numéro fiscal").fill("3012345678901")
    parent.field("Mot de passe").fill("essai")
    press(parent.page, "Connexion")
    expect(parent.heading("Compte à prélever", 2)).to_be_visible()
    judge(parent, "bank-account")
    press(parent.page, "Annuler")
    expect(parent.heading("Informations de paiement", 2)).to_be_visible()
    judge(parent, "bank-cancelled")
    come_back(parent.page)
    outcome(parent, "Paiement abandonné")
    judge(parent, "payment-abandoned")
    own = parent.page.url
    is_due(parent, debt)
    judge(parent, "invoices-under-way")
    portal.work(CLOSED)
    parent.page.goto(own)
    outcome(parent, CANCELLED)
    judge(parent, "payment-cancelled")


def test_to_be_looked_at(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    (operation,) = bank.operations(debt.email)
    bank.order(alter={"idop": operation["idop"], "montant": "1"})
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, "Paiement à vérifier")
    judge(parent, "payment-review")
    is_due(parent, debt)
    judge(parent, "invoices-review")
    parent.context.clear_cookies(name="sid")
    parent.go(f"/paiement/retour/?idop={operation['idop']}")
    judge(parent, "payment-returned")
    parent.page.goto(f"{bank.origin}/sim/")
    judge(parent, "bank-desk")


def test_announced_by_the_older_form(visit: Visit, owing: Owing) -> None:
    debt = owing(OLDER)
    parent = visit(debt.family, width=PHONE)
    hold_still(parent)  # the page asks again every few seconds
    parent.log_in()
    choose(parent, debt)
    judge(parent, "pay-older")
    parent.button("La fenêtre ne s'ouvre pas").click()
    expect(parent.heading("La page de la banque est prête", 2)).to_be_visible()
    judge(parent, "payment-by-link")
    with parent.page.expect_popup() as opened:
        parent.link("Ouvrir la page de la banque").click()
    own, parent.page = parent.page, opened.value
    at_the_bank(parent.page, debt)
    judge(parent, "bank-choice-older")
    pay_by_card(parent.page)
    judge(parent, "bank-accepted-older")
    parent.page = own
    is_due(parent, debt)
    judge(parent, "invoices-announced")


def test_payfip_is_down(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE, allowed={503})
    parent.log_in()
    choose(parent, debt)
    bank.order(fault="TechIndisponibiliteErreur")
    pay_here(parent)
    expect(parent.page.get_by_role("alert")).to_be_visible()
    judge(parent, "pay-down")
    bank.order(reset=True)
    pay_here(parent)
    at_the_bank(parent.page, debt)


def test_the_pictures_of_the_help_page(visit: Visit, owing: Owing) -> None:
    """« Mode d'emploi FACTURE »: copied to the help page by hand, when the look has changed."""
    debt = replace(owing(PLAIN, others=False), email="camille.dupre@exemple.fr")
    parent = visit(debt.family, width=PHONE, device_scale_factor=2)
    parent.page.set_viewport_size({"width": PHONE, "height": TALL})
    PICTURES.mkdir(parents=True, exist_ok=True)
    parent.log_in()
    open_list(parent)
    parent.field("Mon e-mail").fill(debt.email)
    _picture(parent.region("Mes factures à payer"), "1-list")
    choose(parent, debt)
    _picture(parent.page.get_by_role("main"), "2-summary")
    parent.button(PAY).click()
    at_the_bank(parent.page, debt)
    _picture(parent.region("Choix du mode de paiement"), "3-bank-choice")
    press(parent.page, "Payer par carte bancaire")
    _picture(parent.region("Informations de la carte"), "4-bank-card")
    parent.page.go_back()
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    _picture(parent.page.get_by_role("main"), "5-accepted")
    _picture(is_paid(parent, debt), "6-paid")
    _picture(parent.region("Être averti par mail de la mise en ligne de mes factures"), "7-emails")


def _picture(part: Locator, name: str) -> None:
    part.screenshot(path=PICTURES / f"help-{name}.png", animations="disabled")
