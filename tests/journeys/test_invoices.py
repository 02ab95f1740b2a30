"""« Facture » besides paying: explained, printed, and told by e-mail (features F1, F2, F7, F10)."""

import re

from playwright.sync_api import Locator, expect

from tests.journeys.conftest import PHONE, Visit
from tests.journeys.letters import awaited, words_of
from tests.journeys.parent import Parent
from tests.journeys.paying import card_of, open_list
from tests.journeys.portal import Family, Portal

# Read as the browser would, with the parent's own session: status, type, first characters.
FETCH = """async (url) => {
const answer = await fetch(url);
const bytes = new Uint8Array(await answer.arrayBuffer());
return [answer.status, answer.headers.get("content-type"), String.fromCharCode(...bytes.slice(0, 5))];
}"""
A_PDF = [200, "application/pdf", "%PDF-"]


def test_a_line_is_explained(visit: Visit, bond: Family, width: int) -> None:
    parent = visit(bond, width=width)
    parent.log_in()
    open_list(parent)
    of_last_month = re.compile(r"^CANTINE ET GARDERIE \w+ 20[2-9]\d")
    bill = (
        parent.region("Mes factures à payer").get_by_role("listitem").filter(has=parent.page.get_by_text(of_last_month))
    )
    bill.get_by_role("link", name="Voir et comprendre").click()
    line = parent.page.get_by_role("listitem").filter(has=parent.page.get_by_text("Expliquer")).first
    expect(line.get_by_role("term").first).to_be_hidden()
    line.get_by_text("Expliquer").click()
    expect(line.get_by_role("term").first).to_be_visible()
    expect(line).to_contain_text("quotient")
    parent.fits(width)


def test_the_papers_are_pdf_files(visit: Visit, bond: Family) -> None:
    parent = visit(bond)
    parent.log_in()
    parent.go("/factures/?annee=2012")
    paid = card_of(parent, "2012-003-000314")
    for link in (
        card_of(parent, "2018-010-000001").get_by_role("link", name=re.compile("^Facture PDF")),
        paid.get_by_role("link", name=re.compile("^Reçu PDF")),
    ):
        assert parent.page.evaluate(FETCH, link.get_attribute("href")) == A_PDF


def test_another_address_is_told_once_confirmed(visit: Visit, portal: Portal, family: Family) -> None:
    address = f"grand-parent-{family.payer_code.lower()}@exemple.fr"
    parent = visit(family, width=PHONE)
    parent.log_in()
    open_list(parent)
    _save(parent, address)
    parent.sees("Un lien de confirmation vient de partir")
    (link,) = re.findall(r"http://\S+/factures/courriel/\S+/", words_of(awaited(portal.mail, address)))
    stranger = visit(family, width=PHONE)  # whoever reads that mailbox has no account here
    stranger.page.goto(link)
    open_list(parent)
    _shows(parent, address, "à confirmer")  # opening the link has changed nothing
    stranger.button("Confirmer mon adresse").click()
    expect(stranger.heading("Votre adresse est confirmée", 2)).to_be_visible()
    open_list(parent)
    _shows(parent, address, "confirmée")
    _save(parent, "")
    parent.sees("C'est enregistré.")
    expect(_first(parent)).to_have_value("")


def test_an_address_that_is_none_is_refused(visit: Visit, family: Family) -> None:
    parent = visit(family, width=PHONE, allowed={400})
    parent.log_in()
    open_list(parent)
    _save(parent, "grand-parent@")
    expect(parent.page.get_by_role("alert")).to_be_visible()
    expect(_first(parent)).to_have_value("grand-parent@")
    expect(_first(parent)).to_have_attribute("aria-invalid", "true")


def _first(parent: Parent) -> Locator:
    return parent.field("Adresse 1")


def _save(parent: Parent, address: str) -> None:
    _first(parent).fill(address)
    parent.button("Enregistrer").click()


def _shows(parent: Parent, address: str, state: str) -> None:
    expect(_first(parent)).to_have_value(address)
    expect(_first(parent)).to_have_accessible_description(re.compile(f"^{state}"))
