"""Payments to the accountant: every receipt once, whatever comes at the same time."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.billing.models import Deposit, Payment
from portail.billing.operations.deposits import deposit
from portail.billing.operations.money import reverse_payment
from portail.billing.operations.setup import BillingError
from portail.towns.models import Audit, Town
from portail.towns.scope import in_town
from tests.billing.treasury import counter, invoice, regie
from tests.race.conftest import crowd
from tests.race.crowd import Crowd, Task
from tests.world import CLERK, NOW, World

DAY = NOW.date()
Means = Payment.Means
__all__ = ["crowd"]


def paid_over(means: Means = Means.CASH, **more: object) -> Deposit:
    return deposit(regie="peri", means=means, by=CLERK, now=NOW, **more)  # type: ignore[arg-type]


def test_all_of_one_means_is_paid_over_once(demo: World):
    debt = invoice(demo.jamie)
    counter(debt, 100)
    counter(debt, 200)
    cheque = counter(debt, 300, Means.CHEQUE)
    made = paid_over()
    assert (made.number, made.cents, made.on, made.payments.count()) == (1, 300, DAY, 2)
    with pytest.raises(BillingError, match="Il n'y a rien à verser : espèces"):
        paid_over()
    assert paid_over(Means.CHEQUE).number == 2
    cheque.refresh_from_db()
    assert cheque.deposit is not None
    assert Audit.objects.filter(verb="deposit").count() == 2


def test_until_a_day_and_less_what_was_taken_back(demo: World):
    debt = invoice(demo.jamie)
    old = counter(debt, 300, Means.CHEQUE, on=DAY - timedelta(days=5))
    counter(debt, 200, Means.CHEQUE)
    with pytest.raises(BillingError, match="dans l'avenir"):
        paid_over(Means.CHEQUE, on=DAY + timedelta(days=1))
    assert paid_over(Means.CHEQUE, on=DAY - timedelta(days=5)).cents == 300
    reverse_payment(payment=old.public_id, reason="Impayé", by=CLERK, now=NOW)
    with pytest.raises(BillingError, match="rien à verser"):
        paid_over(Means.CHEQUE)
    counter(debt, 150, Means.CHEQUE)
    made = paid_over(Means.CHEQUE)
    assert (made.cents, made.payments.count()) == (50, 3)


def test_what_is_paid_to_the_accountant_is_not_paid_over(demo: World):
    regie()
    with pytest.raises(BillingError, match="pas à verser par la régie"):
        paid_over(Means.TREASURY)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(st.integers(1, 90), st.none()), max_size=10))
def test_deposits_and_cash_in_hand_always_add_up(demo: World, steps):
    """A number is a payment, None a payment to the accountant."""
    debt = invoice(demo.jamie, [("cantine", 1000)])
    for step in steps:
        if step is not None:
            counter(debt, step)
        else:
            waiting = sum(Payment.objects.filter(deposit=None).values_list("cents", flat=True))
            if waiting:
                assert paid_over().cents == waiting
    for made in Deposit.objects.all():
        assert sum(made.payments.values_list("cents", flat=True)) == made.cents
    numbers = list(Deposit.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    if Payment.objects.filter(deposit=None).exists():
        paid_over()


def test_two_towns_are_never_mixed(world: World):
    with in_town(world.demo):
        counter(invoice(world.jamie), 100)
    with in_town(world.buchelay):
        counter(invoice(world.lea, [("cantine", 500)]), 400)
        assert paid_over().cents == 400
    with in_town(world.demo):
        assert Payment.objects.get().deposit is None


# --- Races ------------------------------------------------------------------------------------------------------------


def try_deposit() -> int:
    try:
        return paid_over().cents
    except BillingError:
        return 0


def pay_some(key: int, times: int) -> int:
    debt = Payment.objects.get(pk=key).allocations.get().invoice
    return sum(counter(debt, 7).cents for _ in range(times))


@pytest.mark.django_db(transaction=True)
def test_payments_and_deposits_at_once_lose_nothing_and_count_nothing_twice(world: World, crowd: Crowd):
    with in_town(world.demo):
        first = counter(invoice(world.jamie, [("cantine", 10_000)]), 7)
    town = Town.objects.get(pk=world.demo.pk).pk
    deposits = [[Task(town, try_deposit)] * 5] * 3
    answers = crowd.run(*deposits, *[Task(town, pay_some, (first.pk, 10))] * 3)
    with in_town(world.demo):
        paid = [cents for some in answers[:3] for cents in some]
        waiting = sum(Payment.objects.filter(deposit=None).values_list("cents", flat=True))
        assert sum(paid) + waiting == 31 * 7
        numbers = sorted(Deposit.objects.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        for made in Deposit.objects.all():
            assert sum(made.payments.values_list("cents", flat=True)) == made.cents
