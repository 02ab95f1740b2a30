"""What a tired parent met on the pages about money: links that lead nowhere, words that are not true, a broken page."""

from datetime import date

import pytest

from portail.billing import documents
from portail.billing.models import Anomaly, BilledActivity, InvoiceLine
from portail.bookings.models import Activity
from portail.families.models import Person
from portail.gateways.pdf.press import PaperError
from portail.towns.scope import in_town
from tests.web.bills import bills_of
from tests.web.browser import Browser
from tests.world import JAMES


@pytest.fixture
def bills(world):
    with in_town(world.demo):
        return bills_of(world.jamie)


def paid_in_2025(world, bills, activity: str) -> None:
    """4,00 € of care, paid last year; the evenings alone are deductible."""
    with in_town(world.demo):
        BilledActivity.objects.create(activity=Activity.objects.get(code="soir"), regie=bills.regie, deductible=True)
        Person.objects.filter(code=JAMES).update(birth_date=date(2021, 3, 1))
        invoice = bills.invoice(400)
        InvoiceLine.objects.create(
            invoice=invoice, person=world.james, activity=Activity.objects.get(code=activity), position=1,
            label="Soir", quantity=1, unit_cents=400, amount_cents=400, care_cents=400, food_cents=0, extra_cents=0,
        )  # fmt: skip
        bills.paid(invoice, 400, date(2025, 3, 2))


@pytest.mark.parametrize(("activity", "shown"), [("soir", True), ("cantine", False)])
def test_the_certificate_is_offered_only_when_there_is_one(activity, shown, jamie: Browser, bills, world):
    paid_in_2025(world, bills, activity)
    page = jamie.get("/factures/").content.decode()
    assert ("Attestation fiscale" in page) is shown
    address = "/attestations/2025.pdf"
    assert (address in page) is shown
    assert (jamie.get(address).status_code == 200) is shown


def test_a_certificate_that_the_press_refuses_is_said_and_told_to_the_town_hall_once(
    jamie: Browser, bills, world, monkeypatch
):
    paid_in_2025(world, bills, "soir")

    def refused(paper, *, printed_at):
        raise PaperError("unknown glyph")

    monkeypatch.setattr(documents, "print_pdf", refused)
    for _ in range(2):
        response = jamie.get("/attestations/2025.pdf")
        assert response.status_code == 503
        assert "ne peut pas être imprimé" in response.content.decode()
    with in_town(world.demo):
        assert [(one.kind, one.payer_id) for one in Anomaly.objects.all()] == [("unprintable", world.jamie.pk)]


def test_an_invoice_settled_by_an_earlier_credit_note_is_not_said_to_be_cancelled(jamie: Browser, bills, world):
    with in_town(world.demo):
        bills.invoice(0)
    page = jamie.get("/factures/").content.decode()
    assert "annulée par un avoir" not in page
    assert "Avoir déduit" in page
