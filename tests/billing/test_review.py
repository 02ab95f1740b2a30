"""What a hostile reading of the billing found: each of these lost money, counted it twice, or said something false."""

from datetime import date, timedelta

import pytest

from portail.billing.documents import receipt_paper
from portail.billing.models import BilledActivity, Invoice, InvoiceEmail, InvoiceLine, Payment
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.money import (
    CounterDraft,
    MoneyError,
    allocate_credit,
    record_payment,
    refund,
    reverse_payment,
)
from portail.billing.operations.sepa import reject_debit
from portail.billing.operations.setup import BillingError
from portail.billing.queries.papers import certified_children, payment_to_print
from portail.bookings.models import Activity
from portail.families.models import Payer, Person
from portail.news.models import OutboxMail
from tests.billing import build
from tests.billing.build import DECEMBER_3, DUE, PAGE, SCHOOL_DAYS
from tests.billing.debits import LATER, OLD, built, mandated, place, settled
from tests.billing.payfip import invoice, left, regie
from tests.billing.treasury import invoice as due
from tests.world import ALINE, CLERK, JAMES, NOW, World

TODAY = NOW.date()
CASH = Payment.Means.CASH


def paid(debt: Invoice, cents: int, on: date = TODAY, *, keep_change: bool = False) -> Payment:
    """In cash."""
    draft = CounterDraft([debt.public_id], CASH, cents, on, keep_change=keep_change)
    return record_payment(draft=draft, by=CLERK, now=DECEMBER_3)


def reversed_(payment: Payment, now=DECEMBER_3) -> Payment:
    return reverse_payment(payment=payment.public_id, reason="Erreur", by=CLERK, now=now)


# --- Direct debits --------------------------------------------------------------------------------------------------


def test_a_debit_taken_back_at_the_counter_leaves_its_file_and_may_be_paid_again(demo: World):
    place()
    mandated(demo.jamie)
    debt = due(demo.jamie, **OLD)
    settled(built().remittance)
    reversed_(Payment.objects.get(), LATER)
    debt.refresh_from_db()
    assert (left(debt), debt.remittance_id) == (777, None)
    assert paid(debt, 777).cents == 777
    with pytest.raises(BillingError, match="dans aucune remise"):
        reject_debit(invoice=debt.public_id, reason="", by=CLERK, now=LATER)


def test_a_payment_in_cash_taken_back_leaves_the_files_alone(demo: World):
    place()
    mandated(demo.jamie)
    debt = due(demo.jamie, **OLD)
    part = paid(debt, 100)
    file = built().remittance
    reversed_(part)
    debt.refresh_from_db()
    assert debt.remittance == file


# --- Credit notes ---------------------------------------------------------------------------------------------------


def test_days_billed_again_are_first_given_back_whole(billing: World):
    build.book(JAMES, "soir", SCHOOL_DAYS[:2])
    first = build.invoice_of(billing.jamie, build.published())

    def credited(cents: int | None, *, rebill: bool) -> Invoice:
        draft = CreditDraft(first.public_id, "Erreur", {1: cents}, rebill)
        return credit_note(draft=draft, by=CLERK, now=DECEMBER_3)

    with pytest.raises(BillingError, match="reprise en entier"):
        credited(1, rebill=True)
    credited(40, rebill=False)
    with pytest.raises(BillingError, match="reprise en entier"):
        credited(199, rebill=True)
    assert credited(200, rebill=True).total_cents == 200
    again = build.invoice_of(billing.jamie, build.issued(rank=2))
    assert again.total_cents == first.total_cents == 240


# --- The tax certificate --------------------------------------------------------------------------------------------


@pytest.fixture
def cared(demo: World) -> Invoice:
    """James (5) and Aline (4): evenings 10,00 € each, all care; canteen 20,00 €, all food."""
    where = regie()
    BilledActivity.objects.create(activity=Activity.objects.get(code="soir"), regie=where, deductible=True)
    Person.objects.filter(code=JAMES).update(birth_date=date(2021, 3, 1))
    Person.objects.filter(code=ALINE).update(birth_date=date(2022, 5, 4))
    debt = invoice(demo.jamie, 4000, where)
    for position, (code, activity, care, food) in enumerate(
        ((JAMES, "soir", 1000, 0), (ALINE, "soir", 1000, 0), (JAMES, "cantine", 0, 2000)), start=1
    ):
        InvoiceLine.objects.create(
            invoice=debt, person=Person.objects.get(code=code), activity=Activity.objects.get(code=activity),
            position=position, label=activity, quantity=1, unit_cents=care + food, amount_cents=care + food,
            care_cents=care, food_cents=food, extra_cents=0,
        )  # fmt: skip
    return debt


