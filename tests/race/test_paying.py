"""Money that many processes handle at once: credited once, numbered without a gap, given back once."""

from datetime import timedelta
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from portail.billing.models import Anomaly, Attempt, Invoice, Payment, Regie
from portail.billing.operations import paying
from portail.billing.operations.money import (
    CounterDraft,
    MoneyError,
    Receipt,
    allocate_credit,
    credit_of,
    record_payment,
    refund,
    reverse_payment,
    take_in,
)
from portail.billing.providers import Opened, PayfipService
from portail.news.models import OutboxMail
from portail.towns.actors import parent
from portail.towns.scope import in_town
from tests.billing.payfip import EMAIL, SWEEP, invoice, told
from tests.race.crowd import SIZE, Crowd, Task, meet
from tests.world import CLERK, NOW, World

pytestmark = pytest.mark.django_db(transaction=True)

TODAY, LATER = NOW.date(), NOW + timedelta(hours=1)
URLS = paying.Urls("https://demo.example/notification/", "https://demo.example/retour/")


# --- What the processes do ------------------------------------------------------------------------------------------


def credited(attempt: int) -> str:
    return paying.settle(attempt=attempt, told=told(), trigger=SWEEP, now=NOW).state


def naively_credited(attempt: int, *, named: bool) -> str:
    """What must not be done: look at the state, then credit. `named`: the payment says of which operation it is."""
    found = Attempt.objects.select_related("invoice__regie", "payer").get(pk=attempt)
    assert found.state == "waiting"
    meet()  # everybody has looked
    place, shares = found.invoice.regie, {found.invoice_id: found.cents}
    one = found if named else None
    receipt = Receipt(place, found.payer, Payment.Means.CARD, found.cents, TODAY, shares, attempt=one)
    try:
        with transaction.atomic():
            take_in(receipt, now=NOW)
    except IntegrityError:
        return "refused"
    return "credited"


def begun(debt: UUID, payer: int) -> str:
    """« started », or why not; nothing is asked of any bank."""
    opened = Opened(str(uuid4()), "https://payfip.example/")
    with mock.patch.object(PayfipService, "open", return_value=opened):
        try:
            paying.start(invoice=debt, email=EMAIL, urls=URLS, by=parent(payer), now=NOW)
        except paying.PaymentRefusedError as refused:
            return refused.reason.value
    return "started"


def paid_at_the_counter(debts: list[UUID], cents: int) -> str:
    draft = CounterDraft(debts, Payment.Means.CASH, cents, TODAY)
    try:
        return record_payment(draft=draft, by=CLERK, now=NOW).number
    except MoneyError:
        return "refused"


def taken_back(payment: UUID) -> str:
    try:
        return reverse_payment(payment=payment, reason="Rejet", by=CLERK, now=NOW).number
    except MoneyError:
        return "refused"


def given_back(payment: UUID, cents: int) -> int:
    try:
        return -refund(payment=payment, cents=cents, on=TODAY, reason="", by=CLERK, now=NOW).cents
    except MoneyError:
        return 0


def used(payment: UUID, debt: UUID) -> int:
    try:
        return allocate_credit(payment=payment, invoice=debt, by=CLERK, now=NOW)
    except MoneyError:
        return 0


def taken(limit: int) -> list[int]:
    return paying.due_attempts(now=LATER, limit=limit)


# --- What must come of it -------------------------------------------------------------------------------------------


def waiting(debt: Invoice) -> Attempt:
    """An operation whose payer is at the bank."""
    place: Regie = debt.regie
    return Attempt.objects.create(
        ticket=paying.new_ticket(), invoice=debt, payer=debt.payer, provider=place.provider, numcli=place.numcli,
        mode=place.mode, reference="2026T50026000001", exercise=2026, cents=debt.total_cents, email=EMAIL,
        idop=str(uuid4()), state="waiting", created_at=NOW, next_check_at=NOW,
    )  # fmt: skip


def sums() -> tuple[int, int]:
    """(cents received, receipts) of the town."""
    cents = list(Payment.objects.values_list("cents", flat=True))
    return sum(cents), len(cents)


def is_gapless() -> bool:
    numbers = sorted(Payment.objects.values_list("number", flat=True))
    return numbers == [f"2026-{n:06}" for n in range(1, len(numbers) + 1)]


def test_an_operation_settled_by_everybody_at_once_is_credited_once(world: World, crowd: Crowd):
    with in_town(world.demo):
        debt = invoice(world.jamie, 777)
        attempt = waiting(debt)
    assert crowd.run(*[Task(world.demo.pk, credited, (attempt.pk,))] * SIZE) == ["paid"] * SIZE
    with in_town(world.demo):
        assert (sums(), Invoice.objects.get(pk=debt.pk).left_cents) == ((777, 1), 0)
        assert (OutboxMail.objects.count(), Anomaly.objects.count()) == (1, 0)


def test_without_the_lock_it_would_be_credited_by_each(world: World, crowd: Crowd):
    """The control: the race is real."""
    with in_town(world.demo):
        attempt = waiting(invoice(world.jamie, 100))
        Invoice.objects.update(total_cents=100 * SIZE)
    tasks = [Task(world.demo.pk, lazily_named, (attempt.pk,))] * SIZE
    assert crowd.run(*tasks) == ["credited"] * SIZE
    with in_town(world.demo):
        assert sums() == (100 * SIZE, SIZE)


