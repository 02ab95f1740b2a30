"""Steps 2 to 4 of a payment, and what comes from the bank's side. The bank itself is a stand-in here."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from portail.billing.models import Attempt, Invoice
from portail.billing.providers import Addresses, NotOpened, Opened, Trouble
from portail.rules.paying import AttemptState
from portail.towns.scope import in_town
from tests.web.bills import Bills, bills_of
from tests.web.browser import Browser, Page, Queries
from tests.world import NOW, World

BANK = "https://www.payfip.gouv.fr/tpa/paiementws.web?idop="


@dataclass
class Bank:
    """Stands in for PayFiP: opens what it is asked to, or fails in the way it was told to."""

    asks: bool = True
    trouble: Trouble | None = None
    opened: list[Attempt] = field(default_factory=list)
    addresses: list[Addresses] = field(default_factory=list)

    def open(self, attempt: Attempt, _subject: str, addresses: Addresses) -> Opened | NotOpened:
        if self.trouble is not None:
            return NotOpened(self.trouble, "A2", "Panne de la banque.")
        self.opened.append(attempt)
        self.addresses.append(addresses)
        idop = attempt.idop or f"cc0cb210-1cd4-11ea-8cca-{len(self.opened):012}"
        return Opened(idop, BANK + idop)

    def page(self, idop: str) -> str:
        return BANK + idop


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    """The bank that every provider leads to."""
    found = Bank()
    monkeypatch.setattr("portail.billing.operations.paying.provider_named", lambda _name: found)
    return found


@pytest.fixture
def bills(world: World) -> Bills:
    """Jamie's régie."""
    with in_town(world.demo):
        return bills_of(world.jamie)


@pytest.fixture
def invoice(bills: Bills, world: World) -> Invoice:
    """56,87 € to pay."""
    with in_town(world.demo):
        return bills.invoice()


def address(invoice: Invoice) -> str:
    return f"/factures/{invoice.public_id}/payer/"


def pay(browser: Browser, invoice: Invoice, **form: str) -> Any:
    return browser.post(address(invoice), {"cents": "5687", "email": "me@server.fr"} | form)


def read(response: HttpResponse) -> Page:
    return Page(response.content.decode())


# --- Step 2 -----------------------------------------------------------------------------------------------------------


def test_the_summary_says_what_is_paid_to_whom(jamie, invoice):
    text = jamie.page(address(invoice)).text
    for words in (
        "TOTAL À RÉGLER", "56,87 €", invoice.number, "REGIE PERISCOLAIRE", "2Récapitulatif étape en cours",
        "Direction générale des Finances publiques", "Payer en ligne", "Annuler et retourner aux factures",
    ):  # fmt: skip
        assert words in text, words


def test_paying_leads_to_the_bank_s_page_with_a_get(jamie, invoice, bank, world):
    response = pay(jamie, invoice)
    assert (response.status_code, response.headers["Location"][: len(BANK)]) == (303, BANK)
    with in_town(world.demo):
        attempt = Attempt.objects.get()
    assert (attempt.state, attempt.cents, attempt.email) == ("waiting", 5687, "me@server.fr")
    assert bank.addresses == [
        Addresses("http://demo.localhost/paiement/notification/", "http://demo.localhost/paiement/retour/")
    ]


def test_the_older_form_is_told_a_secret_address(jamie, invoice, bank, world):
    bank.asks = False
    assert pay(jamie, invoice).status_code == 303
    with in_town(world.demo):
        idop = Attempt.objects.get().idop
    assert bank.addresses[0].notify == f"http://demo.localhost/paiement/annonce/{idop}/"


def test_pressed_twice_it_is_one_operation(jamie, invoice, bank, world):
    first, second = pay(jamie, invoice), pay(jamie, invoice)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(bank.opened) == 1


def test_pressed_twice_at_once_the_second_waits_with_the_first(jamie, invoice, bank, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, AttemptState.CREATED, idop=None, created_at=NOW)
    response = pay(jamie, invoice)
    assert (response.status_code, response.headers["Location"]) == (303, f"/paiement/{attempt.public_id}/")
    assert bank.opened == []


def test_only_these_pages_let_a_form_go_to_the_bank(jamie, invoice, bank, settings):
    settings.PAYFIP_URL = "http://127.0.0.1:8001/x"
    response = jamie.get(address(invoice))
    assert "form-action 'self' http://127.0.0.1:8001" in response.headers["Content-Security-Policy"].split("; ")
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    for other in ("/factures/", "/accueil/", f"/factures/{invoice.public_id}/"):
        response = jamie.get(other)
        assert "form-action 'self'" in response.headers["Content-Security-Policy"].split("; ")
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_in_a_window_apart_when_the_town_wants_it(jamie, invoice, world):
    def target(page: Page) -> str | None:
        return next(attrs for tag, attrs in page.tags if tag == "form" and "data-pay" in attrs).get("target")

    assert target(jamie.page(address(invoice))) is None
    with in_town(world.demo):
        bills_of(world.jamie, popup=True)
    page = jamie.page(address(invoice))
    assert target(page) == "payfip"
    assert f"/factures/{invoice.public_id}/suivi/?depuis={int(NOW.timestamp())}" in page.links
    assert "Payer dans cette fenêtre" in page.text


