"""The régisseur's books: what they add up to, and what they cost."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.billing.models import Allocation, InvoiceLine, Payment, Regie
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.deposits import deposit
from portail.billing.operations.money import reverse_payment
from portail.billing.queries import books
from portail.billing.queries.books import AccountRow, CheapMeals, ChequeRow, DayRow
from portail.billing.queries.books.prices import highest_price, surcharged
from portail.billing.queries.books.shared_out import _shares
from portail.rules import pricing
from portail.rules.pricing import Surcharge, SurchargeKind
from portail.towns.scope import in_town
from tests.billing import build
from tests.billing.build import SEPTEMBER, book, issued, quotient
from tests.billing.payfip import settled, told
from tests.billing.treasury import attempt, billed, counter, invoice, regie
from tests.world import ANGELINE, CLERK, JAMES, NOW, World

DAY = NOW.date()
NOVEMBER, END = date(2026, 11, 1), date(2026, 11, 30)
Means = Payment.Means


def test_the_journal_by_day_and_means(demo: World):
    place = regie()
    one, other = invoice(demo.jamie, place=place), invoice(demo.denise, place=place)
    counter(one, 300)
    counter(one, 100, on=DAY - timedelta(days=1))
    back = counter(one, 200, Means.CHEQUE, reference="0001")
    settled(attempt(other), told("P"))
    reverse_payment(payment=back.public_id, reason="Impayé", by=CLERK, now=NOW)
    assert books.daily_journal(place, NOVEMBER, END) == [
        DayRow(DAY - timedelta(days=1), "cash", 1, 0, 100),
        DayRow(DAY, "card", 1, 0, 777),
        DayRow(DAY, "cash", 1, 0, 300),
        DayRow(DAY, "cheque", 1, 1, 0),
    ]
    assert books.daily_journal(place, DAY, DAY)[0].means == "card"
    assert books.daily_journal(regie("loisirs", "000124"), NOVEMBER, END) == []


def test_the_register_says_what_each_receipt_pays_and_takes_back(demo: World):
    debt = invoice(demo.jamie)
    first = counter(debt, 300, Means.CHEQUE, reference="n° 12")
    reverse_payment(payment=first.public_id, reason="Impayé", by=CLERK, now=NOW)
    counter(debt, 777)
    deposit(regie="peri", means=Means.CASH, by=CLERK, now=NOW)
    rows = books.receipts(debt.regie, NOVEMBER, END)
    assert [(row.number, row.cents, row.reverses, row.deposit) for row in rows] == [
        ("2026-000001", 300, "", None),
        ("2026-000002", -300, "2026-000001", None),
        ("2026-000003", 777, "", 1),
    ]
    assert {row.invoices for row in rows} == {debt.number}
    assert (rows[0].payer, rows[0].reference) == ("Jamie BOND", "n° 12")


def test_cheques_in_hand_then_on_their_slip(demo: World):
    debt = invoice(demo.jamie)
    counter(debt, 300, Means.CHEQUE, reference="0001")
    counter(debt, 400)
    slip = [ChequeRow("0001", "Jamie BOND", 300, DAY, "2026-000001")]
    assert books.cheques(debt.regie) == slip
    made = deposit(regie="peri", means=Means.CHEQUE, by=CLERK, now=NOW)
    assert (books.cheques(debt.regie), books.cheques(debt.regie, made.number)) == ([], slip)
    assert [(row.number, row.cents, row.receipts) for row in books.deposits(debt.regie, DAY, DAY)] == [(1, 300, 1)]


def test_cash_in_hand_against_the_ceiling(demo: World):
    place = regie(cash_ceiling_cents=500, float_cents=5000)
    debt = invoice(demo.jamie, place=place)
    counter(debt, 500)
    cash = books.cash_in_hand(place, DAY)
    assert (cash.takings_cents, cash.in_hand_cents, cash.over_ceiling, cash.overdue) == (500, 5500, False, False)
    counter(debt, 1)
    assert books.cash_in_hand(place, DAY).over_ceiling
    assert not books.cash_in_hand(place, DAY + timedelta(days=31)).overdue
    assert books.cash_in_hand(place, DAY + timedelta(days=32)).overdue
    deposit(regie="peri", means=Means.CASH, by=CLERK, now=NOW)
    empty = books.cash_in_hand(place, DAY + timedelta(days=32))
    assert (empty.in_hand_cents, empty.over_ceiling, empty.overdue) == (5000, False, False)


# --- The monthly statement --------------------------------------------------------------------------------------------


def test_the_month_by_account(demo: World):
    place = regie()
    billed("cantine", place, "7067")
    billed("matin", place, "70671")
    debt = invoice(demo.jamie, [("cantine", 500), ("matin", 277), ("?", 23)], place)
    counter(debt, 300, on=date(2026, 10, 31))
    counter(debt, 500)
    october, november = (books.monthly_statement(place, date(2026, month, 15)) for month in (10, 11))
    assert october == [AccountRow("7067", 187), AccountRow("70671", 104), AccountRow("", 9)]
    assert november == [AccountRow("7067", 313), AccountRow("70671", 173), AccountRow("", 14)]


def test_what_pays_nothing_and_what_is_given_back_are_in_the_month(demo: World):
    place = regie()
    billed("cantine", place, "7067")
    debt = invoice(demo.jamie, [("cantine", 500)], place)
    kept = counter(debt, 700, Means.CHEQUE, keep_change=True)
    assert books.monthly_statement(place, DAY) == [AccountRow("7067", 500), AccountRow("trop-perçu", 200)]
    reverse_payment(payment=kept.public_id, reason="Impayé", by=CLERK, now=NOW)
    assert books.monthly_statement(place, DAY) == []


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 999)), min_size=1, max_size=6),
    st.lists(st.integers(-400, 400), max_size=8),
)
def test_the_shares_of_an_invoice_always_add_up(parts, payments):
    billed_cents: dict[str, int] = {}
    for account, cents in parts:
        billed_cents[account] = billed_cents.get(account, 0) + cents
    paid, found = 0, dict.fromkeys(billed_cents, 0)
    for cents in [*payments, None]:  # the last one pays the rest
        after = sum(billed_cents.values()) if cents is None else paid + cents
        shares = _shares(billed_cents, paid, after)
        assert sum(shares.values()) == after - paid
        for account, share in shares.items():
            found[account] = found.get(account, 0) + share
        paid = after
    found.pop("", None)
    assert {account: cents for account, cents in found.items() if cents} == {
        account: cents for account, cents in billed_cents.items() if cents
    }


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["cash", "cheque"]), st.integers(0, 40)), max_size=5))
def test_the_month_adds_up_to_its_journal(demo: World, paid):
    place = regie()
    billed("cantine", place, "7067")
    debts = [invoice(demo.jamie, place=place), invoice(demo.denise, [("cantine", 333), ("matin", 333)], place)]
    for place_of, (cents, means, age) in enumerate(paid):
        on = DAY - timedelta(days=age)
        counter(debts[place_of % 2], cents, Means(means), on=on, keep_change=True)
    for month, last in ((date(2026, 10, 1), date(2026, 10, 31)), (NOVEMBER, END)):
        journal = sum(row.cents for row in books.daily_journal(place, month, last))
        assert sum(row.cents for row in books.monthly_statement(place, month)) == journal


# --- What is owed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (-1, "à échoir"), (0, "0 à 30 jours"), (30, "0 à 30 jours"), (31, "31 à 60 jours"), (60, "31 à 60 jours"),
        (61, "61 à 90 jours"), (90, "61 à 90 jours"), (91, "plus de 90 jours"),
    ],
)  # fmt: skip
def test_the_age_of_a_debt(demo: World, days, age):
    debt = invoice(demo.jamie, due_on=DAY - timedelta(days=days))
    (row,) = books.unpaid(debt.regie, DAY)
    assert (row.days, row.age, row.cents, row.payer) == (days, age, 777, "Jamie BOND")


def test_only_what_is_owed_to_the_regie_is_unpaid(demo: World):
    place = regie()
    debt = invoice(demo.jamie, place=place)
    counter(debt, 700)
    for status in ("draft", "cancelled", "transferred", "carried"):
        invoice(demo.jamie, place=place, status=status)
    counter(invoice(demo.denise, place=place), 777)
    assert [(row.number, row.cents) for row in books.unpaid(place, DAY)] == [(debt.number, 77)]


def test_the_balance_of_a_payer(demo: World):
    place = regie()
    invoice(demo.jamie, place=place)
    invoice(demo.jamie, place=place, status="transferred")
    paid = invoice(demo.jamie, [("cantine", 500)], place)
    counter(paid, 700, keep_change=True)
    credit_note(draft=CreditDraft(paid.public_id, "Erreur", {1: 100}), by=CLERK, now=NOW)
    invoice(demo.denise, place=place)
    (balance,) = books.balances_of(demo.jamie)
    assert balance == books.Balance("Régie peri", 777, 777, 200, 100)
    assert balance.net_cents == 477


# --- Prices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "found"),
    [(351, []), (350, []), (349, [("Cantine", 350, False)]), (None, [])],
)
def test_a_price_above_the_cost_of_a_user_is_told(billing: World, cost, found):
    build.billed("cantine", cost_cents=cost)
    told_of = books.cost_warnings(DAY)
    assert [(one.activity, one.price_cents, one.surcharged) for one in told_of] == found


def test_a_surcharge_that_lifts_the_price_above_the_cost_is_told(billing: World):
    build.billed("soir", cost_cents=239)
    (one,) = books.cost_warnings(DAY)
    assert (one.price_cents, one.surcharged, one.cost_cents) == (240, True, 239)
    build.billed("mercredi", "loisirs", cost_cents=1)  # a price per month is not that of a user of one day
    assert books.cost_warnings(date(2026, 8, 31)) == []
    assert len(books.cost_warnings(DAY)) == 1


def test_the_highest_price_of_every_kind_of_tariff():
    price = {"care": 200, "food": 150}
    for rule, cents in (
        ({"price": price}, 350),
        ({"price": price, "outside": {"percent": "50"}}, 525),
        ({"price": price, "outside": {"price": {"care": 10, "food": 0}}}, 350),
        ({"effort": {"rate": "0.00512", "floor": 100, "ceiling": 512}}, 512),
    ):
        assert highest_price(pricing.from_json(rule)) == cents
    for kind, value, cents in (("cents", 100, 450), ("percent", 10, 385), ("multiplier", 2, 700)):
        assert surcharged(350, Surcharge(SurchargeKind(kind), Decimal(value))) == cents


def test_meals_at_one_euro(billing: World):
    quotient(billing.jamie, 300)  # 1,00 €
    quotient(billing.denise, 700)  # 2,00 €
    days = build.SCHOOL_DAYS[:4]
    book(JAMES, "cantine", days)
    book(JAMES, "soir", days)  # 1,20 €, food too
    book(ANGELINE, "cantine", days)
    issued()
    assert books.cheap_meals(NOVEMBER, END) == [CheapMeals("Cantine", 4, 400)]
    assert books.cheap_meals(days[1], days[2]) == [CheapMeals("Cantine", 2, 200)]
    assert books.cheap_meals(SEPTEMBER, date(2026, 10, 31)) == []
    line = InvoiceLine.objects.get(unit_cents=100)
    InvoiceLine.objects.filter(pk=line.pk).update(detail={**line.detail, "share": str(Fraction(1, 2))})
    assert books.cheap_meals(NOVEMBER, END) == [CheapMeals("Cantine", 2, 200)]


# --- Towns, costs -----------------------------------------------------------------------------------------------------


def test_two_towns_are_never_mixed(world: World):
    with in_town(world.demo):
        counter(invoice(world.jamie), 777)
    with in_town(world.buchelay):
        place = regie()
        invoice(world.lea, [("cantine", 500)], place)
        assert books.daily_journal(place, NOVEMBER, END) == []
        assert books.monthly_statement(place, DAY) == []
        assert [row.payer for row in books.unpaid(place, DAY)] == ["Léa LEROY"]


BOOKS: dict[str, tuple[Callable[[Regie], object], int]] = {
    "journal": (lambda place: books.daily_journal(place, NOVEMBER, END), 1),
    "register": (lambda place: books.receipts(place, NOVEMBER, END), 3),
    "cheques": (lambda place: books.cheques(place), 1),
    "month": (lambda place: books.monthly_statement(place, DAY), 5),
    "cash": (lambda place: books.cash_in_hand(place, DAY), 1),
    "unpaid": (lambda place: books.unpaid(place, DAY), 1),
    "deposits": (lambda place: books.deposits(place, NOVEMBER, END), 1),
    "costs": (lambda _: books.cost_warnings(DAY), 2),
    "meals": (lambda _: books.cheap_meals(NOVEMBER, END), 1),
}


def test_a_full_book_costs_as_little_as_a_thin_one(demo: World):
    place = regie()
    billed("cantine", place, "7067", cost_cents=100)
    for rows in (1, 6):
        for _ in range(rows):
            debt = invoice(demo.jamie, place=place)
            counter(debt, 100)
            counter(debt, 100, Means.CHEQUE, reference="1")
        for name, (read, most) in BOOKS.items():
            with CaptureQueriesContext(connection) as queries:
                read(place)
            assert len(queries) == most, name
    assert Allocation.objects.count() == 14
