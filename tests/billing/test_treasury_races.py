"""The Treasury's side handled by several people at once: no debit, no line of a statement, no file counts twice.

Beside each race stands a control: the same thing done naively, which goes wrong before the same eyes.
"""

from collections import Counter
from uuid import UUID

import pytest
from django.db import transaction

from portail.billing.models import Invoice, Payment, Regie, Remittance, StatementLine
from portail.billing.operations.money import Receipt, reverse_payment, take_in
from portail.billing.operations.sepa import cancel_remittance, reject_debit, settle_remittance
from portail.billing.operations.setup import BillingError
from portail.billing.operations.statements import StatementDraft, import_statement, save_layout
from portail.billing.queries.statements import unsettled
from portail.towns.scope import in_town
from tests.billing.debits import COLLECTED, LATER, OLD, built, mandated, place
from tests.billing.payfip import left
from tests.billing.test_statements import REGISSEUR, file, line
from tests.billing.treasury import invoice, regie
from tests.race.conftest import crowd
from tests.race.crowd import SIZE, Crowd, Task, meet
from tests.world import CLERK, NOW, World

__all__ = ["crowd"]
pytestmark = pytest.mark.django_db(transaction=True)


def waiting() -> None:
    """Somebody who only makes up the number at both meetings."""
    meet()
    meet()


# --- A debit settled and rejected at once ---------------------------------------------------------------------------


def settled(file_id: UUID) -> str:
    try:
        settle_remittance(remittance=file_id, by=CLERK, now=LATER)
    except BillingError as error:
        return str(error)
    return "settled"


def rejected(debt: UUID) -> str:
    try:
        back = reject_debit(invoice=debt, reason="Compte clos", by=CLERK, now=LATER)
    except BillingError:
        return "already"
    return "never counted" if back is None else "taken back"


def settled_between(file_id: UUID) -> str:
    meet()
    said = settled(file_id)
    meet()
    return said


def naively_rejected(debt: int) -> str:
    """What must not be done: look whether the debit was recorded, then free the invoice, without holding it."""
    paid = Payment.objects.filter(allocations__invoice=debt).first()
    meet()
    meet()  # settled meanwhile
    if paid is not None:
        reverse_payment(payment=paid.public_id, reason="Compte clos", by=CLERK, now=LATER)
    Invoice.objects.filter(pk=debt).update(remittance=None)
    return "never counted" if paid is None else "taken back"


def a_file(world: World, debts: int) -> tuple[Remittance, list[Invoice]]:
    place()
    mandated(world.jamie)
    made = [invoice(world.jamie, **OLD) for _ in range(debts)]
    return built().remittance, made


def test_a_debit_rejected_while_it_is_settled_is_owed_again_whatever_came_first(world: World, crowd: Crowd):
    with in_town(world.demo):
        made, debts = a_file(world, SIZE - 2)
    town = world.demo.pk
    answers = crowd.run(
        *[Task(town, settled, (made.public_id,))] * 2,
        *[Task(town, rejected, (debt.public_id,)) for debt in debts],
    )
    with in_town(world.demo):
        assert "settled" in answers[:2]
        assert set(answers[2:]) <= {"never counted", "taken back"}
        for debt, said in zip(debts, answers[2:], strict=True):
            cents = Payment.objects.filter(payer=debt.payer, allocations__invoice=debt).order_by("pk")
            assert list(cents.values_list("cents", flat=True)) == ([777, -777] if said == "taken back" else [])
            assert left(debt) == 777
        assert not Invoice.objects.filter(remittance__isnull=False).exists()


def test_control_a_reject_that_holds_nothing_leaves_the_debt_paid(world: World, crowd: Crowd):
    with in_town(world.demo):
        made, (debt,) = a_file(world, 1)
    town = world.demo.pk
    answers = crowd.run(
        Task(town, settled_between, (made.public_id,)),
        Task(town, naively_rejected, (debt.pk,)),
        *[Task(town, waiting)] * (SIZE - 2),
    )
    with in_town(world.demo):
        assert answers[:2] == ["settled", "never counted"]
        assert left(debt) == 0  # the bank gave nothing, and nobody will ask the family again


# --- One statement imported by several people -----------------------------------------------------------------------


def imported(content: bytes) -> tuple[int, int]:
    found = import_statement(draft=StatementDraft("peri", "régisseur", "releve.csv", content), by=CLERK, now=NOW)
    return found.new, found.settled.recorded


