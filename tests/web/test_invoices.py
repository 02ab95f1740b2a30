"""« Facture »: what a payer sees, and what nobody else does."""

from datetime import date, timedelta

import pytest

from portail.billing import documents
from portail.billing.documents import PdfFile
from portail.billing.models import Anomaly, Invoice, InvoiceEmail
from portail.families.models import Payer
from portail.gateways.pdf.press import PaperError
from portail.rules.invoicing import InvoiceStatus
from portail.towns.operations import change_settings
from portail.towns.scope import in_town
from tests.web.bills import JUNE, SEPTEMBER, Bills, bills_of
from tests.web.browser import Browser, Page, Queries
from tests.world import CLERK, NOW, World


@pytest.fixture
def bills(world: World) -> Bills:
    """Jamie's, with « Ville de Démo » in force for the whole test."""
    with in_town(world.demo):
        return bills_of(world.jamie)


def plain(text: str) -> str:
    return " ".join(text.split())


def post(browser: Browser, form: dict[str, str], status: int) -> Page:
    response = browser.post("/factures/", form)
    assert response.status_code == status, response.content.decode()[:2000]
    return Page(response.content.decode())


# --- The list ---------------------------------------------------------------------------------------------------------


def test_without_any_invoice_the_page_says_so(jamie):
    text = jamie.page("/factures/").text
    assert "Aucune facture à payer en ligne." in text
    assert "PayFiP" not in text
    assert "Être averti par mail" in text


def test_what_is_to_pay_says_all_that_the_document_says(jamie, bills, world):
    with in_town(world.demo):
        found = bills.invoice(424, payable_until=date(2026, 12, 10))
        bills.invoice(777, JUNE, due_on=date(2026, 7, 31))
    page = jamie.page("/factures/")
    text = plain(page.text)
    for words in (
        "Jamie BOND", "Paiement sécurisé par PayFiP (DGFiP", SEPTEMBER, JUNE, "4,24 €", "7,77 €", found.number,
        found.reference, "30/11/2026", "échéance dépassée", "jusqu'au jeudi 10 décembre 2026 inclus",
        "Reste à payer en tout : 12,01 €", "Déjà réglée par chèque ou en espèces ?", "1Sélection de facture étape en",
        "REGIE PERISCOLAIRE", "Procéder au paiement",
    ):  # fmt: skip
        assert words in text, words
    assert "(TEST)" not in text
    assert text.index(JUNE) < text.index(SEPTEMBER)
    assert f"/factures/{found.public_id}.pdf" in page.links
    assert f"/factures/{found.public_id}/" in page.links


def test_one_invoice_alone_is_chosen_already(jamie, bills, world):
    with in_town(world.demo):
        found = bills.invoice()
    assert jamie.page("/factures/").checked == [("invoice", str(found.public_id))]
    with in_town(world.demo):
        bills.invoice()
    assert jamie.page("/factures/").checked == []


@pytest.mark.parametrize(("mode", "shown"), [("T", True), ("X", True), ("W", False)])
def test_a_regie_that_is_not_in_production_is_told(mode, shown, jamie, bills, world):
    with in_town(world.demo):
        bills_of(world.jamie, mode=mode).invoice()
    text = jamie.page("/factures/").text
    assert ("(TEST)" in text) is shown
    assert ("aucun paiement ne sera réellement effectué" in text) is (mode == "T")


def test_the_town_s_own_word_for_the_reference(jamie, bills, world):
    with in_town(world.demo):
        bills.invoice()
        change_settings(settings={"labels": {"order_number": "Numéro de commande"}}, by=CLERK, now=NOW)
    text = jamie.page("/factures/").text
    assert "Numéro de commande" in text
    assert "Référence TIPI" not in text


def test_only_what_is_online_is_shown(jamie, bills, world):
    with in_town(world.demo):
        bills.invoice(label="PAS EN LIGNE", published_at=None)
        bills.invoice(label="BROUILLON", status="draft", number=None)
        hidden = Invoice.objects.get(label="PAS EN LIGNE")
    text = jamie.page("/factures/").text
    assert "PAS EN LIGNE" not in text
    assert "BROUILLON" not in text
    assert jamie.get(f"/factures/{hidden.public_id}/").status_code == 404
    assert jamie.get(f"/factures/{hidden.public_id}.pdf").status_code == 404