def test_the_page_behind_the_window_finds_the_operation(jamie, invoice, bank, world, bills):
    follow = f"/factures/{invoice.public_id}/suivi/"
    assert "Nous ouvrons la page de la banque" in jamie.page(follow).text
    assert "&amp;tour=3" in jamie.page(f"{follow}?tour=2").html
    assert "Aucun paiement n'est ouvert" in jamie.page(f"{follow}?tour=20").text
    for nonsense in ("x", "²", "-1", "9999999"):
        assert jamie.page(f"{follow}?tour={nonsense}")
    with in_town(world.demo):
        bills.attempt(invoice, AttemptState.EXPIRED, created_at=NOW - timedelta(hours=3))
    assert jamie.get(follow).status_code == 200
    pay(jamie, invoice)
    with in_town(world.demo):
        attempt = Attempt.objects.latest("created_at")
    assert jamie.get(follow).headers["Location"] == f"/paiement/{attempt.public_id}/"


# --- Step 2, refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["", "me", "me@", "x" * 80 + "@server.fr", "a@b.fr\x00"])
def test_a_wrong_address_is_said_beside_its_field(email, jamie, invoice, bank):
    response = pay(jamie, invoice, email=email)
    assert response.status_code == 400
    assert read(response).value("email") == email
    assert "courriel" in read(response).text
    assert bank.opened == []


def test_an_amount_that_changed_is_shown_before_anything_is_opened(jamie, invoice, bank, bills, world):
    with in_town(world.demo):
        bills.paid(invoice, 1000)
    for cents in ("5687", "", "x"):
        response = pay(jamie, invoice, cents=cents)
        assert response.status_code == 409
        assert "Le montant à payer a changé" in read(response).text
        assert read(response).value("cents") == "4687"
        assert read(response).value("email") == "me@server.fr"
    assert bank.opened == []
    assert pay(jamie, invoice, cents="4687").status_code == 303


def change(invoice: Invoice, values: dict[str, object]) -> None:
    Invoice.objects.filter(pk=invoice.pk).update(**values)


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "paid": ({"paid_cents": 5687}, "Cette facture est déjà réglée."),
    "deadline": ({"payable_until": date(2026, 11, 15)}, "jusqu'au dimanche 15 novembre 2026 inclus"),
    "transferred": ({"status": "transferred"}, "a été transférée à la Trésorerie"),
    "cancelled": ({"status": "cancelled"}, "annulée par un avoir"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_can_no_longer_be_paid_says_why(why, jamie, invoice, bank, world):
    values, words = REFUSED[why]
    with in_town(world.demo):
        change(invoice, values)
    response = pay(jamie, invoice)
    assert response.status_code == 409
    assert words in read(response).text
    assert "Payer en ligne" not in read(response).text
    assert words in jamie.page(address(invoice)).text
    assert bank.opened == []


def test_after_the_deadline_the_regie_says_how_to_pay(jamie, invoice, world):
    with in_town(world.demo):
        change(invoice, {"payable_until": date(2026, 11, 15)})
        assert "chèque bancaire" in jamie.page(address(invoice)).text
        bills_of(world.jamie, after_deadline="Réglez à la Trésorerie, 3 rue du Port.")
    for page in (address(invoice), "/factures/", f"/factures/{invoice.public_id}/"):
        assert "Réglez à la Trésorerie, 3 rue du Port." in jamie.page(page).text


def test_on_the_last_day_it_may_still_be_paid(jamie, invoice, bank, world):
    with in_town(world.demo):
        change(invoice, {"payable_until": NOW.date()})
    assert pay(jamie, invoice).status_code == 303


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble.DOWN, "Le service de paiement de l'État ne répond pas : rien n'a été payé ni débité."),
        (
            Trouble.REFUSED,
            "Le paiement en ligne n'est pas disponible pour cette facture : rien n'a été payé ni débité.",
        ),
    ],
)
def test_a_bank_that_opens_nothing_is_one_honest_sentence(trouble, words, jamie, invoice, bank):
    bank.trouble = trouble
    response = pay(jamie, invoice)
    assert response.status_code == 503
    page = read(response)
    assert words in page.text
    assert ("ne répond pas" in page.text) is (trouble is Trouble.DOWN)
    assert ("Vous pouvez payer autrement, ou réessayer plus tard." in page.text) is (trouble is Trouble.REFUSED)
    assert page.value("email") == "me@server.fr"
    assert "Payer en ligne" in page.text  # may be tried again


def test_an_address_that_the_bank_refuses_is_said_at_its_field(jamie, invoice, bank):
    bank.trouble = Trouble.EMAIL
    response = pay(jamie, invoice)
    assert response.status_code == 400
    assert "La banque refuse cette adresse de courriel." in read(response).text


