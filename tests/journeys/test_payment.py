"""Paying an invoice, from « Facture » to the bank and back (features F2 to F6, F11)."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.journeys.bank import Bank
from tests.journeys.conftest import PHONE, PLAIN, SMALLEST, Owing, Visit
from tests.journeys.letters import awaited, letters, pdfs_of, words_of
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
    outcome,
    pay_by_card,
    pay_by_debit,
    pay_here,
    press,
    type_card,
    type_code,
)
from tests.journeys.portal import Portal

PDF = b"%PDF-"
ABANDONED = "Paiement abandonné"
CLOSED = timedelta(minutes=21)  # after which an abandoned page of the bank can no longer be paid
PAGES_BACK = 8  # at most, from the confirmation to the summary


def test_by_card(visit: Visit, portal: Portal, owing: Owing, width: int) -> None:
    debt = owing()
    parent = visit(debt.family, width=width)
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    expect(parent.page.get_by_role("main")).to_contain_text(debt.amount)
    parent.sees(debt.email)
    parent.fits(width)
    is_paid(parent, debt)
    own = awaited(portal.mail, debt.email)
    assert debt.number in words_of(own)
    for letter in (own, awaited(portal.mail, debt.email, bank=True)):
        (paper,) = pdfs_of(letter)
        assert paper.startswith(PDF)


def test_by_debit_the_session_over_meanwhile(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    pay_by_debit(parent.page)
    parent.context.clear_cookies(name="sid")
    come_back(parent.page)
    expect(parent.heading("Retour de la banque", 1)).to_be_visible()
    for private in (debt.number, debt.family.payer_name, debt.amount):
        expect(parent.page.get_by_role("main")).not_to_contain_text(private)
    assert len(pdfs_of(awaited(portal.mail, debt.email))) == 1
    parent.log_in()
    expect(is_paid(parent, debt)).to_contain_text("prélèvement en ligne")


def test_a_wrong_code_then_a_refused_card_then_another_at_once(visit: Visit, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE, allowed={422})
    go_to_the_bank(parent, debt)
    type_card(parent.page, REFUSED_CARD)
    type_code(parent.page, WRONG_CODE)
    expect(parent.page.get_by_role("alert")).to_contain_text("Il vous reste 2 essais")
    type_code(parent.page)
    expect(parent.heading("Paiement refusé", 1)).to_be_visible()
    parent.link("Réessayer").click()
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)


def test_a_refused_card_then_another_one(visit: Visit, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page, REFUSED_CARD)
    come_back(parent.page)
    outcome(parent, REFUSED)
    parent.link("Recommencer le paiement").click()
    pay_here(parent)
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    is_paid(parent, debt)


def test_cancelled_at_the_bank(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    press(parent.page, "Annuler")
    come_back(parent.page)
    outcome(parent, ABANDONED)
    parent.sees("pour que personne ne paie deux fois")
    portal.work(CLOSED)
    outcome(parent, CANCELLED)
    expect(is_due(parent, debt).get_by_role("radio")).to_be_enabled()
    assert not letters(portal.mail, debt.email)


def test_cancelled_at_the_bank_then_taken_up_again(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    press(parent.page, "Annuler")
    come_back(parent.page)
    outcome(parent, ABANDONED)
    parent.link("Reprendre le paiement").click()
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    assert len(bank.operations(debt.email)) == 1


def test_left_at_the_bank_then_taken_up_again(visit: Visit, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    parent.page.close()
    parent.page = parent.context.new_page()
    card = is_due(parent, debt)
    expect(card).to_contain_text("paiement en cours")
    expect(card.get_by_role("radio")).to_have_count(0)
    parent.link("Reprendre le paiement", within=card).click()
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)


def test_left_at_the_bank_for_good(visit: Visit, portal: Portal, bank: Bank, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    parent.page.close()
    bank.order(night=True)  # what nobody ended is purged
    portal.work(timedelta(hours=2))
    parent.page = parent.context.new_page()
    expect(is_due(parent, debt).get_by_role("radio")).to_be_enabled()


def test_browser_closed_after_paying(visit: Visit, portal: Portal, owing: Owing) -> None:
    debt = owing()
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    parent.context.close()
    awaited(portal.mail, debt.email)  # the notification alone was enough
    later = visit(debt.family, width=PHONE)
    later.log_in()
    is_paid(later, debt)


def test_double_click_then_back_after_paying(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing(PLAIN)
    parent = visit(debt.family, allowed={409})
    parent.log_in()
    choose(parent, debt)
    summary = parent.page.url
    parent.button(PAY).dblclick()
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    for _ in range(PAGES_BACK):
        parent.page.go_back()
        if parent.page.url.endswith("/payer/"):
            break
        if parent.button("Valider").count():  # the browser kept the card form: sent again, it pays nothing again
            parent.button("Valider").click()
            expect(parent.heading("Votre paiement est enregistré", 1)).to_be_visible()
            parent.page.goto(summary)
            break
    if parent.button(PAY).count():  # the browser kept the page as it was
        parent.button(PAY).click()
    parent.sees("Cette facture est déjà réglée.")
    assert len(bank.operations(debt.email)) == 1


def test_both_parents_at_once(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing(PLAIN)
    one, other = visit(debt.family), visit(debt.family)
    for parent in (one, other):
        parent.log_in()
        choose(parent, debt)
    one.button(PAY).click()
    at_the_bank(one.page, debt)
    other.button(PAY).click()
    outcome(other, "Un paiement est en cours depuis un autre appareil")
    card = is_due(other, debt)
    expect(card).to_contain_text("paiement en cours")
    other.link("Reprendre le paiement", within=card).click()
    outcome(other, "Un paiement est en cours depuis un autre appareil")
    pay_by_card(one.page)
    come_back(one.page)
    outcome(one, ACCEPTED)
    outcome(other, ACCEPTED)  # its page goes on by itself
    is_paid(other, debt)
    assert [operation["result"] for operation in bank.operations(debt.email)] == ["P"]


def test_without_scripts(visit: Visit, bank: Bank, owing: Owing) -> None:
    debt = owing(PLAIN)
    parent = visit(debt.family, width=SMALLEST, scripts=False)
    parent.log_in()
    choose(parent, debt)
    parent.button(PAY).dblclick()  # no script holds the second press back: the server does
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)  # the page asks again by itself
    is_paid(parent, debt)
    assert len(bank.operations(debt.email)) == 1


def test_the_next_one(visit: Visit, owing: Owing) -> None:
    debt = owing(others=True)
    parent = visit(debt.family, width=PHONE)
    go_to_the_bank(parent, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)
    parent.link(re.compile("^Payer la suivante")).click()
    expect(parent.button(PAY)).to_be_visible()
    expect(parent.field("Mon e-mail")).to_have_value(debt.email)