def test_separated_parents_see_only_their_own(jamie, paul, bills, world):
    with in_town(world.demo):
        own = bills.invoice(label="CHEZ JAMIE")
        payer = Payer.objects.get(last_name="AUTRE")
        bills_of(payer).invoice(label="CHEZ PAUL")
    assert "CHEZ PAUL" not in jamie.page("/factures/").text
    text = paul.page("/factures/").text
    assert "CHEZ PAUL" in text
    assert "CHEZ JAMIE" not in text
    for address in (
        f"/factures/{own.public_id}/",
        f"/factures/{own.public_id}.pdf",
        f"/factures/{own.public_id}/payer/",
    ):
        assert paul.get(address).status_code == 404
    assert paul.post("/factures/", {"invoice": str(own.public_id), "email": "p@server.fr"}).status_code == 404


def test_the_list_costs_five_queries_whatever_it_holds(jamie, bills, world):
    def cost() -> int:
        with Queries() as queries:
            jamie.page("/factures/")
        return len(queries)

    assert cost() == 5
    with in_town(world.demo):
        for _ in range(12):
            bills.attempt(bills.invoice())
            bills.paid(bills.invoice(), 5687)
    assert cost() == 5


def test_a_balance_in_hand_is_told(jamie, bills, world):
    with in_town(world.demo):
        bills.invoice(500, "AVOIR DE RENTREE", kind=Invoice.Kind.CREDIT_NOTE, paid_cents=200)
    text = plain(jamie.page("/factures/").text)
    assert "Vous avez 3,00 € d'avance" in text
    assert "reste à utiliser : 3,00 €" in text


# --- Already paid -----------------------------------------------------------------------------------------------------