def test_nobody_pays_for_somebody_else(denise, invoice, bank, snapshot):
    before = snapshot()
    assert denise.get(address(invoice)).status_code == 404
    assert pay(denise, invoice).status_code == 404
    assert (bank.opened, snapshot()) == ([], before)


# --- Under way --------------------------------------------------------------------------------------------------------


def test_a_payment_under_way_can_be_taken_up_again(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice)
    resume = f"/paiement/{attempt.public_id}/reprendre/"
    for where in ("/factures/", address(invoice), f"/factures/{invoice.public_id}/", f"/paiement/{attempt.public_id}/"):
        assert resume in jamie.page(where).links, where
    text = jamie.page("/factures/").text
    assert "ouvert aujourd'hui à 8 h 59" in text
    assert "en ouvrir un autre aujourd'hui à 9 h 19" in text
    assert jamie.get(resume).headers["Location"].endswith(attempt.idop)


def test_too_late_to_take_it_up_again_says_when_another_may_be_opened(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, created_at=NOW - timedelta(minutes=16))
    text = jamie.page("/factures/").text
    assert "Reprendre le paiement" not in text
    assert "en ouvrir un autre aujourd'hui à 9 h 04" in text
    assert jamie.get(f"/paiement/{attempt.public_id}/reprendre/").headers["Location"].endswith(f"{attempt.public_id}/")


def test_an_old_unanswered_payment_warns_before_a_second_one(jamie, invoice, bank, bills, world):
    with in_town(world.demo):
        bills.attempt(invoice, created_at=NOW - timedelta(minutes=50))
    for where in ("/factures/", address(invoice)):
        assert "resté sans réponse de la banque" in jamie.page(where).text
    assert pay(jamie, invoice).status_code == 303


# --- Step 3 and 4 -----------------------------------------------------------------------------------------------------


def step(browser: Browser, attempt: Attempt) -> Page:
    return browser.page(f"/paiement/{attempt.public_id}/")


def test_waiting_tells_the_truth_and_asks_again(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice)
    page = step(jamie, attempt)
    assert "Vous pouvez fermer cette page : votre paiement sera enregistré." in page.text
    assert ("meta", {"http-equiv": "refresh", "content": "5"}) in page.tags
    for age, seconds in ((10, "20"), (40, None)):
        with in_town(world.demo):
            Attempt.objects.update(created_at=NOW - timedelta(minutes=age))
        again = [attrs.get("content") for tag, attrs in step(jamie, attempt).tags if attrs.get("http-equiv")]
        assert again == ([seconds] if seconds else [])


def test_the_state_is_one_query_and_never_kept(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice)
    with Queries() as queries:
        response = jamie.get(f"/paiement/{attempt.public_id}/etat/")
    assert len(queries) == 3  # town, family, operation
    assert response.json() == {"state": "waiting", "settled": False}
    assert "no-store" in response.headers["Cache-Control"]
    with in_town(world.demo):
        Attempt.objects.update(state="paid")
    assert jamie.get(f"/paiement/{attempt.public_id}/etat/").json() == {"state": "paid", "settled": True}


def test_accepted_says_the_ticket_and_offers_the_next(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, AttemptState.PAID, authorisation="394492", bank_at=NOW)
        payment = bills.paid(invoice, 5687, attempt=attempt)
        following = bills.invoice(777, "LA SUIVANTE")
    page = step(jamie, attempt)
    for words in (
        "Votre paiement est accepté", attempt.reference, attempt.ticket, "16/11/2026 09:00", "394492", "56,87 €",
        "4Confirmation étape en cours", "Payer la suivante : LA SUIVANTE, 7,77 €", payment.number,
    ):  # fmt: skip
        assert words in page.text, words
    assert f"/recus/{payment.public_id}.pdf" in page.links
    assert address(following) in page.links


ENDS = {
    AttemptState.REFUSED: ("La banque a refusé ce paiement", True),
    AttemptState.CANCELLED: ("n'a pas abouti : rien n'a été débité", True),
    AttemptState.EXPIRED: ("La banque n'a enregistré aucun paiement", True),
    AttemptState.FAILED: ("rien n'a été débité", True),
    AttemptState.REVIEW: ("Ne payez pas une seconde fois", False),
    AttemptState.ANNOUNCED: ("Ne payez pas une seconde fois", False),
}


@pytest.mark.parametrize("state", ENDS)
def test_every_other_end_says_one_honest_sentence_and_what_to_do(state, jamie, invoice, bills, world):
    words, again = ENDS[state]
    with in_town(world.demo):
        attempt = bills.attempt(invoice, state, settled_at=NOW)
    page = step(jamie, attempt)
    assert words in page.text
    assert "accepté" not in page.text
    assert (address(invoice) in page.links) is again


def test_somebody_else_s_operation_is_a_plain_404(denise, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice)
    for rest in ("", "etat/", "reprendre/"):
        assert denise.get(f"/paiement/{attempt.public_id}/{rest}").status_code == 404
