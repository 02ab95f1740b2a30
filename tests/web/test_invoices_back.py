"""Payments that were taken back: a cheque that the bank rejected, an entry made by mistake."""

from datetime import date

import pytest

from portail.towns.scope import in_town
from tests.web.bills import Bills, bills_of
from tests.world import World


@pytest.fixture
def bills(world: World) -> Bills:
    """Jamie's."""
    with in_town(world.demo):
        return bills_of(world.jamie)


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("means", "words"), [("cheque", "rejeté le 12/11/2026"), ("debit", "rejeté le"), ("cash", "annulé le 12/11/2026")]
)
def test_a_payment_taken_back_is_said_to_be_so_without_a_minus(means, words, jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice(2100)
        first = bills.paid(invoice, 2100, means=means)
        back = bills.paid(invoice, -2100, date(2026, 11, 12), reverses=first, means=means)
    page = jamie.page("/factures/")
    assert f"21,00 € {words}" in plain(page.text).replace("REGIE PERISCOLAIRE ", "")
    assert "−" not in page.text
    assert page.text.count("Voir et comprendre") == 2  # due again, and what was paid once
    for payment in (first, back):  # both entries have their paper
        assert f"/recus/{payment.public_id}.pdf" in page.links
    own = plain(jamie.page(f"/factures/{invoice.public_id}/").text)
    assert words in own
    assert "non compté" in own
    assert "−" not in own


def test_the_second_cheque_is_not_the_one_that_was_rejected(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice(2100)
        first = bills.paid(invoice, 2100, date(2025, 12, 29), means="cheque")
        bills.paid(invoice, -2100, date(2026, 1, 5), reverses=first, means="cheque")
        bills.paid(invoice, 2100, date(2026, 1, 12), means="cheque")
    assert "rejeté" not in jamie.page("/factures/").text
    assert "rejeté le 05/01/2026" in jamie.page("/factures/?annee=2025").text


def test_what_takes_back_an_unknown_payment_is_shown_alone(jamie, bills, world):
    with in_town(world.demo):
        invoice = bills.invoice(2100)
        first = bills.paid(invoice, 2100, means="cheque")
        bills.paid(invoice, -500, date(2026, 11, 12), reverses=first, means="cheque")
    text = plain(jamie.page("/factures/").text)
    assert "rejeté ou annulé (chèque bancaire)" in text
    assert "−5,00 €" in text
