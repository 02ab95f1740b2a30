"""A parent who pays: the portal's steps, then the bank's own pages, as the parent goes through both."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.journeys.parent import Parent
from tests.journeys.portal import Debt

PATIENCE = 25_000  # milliseconds: the worker asks the bank, then the page asks us
ACCEPTED = "Votre paiement est accepté"
WAITING = "Nous attendons la réponse de la banque"
REFUSED, CANCELLED = "Paiement refusé", "Paiement annulé"
GOOD_CARD, REFUSED_CARD = "5017674000000002", "4000000000000002"
CODE, WRONG_CODE = "123456", "000000"
PAY, PAY_HERE = "Payer en ligne", "Payer dans cette fenêtre"


# ── our own pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def open_list(parent: Parent) -> None:
    """« Facture », by the menu's address."""
    parent.go("/factures/")
    expect(parent.heading("Mes factures", 1)).to_be_visible()


def card_of(parent: Parent, number: str) -> Locator:
    """The cards of an invoice, in either list."""
    return parent.page.get_by_role("listitem").filter(has_text=number)


def choose(parent: Parent, debt: Debt) -> None:
    """Step 1 to step 2: the invoice, the address of the ticket, « Procéder au paiement »."""
    open_list(parent)
    card_of(parent, debt.number).get_by_role("radio").check()
    parent.field("Mon e-mail").fill(debt.email)
    parent.button(re.compile("^Procéder au paiement")).click()
    expect(parent.heading("Payer ma facture", 1)).to_be_visible()
    expect(parent.page.get_by_role("main")).to_contain_text(debt.amount)


def go_to_the_bank(parent: Parent, debt: Debt) -> None:
    """Logged in, through both steps, to the bank's first page in the same window."""
    parent.log_in()
    choose(parent, debt)
    pay_here(parent)
    at_the_bank(parent.page, debt)


def pay_here(parent: Parent) -> None:
    """To the bank in the same window, whatever the régie."""
    (parent.button(PAY_HERE) if parent.button(PAY_HERE).count() else parent.button(PAY)).click()


def outcome(parent: Parent, title: str) -> None:
    """The page of this payment says so, or will by itself once the bank has answered."""
    expect(parent.heading(title, 2)).to_be_visible(timeout=PATIENCE)


def is_paid(parent: Parent, debt: Debt) -> Locator:
    """The invoice is no longer to be paid, and was paid online once; the card that says so."""
    open_list(parent)
    expect(_among(parent, "Mes factures à payer", debt)).to_have_count(0)
    card = _paid_online(parent, debt)
    expect(card).to_have_count(1)
    return card


def is_due(parent: Parent, debt: Debt) -> Locator:
    """The invoice is to be paid, and was not paid online; its card."""
    open_list(parent)
    expect(_paid_online(parent, debt)).to_have_count(0)
    card = _among(parent, "Mes factures à payer", debt)
    expect(card).to_have_count(1)
    return card


def _paid_online(parent: Parent, debt: Debt) -> Locator:
    return _among(parent, "Mes factures déjà payées", debt).filter(has_text="en ligne")


def _among(parent: Parent, region: str, debt: Debt) -> Locator:
    return parent.region(region).get_by_role("listitem").filter(has_text=debt.number)


# ── the bank's pages ────────────────────────────────────────────────────────────────────────────────────────────────


def at_the_bank(page: Page, debt: Debt) -> None:
    """The bank shows this debt and offers the means of payment."""
    expect(page.get_by_role("heading", name="Choix du mode de paiement")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(debt.amount)
    expect(page.get_by_role("main")).to_contain_text(debt.email)


def press(page: Page, name: str) -> None:
    """A button of the bank's, by the beginning of its name."""
    page.get_by_role("button", name=re.compile(f"^{name}")).click()


def type_card(page: Page, number: str = GOOD_CARD) -> None:
    """From the choice to the strong authentication."""
    press(page, "Payer par carte bancaire")
    page.get_by_role("textbox", name="Numéro de carte").fill(number)
    page.get_by_role("combobox", name="Mois").select_option("12")
    page.get_by_role("combobox", name="Année").select_option(index=3)
    page.get_by_role("textbox", name="Cryptogramme visuel").fill("123")
    press(page, "Valider")
    expect(page.get_by_role("heading", name="Confirmez que c’est bien vous")).to_be_visible()


def type_code(page: Page, code: str = CODE) -> None:
    """The strong authentication."""
    page.get_by_role("textbox", name="Code reçu par SMS").fill(code)
    press(page, "Confirmer le paiement")


def pay_by_card(page: Page, number: str = GOOD_CARD) -> None:
    """From the choice to the bank's result."""
    type_card(page, number)
    type_code(page)
    expect(page.get_by_role("heading", name="Informations de paiement")).to_be_visible()


def pay_by_debit(page: Page, account: str = "Compte courant") -> None:
    """From the choice, through impots.gouv, to the bank's result."""
    press(page, "Payer par prélèvement")
    page.get_by_role("textbox", name="Numéro fiscal").fill("3012345678901")
    page.get_by_role("textbox", name="Mot de passe").fill("essai")
    press(page, "Connexion")
    page.get_by_role("radio", name=re.compile(f"^{account}")).check()
    press(page, "Confirmer le prélèvement")
    expect(page.get_by_role("heading", name="Informations de paiement")).to_be_visible()


def come_back(page: Page) -> None:
    """« Continuer » of the bank's result."""
    page.get_by_role("link", name="Continuer").click()
