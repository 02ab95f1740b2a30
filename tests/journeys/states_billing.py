"""How to reach the pages about money where nothing is paid: with them, the tables of `states` are complete."""

from playwright.sync_api import expect

from tests.journeys.looks import hold_still
from tests.journeys.parent import Parent
from tests.journeys.paying import PAY, card_of, open_list
from tests.journeys.states import PRIVATE, PUBLIC, private, public

__all__ = ["PRIVATE", "PUBLIC"]

OLD, APART = "2013-026-000335", "2018-010-000002"  # Jamie BOND's, in the same window and in a window apart
UNKNOWN = "0" * 43


@public
def _invoice_email(parent: Parent) -> None:
    parent.go(f"/factures/courriel/{UNKNOWN}/")


@public
def _invoice_email_unknown(parent: Parent) -> None:
    _invoice_email(parent)
    parent.button("Confirmer mon adresse").click()
    expect(parent.heading("Ce lien ne marche plus", 2)).to_be_visible()


@public
def _payment_returned_unknown(parent: Parent) -> None:
    parent.go("/paiement/retour/")


@private()
def _invoices(parent: Parent) -> None:
    open_list(parent)


@private()
def _invoices_of_another_year(parent: Parent) -> None:
    parent.go("/factures/?annee=2012")


@private("Mathilde VASSEUR")
def _invoices_none(parent: Parent) -> None:
    open_list(parent)


@private("Bénédicte CHEVALIER")
def _invoices_credit_note(parent: Parent) -> None:
    open_list(parent)


@private("Bjørn ÅSTRÖM")
def _invoices_not_online(parent: Parent) -> None:
    open_list(parent)


@private("Denise MARSONE")
def _invoices_buchelay(parent: Parent) -> None:
    open_list(parent)


@private()
def _invoices_errors(parent: Parent) -> None:
    open_list(parent)
    parent.field("Mon e-mail").fill("jamie@")
    parent.page.get_by_role("button", name="Procéder au paiement").click()
    expect(parent.page.get_by_role("alert")).to_be_visible()


@private()
def _invoices_emails_errors(parent: Parent) -> None:
    open_list(parent)
    parent.field("Adresse 2").fill("grand-parent@")
    parent.button("Enregistrer").click()
    expect(parent.page.get_by_role("alert")).to_be_visible()


@private("Maryse BLANC")
def _invoices_emails_asked(parent: Parent) -> None:
    open_list(parent)
    parent.field("Adresse 1").fill("grand-parent@exemple.fr")
    parent.button("Enregistrer").click()
    parent.sees("Un lien de confirmation vient de partir")


@private()
def _invoice(parent: Parent) -> None:
    open_list(parent)
    _open_invoice(parent, "CENTRE DE LOISIRS")


@private()
def _invoice_explained(parent: Parent) -> None:
    open_list(parent)
    _open_invoice(parent, "REGIE PERISCOLAIRE")
    for line in parent.page.get_by_text("Expliquer").all():
        line.click()


@private()
def _invoice_taken_over(parent: Parent) -> None:
    open_list(parent)
    card_of(parent, OLD).get_by_role("link", name="Voir et comprendre").click()


@private()
def _pay(parent: Parent) -> None:
    _summary(parent, OLD)


@private()
def _pay_window_apart(parent: Parent) -> None:
    _summary(parent, APART)


@private()
def _pay_email_error(parent: Parent) -> None:
    _summary(parent, OLD)
    parent.field("Mon e-mail").fill("jamie@")
    parent.button(PAY).click()
    parent.sees("Cette adresse de courriel n'est pas complète")


@private()
def _pay_follow(parent: Parent) -> None:
    """The page behind the bank's window, before the bank has opened anything."""
    _summary(parent, APART)
    hold_still(parent)  # it looks again every two seconds
    parent.page.goto(parent.page.url.replace("/payer/", "/suivi/"))
    expect(parent.heading("Nous ouvrons la page de la banque", 2)).to_be_visible()


@private()
def _pay_follow_in_vain(parent: Parent) -> None:
    _summary(parent, APART)
    parent.page.goto(parent.page.url.replace("/payer/", "/suivi/?tour=99"))
    expect(parent.heading("Aucun paiement n'est ouvert", 2)).to_be_visible()


def _open_invoice(parent: Parent, words: str) -> None:
    """The last invoice whose card says so: that of last month, with its days."""
    card = parent.region("Mes factures à payer").get_by_role("listitem").filter(has_text=words).last
    card.get_by_role("link", name="Voir et comprendre").click()


def _summary(parent: Parent, number: str) -> None:
    open_list(parent)
    card_of(parent, number).get_by_role("radio").check()
    parent.field("Mon e-mail").fill("jamie.bond@exemple.fr")
    parent.page.get_by_role("button", name="Procéder au paiement").click()
    expect(parent.button(PAY)).to_be_visible()
