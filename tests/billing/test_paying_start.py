"""Opening an operation: which invoices, for whom, with which address, how often; against the simulated bank."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from portail.billing.models import Anomaly, Attempt, Invoice, Remittance
from portail.billing.operations import paying
from portail.billing.operations.attempts import opened_elsewhere
from portail.billing.operations.paying import EmailError, PaymentRefusedError
from portail.rules.invoicing import NotPayable
from portail.towns.actors import parent
from portail.towns.scope import in_town
from tests.billing.payfip import (
    EMAIL,
    MINUTE,
    SimulatedBank,
    invoice,
    receipts,
    regie,
    settled,
    simulated_bank,
    told,
)
from tests.world import NOW, World


@pytest.fixture
def bank(settings: Any) -> Iterator[SimulatedBank]:
    with simulated_bank(settings) as found:
        yield found


def begun(debt: Invoice, bank: SimulatedBank, **changed: Any) -> paying.Started:
    """« Payer en ligne »."""
    asked = {"invoice": debt.public_id, "email": EMAIL, "by": parent(debt.payer_id), "now": bank.clock.now, **changed}
    return paying.start(urls=bank.urls, **asked)


# --- Opening --------------------------------------------------------------------------------------------------------


def test_what_is_asked_of_the_bank_is_the_invoice_word_for_word(demo: World, bank):
    debt = invoice(demo.jamie, 5687)
    started = begun(debt, bank)
    (found,) = bank.books().values()
    assert started.url == f"{bank.url}/tpa/paiementws.web?idop={found['idop']}"
    asked = {name: found[name] for name in ("numcli", "exer", "refdet", "objet", "cents", "mel", "saisie")}
    assert asked == {
        "numcli": "000123", "exer": "2026", "refdet": debt.reference.replace("-", ""), "objet": "Cantine de novembre",
        "cents": 5687, "mel": EMAIL, "saisie": "T",
    }  # fmt: skip
    attempt = started.attempt
    assert (attempt.state, attempt.idop, attempt.next_check_at) == ("waiting", found["idop"], NOW + 2 * MINUTE)
    assert [event.trigger for event in attempt.events.all()] == ["create"]
    assert receipts() == []


def test_a_part_already_paid_is_not_asked_again(demo: World, bank):
    debt = invoice(demo.jamie, 1000)
    Invoice.objects.filter(pk=debt.pk).update(paid_cents=300, credited_cents=100)
    assert begun(debt, bank).attempt.cents == 600


UNPAYABLE = {
    "paid": ({"paid_cents": 777}, NotPayable.PAID),
    "cancelled": ({"status": "cancelled"}, NotPayable.CANCELLED),
    "transferred": ({"status": "transferred"}, NotPayable.TRANSFERRED),
    "a draft": ({"status": "draft"}, NotPayable.NOT_ISSUED),
    "carried over": ({"status": "carried"}, NotPayable.NOT_ISSUED),
    "0,99 €": ({"total_cents": 99}, NotPayable.TOO_SMALL),
    "100 000 €": ({"total_cents": 10_000_000}, NotPayable.TOO_LARGE),
    "after the deadline": ({"payable_until": date(2026, 11, 15)}, NotPayable.DEADLINE),
}


@pytest.mark.parametrize(("columns", "reason"), UNPAYABLE.values(), ids=UNPAYABLE)
def test_an_invoice_that_may_not_be_paid_online_opens_nothing(demo: World, bank, columns, reason):
    debt = invoice(demo.jamie, **columns)
    with pytest.raises(PaymentRefusedError) as refused:
        begun(debt, bank)
    assert (refused.value.reason, refused.value.attempt) == (reason, None)
    assert not Attempt.objects.exists()
    assert bank.books() == {}


def test_one_euro_and_the_last_day_are_still_payable(demo: World, bank):
    debt = invoice(demo.jamie, 100, payable_until=NOW.date())
    assert begun(debt, bank).attempt.cents == 100


def test_an_invoice_in_a_direct_debit_file_or_of_a_regie_without_payfip_is_refused(demo: World, bank):
    place = regie()
    file = Remittance.objects.create(
        regie=place, collected_on=NOW.date(), file_name="x.xml", content=b"", cents=777, built_at=NOW
    )
    closed = regie("fermee", active=False)
    offline = regie("guichet", provider="none", numcli="")
    for debt, reason in (
        (invoice(demo.jamie, remittance=file), NotPayable.REMITTED),
        (invoice(demo.jamie, place=closed), NotPayable.NO_PROVIDER),
        (invoice(demo.jamie, place=offline), NotPayable.NO_PROVIDER),
    ):
        with pytest.raises(PaymentRefusedError) as refused:
            begun(debt, bank)
        assert refused.value.reason is reason


def test_somebody_elses_unpublished_or_unknown_invoice_does_not_exist(demo: World, bank):
    debt = invoice(demo.jamie)
    hidden = invoice(demo.jamie, published_at=None)
    credit = invoice(demo.jamie, kind=Invoice.Kind.CREDIT_NOTE)
    for asked in (
        {"by": demo.as_denise},
        {"invoice": hidden.public_id},
        {"invoice": credit.public_id},
        {"invoice": uuid4()},
    ):
        with pytest.raises(Invoice.DoesNotExist):
            begun(debt, bank, **asked)
    with in_town(demo.buchelay), pytest.raises(Invoice.DoesNotExist):
        begun(debt, bank)
    assert bank.books() == {}


@pytest.mark.parametrize(
    "email",
    [
        "",
        "jamie",
        "a@b",
        "nom@localhost",
        "été@exemple.fr",
        "a b@exemple.fr",
        "a@b.fr\nBcc: c@d.fr",
        "x" * 80 + "@a.fr",
    ],
)
def test_an_address_that_cannot_receive_the_ticket_is_said_so_and_opens_nothing(demo: World, bank, email):
    with pytest.raises(EmailError, match="n'est pas complète"):
        begun(invoice(demo.jamie), bank, email=email)
    assert bank.books() == {}
    assert not Attempt.objects.exists()


def test_an_address_that_only_the_bank_refuses_is_the_payers_to_mend(demo: World, bank):
    bank.control(fault="FonctionnelleErreur", code="A2", times=1)
    debt = invoice(demo.jamie)
    with pytest.raises(EmailError, match="La banque refuse cette adresse"):
        begun(debt, bank)
    assert not Anomaly.objects.exists()
    assert Attempt.objects.get().state == "failed"
    assert begun(debt, bank).attempt.state == "waiting"


def test_two_parents_at_once_cannot_both_pay_for_twenty_minutes(demo: World, bank):
    debt = invoice(demo.jamie)
    first = begun(debt, bank).attempt
    bank.clock.advance(19 * MINUTE)
    with pytest.raises(PaymentRefusedError) as refused:
        begun(debt, bank)
    found = refused.value
    assert (found.reason, found.until, found.attempt) == (NotPayable.UNDER_WAY, NOW + 20 * MINUTE, first)
    bank.clock.advance(MINUTE)
    assert begun(debt, bank).attempt != first


def test_the_operation_to_resume_is_the_one_that_blocks(demo: World, bank):
    debt = invoice(demo.jamie)
    first = begun(debt, bank).attempt
    settled(first, told("R"), NOW + 4 * MINUTE)
    bank.control(fault="FonctionnelleErreur", code="A2", times=1)
    with pytest.raises(EmailError):
        begun(debt, bank, now=NOW + 5 * MINUTE)
    settled(first, told("X"), NOW + 6 * MINUTE)
    with pytest.raises(PaymentRefusedError) as refused:
        begun(debt, bank, now=NOW + 7 * MINUTE)
    assert (refused.value.reason, refused.value.attempt) == (NotPayable.REVIEW, first)


def test_which_device_opened_an_operation_is_known_without_keeping_its_name(demo: World, bank):
    attempt = begun(invoice(demo.jamie), bank, device="the phone").attempt
    assert not opened_elsewhere(attempt, "the phone")
    assert opened_elsewhere(attempt, "the computer")
    assert opened_elsewhere(attempt, "")
    assert "the phone" not in str(list(attempt.events.values_list("raw", flat=True)))
    nameless = begun(invoice(demo.jamie), bank).attempt
    assert not opened_elsewhere(nameless, "the phone")


def test_the_banks_page_may_be_opened_again_for_fifteen_minutes(demo: World, bank):
    started = begun(invoice(demo.jamie), bank)
    assert paying.resume_url(started.attempt, now=NOW + 14 * MINUTE) == started.url
    assert paying.resume_url(started.attempt, now=NOW + 15 * MINUTE) == ""
    assert paying.resume_url(settled(started.attempt, told()), now=NOW + MINUTE) == ""
