"""What comes from the bank's side: a browser that returns, notifications true and forged, the older form."""

from datetime import timedelta

import pytest

from portail.billing.models import Attempt, Invoice
from portail.rules.paying import AttemptState
from portail.towns.scope import in_town
from tests.web.bills import Bills, bills_of
from tests.web.browser import Browser, Queries
from tests.world import NOW, World


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


@pytest.mark.parametrize("method", ["get", "post"])
def test_coming_back_leads_to_the_operation(method, jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, next_check_at=NOW + timedelta(hours=1))
    response = getattr(jamie, method)("/paiement/retour/", {"idop": attempt.idop})
    assert (response.status_code, response.headers["Location"]) == (303, f"/paiement/{attempt.public_id}/")
    with in_town(world.demo):
        assert Attempt.objects.get().next_check_at == NOW


def test_coming_back_without_a_session_shows_nothing_personal(jamie, denise, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, AttemptState.PAID)
    for browser in (Browser(), denise):
        page = browser.page(f"/paiement/retour/?idop={attempt.idop}")
        assert "Votre paiement est accepté" in page.text
        for personal in ("BOND", "56,87", invoice.number, invoice.label, attempt.email, attempt.ticket):
            assert personal not in page.html
    assert "Nous ne retrouvons pas ce paiement." in Browser().page("/paiement/retour/?idop=x").text
    assert jamie.get("/paiement/retour/").headers["Location"] == "/factures/"


@pytest.mark.parametrize("name", ["idop", "idOp"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_notification_only_asks_for_a_look(name, method, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, next_check_at=NOW + timedelta(hours=1))
    with Queries() as queries:
        response = getattr(Browser(enforce_csrf_checks=True), method)("/paiement/notification/", {name: attempt.idop})
    assert response.status_code == 200
    assert len(queries.writes) == 2  # when to look, and that it was heard
    with Queries() as queries:
        Browser().post("/paiement/notification/", {name: attempt.idop})
    assert len(queries.writes) <= 1  # repeated before anybody has looked
    with in_town(world.demo):
        found = Attempt.objects.get()
        assert (found.state, found.next_check_at, found.events.count()) == ("waiting", NOW, 1)
        assert Invoice.objects.get().paid_cents == 0


FORGED = [
    "",
    "x" * 65,
    "cc0cb210-1cd4-11ea-8cca-0213ad91ffff",
    "\x00",
    "é",
    "' OR 1=1",
    "\ud800".encode("utf-8", "replace"),
]


@pytest.mark.parametrize("idop", FORGED, ids=range(len(FORGED)))
def test_a_forged_notification_is_answered_alike_and_changes_nothing(idop, invoice, bills, world, snapshot):
    with in_town(world.demo):
        bills.attempt(invoice)
    before = snapshot()
    for place in ("/paiement/notification/", "/paiement/annonce/unknown/", "/paiement/annonce/%00%F0/"):
        response = Browser().post(place, {"idop": idop, "resultrans": "P", "montant": "5687", "\x00": "\x00" * 999})
        assert response.status_code == 200
    assert Browser().get("/paiement/notification/").status_code == 200
    assert snapshot() == before


def test_another_town_s_notification_reaches_nothing_here(invoice, bills, world, snapshot):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, next_check_at=NOW + timedelta(hours=1))
    before = snapshot()
    assert Browser("buchelay.localhost").post("/paiement/notification/", {"idop": attempt.idop}).status_code == 200
    assert snapshot() == before


def test_the_older_form_announces_and_credits_nothing(jamie, invoice, bills, world):
    with in_town(world.demo):
        attempt = bills.attempt(invoice, provider="payfip_redirect", idop="secret-token")
    told = {
        "numcli": "000123", "refdet": attempt.reference, "montant": "5687", "resultrans": "P", "numauto": "394492",
        "exer": "2026", "objet": "x", "mel": "x@y.fr", "saisie": "A", "dattrans": "16112026", "heurtrans": "0900",
    }  # fmt: skip
    assert Browser(enforce_csrf_checks=True).post("/paiement/annonce/secret-token/", told).status_code == 200
    assert "Paiement annoncé" in jamie.page(f"/paiement/{attempt.public_id}/").text
    text = jamie.page("/factures/").text
    assert "paiement annoncé" in text
    assert "Procéder au paiement" not in text
    with in_town(world.demo):
        assert Invoice.objects.get().paid_cents == 0