def certified(payer: Payer, year: int = 2026) -> dict[str, int]:
    return {row.name.split()[0]: row.cents for row in certified_children(payer, year)}


def credited(debt: Invoice, position: int, cents: int | None = None) -> Invoice:
    return credit_note(draft=CreditDraft(debt.public_id, "Erreur", {position: cents}), by=CLERK, now=NOW)


def test_what_a_credit_note_took_off_was_not_paid_for(demo: World, cared: Invoice):
    credited(cared, 3)
    paid(cared, 2000)
    assert certified(demo.jamie) == {"James": 1000, "Aline": 1000}


def test_a_credit_note_on_one_child_leaves_the_other_s_care_whole(demo: World, cared: Invoice):
    credited(cared, 2, 400)
    credited(cared, 2)
    paid(cared, 3000)
    assert certified(demo.jamie) == {"James": 1000}


def test_a_credit_note_on_what_was_paid_already_comes_off_later_invoices(demo: World, cared: Invoice):
    paid(cared, 4000)
    credited(cared, 2)
    assert certified(demo.jamie) == {"James": 1000, "Aline": 1000}


def test_a_payment_that_did_not_come_after_all_is_certified_in_no_year(demo: World, cared: Invoice):
    payment = paid(cared, 4000)
    assert certified(demo.jamie) == {"James": 1000, "Aline": 1000}
    january = DECEMBER_3 + timedelta(days=60)
    reversed_(payment, january)
    assert (certified(demo.jamie), certified(demo.jamie, 2027)) == ({}, {})
    draft = CounterDraft([cared.public_id], CASH, 4000, january.date())
    record_payment(draft=draft, by=CLERK, now=january)
    assert (certified(demo.jamie), certified(demo.jamie, 2027)) == ({}, {"Aline": 1000, "James": 1000})


# --- Receipts and refunds -------------------------------------------------------------------------------------------


def test_a_receipt_that_was_taken_back_promises_nothing(demo: World):
    payment = paid(invoice(demo.jamie), 1000, keep_change=True)
    (sentence,) = receipt_paper(payment_to_print(payment.public_id)).sentences
    assert "la régie vous les doit" in sentence
    reversed_(payment)
    assert receipt_paper(payment_to_print(payment.public_id)).sentences == ("Ce règlement a été annulé.",)


@pytest.mark.parametrize("days", [-1, 400])
def test_money_is_given_back_neither_before_it_came_nor_in_the_future(demo: World, days):
    payment = paid(invoice(demo.jamie), 1000, keep_change=True)
    on = TODAY + timedelta(days=days)
    with pytest.raises(MoneyError, match="La date du remboursement"):
        refund(payment=payment.public_id, cents=100, on=on, reason="Trop", by=CLERK, now=DECEMBER_3)
    debt = invoice(demo.jamie, 500)
    assert allocate_credit(payment=payment.public_id, invoice=debt.public_id, by=CLERK, now=NOW) == 223


# --- Who is told ----------------------------------------------------------------------------------------------------


def test_news_of_invoices_go_to_the_address_that_the_town_hall_has_now(billing: World):
    jamie = Payer.objects.get(pk=billing.jamie.pk)
    for number, address in enumerate(("old@server.fr", "own@server.fr")):
        InvoiceEmail.objects.create(payer=jamie, place=number, address=address, asked_at=NOW, confirmed_at=NOW)
    Payer.objects.filter(pk=jamie.pk).update(email="new@server.fr")
    build.book(JAMES, "soir", SCHOOL_DAYS[:1])
    build.published()
    assert sorted(OutboxMail.objects.values_list("to", flat=True)) == ["new@server.fr", "own@server.fr"]
    assert PAGE in OutboxMail.objects.latest("pk").text
    assert Invoice.objects.get().due_on == DUE
