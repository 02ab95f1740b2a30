"""Who takes the payment: the web service in all its failures, the circuit breaker, a process killed, the older form."""

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from portail.billing import providers
from portail.billing.models import Anomaly, Attempt, AttemptEvent, Circuit, Invoice, Payment, Regie
from portail.billing.operations import paying
from portail.billing.operations.paying import PaymentRefusedError, ProviderDownError
from portail.billing.providers import PayfipService, provider_named
from portail.gateways.payfip import PayfipError
from portail.rules.invoicing import NotPayable
from portail.towns.actors import parent
from tests.billing.payfip import (
    EMAIL,
    HOUR,
    MINUTE,
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

TEMPORARY = ("TechDysfonctionnementErreur", "TechIndisponibiliteErreur")


@pytest.fixture
def bank(settings: Any) -> Iterator[SimulatedBank]:
    with simulated_bank(settings) as found:
        yield found


def begun(debt: Invoice, bank: SimulatedBank) -> paying.Started:
    by = parent(debt.payer_id)
    return paying.start(invoice=debt.public_id, email=EMAIL, urls=bank.urls, by=by, now=bank.clock.now)


def anomalies() -> list[str]:
    return list(Anomaly.objects.order_by("pk").values_list("kind", flat=True))


class Killed(BaseException):
    """As a signal would."""


# --- Opening, when PayFiP does not work -----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*TEMPORARY, "nobody there"])
def test_payfip_down_opens_nothing_and_the_town_hall_knows(demo: World, bank, settings, fault):
    debt = invoice(demo.jamie)
    if fault == "nobody there":
        settings.PAYFIP_URL = "http://127.0.0.1:9"
    else:
        bank.control(fault=fault)
    with pytest.raises(ProviderDownError):
        begun(debt, bank)
    assert (Attempt.objects.get().state, anomalies(), receipts()) == ("failed", ["provider_down"], [])
    assert Circuit.objects.get().failures == 1
    assert sweep(bank) == 0
    settings.PAYFIP_URL = bank.url
    bank.control(reset=True)
    assert begun(debt, bank).attempt.state == "waiting"  # at once: nothing is alive
    assert Circuit.objects.get().failures == 0


@pytest.mark.parametrize(
    "fault", [{"fault": "TechProtocolaireErreur"}, {"fault": "FonctionnelleErreur", "code": "R3"}, {"garbage": True}]
)
def test_what_payfip_refuses_or_garbles_is_the_town_halls_to_mend(demo: World, bank, fault):
    bank.control(**fault)
    with pytest.raises(ProviderDownError):
        begun(invoice(demo.jamie), bank)
    assert Attempt.objects.get().state == "failed"
    assert anomalies() in (["provider_refused"], ["provider_down"])
    assert Anomaly.objects.get().data["label"]


def test_what_payfip_would_refuse_is_not_even_asked(demo: World, bank):
    debt = invoice(demo.jamie, reference="T5-1")
    with pytest.raises(ProviderDownError):
        begun(debt, bank)
    assert (bank.books(), anomalies()) == ({}, ["provider_refused"])


def test_a_slow_payfip_is_not_waited_for(demo: World, bank, monkeypatch):
    monkeypatch.setattr(providers, "OPEN_SECONDS", 0.05)
    answered = threading.Event()
    with mock.patch("portail.simulator.bank.Bank.take_fault", side_effect=lambda _: answered.wait(5) and None):
        with pytest.raises(ProviderDownError, match="pas répondu"):
            begun(invoice(demo.jamie), bank)
        answered.set()
        while not bank.books():
            pass  # opened after all, with an idOp that nobody knows
    assert (Attempt.objects.get().state, Attempt.objects.get().idop) == ("failed", None)


def test_three_failures_cut_the_circuit_for_two_minutes(demo: World, bank):
    debt = invoice(demo.jamie)
    bank.control(fault="TechIndisponibiliteErreur")
    for _ in range(3):
        with pytest.raises(ProviderDownError, match=r"^(?!.*trois dernières)"):
            begun(debt, bank)
    with mock.patch.object(PayfipService, "open") as asked, pytest.raises(ProviderDownError, match="trois dernières"):
        begun(debt, bank)
    assert (asked.call_count, Attempt.objects.count()) == (0, 3)
    bank.clock.advance(2 * MINUTE)
    with pytest.raises(ProviderDownError):
        begun(debt, bank)  # one try, and the circuit is cut again
    bank.control(reset=True)
    with pytest.raises(ProviderDownError, match="trois dernières"):
        begun(debt, bank)
    bank.clock.advance(2 * MINUTE)
    assert begun(debt, bank).attempt.state == "waiting"
    circuit = Circuit.objects.get()
    assert (circuit.failures, circuit.open_until) == (0, None)


def test_an_address_refused_by_the_bank_is_no_failure_of_the_bank(demo: World, bank):
    bank.control(fault="FonctionnelleErreur", code="A2", times=3)
    for _ in range(3):
        with pytest.raises(paying.EmailError):
            begun(invoice(demo.jamie), bank)
    assert not Circuit.objects.exists()
    assert begun(invoice(demo.jamie), bank).url


def test_killed_between_the_two_transactions_nothing_is_lost_and_the_sweep_ends_it(demo: World, bank):
    debt, real = invoice(demo.jamie), PayfipService.open

    def killed(*arguments: Any) -> Any:
        real(*arguments)
        raise Killed

    with mock.patch.object(PayfipService, "open", killed), pytest.raises(Killed):
        begun(debt, bank)
    assert (len(bank.books()), Attempt.objects.get().state) == (1, "created")
    with pytest.raises(PaymentRefusedError) as refused:
        begun(debt, bank)
    assert (refused.value.reason, paying.resume_url(Attempt.objects.get(), now=NOW)) == (NotPayable.UNDER_WAY, "")
    bank.clock.advance(2 * MINUTE)
    assert sweep(bank) == 1
    assert Attempt.objects.get().state == "failed"
    assert begun(debt, bank).attempt.state == "waiting"


def test_a_process_that_slept_while_the_bank_answered_sends_nobody_there(demo: World, bank):
    """The sweep gave the operation up meanwhile: its idOp is kept nowhere, and what was paid there would be lost."""
    real = PayfipService.open

    def slept(*arguments: Any) -> Any:
        opened = real(*arguments)
        bank.clock.advance(3 * MINUTE)
        sweep(bank)
        return opened

    with mock.patch.object(PayfipService, "open", slept), pytest.raises(ProviderDownError):
        begun(invoice(demo.jamie), bank)
    assert Attempt.objects.get().state == "failed"


# --- Asking, when PayFiP does not work ------------------------------------------------------------------------------

SILENCES: dict[str, dict[str, Any]] = {
    "internal error": {"fault": "TechDysfonctionnementErreur"},
    "maintenance": {"fault": "TechIndisponibiliteErreur"},
    "not understood": {"fault": "TechProtocolaireErreur"},
    "a code that says nothing": {"fault": "FonctionnelleErreur", "code": "T2"},
    "a page instead of an answer": {"garbage": True},
}


@pytest.mark.parametrize("fault", SILENCES.values(), ids=SILENCES)
def test_a_silence_is_asked_again_after_1_5_and_30_minutes_and_the_money_is_found(demo: World, bank, fault):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.pay(attempt.idop, "P")
    bank.control(**fault)
    bank.clock.advance(2 * MINUTE)
    for pause in (1, 5, 30, 30):
        assert (sweep(bank), state(attempt), receipts()) == (1, "waiting", [])
        bank.clock.advance((pause * 60 - 1) * MINUTE / 60)
        assert sweep(bank) == 0
        bank.clock.advance(MINUTE / 60)
    bank.control(reset=True)
    assert (sweep(bank), state(attempt), left(debt)) == (1, "paid", 0)
    assert Attempt.objects.get().silences == 0


def test_p5_waits_and_p1_ends(demo: World, bank):
    attempt = pay_online(invoice(demo.jamie), bank)
    for code, after in (("P5", "waiting"), ("P1", "expired")):
        bank.clock.advance(2 * MINUTE)
        bank.control(fault="FonctionnelleErreur", code=code, times=1)
        assert (sweep(bank), state(attempt)) == (1, after)
    assert list(AttemptEvent.objects.order_by("pk").values_list("code", flat=True)) == ["", "P5", "P1"]


@pytest.mark.parametrize("moment", [None, datetime(1, 1, 1), datetime(2019, 1, 1), datetime(9999, 12, 31)])
def test_a_senseless_moment_of_the_bank_loses_no_payment(demo: World, bank, moment):
    debt = invoice(demo.jamie)
    attempt = pay_online(debt, bank)
    bank.pay(attempt.idop, "P")
    with mock.patch("portail.gateways.payfip.client.paris_minute", return_value=moment):
        paying.resolve(attempt=attempt.pk, trigger=SWEEP, now=NOW)
    assert (state(attempt), left(debt), Payment.objects.get().on) == ("paid", 0, NOW.date())


def test_the_connection_can_be_tried(demo: World, bank):
    assert providers.test_connection(regie()) == ["REGIE PERISCOLAIRE", "VILLE DE DEMO", "CANTINE ET GARDERIE"]
    with pytest.raises(PayfipError, match="inconnu"):
        providers.test_connection(regie("autre", "999999"))


def test_a_regie_without_online_payment_has_no_provider():
    with pytest.raises(ValueError, match="no online provider"):
        provider_named(Regie.Provider.NONE)
    assert providers.limits_of(Regie.Provider.PAYFIP_WS) == (100, 9_999_999)
    assert providers.limits_of(Regie.Provider.PAYFIP_REDIRECT) == (100, 999_999)


# --- The older form -------------------------------------------------------------------------------------------------


@pytest.fixture
def form(demo: World, bank: SimulatedBank) -> Attempt:
    """An operation of the older form, waiting."""
    place = regie("titre", provider=Regie.Provider.PAYFIP_REDIRECT, mode="W")
    return begun(invoice(demo.jamie, 5687, place), bank).attempt


def announced(attempt: Attempt, result: str = "P", **changed: str) -> Attempt | None:
    """The call-back, as PayFiP would send it or with something else in it."""
    fields = {
        "numcli": attempt.numcli, "exer": "2026", "refdet": attempt.reference, "montant": str(attempt.cents),
        "mel": EMAIL, "saisie": "A", "resultrans": result, "numauto": "394492", "dattrans": "16112026",
        "heurtrans": "0905", **changed,
    }  # fmt: skip
    return paying.announce(token=attempt.idop or "", raw=fields, now=NOW + 6 * MINUTE)


def test_the_form_is_the_banks_page_with_a_secret_call_back(demo: World, bank):
    place = regie("titre", provider=Regie.Provider.PAYFIP_REDIRECT, mode="W")
    started = begun(invoice(demo.jamie, 5687, place), bank)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
    assert (asked["montant"], asked["saisie"], asked["refdet"]) == ("5687", "A", started.attempt.reference)
    assert asked["urlcl"] == f"{bank.urls.announce}{started.attempt.idop}/"
    assert len(started.attempt.idop or "") >= 32
    assert bank.open_page(f"{bank.url}/tpa/paiement.web?{urlencode(asked)}") == 303
    (found,) = bank.books().values()
    bank.pay(found["idop"], "P")
    (said,) = bank.notified()
    raw = {name: values[0] for name, values in parse_qs(said).items()}
    assert paying.announce(token=started.attempt.idop or "", raw=raw, now=bank.clock.now) == started.attempt
    assert (state(started.attempt), receipts()) == ("announced", [])


def test_paid_is_only_announced_and_the_town_hall_reconciles(form):
    announced(form)
    announced(form)
    assert (state(form), receipts(), left(form.invoice), anomalies()) == ("announced", [], 5687, ["to_reconcile"])
    assert AttemptEvent.objects.filter(trigger="notif").count() == 1
    with pytest.raises(PaymentRefusedError, match="announced"):
        paying._write_down(form.invoice.public_id, EMAIL, parent(form.payer_id), NOW + 24 * HOUR)


@pytest.mark.parametrize("field", ["montant", "refdet", "numcli"])
@pytest.mark.parametrize("lie", ["", "1", "999999"])
def test_an_announcement_that_differs_is_looked_at(form, field, lie):
    announced(form, **{field: lie})
    assert (state(form), receipts(), anomalies()) == ("review", [], ["answer_differs"])


def test_a_forged_announcement_changes_nothing(demo: World, form):
    before = AttemptEvent.objects.count()
    for token in ("", "x", "é\x00", form.ticket, str(form.public_id)):
        assert paying.announce(token=token, raw={"resultrans": "P"}, now=NOW) is None
    assert (state(form), AttemptEvent.objects.count(), anomalies()) == ("waiting", before, [])


def test_an_announcement_of_nonsense_is_looked_at(form):
    assert paying.announce(token=form.idop or "", raw={}, now=NOW) == form
    assert (state(form), anomalies()) == ("review", ["answer_differs"])


@pytest.mark.parametrize(("letter", "after"), [("R", "refused"), ("A", "cancelled")])
def test_an_abandon_may_be_followed_by_a_payment_on_the_same_page(form, letter, after):
    announced(form, letter)
    announced(form, letter)
    assert (state(form), anomalies()) == (after, [])
    assert AttemptEvent.objects.filter(trigger="notif").count() == 1
    announced(form, "P")
    assert (state(form), anomalies()) == ("announced", ["to_reconcile"])
    announced(form, letter)  # out of order: what was announced stays announced
    assert state(form) == "announced"


def test_the_form_expires_unasked_and_a_late_announcement_still_counts(form, bank):
    bank.clock.advance(2 * HOUR)
    sweep(bank)
    assert state(form) == "expired"
    announced(form)
    assert (state(form), anomalies()) == ("announced", ["to_reconcile"])


def test_an_announcement_does_not_reach_the_web_service(demo: World, bank):
    attempt = pay_online(invoice(demo.jamie), bank)
    assert announced(attempt) is None
    assert paying.hear(idop=attempt.ticket, trigger=SWEEP, raw={}, now=NOW) is None
    assert settled(attempt, told()).state == "paid"
