"""A payment seen from two devices, in two windows, and once more after it was refused or abandoned."""

import re
from datetime import timedelta

import pytest

from portail.billing.models import Attempt, Invoice
from portail.rules.paying import AttemptState
from portail.towns.models import Town
from portail.towns.scope import in_town
from tests.web.bills import Bills, bills_of
from tests.web.browser import Browser, Page
from tests.web.test_payment import Bank, address, bank, bills, invoice, pay, read
from tests.world import JAMES, JAMIE_CODE, NOW, World

__all__ = ["bank", "bills", "invoice"]  # fixtures
MINUTE = timedelta(minutes=1)
BANK_PAGE = "https://www.payfip.gouv.fr/"


@pytest.fixture
def other(world: World) -> Browser:
    """The same payer on another device."""
    return Browser().enter(JAMES, JAMIE_CODE)


def only_attempt(world: World) -> Attempt:
    with in_town(world.demo):
        return Attempt.objects.get()


def form_of(page: Page) -> dict[str, str | None]:
    return next(attrs for tag, attrs in page.tags if tag == "form" and "data-pay" in attrs)


# --- Two devices ------------------------------------------------------------------------------------------------------


def test_the_second_device_waits_here_and_not_at_the_bank(jamie, other, invoice, bank, world):
    pay(jamie, invoice)
    own = f"/paiement/{only_attempt(world).public_id}/"
    assert pay(other, invoice).headers["Location"] == own
    assert other.get(f"{own}reprendre/").headers["Location"] == own
    page = other.page(own)
    for words in (
        "Un paiement est en cours depuis un autre appareil",
        "ouvert aujourd'hui à 9 h. Terminez-le",
        "vous pourrez en ouvrir un autre aujourd'hui à 9 h 20",
    ):
        assert words in page.text, words
    assert "Reprendre le paiement" not in page.text
    assert len(bank.opened) == 1
    for first in (pay(jamie, invoice), jamie.get(f"{own}reprendre/")):
        assert first.headers["Location"].startswith(BANK_PAGE)
    assert "Reprendre le paiement" in jamie.page(own).text


def test_the_second_device_may_open_its_own_after_twenty_minutes(jamie, other, invoice, bank, world, clock):
    pay(jamie, invoice)
    clock.shift(20 * MINUTE)
    assert pay(other, invoice).headers["Location"].startswith(BANK_PAGE)
    assert len(bank.opened) == 2


def test_a_device_stays_the_same_through_a_new_session(jamie, invoice, bank, world):
    pay(jamie, invoice)
    jamie.post("/deconnexion/")
    jamie.enter(JAMES, JAMIE_CODE)
    assert pay(jamie, invoice).headers["Location"].startswith(BANK_PAGE)


# --- Why it waits -----------------------------------------------------------------------------------------------------


def test_an_abandoned_payment_says_why_it_waits_and_for_how_long(jamie, invoice, bills, world, clock):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, result="A", created_at=NOW)
    own = f"/paiement/{attempt.public_id}/"
    text = jamie.page(own).text
    for words in (
        "Paiement abandonné", "La banque n'a rien débité.", "pour que personne ne paie deux fois",
        "Vous pouvez reprendre ce paiement tout de suite.", "ouvrir un autre paiement aujourd'hui à 9 h 20",
        "Reprendre le paiement",
    ):  # fmt: skip
        assert words in text, words
    clock.shift(16 * MINUTE)
    text = jamie.page(own).text
    assert "ouvrir un autre paiement aujourd'hui à 9 h 20" in text
    assert "reprendre" not in text.lower()


def test_an_ordinary_wait_says_until_when(jamie, invoice, bills, world, clock):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, created_at=NOW)
    own = f"/paiement/{attempt.public_id}/"
    assert "vous pourrez en ouvrir un autre aujourd'hui à 9 h 20" in jamie.page(own).text
    clock.shift(20 * MINUTE)
    assert "en ouvrir un autre" not in jamie.page(own).text


def test_when_nothing_is_open_no_hourglass_runs(jamie, invoice, world):
    def icon(tour: int) -> str:
        html = jamie.page(f"/factures/{invoice.public_id}/suivi/?tour={tour}").html
        return re.findall(r'class="result".*?icons\.svg#([a-z-]+)', html)[0]

    assert [icon(tour) for tour in (1, 99)] == ["wait", "info"]


def watched(page: Page) -> dict[str, str | None]:
    """What the page asks for by itself."""
    return next((attrs for _tag, attrs in page.tags if "data-state" in attrs), {})


def test_the_page_goes_on_when_the_bank_tells_of_an_abandon(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice)
    own = f"/paiement/{attempt.public_id}/"
    assert watched(jamie.page(own))["data-known"] == "waiting"
    with in_town(world.demo):
        Attempt.objects.update(result="A")
    assert jamie.get(f"{own}etat/").json() == {"state": "abandoned", "settled": False}
    assert watched(jamie.page(own))["data-known"] == "abandoned"


