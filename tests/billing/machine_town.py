"""What the town hall does while families pay: the counter, rejects, credit notes, titres, other settings, decisions."""

from contextlib import suppress

from hypothesis import strategies as st

from portail.billing.models import Attempt, Invoice, Payment
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.money import (
    CounterDraft,
    MoneyError,
    allocate_credit,
    available,
    record_payment,
    refund,
    reverse_payment,
)
from portail.billing.operations.setup import BillingError
from portail.billing.operations.treasury import TransferDraft, transfer_to_titre
from portail.rules.paying import OPEN
from tests.billing import treasury
from tests.billing.life import DOUBTFUL, FORM, NUMBER, WEB, Life, happens
from tests.world import CLERK

PLACES = {"peri": (WEB,), "titre": (FORM, WEB)}
SELDOM = 2  # debts that a life may lose to a credit note or to the accountant
OPEN_STATES = tuple(state.value for state in OPEN)


class TownHall(Life):
    """The town hall."""

    @happens(
        3,
        which=NUMBER,
        cents=st.sampled_from([1, 150, 400, 777]),
        means=st.sampled_from(["cash", "cheque", "transfer"]),
        keep=st.booleans(),
    )
    def pay_at_the_counter(self, which: int, cents: int, means: str, keep: bool) -> None:
        """Cash, a cheque, or a transfer that came."""
        debt, today = self._debt(which), self.bank.clock.now.date()
        draft = CounterDraft([debt.public_id], Payment.Means(means), cents, today, "1234567", keep_change=keep)
        with suppress(MoneyError):
            record_payment(draft=draft, by=CLERK, now=self.bank.clock.now)

    @happens(2, which=NUMBER)
    def reject_a_payment(self, which: int) -> None:
        """« Prélèvement rejeté », or a cheque without cover: the debt is open again."""
        payment = self._payment(which)
        if payment is None:
            return
        before = self._left()
        try:
            back = reverse_payment(payment=payment.public_id, reason="Rejet", by=CLERK, now=self.bank.clock.now)
        except MoneyError:
            assert payment.cents < 0 or payment.reversals.exists(), "a payment that nobody may reject"
            return
        assert back.cents == -payment.cents
        for key, cents in payment.allocations.values_list("invoice", "cents"):
            before[key] += cents
        assert self._left() == before, "the debt did not open again"

    @happens(2, which=NUMBER, where=NUMBER, back=st.booleans())
    def use_what_was_too_much(self, which: int, where: int, back: bool) -> None:
        """A « trop-perçu » is given back, or pays another debt."""
        payment, debt, now = self._payment(which), self._debt(where), self.bank.clock.now
        if payment is None:
            return
        with suppress(MoneyError):
            if back:
                refund(payment=payment.public_id, cents=available(payment), on=now.date(), reason="", by=CLERK, now=now)
            else:
                allocate_credit(payment=payment.public_id, invoice=debt.public_id, by=CLERK, now=now)

    @happens(1, when=lambda self: self.seldom < SELDOM, which=NUMBER)
    def credit(self, which: int) -> None:
        """A credit note on the first line of an invoice, whatever its payer is doing."""
        self.seldom += 1
        draft = CreditDraft(self._debt(which).public_id, "Erreur", {1: None})
        with suppress(BillingError):
            credit_note(draft=draft, by=CLERK, now=self.bank.clock.now)

    @happens(1, when=lambda self: self.seldom < SELDOM, which=NUMBER)
    def hand_over(self, which: int) -> None:
        """A debt passes to the accountant: never while an operation on it may bring money."""
        debt = self._debt(which)
        self.seldom += 1
        draft = TransferDraft(debt.regie.code, self.seldom, invoices=[debt.public_id])
        with suppress(BillingError):
            transfer_to_titre(draft=draft, by=CLERK, now=self.bank.clock.now)
        if Invoice.objects.get(pk=debt.pk).status == "transferred" and debt.pk not in self.handed_over:
            self.handed_over.add(debt.pk)
            assert not Attempt.objects.filter(invoice=debt, state__in=OPEN_STATES).exists(), "handed over, yet payable"

    @happens(
        1,
        code=st.sampled_from(sorted(PLACES)),
        mode=st.sampled_from("TXW"),
        numcli=st.sampled_from(["000123", "000124"]),
        kind=NUMBER,
    )
    def change_the_regie(self, code: str, mode: str, numcli: str, kind: int) -> None:
        """Another mode, client number or provider, while operations opened with the former ones are under way."""
        treasury.regie(code, numcli, mode=mode, provider=PLACES[code][kind % len(PLACES[code])])

    @happens(2, which=NUMBER)
    def decide(self, which: int) -> None:
        """The régisseur decides of what is « à vérifier »."""
        keys = list(Attempt.objects.filter(state__in=DOUBTFUL).order_by("pk").values_list("pk", flat=True))
        if keys:
            self.decided(keys[which % len(keys)])

    @happens(2)
    def import_the_statement(self) -> None:
        """What the bank took through the older form."""
        self.import_what_the_bank_says()

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _debt(self, which: int) -> Invoice:
        return self.debts[which % len(self.debts)]

    def _payment(self, which: int) -> Payment | None:
        payments = list(Payment.objects.order_by("pk"))
        return payments[which % len(payments)] if payments else None

    def _left(self) -> dict[int, int]:
        return {debt.pk: debt.left_cents for debt in Invoice.objects.filter(pk__in=[one.pk for one in self.debts])}