def test_without_the_lock_the_database_still_lets_only_one_in(world: World, crowd: Crowd):
    with in_town(world.demo):
        attempt = waiting(invoice(world.jamie, 100))
        Invoice.objects.update(total_cents=100 * SIZE)
    assert sorted(crowd.run(*[Task(world.demo.pk, named, (attempt.pk,))] * SIZE)) == ["credited"] + ["refused"] * (
        SIZE - 1
    )
    with in_town(world.demo):
        assert (sums(), is_gapless()) == ((100, 1), True)


def lazily_named(attempt: int) -> str:
    return naively_credited(attempt, named=False)


def named(attempt: int) -> str:
    return naively_credited(attempt, named=True)


def test_two_parents_who_press_at_once_open_one_operation(world: World, crowd: Crowd):
    with in_town(world.demo):
        debt = invoice(world.jamie)
    tasks = [Task(world.demo.pk, begun, (debt.public_id, world.jamie.pk))] * SIZE
    assert sorted(crowd.run(*tasks)) == ["started"] + ["under_way"] * (SIZE - 1)
    with in_town(world.demo):
        assert Attempt.objects.count() == 1


def test_the_counter_and_the_bank_at_once_never_settle_more_than_the_debt(world: World, crowd: Crowd):
    with in_town(world.demo):
        debt = invoice(world.jamie, 777)
        attempt = waiting(debt)
    counter = Task(world.demo.pk, paid_at_the_counter, ([debt.public_id], 777))
    answers = crowd.run(*[counter, Task(world.demo.pk, credited, (attempt.pk,))] * (SIZE // 2))
    with in_town(world.demo):
        found = Invoice.objects.get(pk=debt.pk)
        assert (found.left_cents, is_gapless()) == (0, True)
        both = answers.count("refused") == SIZE // 2 - 1
        assert sums() == ((1554, 2) if both else (777, 1))
        assert Anomaly.objects.filter(kind="overpaid").count() == both


def test_receipts_are_numbered_without_a_gap_or_a_double(world: World, crowd: Crowd):
    with in_town(world.demo):
        debts = [invoice(world.jamie, 100).public_id for _ in range(SIZE * 5)]
    tasks = [
        [
            Task(world.demo.pk, paid_at_the_counter, ([debt], 100 + (n % 4 == 3) * 1))
            for debt in debts[n * 5 : n * 5 + 5]
        ]
        for n in range(SIZE)
    ]  # those of every fourth process ask one cent too many, and fail
    numbers = [number for one in crowd.run(*tasks) for number in one]
    assert numbers.count("refused") == SIZE // 4 * 5
    with in_town(world.demo):
        assert (is_gapless(), sums()[1]) == (True, SIZE * 5 - SIZE // 4 * 5)


def test_several_invoices_in_any_order_never_wait_for_each_other_in_a_ring(world: World, crowd: Crowd):
    with in_town(world.demo):
        debts = [invoice(world.jamie, 800).public_id for _ in range(3)]
    orders = [debts, debts[::-1], debts[1:] + debts[:1], debts[2:] + debts[:2]] * (SIZE // 4)
    answers = crowd.run(*[Task(world.demo.pk, paid_at_the_counter, (order, 300)) for order in orders])
    assert "refused" not in answers
    with in_town(world.demo):
        assert sum(debt.left_cents for debt in Invoice.objects.all()) == 2400 - 300 * SIZE == 2400 - sums()[0]


def test_a_payment_is_taken_back_once(world: World, crowd: Crowd):
    with in_town(world.demo):
        debt = invoice(world.jamie, 777)
        paid_at_the_counter([debt.public_id], 777)
        payment = Payment.objects.get()
    answers = crowd.run(*[Task(world.demo.pk, taken_back, (payment.public_id,))] * SIZE)
    assert sorted(answers) == ["2026-000002"] + ["refused"] * (SIZE - 1)
    with in_town(world.demo):
        assert (sums(), Invoice.objects.get(pk=debt.pk).left_cents) == ((0, 2), 777)


def test_a_credit_is_spent_once_whether_given_back_or_used(world: World, crowd: Crowd):
    with in_town(world.demo):
        payments = []
        for _ in range(2):
            draft = CounterDraft(
                [invoice(world.jamie, 100).public_id], Payment.Means.CASH, 400, TODAY, keep_change=True
            )
            payments.append(record_payment(draft=draft, by=CLERK, now=NOW).public_id)
        debts = [invoice(world.jamie, 1000).public_id for _ in range(SIZE)]
    tasks = [
        Task(world.demo.pk, given_back, (payments[n // 2 % 2], 200))
        if n % 2
        else Task(world.demo.pk, used, (payments[n // 2 % 2], debts[n]))
        for n in range(SIZE)
    ]
    spent = sum(crowd.run(*tasks))
    with in_town(world.demo):
        assert spent <= 600
        assert credit_of(world.jamie, Regie.objects.get()) == 600 - spent


def test_each_operation_is_taken_by_one_worker(world: World, crowd: Crowd):
    with in_town(world.demo):
        keys = [waiting(invoice(world.jamie, 100)).pk for _ in range(20)]
    found = [key for one in crowd.run(*[Task(world.demo.pk, taken, (5,))] * SIZE) for key in one]
    assert len(found) == len(set(found))
    assert set(found) <= set(keys)
    with in_town(world.demo):
        rest = paying.due_attempts(now=LATER, limit=100)
        assert sorted([*found, *rest]) == keys