def test_who_was_refused_and_tried_again_at_the_bank_is_not_told_to_pay_once_more(jamie, invoice, bills, world):
    """Between the return and the worker's look, « Paiement refusé » may be the news of before."""
    with in_town(world.demo):
        attempt = bills.attempt(invoice, AttemptState.REFUSED, result="R", next_check_at=NOW + MINUTE)
    own, back = f"/paiement/{attempt.public_id}/", f"/paiement/retour/?idop={attempt.idop}"
    page = jamie.page(own)
    assert "Paiement refusé" in page.text
    assert watched(page)["data-known"] == "refused"  # and should it change after all, the page says so
    assert jamie.get(back).headers["Location"] == own
    page = jamie.page(own)
    assert "Nous attendons la réponse de la banque" in page.text
    assert "Recommencer" not in page.text
    assert jamie.get(f"{own}etat/").json() == {"state": "asked", "settled": False}
    assert "Nous attendons la réponse de la banque" in Browser().page(back).text
    with in_town(world.demo):
        Attempt.objects.update(state="paid", next_check_at=None)
    assert jamie.get(f"{own}etat/").json() == {"state": "paid", "settled": True}
    assert not watched(jamie.page(own))


# --- Following the latest ---------------------------------------------------------------------------------------------


def test_the_page_behind_the_window_waits_for_the_new_one_not_for_the_one_refused_before(
    jamie, invoice, bank, bills, world, clock
):
    with in_town(world.demo):
        bills_of(world.jamie, popup=True)
        bills.attempt(invoice, AttemptState.REFUSED, created_at=NOW - 3 * MINUTE)
    follow = form_of(jamie.page(address(invoice)))["data-follow"] or ""
    page = jamie.page(follow)
    assert "Nous ouvrons la page de la banque" in page.text
    again = next(attrs["data-again"] for _tag, attrs in page.tags if "data-again" in attrs) or ""
    pay(jamie, invoice)
    with in_town(world.demo):
        second = Attempt.objects.latest("created_at")
    for where in (follow, again):
        assert jamie.get(where).headers["Location"] == f"/paiement/{second.public_id}/"
    for nonsense in ("x", "-1", "²", "99999999999", "0", "9999999999"):
        assert jamie.get(follow.partition("?")[0], {"depuis": nonsense}).status_code in {200, 302}


# --- The older form: a bank that leads nowhere -----------------------------------------------------------------------


@pytest.fixture
def older(world: World, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Bills:
    """A régie paid by a form that may be opened once, and whose last page is the bank's."""
    bank.asks = False
    monkeypatch.setattr(bank, "page", lambda _idop: "")
    with in_town(world.demo):
        return bills_of(world.jamie, provider="payfip_redirect")


def test_a_bank_that_leads_nowhere_never_takes_the_place_of_our_page(jamie, invoice, older, world):
    page = jamie.page(address(invoice))
    assert form_of(page).get("target") == "payfip"
    assert any(link.startswith(f"/factures/{invoice.public_id}/suivi/") for link in page.links)
    assert "Payer dans cette fenêtre" not in page.text
    assert pay(jamie, invoice).headers["Location"].startswith(BANK_PAGE)
    text = jamie.page(f"/paiement/{only_attempt(world).public_id}/").text
    assert "Quand la banque a terminé, fermez sa fenêtre" in text


def test_when_no_window_opens_a_plain_link_does(jamie, invoice, older, world):
    response = pay(jamie, invoice, link="1")
    assert response.status_code == 200
    page, attempt = read(response), only_attempt(world)
    (link,) = [attrs for tag, attrs in page.tags if tag == "a" and attrs.get("target") == "payfip"]
    assert (link["href"] or "").startswith(BANK_PAGE)
    assert "La page de la banque est prête" in page.text
    assert ("data-page", f"/paiement/{attempt.public_id}/") in [
        pair for _tag, attrs in page.tags for pair in attrs.items()
    ]
    assert not [attrs for _tag, attrs in page.tags if attrs.get("http-equiv") == "refresh"]  # the link must stay
    again = pay(jamie, invoice, link="1")  # the page reloaded: never a second operation
    assert again.headers["Location"] == f"/paiement/{attempt.public_id}/"


def test_the_link_is_for_that_bank_only(jamie, invoice, bank):
    assert pay(jamie, invoice, link="1").status_code == 303


def test_when_nothing_opened_the_words_are_those_of_the_button(jamie, invoice, world, bank):
    follow = f"/factures/{invoice.public_id}/suivi/?tour=99"
    assert "« Payer dans cette fenêtre »" in jamie.page(follow).text
    with in_town(world.demo):
        bills_of(world.jamie, provider="payfip_redirect")
    assert "« La fenêtre ne s'ouvre pas »" in jamie.page(follow).text


def test_a_phone_number_is_never_cut(jamie, invoice: Invoice, world):
    number = "01 23 45 67 89"
    with in_town(world.demo):
        Invoice.objects.update(payable_until=NOW.date() - timedelta(days=1))
        Town.objects.filter(pk=world.demo.pk).update(phone=number)
    main = jamie.page(address(invoice)).html.partition("<main")[2].partition("</main>")[0]
    assert number not in main
    assert number.replace(" ", "\u00a0") in main
