"""Random lives of payments, against the simulated bank over HTTP: what the portal has is compared with what it took.

Each rule is something that a parent, the bank, the network, the worker or the night may do. The rules of the town hall
are in `tests.billing.machine_town`, those of the older form in `tests.billing.machine_form`; what must hold, in
`tests.billing.life`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from portail.billing.models import Attempt, Invoice
from portail.billing.operations import paying
from portail.billing.providers import PayfipService, Told
from portail.towns.actors import parent
from tests.billing.life import HAPPENINGS, LONGEST, NUMBER, TAKEN, WEB, Page, Step, Till, happens, names, steps
from tests.billing.machine_form import OlderForm
from tests.billing.machine_town import TownHall
from tests.billing.payfip import EMAIL, NOTIFICATION, SWEEP, Wire

FAULTS = ("TechDysfonctionnementErreur", "TechIndisponibiliteErreur", "TechProtocolaireErreur", "FonctionnelleErreur")
LIES = {"montant": "700", "refdet": "2026T50099999999", "numcli": "000125", "saisie": "X"}
NOTICES = {"send": 1, "drop": 0, "repeat": 3, "hold": 0}
STEPS = [1, 1, 2, 2, 3, 3, 5, 5, 14, 16, 21, 60, 121, 600, 1440]
MEANWHILE = ("another device", "sweep", "sweep late", "counter", "hand over")
# What leaves the portal as it was: there is nothing to look at afterwards.
AT_THE_BANK = frozenset(
    {"open_page", "pay", "fail", "ask_and_fall_asleep", "night", "break_down", "cut_the_line", "mend", "tamper"}
)
MOST_ASLEEP = 3
LONGEST_OUTAGE = 60  # minutes


class DiedError(Exception):
    """The process was killed here."""


class Payments(OlderForm, TownHall):
    """Everything that happens; a subclass for what is of the web service and of both forms."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep: list[tuple[int, Told]] = []  # workers that have heard the bank, and have still to write it down
        self.left_out: set[str] = set()
        self.was_tried = False  # to pay somebody else's invoice: once is enough

    # --- The payer begins -------------------------------------------------------------------------------------------

    @initialize(already=st.integers(0, 5), left_out=st.sets(st.deferred(names), max_size=12))
    def some_have_begun(self, already: int, left_out: set[str]) -> None:
        """Most lives begin when payers are at the bank; in most, some things never happen, so that others do more."""
        for which in range(already):
            self.start(which, opens=True)
        self.left_out = left_out

    @rule(step=st.deferred(steps))
    def one_step(self, step: Step) -> None:
        """One of everything that may happen."""
        name, *arguments = step
        now = name not in self.left_out and HAPPENINGS[name].when(self)
        self.moved = bool(now) and name not in AT_THE_BANK
        if now:
            getattr(self, name)(*arguments)

    @happens(4, which=NUMBER, opens=st.booleans())
    def start(self, which: int, opens: bool) -> None:
        """A parent presses « Payer en ligne », or does so on another device; then goes there, or not yet."""
        debt = self._debt(which)
        held = self.is_held(debt)
        page = self.begun(debt)
        if page is not None:
            assert not held, "two operations may be paid at once"
            asked = Attempt.objects.get(pk=page.attempt).cents
            assert asked == Invoice.objects.get(pk=debt.pk).left_cents, "not what is owed"
            self.sent(page)
            if opens:
                self.open_page(len(self.pages) - 1)

    @happens(5, which=NUMBER, result=st.sampled_from("PPPVRA"), notices=st.sampled_from(sorted(NOTICES)))
    def pay_at_once(self, which: int, result: str, notices: str) -> None:
        """As most do: begin, and end at the bank in one go."""
        before = len(self.tills)
        self.start(which, opens=True)
        if len(self.tills) > before:
            self._end(self.tills[-1], result, notices, late=False)

    @happens(1, when=lambda self: not self.was_tried, which=NUMBER)
    def start_somebody_elses(self, which: int) -> None:
        debt = self._debt(which)
        (other,) = (payer for payer in self.payers if payer.pk != debt.payer_id)
        before, self.was_tried = Attempt.objects.count(), True
        with pytest.raises(Invoice.DoesNotExist):
            paying.start(
                invoice=debt.public_id, email=EMAIL, urls=self.bank.urls, by=parent(other.pk), now=self.bank.clock.now
            )
        assert Attempt.objects.count() == before

    @happens(1, which=NUMBER)
    def die_while_starting(self, which: int) -> None:
        """The process is killed when the bank has opened the operation, and nobody knows its idOp."""

        def killed() -> None:
            raise DiedError

        with self._when_opened(killed), suppress(DiedError):
            self.begun(self._debt(which))

    @happens(3, which=NUMBER, meanwhile=st.sampled_from(MEANWHILE))
    def start_slowly(self, which: int, meanwhile: str) -> None:
        """The bank takes its time to open the operation; something else happens before it has answered."""
        debt = self._debt(which)
        acts: dict[str, Callable[[], None]] = {
            "another device": lambda: self._another_device(debt),
            "sweep": self.sweep,
            "sweep late": lambda: self.wait(3, sweeping=True),
            "counter": lambda: self.pay_at_the_counter(which, 400, "cash", keep=True),
            "hand over": lambda: self.hand_over(which),
        }
        held = self.is_held(debt)
        with self._when_opened(acts[meanwhile]):
            page = self.begun(debt)
        if page is not None:
            assert not held
            self.sent(page)

    def _another_device(self, debt: Invoice) -> None:
        assert self.begun(debt) is None, "two devices may pay at once"

    @contextmanager
    def _when_opened(self, act: Callable[[], None]) -> Iterator[None]:
        """Once, when the bank has opened an operation and we have not yet read its answer."""
        opened = PayfipService.open

        def interrupted(*arguments: Any) -> Any:
            found = opened(*arguments)
            with mock.patch.object(PayfipService, "open", opened):
                act()
            return found

        with mock.patch.object(PayfipService, "open", interrupted):
            yield

    # --- The payer at the bank --------------------------------------------------------------------------------------

    @happens(3, when=lambda self: self.pages, which=NUMBER)
    def open_page(self, which: int) -> None:
        """The bank's page; that of the older form opens an operation each time."""
        page = self.pages[which % len(self.pages)]
        before = set(self.bank.ledger())
        self.bank.open_page(page.url)
        self.tills += [Till(idop, page) for idop in self.bank.ledger() if idop not in before]

    @happens(
        7,
        when=lambda self: self.tills,
        which=NUMBER,
        result=st.sampled_from("PPV"),
        notices=st.sampled_from(sorted(NOTICES)),
        late=st.booleans(),
    )
    def pay(self, which: int, result: str, notices: str, late: bool) -> None:
        """The payer pays; its notification comes, is lost, comes three times or later. `late`: after the page died."""
        open_ones = [one for one in self.tills if self._may_end(one)]
        if open_ones:
            self._end(open_ones[which % len(open_ones)], result, notices, late)

    @happens(
        4,
        when=lambda self: self.tills,
        which=NUMBER,
        result=st.sampled_from("RZAAX"),
        notices=st.sampled_from(sorted(NOTICES)),
        late=st.booleans(),
    )
    def fail(self, which: int, result: str, notices: str, late: bool) -> None:
        """The payer is refused, gives up, or ends in a way that nobody knows yet."""
        self.pay(which, result, notices, late)

    def _may_end(self, till: Till) -> bool:
        told = self.bank.ledger()[till.idop]
        return not told.is_final and not told.purged

    def _end(self, till: Till, result: str, notices: str, late: bool) -> None:
        self.bank.control(notifications=notices)
        if self.bank.pay(till.idop, result, force=late):
            came = self.bank.notified(NOTICES[notices])
            if self.bank.ledger()[till.idop].kind == "form":
                self.calls += [(till.page.idop, body) for body in came]
            else:
                self.inbox += came

    @happens(4, when=lambda self: self.inbox, which=NUMBER, again=st.booleans())
    def notify(self, which: int, again: bool) -> None:
        place = which % len(self.inbox)
        self._hear(self.inbox[place] if again else self.inbox.pop(place), NOTIFICATION)

    @happens(1, which=NUMBER)
    def forge_a_notification(self, which: int) -> None:
        """By somebody who knows an idOp, and by somebody who does not."""
        self._hear(str(uuid4()), NOTIFICATION)
        if self.pages:
            self._hear(self._page(which).idop, NOTIFICATION)

    @happens(2, when=lambda self: self.pages, which=NUMBER)
    def come_back(self, which: int) -> None:
        self._hear(self._page(which).idop, Attempt.Trigger.RETURN)

    # --- The worker -------------------------------------------------------------------------------------------------

    @happens(4)
    def sweep(self) -> None:
        due = Attempt.objects.filter(next_check_at__lte=self.bank.clock.now, provider=WEB, idop__isnull=False)
        asked = list(due.exclude(state="paid").values_list("pk", flat=True))
        paying.resolve_due(now=self.bank.clock.now, limit=1000)
        if self.outage:
            return
        books = self.bank.ledger()
        for state, idop in Attempt.objects.filter(pk__in=asked).values_list("state", "idop"):
            taken = books[idop or ""].result in TAKEN and idop not in self.lied
            assert (state == "paid") == taken, "asked, and not as the bank said"

    @happens(1)
    def die_while_sweeping(self) -> None:
        """A worker that took what is due, and then was killed: the others find it again when its lease has ended."""
        paying.due_attempts(now=self.bank.clock.now, limit=2)

    @happens(2, when=lambda self: self.tills and len(self.asleep) < MOST_ASLEEP, which=NUMBER)
    def ask_and_fall_asleep(self, which: int) -> None:
        """A worker has asked, and stops there for a while with its answer."""
        attempt = Attempt.objects.get(pk=self._till(which).page.attempt)
        if attempt.provider == WEB and attempt.state != "paid":
            self.asleep.append((attempt.pk, PayfipService().tell(attempt)))

    @happens(3, when=lambda self: self.asleep, which=NUMBER)
    def wake_up(self, which: int) -> None:
        """It writes down what it was told then, which may have become wrong."""
        key, told = self.asleep.pop(which % len(self.asleep))
        paying.settle(attempt=key, told=told, trigger=SWEEP, now=self.bank.clock.now)

    # --- Time, and what breaks --------------------------------------------------------------------------------------

    @happens(8, minutes=st.sampled_from(STEPS), sweeping=st.booleans())
    def wait(self, minutes: int, sweeping: bool) -> None:
        step = timedelta(minutes=minutes)
        if self.bank.clock.now + step - self.began < LONGEST:
            self.bank.clock.advance(step)
            if minutes >= LONGEST_OUTAGE:
                self.mend()
            if sweeping:
                self.sweep()

    @happens(1)
    def night(self) -> None:
        self.bank.control(night=True)

    @happens(
        1,
        when=lambda self: not self.outage,
        fault=st.sampled_from([*FAULTS, "garbage"]),
        times=st.sampled_from([1, 3, None]),
    )
    def break_down(self, fault: str, times: int | None) -> None:
        self.outage = True
        if fault == "garbage":
            self.bank.control(garbage=True)
        else:
            self.bank.control(fault=fault, times=times, code="T2" if fault == "FonctionnelleErreur" else "")

    @happens(2, when=lambda self: not self.outage, trouble=st.sampled_from(Wire.TROUBLES))
    def cut_the_line(self, trouble: str) -> None:
        """Answers of the web service do not reach us, or not as it gave them: too slow, cut off, a proxy's page."""
        self.outage, self.bank.wire.trouble = True, trouble

    @happens(1, when=lambda self: self.bank.wire.is_late)
    def late_requests_arrive(self) -> None:
        self.bank.deliver()

    @happens(2, when=lambda self: self.outage)
    def mend(self) -> None:
        self.outage, self.bank.wire.trouble = False, ""
        self.bank.control(reset=True)

    @happens(2, when=lambda self: self.tills, which=NUMBER, field=st.sampled_from([*LIES, ""]))
    def tamper(self, which: int, field: str) -> None:
        """What the bank answers of an operation is not what was asked; or it is again."""
        idop = self._till(which).idop
        if not self.bank.ledger()[idop].purged:
            self.bank.control(alter={"idop": idop, **({field: LIES[field]} if field else {})})
            (self.lied.add if field else self.lied.discard)(idop)

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _page(self, which: int) -> Page:
        return self.pages[which % len(self.pages)]

    def _till(self, which: int) -> Till:
        return self.tills[which % len(self.tills)]

    def _hear(self, idop: str, trigger: Attempt.Trigger) -> None:
        paying.hear(idop=idop, trigger=trigger, raw={"idop": idop}, now=self.bank.clock.now)