def naively_recorded(regie_key: int) -> int:
    """What must not be done: see which lines have no payment, then record one for each."""
    lines = list(unsettled(Regie.objects.get(pk=regie_key)))
    meet()
    meet()
    for one in lines:
        with transaction.atomic():
            debt = Invoice.objects.select_related("regie", "payer").get()
            Regie.objects.select_for_update().get(pk=regie_key)  # a receipt takes its number under this lock
            owed = {debt.pk: one.cents}
            take_in(Receipt(debt.regie, debt.payer, Payment.Means.CARD, one.cents, one.on, owed), now=NOW)
    return len(lines)


def test_a_statement_imported_by_all_at_once_is_recorded_once(world: World, crowd: Crowd):
    with in_town(world.demo):
        save_layout(name="régisseur", columns=REGISSEUR, by=CLERK, now=NOW)
        debts = [invoice(world.jamie) for _ in range(4)]
        content = file(*(line(debt, 777, f"39449{n}") for n, debt in enumerate(debts)))
    answers = crowd.run(*[Task(world.demo.pk, imported, (content,))] * SIZE)
    with in_town(world.demo):
        assert sum(new for new, _ in answers) == sum(recorded for _, recorded in answers) == 4
        assert [left(debt) for debt in debts] == [0] * 4
        assert sorted(Payment.objects.values_list("cents", flat=True)) == [777] * 4
        assert not unsettled(debts[0].regie).exists()


def test_control_recording_what_was_only_looked_at_counts_it_twice(world: World, crowd: Crowd):
    with in_town(world.demo):
        debt = invoice(world.jamie, [("cantine", 10_000)])
        StatementLine.objects.create(
            regie=debt.regie, fingerprint="f" * 64, on=NOW.date(), reference="x", cents=777, means="card", raw="",
            file_name="releve.csv", imported_at=NOW,
        )  # fmt: skip
    town = world.demo.pk
    answers = crowd.run(*[Task(town, naively_recorded, (debt.regie_id,))] * 2, *[Task(town, waiting)] * (SIZE - 2))
    with in_town(world.demo):
        assert answers[:2] == [1, 1]
        assert left(debt) == 10_000 - 2 * 777


# --- Two debit files built at once ----------------------------------------------------------------------------------


def built_or_not() -> int:
    try:
        return built().debits
    except BillingError:
        return 0


def built_then_cancelled() -> int:
    try:
        made = built()
    except BillingError:
        return 0
    cancel_remittance(remittance=made.remittance.public_id, reason="Essai", by=CLERK, now=NOW)
    return made.debits


def naively_built(regie_key: int, name: str) -> int:
    """What must not be done: choose what no file holds, then make the file."""
    chosen = list(Invoice.objects.filter(regie=regie_key, remittance__isnull=True))
    meet()
    meet()
    made = Remittance.objects.create(
        regie_id=regie_key, collected_on=COLLECTED, file_name=name, content=b"",
        cents=sum(one.left_cents for one in chosen), built_at=NOW,
    )  # fmt: skip
    Invoice.objects.filter(pk__in=[one.pk for one in chosen]).update(remittance=made)
    return len(chosen)


def test_an_invoice_is_debited_by_one_of_the_files_built_at_once(world: World, crowd: Crowd):
    with in_town(world.demo):
        place()
        for payer in (world.jamie, world.denise):
            mandated(payer)
            for _ in range(2):
                invoice(payer, **OLD)
    answers = crowd.run(*[Task(world.demo.pk, built_or_not)] * SIZE)
    with in_town(world.demo):
        assert sorted(answers) == [0] * (SIZE - 1) + [4]
        only = Remittance.objects.get()
        assert (only.cents, Invoice.objects.filter(remittance=only).count()) == (4 * 777, 4)


def test_files_built_and_cancelled_at_once_have_each_its_name_and_hold_nothing(world: World, crowd: Crowd):
    with in_town(world.demo):
        place()
        mandated(world.jamie)
        invoice(world.jamie, **OLD)
    answers = crowd.run(*[[Task(world.demo.pk, built_then_cancelled)] * 2] * SIZE)
    with in_town(world.demo):
        files = Counter(Remittance.objects.values_list("file_name", flat=True))
        assert sum(debits for some in answers for debits in some) == len(files) == Remittance.objects.count()
        assert not Invoice.objects.filter(remittance__isnull=False).exists()


def test_control_a_file_of_what_was_only_looked_at_debits_twice(world: World, crowd: Crowd):
    with in_town(world.demo):
        debt = invoice(world.jamie, place=regie(), **OLD)
    town = world.demo.pk
    tasks = [Task(town, naively_built, (debt.regie_id, name)) for name in ("un.xml", "deux.xml")]
    crowd.run(*tasks, *[Task(town, waiting)] * (SIZE - 2))
    with in_town(world.demo):
        assert sum(Remittance.objects.values_list("cents", flat=True)) == 2 * left(debt)
