"""Random lives of payments, against the simulated bank over HTTP: what the portal has is compared with what it took.

Every example lives in a transaction that is rolled back. Each rule is something that a parent, the bank, the town hall,
the network or the night may do; the invariants hold after each of them.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar
from unittest import mock
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from portail.billing.models import Allocation, Anomaly, Attempt, Invoice, Payment
from portail.billing.operations import paying
from portail.billing.operations.money import CounterDraft, MoneyError, record_payment, reverse_payment
from portail.billing.providers import PayfipService
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.rules.paying import ANOTHER_AFTER
from portail.towns.actors import parent
from tests.billing.payfip import DAY, EMAIL, MINUTE, NOTIFICATION, SimulatedBank, invoice
from tests.world import CLERK

TAKEN = frozenset("PV")
ALIVE = ("created", "waiting")
FAULTS = ("TechDysfonctionnementErreur", "TechIndisponibiliteErreur", "TechProtocolaireErreur", "FonctionnelleErreur")
LIES = {"montant": "700", "refdet": "2026T50099999999", "numcli": "000124", "saisie": "W"}
NOTICES = {"send": 1, "drop": 0, "repeat": 3, "hold": 0}
STEPS = [1, 2, 3, 5, 14, 16, 21, 60, 121, 600, 1440]
LONGEST = 5 * DAY  # an operation is forgotten after seven: the last sweep must still find all of them
NUMBER = st.integers(0, 9)


class DiedError(Exception):
    """The process was killed here."""


class Payments(RuleBasedStateMachine):
    """`bank` and `payers` are given by the test."""

    bank: ClassVar[SimulatedBank]
    payers: ClassVar[tuple[Payer, ...]]
    lives: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).lives += 1
        self.block = transaction.atomic()
        self.block.__enter__()
        self.began = self.bank.clock.now
        self.pages: list[tuple[int, str, str]] = []  # (operation, idOp, page) of those that a payer was sent to
        self.inbox: list[str] = []  # notifications that came and were not handed on
        self.paid: set[int] = set()
        self.lied: set[str] = set()
        self.outage = False

    def teardown(self) -> None:
        try:
            if not connection.needs_rollback:
                self.in_the_end_everything_is_found()
        finally:
            self.bank.control(reset=True, send_held=True)
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)
            self.bank.clock.advance(30 * DAY)  # nothing of this life may be mistaken for something of the next

    @initialize()
    def two_families(self) -> None:
        first, second = self.payers
        self.debts = [invoice(first, 777), invoice(first, 5687), invoice(second, 150)]

    # --- What happens -----------------------------------------------------------------------------------------------

    @rule(which=NUMBER)
    def start(self, which: int) -> None:
        """A parent presses « Payer en ligne », or the other parent does."""
        debt = self.debts[which % len(self.debts)]
        alive = Attempt.objects.filter(
            invoice=debt, state__in=ALIVE, created_at__gt=self.bank.clock.now - ANOTHER_AFTER
        ).exists()
        try:
            started = self._started(debt)
        except (paying.PaymentRefusedError, paying.ProviderDownError):
            return
        assert not alive, "two operations may be paid at once"
        self.pages.append((started.attempt.pk, started.attempt.idop or "", started.url))

    @rule(which=NUMBER)
    def die_while_starting(self, which: int) -> None:
        """The process is killed when the bank has opened the operation, and nobody knows its idOp."""
        opened = PayfipService.open

        def killed(*arguments: Any) -> Any:
            opened(*arguments)
            raise DiedError

        refused = (DiedError, paying.PaymentRefusedError, paying.ProviderDownError)
        with mock.patch.object(PayfipService, "open", killed), suppress(*refused):
            self._started(self.debts[which % len(self.debts)])

    @precondition(lambda self: self.pages)
    @rule(which=NUMBER)
    def open_page(self, which: int) -> None:
        self.bank.open_page(self._page(which)[2])

    @precondition(lambda self: self.pages)
    @rule(
        which=NUMBER, result=st.sampled_from("PPPVRZAAX"), notices=st.sampled_from(sorted(NOTICES)), late=st.booleans()
    )
    def pay(self, which: int, result: str, notices: str, late: bool) -> None:
        """The payer ends at the bank; its notification comes, is lost, comes three times or later."""
        self.bank.control(notifications=notices)
        if self.bank.pay(self._page(which)[1], result, force=late):
            self.inbox += self.bank.notified(NOTICES[notices])

    @precondition(lambda self: self.inbox)
    @rule(which=NUMBER, again=st.booleans())
    def notify(self, which: int, again: bool) -> None:
        place = which % len(self.inbox)
        self._hear(self.inbox[place] if again else self.inbox.pop(place), NOTIFICATION)

    @rule(which=NUMBER)
    def forge_a_notification(self, which: int) -> None:
        """By somebody who knows an idOp, and by somebody who does not."""
        self._hear(str(uuid4()), NOTIFICATION)
        if self.pages:
            self._hear(self._page(which)[1], NOTIFICATION)

    @precondition(lambda self: self.pages)
    @rule(which=NUMBER)
    def come_back(self, which: int) -> None:
        self._hear(self._page(which)[1], Attempt.Trigger.RETURN)

    @rule()
    def sweep(self) -> None:
        asked = {key: state for key, state in self._due() if state != "paid"}
        paying.resolve_due(now=self.bank.clock.now, limit=1000)
        self._compare(asked)

    @rule(minutes=st.sampled_from(STEPS), sweeping=st.booleans())
    def wait(self, minutes: int, sweeping: bool) -> None:
        step = timedelta(minutes=minutes)
        if self.bank.clock.now + step - self.began < LONGEST:
            self.bank.clock.advance(step)
            if sweeping:
                self.sweep()

    @rule()
    def night(self) -> None:
        self.bank.control(night=True)

    @rule(fault=st.sampled_from([*FAULTS, "garbage"]), times=st.sampled_from([1, 3, None]))
    def break_down(self, fault: str, times: int | None) -> None:
        self.outage = True
        if fault == "garbage":
            self.bank.control(garbage=True)
        else:
            self.bank.control(fault=fault, times=times, code="T2" if fault == "FonctionnelleErreur" else "")

    @precondition(lambda self: self.outage)
    @rule()
    def mend(self) -> None:
        self.outage = False
        self.bank.control(reset=True)

    @precondition(lambda self: self.pages)
    @rule(which=NUMBER, field=st.sampled_from([*LIES, ""]))
    def tamper(self, which: int, field: str) -> None:
        """What the bank answers of an operation is not what was asked; or it is again."""
        idop = self._page(which)[1]
        if not self.bank.books()[idop]["purged"]:
            self.bank.control(alter={"idop": idop, **({field: LIES[field]} if field else {})})
            (self.lied.add if field else self.lied.discard)(idop)

    @rule(which=NUMBER, cents=st.sampled_from([1, 150, 400, 777, 6000]), keep=st.booleans())
    def pay_at_the_counter(self, which: int, cents: int, keep: bool) -> None:
        debt = self.debts[which % len(self.debts)]
        draft = CounterDraft([debt.public_id], Payment.Means.CASH, cents, self.bank.clock.now.date(), keep_change=keep)
        with suppress(MoneyError):
            record_payment(draft=draft, by=CLERK, now=self.bank.clock.now)

    @rule(which=NUMBER)
    def reject_a_payment(self, which: int) -> None:
        payments = list(Payment.objects.order_by("number"))
        if payments:
            with suppress(MoneyError):
                chosen = payments[which % len(payments)].public_id
                reverse_payment(payment=chosen, reason="Rejet", by=CLERK, now=self.bank.clock.now)

    # --- What always holds ------------------------------------------------------------------------------------------

    @invariant()
    def credited_once_if_the_bank_took_it(self) -> None:
        books = self.bank.books()
        credited: dict[int, list[int]] = {}
        for key, cents in Payment.objects.filter(attempt__isnull=False).values_list("attempt_id", "cents"):
            credited.setdefault(key, []).append(cents)
        paid = set()
        for attempt in Attempt.objects.all():
            found = credited.get(attempt.pk, [])
            if attempt.state != "paid":
                assert found == [], f"{attempt.state}, yet credited"
                continue
            assert found == [attempt.cents]
            told = books[attempt.idop or ""]
            assert (told["result"] in TAKEN, told["cents"]) == (True, attempt.cents), "credited, never taken"
            paid.add(attempt.pk)
        assert self.paid <= paid, "paid went back"
        self.paid = paid
        assert OutboxMail.objects.filter(kind="receipt").count() == len(paid)

    @invariant()
    def every_cent_has_its_place(self) -> None:
        shared = dict(Allocation.objects.values_list("invoice").annotate(Sum("cents")).order_by())
        for debt in Invoice.objects.all():
            assert shared.get(debt.pk, 0) == debt.paid_cents <= debt.total_cents
        numbers = list(Payment.objects.order_by("number").values_list("number", flat=True))
        assert [int(number[5:]) for number in numbers] == list(range(1, len(numbers) + 1))

    @invariant()
    def the_town_hall_knows_what_is_wrong(self) -> None:
        known = set(Anomaly.objects.values_list("attempt_id", "kind"))
        for key in Attempt.objects.filter(state="review").values_list("pk", flat=True):
            assert (key, "answer_differs") in known
        used = dict(Allocation.objects.values_list("payment").annotate(Sum("cents")).order_by())
        for payment in Payment.objects.filter(attempt__isnull=False):
            assert used.get(payment.pk, 0) == payment.cents or (payment.attempt_id, "overpaid") in known

    def in_the_end_everything_is_found(self) -> None:
        """The bank works again and tells the truth; the worker goes on for as long as it asks."""
        self.bank.control(reset=True)
        for idop in self.lied:
            if not self.bank.books()[idop]["purged"]:
                self.bank.control(alter={"idop": idop})
        for step in [*[MINUTE] * 3, *[timedelta(hours=1)] * 3, *[DAY] * 4]:
            self.bank.clock.advance(step)
            paying.resolve_due(now=self.bank.clock.now, limit=1000)
        self.credited_once_if_the_bank_took_it()
        self.every_cent_has_its_place()
        books = self.bank.books()
        mine = [books[idop] for _, idop, _ in self.pages]
        taken = sum(told["cents"] for told in mine if told["result"] in TAKEN)
        found = Payment.objects.filter(attempt__isnull=False).aggregate(cents=Sum("cents"))["cents"] or 0
        assert taken == found, "the bank took money that the portal never found"

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _page(self, which: int) -> tuple[int, str, str]:
        return self.pages[which % len(self.pages)]

    def _started(self, debt: Invoice) -> paying.Started:
        now = self.bank.clock.now
        by = parent(debt.payer_id)
        return paying.start(invoice=debt.public_id, email=EMAIL, urls=self.bank.urls, by=by, now=now)

    def _hear(self, idop: str, trigger: Attempt.Trigger) -> None:
        paying.hear(idop=idop, trigger=trigger, raw={"idop": idop}, now=self.bank.clock.now)

    def _due(self) -> Iterator[tuple[int, str]]:
        yield from Attempt.objects.filter(next_check_at__lte=self.bank.clock.now).values_list("pk", "state")

    def _compare(self, asked: dict[int, str]) -> None:
        """Whoever was asked about, and whose bank worked, is credited if and only if the bank took the money."""
        if self.outage:
            return
        books = self.bank.books()
        for attempt in Attempt.objects.filter(pk__in=asked, idop__isnull=False):
            told = books[attempt.idop or ""]
            honest = attempt.idop not in self.lied
            assert (attempt.state == "paid") == (told["result"] in TAKEN and honest)
