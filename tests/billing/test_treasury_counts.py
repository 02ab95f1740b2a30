"""What the Treasury's side asks of the database: the same for one invoice and for many, or so much for each."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portail.billing.models import Invoice, Payment, Remittance
from portail.billing.operations.deposits import deposit
from portail.billing.operations.reminders import ReminderDraft, remind
from portail.billing.operations.sepa import cancel_remittance
from portail.billing.queries.reminders import letters_of
from portail.families.models import Payer
from portail.families.operations.register import PersonDraft
from tests.billing.debits import OLD, built, mandated, place, settled
from tests.billing.payfip import EMAIL
from tests.billing.test_reminders import OVERDUE
from tests.billing.treasury import counter, invoice
from tests.world import CLERK, NOW, World, family

MANY = 12
PER_DEBIT = 8  # queries of one payment: its number (3), itself, its share, the invoice, its savepoint


def asked(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        act()
    return len(queries)


def payers(number: int) -> list[Payer]:
    found = []
    for n in range(number):
        payer, _ = family(f"Camille MANIER{n}", "", [PersonDraft("Noé", f"MANIER{n}")])
        found.append(payer)
    Payer.objects.filter(pk__in=[payer.pk for payer in found]).update(email=EMAIL)
    return found


@pytest.fixture
def twice() -> Callable[[Callable[[list[Payer]], None], Callable[[], Any]], tuple[int, int]]:
    """`twice(prepare, act)`: the queries of `act` for one payer, then for many more."""

    def measured(prepare: Callable[[list[Payer]], None], act: Callable[[], Any]) -> tuple[int, int]:
        everybody = payers(MANY + 1)
        prepare(everybody[:1])
        one = asked(act)
        prepare(everybody[1:])
        return one, asked(act)

    return measured


def test_a_debit_file(demo: World, twice):
    place()

    def prepare(some: list[Payer]) -> None:
        for payer in some:
            mandated(payer)
            invoice(payer, **OLD)
            invoice(payer, **OLD)

    one, many = twice(prepare, built)
    assert one == many <= 16
    assert Remittance.objects.count() == 2


def test_settling_a_file_asks_so_much_for_each_debit(demo: World):
    place()
    counts = []
    for some in (payers(1), [family(f"Lou AUTRE{n}", "", [PersonDraft("Zoé", f"AUTRE{n}")])[0] for n in range(MANY)]):
        for payer in some:
            mandated(payer)
            invoice(payer, **OLD)
        made = built().remittance
        counts.append(asked(partial(settled, made)))
    assert counts[1] - counts[0] <= PER_DEBIT * (MANY - 1)
    assert Payment.objects.count() == MANY + 1


def test_cancelling_a_file(demo: World, twice):
    place()

    def prepare(some: list[Payer]) -> None:
        for payer in some:
            mandated(payer)
            invoice(payer, **OLD)
        built()

    def cancel() -> None:
        made = Remittance.objects.get(state="built")
        cancel_remittance(remittance=made.public_id, reason="Essai", by=CLERK, now=NOW)

    one, many = twice(prepare, cancel)
    assert one == many <= 9


def test_reminders_and_their_letters(demo: World, twice):
    def prepare(some: list[Payer]) -> None:
        for payer in some:
            invoice(payer, **OVERDUE)
            invoice(payer, **OVERDUE)

    one, many = twice(prepare, lambda: remind(draft=ReminderDraft("peri"), by=CLERK, now=NOW))
    assert one == many <= 13
    assert Invoice.objects.filter(reminders=1).count() == 2 * (MANY + 1)
    regie = Invoice.objects.all()[0].regie
    assert asked(lambda: letters_of(regie, 1, NOW.date())) == 1


def test_a_payment_to_the_accountant(demo: World, twice):
    def prepare(some: list[Payer]) -> None:
        for payer in some:
            counter(invoice(payer), 100)

    one, many = twice(prepare, lambda: deposit(regie="peri", means=Payment.Means.CASH, by=CLERK, now=NOW))
    assert one == many <= 10
    assert not Payment.objects.filter(deposit=None).exists()
