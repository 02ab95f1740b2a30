"""Direct debits: what is debited, what stays out and why, what comes back."""

from datetime import date
from typing import Any

import pytest

from portail.billing.models import Invoice, Payment, Remittance
from portail.billing.operations import money, paying
from portail.billing.operations.money import MoneyError
from portail.billing.operations.paying import PaymentRefusedError
from portail.billing.operations.sepa import (
    cancel_remittance,
    hand_over_remittance,
    reject_debit,
    settle_remittance,
    settling,
)
from portail.billing.operations.sepa.remittances import LAPSED, NO_MANDATE, NOT_PUBLISHED
from portail.billing.operations.setup import BillingError
from portail.billing.operations.treasury import REMITTED, UNDER_WAY, TransferDraft, transfer_to_titre
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.rules.invoicing import NotPayable
from portail.towns.actors import parent
from portail.towns.scope import in_town
from tests.billing.debits import COLLECTED, CREDITOR, LATER, OLD, built, mandated, place, settled, texts
from tests.billing.payfip import EMAIL, left, receipts
from tests.billing.treasury import attempt, counter, invoice, regie
from tests.world import CLERK, NOW, World

# --- Remittances ------------------------------------------------------------------------------------------------------


def test_what_is_due_is_debited(demo: World):
    place()
    mandate = mandated(demo.jamie)
    debt, part = invoice(demo.jamie, **OLD), invoice(demo.jamie, **OLD)
    counter(part, 100)
    invoice(demo.denise, **OLD)
    invoice(demo.jamie, due_on=date(2026, 12, 2), **OLD)
    found = built()
    file = found.remittance
    assert (found.debits, found.left_out, file.cents, file.state) == (2, (), 777 + 677, "built")
    assert set(Invoice.objects.filter(remittance=file)) == {debt, part}
    assert texts(file, "InstdAmt") == ["7.77", "6.77"]
    assert texts(file, "EndToEndId") == [one.reference.replace("-", "") for one in (debt, part)]
    assert (texts(file, "MndtId"), texts(file, "SeqTp")) == ([mandate.rum] * 2, ["RCUR"])
    assert (texts(file, "ReqdColltnDt"), texts(file, "CtrlSum")[:1]) == (["2026-12-01"], ["14.54"])
    assert file.file_name == f"SDD-{debt.regie.pk}-261116-001.xml"


def test_afterwards_it_is_neither_paid_online_nor_debited_nor_handed_over_twice(demo: World):
    place()
    mandated(demo.jamie)
    debt = invoice(demo.jamie, payable_until=None, **OLD)
    built()
    urls = paying.Urls("https://demo.example/n/", "https://demo.example/r/")
    with pytest.raises(PaymentRefusedError) as refused:
        paying.start(invoice=debt.public_id, email=EMAIL, urls=urls, by=parent(debt.payer_id), now=NOW)
    assert refused.value.reason is NotPayable.REMITTED
    with pytest.raises(BillingError, match=REMITTED):
        built(invoices=[debt.public_id])
    with pytest.raises(BillingError):
        transfer_to_titre(draft=TransferDraft("peri", 1), by=CLERK, now=NOW)


def test_each_one_left_out_has_its_reason(demo: World):
    place()
    mandated(demo.jamie)
    busy, soon, hidden, nobody = (
        invoice(demo.jamie, **OLD),
        invoice(demo.jamie, published_at=NOW),
        invoice(demo.jamie, published_at=None),
        invoice(demo.denise, **OLD),
    )
    attempt(busy)
    sound = invoice(demo.jamie, **OLD)
    chosen = [one.public_id for one in (busy, soon, hidden, nobody, sound)]
    place(notice_days=16)
    found = built(invoices=chosen)
    notice = "la famille doit avoir reçu sa facture 16 jours avant le prélèvement"
    assert [(one.number, one.why) for one in found.left_out] == [
        (busy.number, UNDER_WAY), (soon.number, notice), (hidden.number, NOT_PUBLISHED), (nobody.number, NO_MANDATE),
    ]  # fmt: skip
    assert found.debits == 1


def test_a_mandate_unused_for_36_months_is_not_used(demo: World):
    place()
    mandated(demo.jamie, signed_on=date(2023, 12, 1))
    invoice(demo.jamie, **OLD)
    with pytest.raises(BillingError, match=LAPSED):
        built()


@pytest.mark.parametrize(
    ("draft", "creditor", "said"),
    [
        ({"collected_on": date(2026, 12, 5)}, CREDITOR, "les banques n'échangent pas"),
        ({"collected_on": date(2026, 11, 16)}, CREDITOR, "ne peut être prélevé avant le 17/11/2026"),
        ({}, {}, "Créancier : le nom manque"),
        ({}, {**CREDITOR, "service": "à revoir"}, "service DFT"),
        ({"regie": "tennis"}, CREDITOR, "n'existe pas"),
    ],
)
def test_what_cannot_be_a_file_holds_nothing(demo: World, draft, creditor, said):
    regie(creditor=creditor)
    mandated(demo.jamie)
    invoice(demo.jamie, **OLD)
    with pytest.raises(BillingError, match=said):
        built(**draft)
    assert not Remittance.objects.exists()
    assert not Invoice.objects.filter(remittance__isnull=False).exists()


