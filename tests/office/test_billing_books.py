"""« À vérifier » and the régisseur's books, from the office."""

from uuid import uuid4

import pytest

from portail.billing.models import Anomaly, Payment
from portail.billing.operations.money import CounterDraft, record_payment
from tests.billing.payfip import invoice, regie
from tests.world import CLERK, NOW, World

BASE = "/mairie/facturation/"
TODAY = NOW.date()


# --- À vérifier -----------------------------------------------------------------------------------------------------


def doubt(demo: World, kind: str) -> Anomaly:
    return Anomaly.objects.create(invoice=invoice(demo.jamie), payer=demo.jamie, kind=kind, data={}, at=NOW)


def test_what_is_to_look_at_is_ended_with_a_word(demo: World, clerk, regisseur):
    one = doubt(demo, "overpaid")
    where = f"{BASE}a-verifier/"
    assert "Payé deux fois" in clerk.page(where)
    assert clerk.post(f"{where}{one.public_id}/", {"answer": "Remboursé"}).status_code == 403
    regisseur.refused(f"{where}{one.public_id}/", {"answer": " "})
    regisseur.sent(f"{where}{one.public_id}/", {"answer": "Remboursé"})
    assert "déjà réglée" in regisseur.refused(f"{where}{one.public_id}/", {"answer": "Remboursé"})
    regisseur.refused(f"{where}{uuid4()}/", {"answer": "Remboursé"})
    assert "Rien à vérifier" in regisseur.page(where)


def test_an_operation_is_not_ended_by_a_word(demo: World, regisseur):
    one = doubt(demo, "to_reconcile")
    page = regisseur.refused(f"{BASE}a-verifier/{one.public_id}/", {"answer": "Vu"})
    assert "confirmez-la" in page
    assert Anomaly.objects.get().solved_at is None


def test_what_is_to_look_at_costs_the_same_whatever_its_length(demo: World, clerk, django_assert_max_num_queries):
    counts = []
    for number in (1, 9):
        for _ in range(number):
            doubt(demo, "provider_down")
        with django_assert_max_num_queries(20) as counted:
            clerk.page(f"{BASE}a-verifier/")
        counts.append(len(counted))
    assert counts[0] == counts[1]


# --- The books ------------------------------------------------------------------------------------------------------


def test_the_books_show_the_till_and_what_is_paid_over_once(demo: World, regisseur):
    debt = invoice(demo.jamie)
    draft = CounterDraft([debt.public_id], Payment.Means.CHEQUE, 777, TODAY, "0001234")
    record_payment(draft=draft, by=CLERK, now=NOW)
    place = f"{BASE}livres/"
    page = regisseur.page(place, regie="peri")
    assert "0001234" in page
    asked = {"means": "cheque", "on": "2026-11-16"}
    regisseur.sent(f"{place}peri/verser/", asked)
    assert "Versement n° 1" in regisseur.page(place)
    assert "rien à verser" in regisseur.refused(f"{place}peri/verser/", asked)
    assert "obligatoire" in regisseur.refused(f"{place}peri/verser/", {"means": "cheque"})
    assert regisseur.post(f"{place}zzz/verser/", asked).status_code == 404


@pytest.mark.parametrize(
    "query", [{}, {"regie": "zzz"}, {"since": "x"}, {"since": "2027-01-01", "until": "2026-01-01"}]
)
def test_books_of_nothing_are_still_a_page(demo: World, clerk, query):
    assert "Aucune régie" in clerk.page(f"{BASE}livres/", **query)
    regie(cash_ceiling_cents=100)
    assert "Rien n'a été encaissé" in clerk.page(f"{BASE}livres/", **query).replace("&#39;", "'")


def test_a_till_above_its_ceiling_is_said(demo: World, clerk):
    debt = invoice(demo.jamie, place=regie(cash_ceiling_cents=100))
    record_payment(draft=CounterDraft([debt.public_id], Payment.Means.CASH, 777, TODAY), by=CLERK, now=NOW)
    assert "encaisse dépassé" in clerk.page(f"{BASE}livres/")
