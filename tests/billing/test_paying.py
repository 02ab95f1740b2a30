"""Hearing of an operation and settling it, whatever is told and told again, against the simulated bank over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from portail.billing.models import Anomaly, Attempt, AttemptEvent, Invoice, Payment
from portail.billing.operations import paying
from portail.billing.operations.paying import PaymentRefusedError
from portail.gateways.payfip import Payfip
from portail.news.models import OutboxMail
from portail.rules.paying import AttemptState
from portail.towns.actors import parent
from portail.towns.scope import in_town
from tests.billing.payfip import (
    DAY,
    EMAIL,
    HOUR,
    MINUTE,
    NOTIFICATION,
    SWEEP,
    SimulatedBank,
    invoice,
    left,
    pay_online,
    receipts,
    regie,
    settled,
    simulated_bank,
    state,
    sweep,
    told,
)
from tests.world import NOW, World

SECOND = timedelta(seconds=1)


@pytest.fixture
def bank(settings: Any) -> Iterator[SimulatedBank]:
    with simulated_bank(settings) as found:
        yield found


def begun(debt: Invoice, bank: SimulatedBank, **changed: Any) -> paying.Started:
    """« Payer en ligne »."""
    asked = {"invoice": debt.public_id, "email": EMAIL, "by": parent(debt.payer_id), "now": bank.clock.now, **changed}
    return paying.start(urls=bank.urls, **asked)


# --- Hearing --------------------------------------------------------------------------------------------------------


def test_a_forged_notification_writes_nothing(demo: World, bank, django_assert_num_queries):
    pay_online(invoice(demo.jamie), bank)
    events = AttemptEvent.objects.count()
    with django_assert_num_queries(3):  # a savepoint, one question, its end
        assert paying.hear(idop=str(uuid4()), trigger=NOTIFICATION, raw={}, now=NOW) is None
    assert AttemptEvent.objects.count() == events


def test_a_notification_of_nonsense_writes_nothing_and_its_words_are_kept_clean(demo: World, bank):
    attempt = pay_online(invoice(demo.jamie), bank)
    for idop in ("", "\x00", "é" * 40, "x" * 100_000, "' OR 1=1 --", f"{attempt.idop}\x00"):
        assert paying.hear(idop=idop, trigger=NOTIFICATION, raw={}, now=NOW) is None
    raw = {"idop": attempt.idop, "x\x00": "y\ud800" * 10_000, **{str(n): "" for n in range(1000)}}
    assert paying.hear(idop=attempt.idop or "", trigger=NOTIFICATION, raw=raw, now=NOW) == attempt
    kept = AttemptEvent.objects.get(trigger="notif").raw
    assert (kept["idop"], len(kept), len(kept["x"])) == (attempt.idop, 20, 500)


def test_a_notification_repeated_before_anybody_has_looked_is_noted_once(
    demo: World, bank, django_assert_max_num_queries
):
    attempt = pay_online(invoice(demo.jamie), bank)
    for _ in range(5):
        with django_assert_max_num_queries(6):
            paying.hear(idop=attempt.idop or "", trigger=NOTIFICATION, raw={"idop": attempt.idop}, now=NOW + MINUTE)
    assert AttemptEvent.objects.filter(trigger="notif").count() == 1
    assert (state(attempt), receipts()) == ("waiting", [])
    bank.clock.advance(MINUTE)
    assert sweep(bank) == 1
    paying.hear(idop=attempt.idop or "", trigger=NOTIFICATION, raw={}, now=bank.clock.now + MINUTE)
    assert AttemptEvent.objects.filter(trigger="notif").count() == 2


@pytest.mark.parametrize("trigger", [NOTIFICATION, Attempt.Trigger.RETURN])
def test_a_payer_who_replays_a_return_writes_no_history_each_time(demo: World, bank, trigger):
    attempt = pay_online(invoice(demo.jamie), bank)
    bank.pay(attempt.idop, "R")
    began = AttemptEvent.objects.count()
    for _ in range(29):
        paying.hear(idop=attempt.idop or "", trigger=trigger, raw={}, now=bank.clock.now)
        sweep(bank)
        bank.clock.advance(SECOND)
    assert AttemptEvent.objects.count() == began + 2  # it was heard, then asked about
    bank.pay(attempt.idop, "P")  # what comes within the pause is looked into at its end, not forgotten
    paying.hear(idop=attempt.idop or "", trigger=trigger, raw={}, now=bank.clock.now)
    assert sweep(bank) == 0
    bank.clock.advance(SECOND)
    assert (sweep(bank), state(attempt)) == (1, "paid")


def test_there_is_an_end_to_what_a_replay_can_write(demo: World, bank):
    attempt = pay_online(invoice(demo.jamie), bank)
    bank.pay(attempt.idop, "R")
    paying.resolve_due(now=NOW + 8 * DAY)  # nobody else asks any more
    began = AttemptEvent.objects.count()
    for day in range(40):
        now = NOW + (9 + day) * DAY
        paying.hear(idop=attempt.idop or "", trigger=NOTIFICATION, raw={}, now=now)
        paying.resolve_due(now=now)
    assert AttemptEvent.objects.count() == began + 40


def test_a_notification_of_a_paid_operation_writes_nothing(demo: World, bank):
    attempt = settled(pay_online(invoice(demo.jamie), bank), told())
    before = AttemptEvent.objects.count()
    assert paying.hear(idop=attempt.idop or "", trigger=NOTIFICATION, raw={}, now=NOW) == attempt
    assert (AttemptEvent.objects.count(), sweep(bank)) == (before, 0)


def test_from_the_page_to_the_receipt_by_the_notification(demo: World, bank):
    debt = invoice(demo.jamie, 777)
    attempt = pay_online(debt, bank)
    bank.clock.advance(MINUTE)
    assert bank.pay(attempt.idop, "P")
    (idop,) = bank.notified()
    assert paying.hear(idop=idop, trigger=NOTIFICATION, raw={"idop": idop}, now=bank.clock.now) == attempt
    assert sweep(bank) == 1
    assert (state(attempt), left(debt), receipts()) == ("paid", 0, [777])
    payment = Payment.objects.get()
    found = (payment.means, payment.number, payment.on, payment.attempt_id, payment.reference)
    assert found == ("card", "2026-000001", NOW.date(), attempt.pk, bank.books()[idop]["numauto"])
    assert [(share.invoice_id, share.cents) for share in payment.allocations.all()] == [(debt.pk, 777)]
    assert sweep(bank) == 0


def test_a_lost_notification_is_found_by_the_next_sweep(demo: World, bank):
    bank.control(notifications="drop")
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.clock.advance(MINUTE)
    assert sweep(bank) == 0
    bank.pay(attempt.idop, "V")
    bank.clock.advance(MINUTE)
    assert (sweep(bank), state(attempt), left(debt)) == (1, "paid", 0)
    assert Payment.objects.get().means == "debit"
    assert bank.is_quiet()


# --- Settling -------------------------------------------------------------------------------------------------------


def test_whatever_is_told_again_there_is_one_payment_and_one_ticket(demo: World, bank):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    for letter in ("P", "P", "V", "A", "R", "X"):
        settled(attempt, told(letter))
    assert (receipts(), left(debt), state(attempt)) == ([777], 0, "paid")
    (mail,) = OutboxMail.objects.all()
    assert (mail.to, mail.kind, mail.key) == (EMAIL, "receipt", f"receipt/{Payment.objects.get().public_id}")


def test_the_ticket_says_what_the_screen_says_and_that_it_was_a_test(demo: World, bank):
    debt = invoice(demo.jamie, 5687)
    attempt = settled(pay_online(debt, bank), told())
    (mail,) = OutboxMail.objects.all()
    for said in (debt.number, debt.reference, attempt.ticket, "56,87", "394492", "2026-000001", "mode test"):
        assert said in mail.text
    assert mail.attachments == [{"document": "receipt", "id": str(Payment.objects.get().public_id)}]
    OutboxMail.objects.all().delete()
    production = invoice(demo.denise, place=regie("w", "000124", mode="W"))
    settled(pay_online(production, bank), told())
    assert "mode test" not in OutboxMail.objects.get().text


@pytest.mark.parametrize("field", ["montant", "refdet", "numcli", "saisie"])
def test_an_answer_that_differs_credits_nothing_and_is_looked_at(demo: World, bank, field):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.pay(attempt.idop, "P")
    lie = {"montant": "700", "refdet": "2026T50099999999", "numcli": "000124", "saisie": "W"}[field]
    bank.control(alter={"idop": attempt.idop, field: lie})
    paying.resolve(attempt=attempt.pk, trigger=SWEEP, now=bank.clock.now)
    assert (state(attempt), receipts(), left(debt)) == ("review", [], 777)
    (anomaly,) = Anomaly.objects.all()
    assert (anomaly.kind, anomaly.data[field], anomaly.invoice_id) == ("answer_differs", lie, debt.pk)
    with pytest.raises(PaymentRefusedError, match="review"):
        begun(debt, bank, now=NOW + DAY)
    bank.control(alter={"idop": attempt.idop})
    bank.clock.advance(2 * MINUTE)
    sweep(bank)
    assert (state(attempt), receipts(), Anomaly.objects.count()) == ("paid", [777], 1)


def test_a_letter_that_nobody_knows_credits_nothing(demo: World, bank):
    attempt = pay_online(invoice(demo.jamie), bank)
    bank.pay(attempt.idop, "W")
    paying.resolve(attempt=attempt.pk, trigger=SWEEP, now=bank.clock.now)
    assert (state(attempt), receipts(), Attempt.objects.get().result) == ("review", [], "W")


@pytest.mark.parametrize("letter", ["R", "Z"])
def test_a_late_success_wins_over_a_refusal(demo: World, bank, letter):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.pay(attempt.idop, letter)
    bank.clock.advance(2 * MINUTE)
    sweep(bank)
    assert state(attempt) == "refused"
    assert bank.pay(attempt.idop, "P")  # « Réessayer » on the bank's own page
    bank.clock.advance(2 * MINUTE)
    sweep(bank)
    assert (state(attempt), receipts(), left(debt)) == ("paid", [777], 0)


def test_a_late_success_wins_over_an_abandon(demo: World, bank):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.pay(attempt.idop, "A")
    bank.clock.advance(20 * MINUTE)
    sweep(bank)
    assert state(attempt) == "cancelled"
    assert bank.pay(attempt.idop, "P", force=True)
    bank.clock.advance(2 * HOUR)
    sweep(bank)
    assert (state(attempt), receipts(), left(debt)) == ("paid", [777], 0)


def test_an_abandoned_page_may_still_be_paid_so_no_other_is_opened_beside_it(demo: World, bank):
    debt = invoice(demo.jamie)
    first = pay_online(debt, bank)
    bank.pay(first.idop, "A")
    for _ in range(9):
        bank.clock.advance(2 * MINUTE)
        sweep(bank)
        with pytest.raises(PaymentRefusedError) as refused:
            begun(debt, bank)
        assert (refused.value.until, refused.value.attempt) == (NOW + 20 * MINUTE, first)
        assert bool(paying.resume_url(first, now=bank.clock.now)) is (bank.clock.now < NOW + 15 * MINUTE)
    bank.clock.advance(2 * MINUTE)
    sweep(bank)
    assert state(first) == "cancelled"
    assert not bank.pay(first.idop, "P")  # by now the bank has closed it
    assert begun(debt, bank).attempt != first


def test_an_abandoned_page_is_taken_up_again_and_paid(demo: World, bank):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    for step, letter in enumerate("AAP"):
        bank.pay(attempt.idop, letter)
        bank.clock.advance(4 * MINUTE)
        sweep(bank)
        assert state(attempt) == ("paid" if letter == "P" else "waiting"), step
    assert (receipts(), left(debt)) == ([777], 0)


def test_after_a_refusal_another_card_is_tried_at_once(demo: World, bank):
    debt = invoice(demo.jamie)
    first = pay_online(debt, bank)
    bank.pay(first.idop, "R")
    (idop,) = bank.notified()
    paying.hear(idop=idop, trigger=NOTIFICATION, raw={}, now=bank.clock.now)
    assert (sweep(bank), state(first)) == (1, "refused")
    second = begun(debt, bank).attempt
    bank.pay(second.idop, "P")
    bank.clock.advance(2 * MINUTE)
    sweep(bank)
    assert (state(first), state(second), receipts(), left(debt)) == ("refused", "paid", [777], 0)


def test_a_late_success_wins_over_an_expiry(demo: World, bank):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.clock.advance(2 * HOUR)
    sweep(bank)
    assert state(attempt) == "expired"
    assert bank.pay(attempt.idop, "V", force=True)
    bank.clock.advance(DAY)
    sweep(bank)
    assert (state(attempt), receipts(), left(debt)) == ("paid", [777], 0)


def test_an_operation_forgotten_in_the_night_is_asked_about_no_more(demo: World, bank):
    attempt = pay_online(invoice(demo.jamie), bank)
    bank.control(night=True)
    bank.clock.advance(2 * MINUTE)
    assert (sweep(bank), state(attempt)) == (1, "expired")
    bank.clock.advance(DAY)
    assert sweep(bank) == 0


def test_two_paid_operations_on_one_invoice_are_both_kept(demo: World, bank):
    debt = invoice(demo.jamie)
    first = pay_online(debt, bank)
    bank.clock.advance(21 * MINUTE)
    second = pay_online(debt, bank)
    bank.pay(second.idop, "P")
    bank.pay(first.idop, "P", force=True)
    sweep(bank)
    bank.clock.advance(2 * MINUTE)
    sweep(bank)
    assert (state(first), state(second), receipts(), left(debt)) == ("paid", "paid", [777, 777], 0)
    (anomaly,) = Anomaly.objects.all()
    assert (anomaly.kind, anomaly.data["cents"]) == ("overpaid", 777)
    assert OutboxMail.objects.filter(kind="receipt").count() == 2


@pytest.mark.parametrize("meanwhile", ["transferred", "cancelled"])
def test_money_for_an_invoice_that_is_closed_meanwhile_is_kept_apart(demo: World, bank, meanwhile):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.pay(attempt.idop, "P")
    Invoice.objects.filter(pk=debt.pk).update(status=meanwhile)
    paying.resolve(attempt=attempt.pk, trigger=SWEEP, now=bank.clock.now)
    assert (state(attempt), receipts(), left(debt)) == ("paid", [777], 777)
    assert Anomaly.objects.get().kind == "overpaid"


def test_an_operation_opened_before_the_deadline_may_finish_after_it(demo: World, bank):
    debt = invoice(demo.jamie, payable_until=NOW.date())
    attempt = pay_online(debt, bank, now=NOW)
    bank.pay(attempt.idop, "P")
    paying.resolve(attempt=attempt.pk, trigger=SWEEP, now=NOW + DAY)
    assert (state(attempt), left(debt)) == (AttemptState.PAID, 0)


@pytest.mark.django_db(transaction=True)
def test_the_network_is_never_inside_a_transaction(world: World, bank, monkeypatch):
    inside: dict[str, bool] = {}
    real = Payfip._call

    def watched(self: Payfip, operation: str, fields: dict[str, str]) -> Any:
        inside[operation] = connection.in_atomic_block
        return real(self, operation, fields)

    monkeypatch.setattr(Payfip, "_call", watched)
    with in_town(world.demo):
        attempt = pay_online(invoice(world.jamie), bank)
        bank.pay(attempt.idop, "P")
        paying.hear(idop=attempt.idop or "", trigger=NOTIFICATION, raw={}, now=NOW)
        sweep(bank)
        assert state(attempt) == "paid"
    assert inside == {"creerPaiementSecurise": False, "recupererDetailPaiementSecurise": False}


def test_one_operation_that_nobody_understands_does_not_hold_the_others_back(demo: World, bank, monkeypatch):
    broken, sound = (pay_online(invoice(demo.jamie), bank) for _ in range(2))
    bank.pay(sound.idop or "", "P")
    bank.clock.advance(MINUTE * 3)
    really = paying.resolve

    def resolve(*, attempt: int, **more: Any) -> Attempt:
        if attempt == broken.pk:
            raise ZeroDivisionError
        return really(attempt=attempt, **more)

    monkeypatch.setattr(paying, "resolve", resolve)
    with pytest.raises(ExceptionGroup):
        paying.resolve_due(now=bank.clock.now)
    assert (state(sound), state(broken)) == (AttemptState.PAID, AttemptState.WAITING)