def test_what_is_paid_says_all_that_the_document_says(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice(2100, "CANTINE MARS 2026")
        attempt = bills.attempt(invoice, authorisation="394492", bank_at=NOW)
        payment = bills.paid(invoice, 2100, attempt=attempt)
    page = jamie.page("/factures/")
    text = plain(page.text)
    for words in (
        "Mes factures déjà payées", "CANTINE MARS 2026", "21,00 €", "carte bancaire en ligne", "10/11/2026",
        "30/11/2026", "16/11/2026 09:00", "394492", payment.number, "Jamie BOND", "REGIE PERISCOLAIRE",
    ):  # fmt: skip
        assert words in text, words
    assert f"/recus/{payment.public_id}.pdf" in page.links
    assert "Mes factures à payer Aucune facture" in text


def test_the_paid_ones_are_paged_by_year(jamie, bills, world):
    with in_town(world.demo):
        bills.paid(bills.invoice(1000, "VIEILLE"), 1000, date(2024, 5, 2), means="cheque")
        bills.paid(bills.invoice(1000, "RECENTE"), 1000)
    latest, older = jamie.page("/factures/"), jamie.page("/factures/?annee=2024")
    assert ("RECENTE" in latest.text, "VIEILLE" in latest.text) == (True, False)
    assert ("RECENTE" in older.text, "VIEILLE" in older.text) == (False, True)
    assert "chèque bancaire" in older.text
    assert "/attestations/2024.pdf" not in older.links  # nothing of it was paid for care
    assert "/attestations/2026.pdf" not in latest.links  # the year is not over
    for nonsense in ("2025", "x", "", "%00", "é"):
        assert "RECENTE" in jamie.page(f"/factures/?annee={nonsense}").text


def test_an_invoice_cancelled_by_a_credit_note_is_no_longer_due(jamie, bills, world):
    with in_town(world.demo):
        bills.invoice(900, "ERREUR", status=InvoiceStatus.CANCELLED.value, credited_cents=900)
    text = plain(jamie.page("/factures/").text)
    assert "annulée par un avoir" in text
    assert "Aucune facture à payer en ligne." in text


# --- Step 1 -----------------------------------------------------------------------------------------------------------


def test_choosing_leads_to_the_summary_with_the_address_kept(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice()
    response = jamie.post("/factures/", {"invoice": str(invoice.public_id), "email": " me@server.fr ", "action": "pay"})
    assert (response.status_code, response.headers["Location"]) == (302, f"/factures/{invoice.public_id}/payer/")
    assert "me@server" not in response.headers["Location"]
    page = jamie.page(f"/factures/{invoice.public_id}/payer/")
    assert page.value("email") == "me@server.fr"


@pytest.mark.parametrize("email", ["", "jamie", "jamie@", "a b@server.fr", "é@server.fr", "x" * 75 + "@server.fr"])
def test_a_wrong_address_is_said_and_the_choice_is_kept(email, jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice()
        bills.invoice()
    page = post(jamie, {"invoice": str(invoice.public_id), "email": email, "action": "pay"}, 400)
    assert "courriel" in page.text
    assert page.value("email") == email
    assert page.checked == [("invoice", str(invoice.public_id))]


def test_nothing_chosen_is_said(jamie, bills, world):
    with in_town(world.demo):
        bills.invoice()
    page = post(jamie, {"email": "me@server.fr", "action": "pay"}, 400)
    assert "Choisissez la facture que vous voulez payer." in page.text
    assert page.value("email") == "me@server.fr"


@pytest.mark.parametrize("chosen", ["x", "00000000-0000-0000-0000-000000000000", "é", "' OR 1=1"])
def test_an_unknown_invoice_is_a_plain_404(chosen, jamie, bills):
    assert jamie.post("/factures/", {"invoice": chosen, "email": "me@server.fr"}).status_code == 404


def test_an_invoice_paid_meanwhile_is_said(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice()
        bills.paid(invoice, 5687)
    page = post(jamie, {"invoice": str(invoice.public_id), "email": "me@server.fr"}, 400)
    assert "Cette facture est déjà réglée." in page.text


# --- Addresses told of new invoices -----------------------------------------------------------------------------------


def test_the_address_of_the_town_hall_is_shown_and_up_to_three_are_added(jamie, bills, world):
    with in_town(world.demo):
        Payer.objects.filter(pk=world.jamie.pk).update(email="jamie.bond@server.fr")
    assert "jamie.bond@server.fr" in jamie.page("/factures/").text
    form = {"action": "emails", "wanted": "1", "email1": "bond@server.fr", "email2": "", "email3": ""}
    response = jamie.post("/factures/", form)
    assert response.headers["Location"] == "/factures/?avis=envoye#avis"
    page = jamie.page("/factures/?avis=envoye")
    assert page.value("email1") == "bond@server.fr"
    assert "à confirmer" in page.text
    assert ("wanted", "1") in page.checked
    with in_town(world.demo):
        InvoiceEmail.objects.update(confirmed_at=NOW)
    assert "confirmée" in jamie.page("/factures/").text
    jamie.post("/factures/", {"action": "emails", "email1": ""})
    page = jamie.page("/factures/")
    assert page.value("email1") == ""
    assert page.checked == []


def test_a_wrong_address_changes_nothing_and_comes_back(jamie, bills, world):
    form = {"action": "emails", "email1": "bond@server.fr", "email2": "bond", "email3": "bond@server.fr"}
    page = post(jamie, form, 400)
    assert [page.value(f"email{n}") for n in (1, 2, 3)] == ["bond@server.fr", "bond", "bond@server.fr"]
    assert "elle ressemble à nom@exemple.fr" in page.text
    assert "déjà dans la liste" in page.text
    with in_town(world.demo):
        assert InvoiceEmail.objects.count() == 0


def test_opening_the_link_changes_nothing_pressing_its_button_does(jamie, bills, world, monkeypatch, snapshot):
    monkeypatch.setattr("portail.billing.operations.emails.secrets.token_urlsafe", lambda _n: "le-secret")
    jamie.post("/factures/", {"action": "emails", "email1": "bond@server.fr"})
    before, stranger = snapshot(), Browser()
    page = stranger.page("/factures/courriel/le-secret/")
    assert "bond@server.fr" not in page.html
    assert snapshot() == before
    assert "Votre adresse est confirmée" in stranger.post("/factures/courriel/le-secret/").content.decode()
    with in_town(world.demo):
        assert InvoiceEmail.objects.get().confirmed_at == NOW
    assert stranger.post("/factures/courriel/un-autre/").status_code == 404


# --- Home -------------------------------------------------------------------------------------------------------------


def test_home_tells_of_one_invoice_and_leads_to_its_payment(jamie, bills, world):
    assert "Facture :" not in jamie.page("/accueil/").text
    with in_town(world.demo):
        invoice = bills.invoice()
    page = jamie.page("/accueil/")
    assert f"Facture : {SEPTEMBER}" in page.text
    assert "56,87 €, échéance le 30/11/2026." in page.text
    assert f"/factures/{invoice.public_id}/payer/" in page.links


def test_home_tells_of_several_at_once_and_not_of_those_that_cannot_be_paid(jamie, bills, world):
    with in_town(world.demo):
        bills.invoice(1000)
        bills.invoice(2000, due_on=date(2026, 11, 20))
        bills.attempt(bills.invoice(4000))
        bills.invoice(8000, payable_until=NOW.date() - timedelta(days=1))
    text = jamie.page("/accueil/").text
    assert "2 factures à payer" in text
    assert "30,00 € en tout, première échéance le 20/11/2026." in text


# --- One invoice ------------------------------------------------------------------------------------------------------


def test_the_invoice_as_a_page_says_each_child_each_line_and_the_totals(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice(1093, payer_address="12 rue de la Mairie\n78200 BUCHELAY")
        why = {"tariff": "Cantine", "days": [{"day": "2026-11-02", "why": ["present"]}], "person": "James à l'époque"}
        bills.line(invoice, world.james, 364, **why)
        bills.line(invoice, world.aline, 400)
        bills.line(invoice, None, 329, "Report de octobre 2026 : Cantine")
        bills.paid(invoice, 93, means="cheque")
    text = plain(jamie.page(f"/factures/{invoice.public_id}/").text)
    for words in (
        "James à l'époque", "Aline BOND", "Report de octobre 2026 : Cantine", "Total de la facture 10,93 €",
        "chèque bancaire, 10/11/2026", "Reste à payer 10,00 €", "Expliquer Cantine Tarif « Cantine ».",
        "lundi 2 novembre présent", "12 rue de la Mairie, 78200 BUCHELAY",
    ):  # fmt: skip
        assert words in text, words


def test_a_page_costs_the_same_for_few_and_many_lines(jamie, bills, world):
    def cost() -> int:
        with Queries() as queries:
            jamie.page(f"/factures/{invoice.public_id}/")
        return len(queries)

    with in_town(world.demo):
        invoice = bills.invoice(100_000)
        bills.line(invoice, world.james, 364)
    assert cost() == 5
    with in_town(world.demo):
        for _ in range(30):
            bills.line(invoice, world.aline, 364)
            bills.paid(invoice, 100)
    assert cost() == 5


def test_papers_are_shown_in_the_browser(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice()
        payment = bills.paid(invoice, 5687)
    for address in (f"/factures/{invoice.public_id}.pdf", f"/recus/{payment.public_id}.pdf"):
        response = jamie.get(address)
        assert response.content.startswith(b"%PDF")
        assert response.headers["Content-Disposition"].startswith("inline; filename=")
        assert "no-store" in response.headers["Cache-Control"]


def test_a_paper_that_the_press_refuses_is_said_and_told_to_the_town_hall_once(jamie, bills, world, monkeypatch):
    with in_town(world.demo):
        invoice, other = bills.invoice(), bills.invoice()

    def refused(public_id, *, now):
        if public_id == invoice.public_id:
            raise PaperError("unknown glyph")
        return PdfFile("facture.pdf", b"%PDF")

    monkeypatch.setattr(documents, "invoice_pdf", refused)
    for _ in range(2):
        response = jamie.get(f"/factures/{invoice.public_id}.pdf")
        assert response.status_code == 503
        assert "ne peut pas être imprimé" in response.content.decode()
    assert jamie.get(f"/factures/{other.public_id}.pdf").status_code == 200
    with in_town(world.demo):
        assert [(one.kind, one.invoice_id) for one in Anomaly.objects.all()] == [("unprintable", invoice.pk)]