def test_ranks_follow_each_other_and_the_treasury_has_its_own_names(demo: World):
    place(service="012345")
    mandated(demo.jamie)
    names = []
    for _ in range(2):
        invoice(demo.jamie, **OLD)
        names.append(built().remittance.file_name)
    assert names == ["012345-DFT-SDD-26320-001.xml", "012345-DFT-SDD-26320-002.xml"]
    assert len({texts(one, "MsgId")[0] for one in Remittance.objects.all()}) == 2


# --- Afterwards -------------------------------------------------------------------------------------------------------


def test_debited_paid_and_the_mandate_has_served(demo: World):
    place()
    mandate = mandated(demo.jamie)
    debt = invoice(demo.jamie, **OLD)
    file = built().remittance
    with pytest.raises(BillingError, match="prélevée que le 01/12/2026"):
        settle_remittance(remittance=file.public_id, by=CLERK, now=NOW)
    assert settled(file) == 1
    payment = Payment.objects.get()
    assert (payment.means, payment.cents, payment.on, left(debt)) == ("sepa", 777, COLLECTED, 0)
    mandate.refresh_from_db()
    assert mandate.last_used_on == COLLECTED
    with pytest.raises(BillingError, match="déjà enregistrée"):
        settled(file)
    assert receipts() == [777]


def test_cut_short_it_goes_on_and_no_debit_counts_twice(demo: World, monkeypatch):
    place()
    mandated(demo.jamie)
    for _ in range(3):
        invoice(demo.jamie, **OLD)
    file = built().remittance
    monkeypatch.setattr(settling, "CHUNK", 1)
    real, calls = money.take_in, []

    def stumble(*arguments: Any, **more: Any) -> Payment:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the machine stopped")
        return real(*arguments, **more)

    monkeypatch.setattr(settling, "take_in", stumble)
    with pytest.raises(RuntimeError):
        settled(file)
    assert receipts() == [777]
    with pytest.raises(BillingError, match="s'annule"):
        cancel_remittance(remittance=file.public_id, reason="", by=CLERK, now=LATER)
    assert settled(file) == 2
    assert receipts() == [777] * 3


def test_what_was_paid_meanwhile_is_debited_all_the_same_and_kept_for_the_payer(demo: World):
    place()
    mandated(demo.jamie)
    debt = invoice(demo.jamie, **OLD)
    file = built().remittance
    Invoice.objects.filter(pk=debt.pk).update(paid_cents=700)
    settled(file)
    assert (receipts(), left(debt)) == ([777], 0)
    assert Payment.objects.get(means="sepa").allocations.get().cents == 77


def test_a_rejected_debit_reopens_the_debt_and_tells_the_payer(demo: World):
    place()
    Payer.objects.filter(pk=demo.jamie.pk).update(email=EMAIL)
    mandated(demo.jamie)
    debt = invoice(demo.jamie, **OLD)
    file = built().remittance
    settled(file)
    back = reject_debit(invoice=debt.public_id, reason="provision insuffisante", by=CLERK, now=LATER)
    assert back is not None
    assert (back.cents, left(debt), receipts()) == (-777, 777, [777, -777])
    debt.refresh_from_db()
    assert debt.remittance is None
    assert "provision insuffisante" in OutboxMail.objects.get().text
    with pytest.raises(BillingError, match="dans aucune remise"):
        reject_debit(invoice=debt.public_id, reason="", by=CLERK, now=LATER)
    with pytest.raises(MoneyError):
        reject_debit(invoice=file.public_id, reason="", by=CLERK, now=LATER)


def test_a_debit_rejected_before_it_is_settled_never_counts(demo: World):
    place()
    mandated(demo.jamie)
    debt, other = invoice(demo.jamie, **OLD), invoice(demo.jamie, **OLD)
    file = built().remittance
    assert reject_debit(invoice=debt.public_id, reason="compte clos", by=CLERK, now=NOW) is None
    assert settled(file) == 1
    assert (left(debt), left(other)) == (777, 0)


def test_a_cancelled_file_frees_its_invoices(demo: World):
    place()
    mandated(demo.jamie)
    debt = invoice(demo.jamie, **OLD)
    file = built().remittance
    cancel_remittance(remittance=file.public_id, reason="Fichier refusé", by=CLERK, now=NOW)
    debt.refresh_from_db()
    assert debt.remittance is None
    for act in (settled, lambda one: cancel_remittance(remittance=one.public_id, reason="", by=CLERK, now=NOW)):
        with pytest.raises(BillingError, match="annul"):
            act(file)
    assert built().remittance.file_name.endswith("-002.xml")


def test_two_towns_are_never_mixed(world: World):
    files = []
    for town, payer in ((world.demo, world.jamie), (world.buchelay, world.lea)):
        with in_town(town):
            place()
            mandated(payer)
            invoice(payer, [("cantine", 500)], **OLD)
            files.append(built().remittance)
    with in_town(world.demo):
        assert settled(files[0]) == 1
        for act in (settled, lambda one: hand_over_remittance(remittance=one.public_id, by=CLERK, now=NOW)):
            with pytest.raises(BillingError, match="n'existe pas"):
                act(files[1])
    with in_town(world.buchelay):
        assert receipts() == []
