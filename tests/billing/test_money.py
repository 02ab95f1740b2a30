"""Money at the counter, given back, taken back: every receipt has its number, every cent its place."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from portail.billing.models import (
    Allocation,
    Anomaly,
    BilledActivity,
    Invoice,
    InvoiceLine,
    Payment,
    Regie,
    Remittance,
)
from portail.billing.operations.money import (
    CounterDraft,
    MoneyError,
    Receipt,
    allocate_credit,
    credit_of,
    record_payment,
    refund,
    reverse_payment,
    share_out,
    take_in,
    unallocated,
)
from portail.bookings.models import Activity
from portail.families.models import Payer, Person
from portail.news.models import OutboxMail
from portail.towns.models import Audit
from tests.billing.payfip import invoice, left, receipts, regie
from tests.world import ALINE, CLERK, JAMES, NOW, World

TODAY = NOW.date()
CASH, CESU, TRANSFER = Payment.Means.CASH, Payment.Means.CESU, Payment.Means.TRANSFER


def paid(*debts: Invoice, cents: int = 777, means: Payment.Means = CASH, **more: Any) -> Payment:
    """At the counter, today."""
    draft = CounterDraft([debt.public_id for debt in debts], means, cents, more.pop("on", TODAY), **more)
    return record_payment(draft=draft, by=CLERK, now=NOW)


def reversed_(payment: Payment, reason: str = "Provision insuffisante") -> Payment:
    return reverse_payment(payment=payment.public_id, reason=reason, by=CLERK, now=NOW)


def given_back(payment: Payment, cents: int) -> Payment:
    return refund(payment=payment.public_id, cents=cents, on=TODAY, reason="Trop-perçu", by=CLERK, now=NOW)


def allocated(payment: Payment, debt: Invoice) -> int:
    return allocate_credit(payment=payment.public_id, invoice=debt.public_id, by=CLERK, now=NOW)


def care(debt: Invoice, activity: str, cents: int, food: int = 0, person: str = JAMES) -> None:
    """A line of the invoice."""
    InvoiceLine.objects.create(
        invoice=debt, person=Person.objects.get(code=person), activity=Activity.objects.get(code=activity),
        position=debt.lines.count(), label=activity, quantity=1, unit_cents=cents + food, amount_cents=cents + food,
        care_cents=cents, food_cents=food, extra_cents=0,
    )  # fmt: skip


def takes_cesu(place: Regie, activity: str, kind: BilledActivity.Cesu) -> None:
    BilledActivity.objects.create(activity=Activity.objects.get(code=activity), regie=place, cesu=kind)


# --- Paying at the counter ------------------------------------------------------------------------------------------


def test_one_cheque_pays_several_invoices_in_the_order_given(demo: World):
    first, second = invoice(demo.jamie, 500), invoice(demo.jamie, 300)
    payment = paid(second, first, cents=600, means=Payment.Means.CHEQUE, reference="1234567")
    assert (left(second), left(first)) == (0, 200)
    assert (payment.number, payment.reference, payment.payer_name) == ("2026-000001", "1234567", "Jamie BOND")
    assert Audit.objects.filter(verb="record_payment").count() == 1
    assert unallocated(payment) == credit_of(demo.jamie, payment.regie) == 0


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "too much": ({"cents": 778}, "dépasse"),
    "nothing": ({"cents": 0}, "plus grand que zéro"),
    "less than nothing": ({"cents": -777}, "plus grand que zéro"),
    "more than a receipt holds": ({"cents": 2**31, "keep_change": True}, "trop grand"),
    "tomorrow": ({"on": TODAY + timedelta(1)}, "avenir"),
    "the year 26": ({"on": date(26, 11, 21)}, "trop ancienne"),
    "two years before the invoice": ({"on": date(2024, 12, 31)}, "trop ancienne"),
    "a card": ({"means": Payment.Means.CARD}, "guichet"),
    "a means of nobody": ({"means": "gold"}, "guichet"),
    "a CESU without its number": ({"means": CESU, "reference": " "}, "numéro du CESU"),
    "a CESU for meals": ({"means": CESU, "reference": "Domiserve 1"}, "Seuls 0,00\u00a0€ de ces factures"),
}


@pytest.mark.parametrize(("asked", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_recorded_is_said_in_french_and_writes_nothing(demo: World, asked, said):
    debt = invoice(demo.jamie, 777)
    with pytest.raises(MoneyError, match=said):
        paid(debt, **asked)
    assert (receipts(), left(debt)) == ([], 777)


def test_a_payment_older_than_its_invoice_by_a_year_still_goes_in(demo: World):
    """A deposit of last year, an invoice of before the portal: what is refused is a slip of the keyboard."""
    assert paid(invoice(demo.jamie), on=date(2025, 1, 1)).number == "2025-000001"
    old = invoice(demo.jamie, issued_on=date(2012, 5, 2))
    assert paid(old, on=date(2012, 8, 16)).number == "2012-000001"
    with pytest.raises(MoneyError, match="trop ancienne"):
        paid(old, on=date(2010, 12, 31))


def test_only_open_invoices_of_one_payer_and_one_regie(demo: World):
    debt, other = invoice(demo.jamie), regie("autre", "000124")
    for wrong in (
        invoice(demo.denise),
        invoice(demo.jamie, place=other),
        invoice(demo.jamie, status="transferred"),
        invoice(demo.jamie, status="draft"),
        invoice(demo.jamie, kind=Invoice.Kind.CREDIT_NOTE),
    ):
        with pytest.raises(MoneyError):
            paid(debt, wrong, cents=100)
    for nothing in ([], [uuid4()], [debt.public_id, uuid4()]):
        with pytest.raises(MoneyError, match="n'existe pas"):
            record_payment(draft=CounterDraft(nothing, CASH, 100, TODAY), by=CLERK, now=NOW)
    assert receipts() == []


def test_the_same_invoice_given_twice_is_paid_once(demo: World):
    debt = invoice(demo.jamie, 500)
    paid(debt, debt, cents=500)
    assert (left(debt), receipts()) == (0, [500])


def test_a_regie_takes_only_the_means_of_its_act(demo: World):
    debt = invoice(demo.jamie, place=regie(means=["cheque"]))
    with pytest.raises(MoneyError, match="n'accepte pas"):
        paid(debt)
    assert paid(debt, means=Payment.Means.CHEQUE).cents == 777


def test_an_overpayment_is_kept_only_when_it_is_meant(demo: World):
    debt = invoice(demo.jamie, 777)
    payment = paid(debt, cents=1000, keep_change=True)
    assert (left(debt), unallocated(payment), credit_of(demo.jamie, payment.regie)) == (0, 223, 223)


def test_cesu_pay_the_care_part_of_what_takes_them_and_no_more(demo: World):
    place = regie()
    takes_cesu(place, "soir", BilledActivity.Cesu.ALL)
    debt = invoice(demo.jamie, 1000, place)
    care(debt, "soir", 400)
    care(debt, "cantine", 200, food=400)
    with pytest.raises(MoneyError, match="4,00\u00a0€"):
        paid(debt, cents=401, means=CESU, reference="Domiserve 1")
    payment = paid(debt, cents=300, means=CESU, reference="Domiserve 1")
    with pytest.raises(MoneyError, match="1,00\u00a0€"):
        paid(debt, cents=101, means=CESU, reference="Domiserve 2")
    reversed_(payment)
    paid(debt, cents=400, means=CESU, reference="Domiserve 3")
    assert left(debt) == 600


def test_no_invoice_takes_more_cesu_than_its_own_care(demo: World):
    place = regie()
    takes_cesu(place, "soir", BilledActivity.Cesu.ALL)
    first, second = invoice(demo.jamie, 1000, place), invoice(demo.jamie, 1000, place)
    care(first, "soir", 200, food=800)
    care(second, "soir", 800, food=200)
    paid(first, second, cents=900, means=CESU, reference="Domiserve 1")
    assert (left(first), left(second)) == (800, 300)


def test_cesu_under_six_on_the_day_of_the_invoice(demo: World):
    place = regie()
    takes_cesu(place, "matin", BilledActivity.Cesu.UNDER_SIX)
    Person.objects.filter(code=JAMES).update(birth_date=date(2020, 12, 17))
    Person.objects.filter(code=ALINE).update(birth_date=date(2020, 12, 16))
    debt = invoice(demo.jamie, 500, place, due_on=date(2026, 12, 16))
    care(debt, "matin", 300, person=JAMES)
    care(debt, "matin", 200, person=ALINE)
    with pytest.raises(MoneyError, match="3,00\u00a0€"):
        paid(debt, cents=301, means=CESU, reference="Domiserve 1")
    assert paid(debt, cents=300, means=CESU, reference="Domiserve 1").cents == 300


# --- Taking back, giving back ---------------------------------------------------------------------------------------


def test_a_rejected_payment_opens_the_debt_again_keeps_both_entries_and_tells_the_payer(demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@exemple.fr")
    first, second = invoice(demo.jamie, 500), invoice(demo.jamie, 300)
    payment = paid(first, second, cents=800)
    back = reversed_(payment)
    assert (left(first), left(second), receipts()) == (500, 300, [800, -800])
    assert (back.number, back.reverses_id) == ("2026-000002", payment.pk)
    assert sorted(back.allocations.values_list("cents", flat=True)) == [-500, -300]
    (mail,) = OutboxMail.objects.all()
    assert (mail.to, mail.kind) == ("jamie@exemple.fr", "reversal")
    for said in ("8,00", "2026-000001", "Provision insuffisante", first.number, second.number):
        assert said in mail.text
    again = paid(first, second, cents=800)
    assert (again.number, left(first), left(second)) == ("2026-000003", 0, 0)


def test_what_no_database_keeps_is_left_out_of_the_words(demo: World):
    payment = paid(invoice(demo.jamie), reference="n°\x001\ud8002", comment="a\nb\x00")
    assert (payment.reference, payment.comment) == ("n° 1 2", "a b")
    assert reversed_(payment, "x\x00y" + "z" * 300).comment.startswith("x yz")


def test_a_payer_without_an_address_does_not_hold_the_rejection_back(demo: World):
    debt = invoice(demo.jamie)
    reversed_(paid(debt))
    assert (left(debt), OutboxMail.objects.count()) == (777, 0)


def test_a_payment_is_taken_back_once_and_a_reversal_or_an_unknown_one_never(demo: World):
    payment = paid(invoice(demo.jamie))
    back = reversed_(payment)
    for wrong in (payment, back):
        with pytest.raises(MoneyError, match="déjà annulé"):
            reversed_(wrong)
    with pytest.raises(MoneyError, match="n'existe pas"):
        reverse_payment(payment=uuid4(), reason="", by=CLERK, now=NOW)
    assert receipts() == [777, -777]


def test_the_database_itself_refuses_a_second_reversal(demo: World):
    payment = paid(invoice(demo.jamie))
    for fails in (False, True):
        receipt = Receipt(payment.regie, payment.payer, CASH, -777, TODAY, reverses=payment)
        if fails:
            with pytest.raises(IntegrityError), transaction.atomic():
                take_in(receipt, now=NOW)
        else:
            take_in(receipt, now=NOW)
    assert receipts() == [777, -777]


def test_only_what_was_overpaid_is_given_back(demo: World):
    payment = paid(invoice(demo.jamie, 700), cents=1000, keep_change=True)
    for cents in (301, 0, -1):
        with pytest.raises(MoneyError, match="pas disponible"):
            given_back(payment, cents)
    assert given_back(payment, 200).cents == -200
    with pytest.raises(MoneyError):
        given_back(payment, 101)
    given_back(payment, 100)
    assert (receipts(), credit_of(demo.jamie, payment.regie)) == ([1000, -200, -100], 0)


def test_an_overpayment_pays_another_invoice_of_the_same_payer_and_regie(demo: World):
    payment = paid(invoice(demo.jamie, 700), cents=1000, keep_change=True)
    second, third = invoice(demo.jamie, 200), invoice(demo.jamie, 500)
    assert (allocated(payment, second), allocated(payment, third)) == (200, 100)
    assert (left(second), left(third), unallocated(payment)) == (0, 400, 0)
    with pytest.raises(MoneyError, match="reste rien"):
        allocated(payment, third)
    elsewhere = paid(invoice(demo.denise, 100), cents=300, keep_change=True)
    with pytest.raises(MoneyError, match="n'est pas de ce payeur"):
        allocated(elsewhere, third)


def test_what_was_given_back_or_taken_back_pays_nothing_more(demo: World):
    refunded = paid(invoice(demo.jamie, 700), cents=1000, keep_change=True)
    given_back(refunded, 300)
    rejected = paid(invoice(demo.jamie, 700), cents=1000, keep_change=True)
    reversed_(rejected)
    debt = invoice(demo.jamie, 500)
    for payment in (refunded, rejected):
        with pytest.raises(MoneyError):
            allocated(payment, debt)
    kept = paid(invoice(demo.jamie, 700), cents=900, keep_change=True)
    with pytest.raises(MoneyError):
        allocated(rejected, debt)
    with pytest.raises(MoneyError):
        given_back(rejected, 100)
    assert (allocated(kept, debt), left(debt)) == (200, 300)
    assert credit_of(demo.jamie, kept.regie) == 0


@pytest.mark.parametrize(
    "columns", [{"status": "draft"}, {"status": "transferred"}, {"kind": Invoice.Kind.CREDIT_NOTE}], ids=str
)
def test_an_overpayment_falls_on_open_invoices_only(demo: World, columns):
    payment = paid(invoice(demo.jamie, 700), cents=1000, keep_change=True)
    closed = invoice(demo.jamie, 200, **columns)
    with pytest.raises(MoneyError, match="ne peut plus"):
        allocated(payment, closed)
    assert (left(closed), Allocation.objects.filter(invoice=closed).count()) == (200, 0)


def test_a_payment_that_falls_away_once_its_change_was_given_back_is_told(demo: World):
    payment = paid(invoice(demo.jamie, 700), cents=1000, keep_change=True)
    given_back(payment, 300)
    assert not Anomaly.objects.exists()
    reversal = reversed_(payment)
    told = Anomaly.objects.get()
    assert (told.kind, told.payer_id) == ("given_back_in_vain", demo.jamie.pk)
    assert told.data == {"reçu": reversal.number, "centimes": 300}


def test_what_opens_again_after_the_transfer_is_told_to_the_town_hall(demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    debt = invoice(demo.jamie, 700)
    payment = paid(debt, cents=300)
    Invoice.objects.filter(pk=debt.pk).update(status="transferred")
    reversed_(payment)
    assert Anomaly.objects.get().kind == "reopened_titre"
    assert "sur le portail" not in OutboxMail.objects.get().text


def test_an_invoice_inside_a_direct_debit_file_is_not_paid_twice(demo: World):
    debt = invoice(demo.jamie, 700)
    remittance = Remittance.objects.create(
        regie=debt.regie, collected_on=TODAY, file_name="x.xml", content=b"", cents=700, built_at=NOW
    )
    Invoice.objects.filter(pk=debt.pk).update(remittance=remittance)
    with pytest.raises(MoneyError, match="payée deux fois"):
        paid(debt, cents=700)
    assert left(debt) == 700


# --- Numbers --------------------------------------------------------------------------------------------------------


def test_receipts_are_numbered_by_regie_and_year_of_the_payment(demo: World):
    other = regie("autre", "000124")
    numbers = [
        paid(invoice(demo.jamie), on=TODAY).number,
        paid(invoice(demo.jamie), on=date(2025, 12, 31)).number,
        paid(invoice(demo.jamie, place=other)).number,
        paid(invoice(demo.jamie)).number,
    ]
    assert numbers == ["2026-000001", "2025-000001", "2026-000001", "2026-000002"]


def test_a_payment_that_fails_leaves_no_hole_in_the_numbers(demo: World):
    debt = invoice(demo.jamie, 500)
    receipt = Receipt(debt.regie, demo.jamie, CASH, 600, TODAY, {debt.pk: 600})
    with pytest.raises(IntegrityError), transaction.atomic():
        take_in(receipt, now=NOW)  # over-settled: the database refuses
    assert (paid(debt, cents=500).number, left(debt)) == ("2026-000001", 0)


def test_shares_follow_the_order_and_nothing_is_lost(demo: World):
    debts = [invoice(demo.jamie, cents) for cents in (100, 250, 50)]
    for cents in (0, 99, 100, 349, 400, 1000):
        shares, rest = share_out(cents, debts)
        assert sum(shares.values()) + rest == cents
        assert rest == max(0, cents - 400)
        assert list(shares.values()) == [min(100, cents), max(0, min(250, cents - 100)), max(0, min(50, cents - 350))]


def test_an_unknown_payment_or_invoice_is_said(demo: World):
    payment, unknown = paid(invoice(demo.jamie)), UUID(int=7)
    with pytest.raises(MoneyError, match="n'existe pas"):
        allocate_credit(payment=payment.public_id, invoice=unknown, by=CLERK, now=NOW)
    with pytest.raises(MoneyError):
        allocate_credit(payment=unknown, invoice=invoice(demo.jamie).public_id, by=CLERK, now=NOW)
    with pytest.raises(MoneyError):
        refund(payment=unknown, cents=1, on=TODAY, reason="", by=CLERK, now=NOW)
