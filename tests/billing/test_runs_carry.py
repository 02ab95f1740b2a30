"""Amounts too small to be issued, credit notes, and later runs of the same month: nothing lost, nothing twice."""

from datetime import date
from typing import Any

import pytest

from portail.billing.models import Invoice, InvoiceLine
from portail.billing.operations.corrections import CreditDraft, credit_note, months_to_bill
from portail.billing.operations.runs import abandon_run, issue_run
from portail.billing.operations.runs.computing import usable
from portail.billing.operations.setup import set_cost_shares
from portail.families.operations.register import PersonDraft
from tests.billing.build import (
    DECEMBER_3,
    NOVEMBER,
    SCHOOL_DAYS,
    amounts,
    book,
    invoice_of,
    issued,
    kinds,
    lines_of,
    mark,
    prepared,
    regie,
    tariff,
)
from tests.world import CLERK, JAMES, NOW, THURSDAY, World, family

DECEMBER, JANUARY = date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def minimum(billing: World) -> World:
    """Nothing under 5,00 € is issued."""
    regie(minimum_cents=500)
    return billing


def credit(invoice: Invoice, **more) -> Invoice:
    """A credit note of a run's own day."""
    return credit_note(draft=CreditDraft(invoice.public_id, "Erreur de pointage", **more), by=CLERK, now=DECEMBER_3)


def test_too_small_an_amount_is_carried_into_the_next_run(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:2])
    run = issued()
    small = invoice_of(minimum.jamie, run)
    assert (small.status, small.number, small.total_cents, run.numbered) == ("carried", None, 240, 0)
    book(JAMES, "soir", [date(2026, 12, 1), date(2026, 12, 3), date(2026, 12, 4)])
    run = issued(month=DECEMBER, label="Décembre 2026")
    invoice = invoice_of(minimum.jamie, run)
    assert [(line.label, line.amount_cents, line.care_cents, line.food_cents) for line in lines_of(invoice)] == [
        ("Accueil soir", 360, 300, 60),
        ("Report de novembre 2026 : Accueil soir", 240, 200, 40),
    ]
    assert lines_of(invoice)[1].detail["carried_from"] == str(small.public_id)
    assert lines_of(invoice)[1].detail["days"] == lines_of(small)[0].detail["days"]
    small.refresh_from_db()
    assert (small.carried_into, invoice.number) == (invoice, "2026-002-000001")


def test_carried_twice_it_keeps_its_first_month(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:1])
    issued()
    middle = invoice_of(minimum.jamie, issued(month=DECEMBER, label="Décembre"))
    assert (middle.status, middle.total_cents) == ("carried", 120)
    book(JAMES, "cantine", [date(2027, 1, 4), date(2027, 1, 5)])
    last = invoice_of(minimum.jamie, issued(month=JANUARY, label="Janvier", exercise=2027, due_on=date(2027, 2, 28)))
    assert [line.label for line in lines_of(last)] == ["Cantine", "Report de novembre 2026 : Accueil soir"]
    assert (last.total_cents, last.number) == (820, "2027-001-000001")


def test_a_run_abandoned_or_prepared_again_gives_back_what_it_carried(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:1])
    issued()
    assert amounts(prepared(month=DECEMBER, label="Décembre")) == {"BOND": 120}
    run = prepared(month=DECEMBER, label="Décembre")
    assert amounts(run) == {"BOND": 120}
    abandon_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    assert Invoice.objects.get().carried_into is None
    assert amounts(prepared(month=DECEMBER, label="Décembre")) == {"BOND": 120}


def test_only_issued_runs_of_the_same_regie_are_carried_from(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:1])
    prepared()
    assert amounts(prepared(month=DECEMBER, label="Décembre")) == {}
    book(JAMES, "mercredi", [THURSDAY])
    assert amounts(prepared("loisirs")) == {"BOND": 2000}


@pytest.mark.parametrize(
    ("due", "held", "minimum", "used"),
    [(1000, 400, 100, 400), (1000, 950, 100, 900), (1000, 1000, 100, 1000), (1000, 5000, 100, 1000), (50, 20, 100, 0),
     (50, 60, 100, 50), (100, 60, 100, 0), (1000, 0, 100, 0)],
)  # fmt: skip
def test_a_credit_never_leaves_an_amount_that_nobody_can_pay(due, held, minimum, used):
    assert usable(due, held, minimum) == used


def test_what_is_left_of_a_credit_note_comes_off_the_next_invoice(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:10])
    first = invoice_of(billing.jamie, issued())
    Invoice.objects.filter(pk=first.pk).update(paid_cents=1200)  # paid, then found wrong
    note = credit(first)
    assert (note.total_cents, note.left_cents) == (1200, 1200)
    book(JAMES, "soir", [date(2026, 12, 1), date(2026, 12, 3)])
    run = prepared(month=DECEMBER, label="Décembre")
    second = invoice_of(billing.jamie, run)
    assert [(line.label, line.amount_cents, line.care_cents, line.food_cents) for line in lines_of(second)] == [
        ("Accueil soir", 240, 200, 40),
        ("Avoir n° 2026-002-000001", -240, -200, -40),
    ]
    assert (second.total_cents, kinds(run) >= {"zero"}) == (0, True)
    note.refresh_from_db()
    assert note.left_cents == 1200  # a draft uses nothing
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    for one in (note, second):
        one.refresh_from_db()
    assert (note.left_cents, second.status, second.left_cents) == (960, "issued", 0)


def test_a_credit_used_elsewhere_meanwhile_makes_the_invoice_dearer(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:10])
    first = invoice_of(billing.jamie, issued())
    Invoice.objects.filter(pk=first.pk).update(paid_cents=1200)
    note = credit(first)
    book(JAMES, "soir", [date(2026, 12, 1), date(2026, 12, 3), date(2026, 12, 4)])
    run = prepared(month=DECEMBER, label="Décembre")
    assert amounts(run) == {"BOND": 0}
    Invoice.objects.filter(pk=note.pk).update(paid_cents=1200 - 100)
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    second = invoice_of(billing.jamie, run)
    assert (second.total_cents, second.status) == (260, "issued")
    assert [line.amount_cents for line in lines_of(second)] == [360, -100]
    note.refresh_from_db()
    assert note.left_cents == 0


def test_a_credit_gone_entirely_may_leave_too_little_to_issue(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:10])
    first = invoice_of(minimum.jamie, issued())
    Invoice.objects.filter(pk=first.pk).update(paid_cents=1200)
    note = credit(first)
    book(JAMES, "soir", [date(2026, 12, 1)])
    run = prepared(month=DECEMBER, label="Décembre")
    Invoice.objects.filter(pk=note.pk).update(paid_cents=1200)
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    second = invoice_of(minimum.jamie, run)
    assert (second.status, second.total_cents, second.number) == ("carried", 120, None)
    assert [line.amount_cents for line in lines_of(second)] == [120]


# --- Later runs of the month ----------------------------------------------------------------------------------------


def test_the_second_rank_bills_what_the_first_did_not(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:3])
    issued()
    assert amounts(prepared(rank=2, label="Complément")) == {}
    book(JAMES, "cantine", SCHOOL_DAYS[:1])
    mark(JAMES, "soir", SCHOOL_DAYS[3], "present")  # written down late
    run = issued(rank=2, label="Complément")
    lines = lines_of(invoice_of(billing.jamie, run))
    assert [(line.label, line.amount_cents) for line in lines] == [
        ("Cantine", 350),
        ("Accueil soir – sans réservation", 240),
    ]
    assert kinds(run) == {"unknown_quotient", "unbooked_presence", "no_email"}
    assert amounts(prepared(rank=3, label="Complément")) == {}


def test_the_second_rank_knows_how_many_times_it_was(billing: World):
    """Surcharges from the third time on: the first two were in the first run."""
    tariff("soir", {"price": {"care": 100, "food": 0}, "late": {"cents": 50, "from": 3}}, SCHOOL_DAYS[0])
    book(JAMES, "soir", SCHOOL_DAYS[:2], late=True)
    assert amounts(issued()) == {"BOND": 200}
    book(JAMES, "soir", SCHOOL_DAYS[2:4], late=True)
    assert amounts(prepared(rank=2, label="Complément")) == {"BOND": 300}


def test_a_month_is_not_billed_twice_for_a_day_more(billing: World):
    book(JAMES, "mercredi", [THURSDAY])
    assert amounts(issued("loisirs")) == {"BOND": 2000}
    book(JAMES, "mercredi", [SCHOOL_DAYS[0]])
    assert amounts(prepared("loisirs", rank=2, label="Complément")) == {}


def test_days_credited_to_be_billed_again_are_billed_again(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:3])
    first = invoice_of(billing.jamie, issued())
    tariff("soir", {"price": {"care": 50, "food": 0}}, SCHOOL_DAYS[10])
    assert credit(first, rebill=True).total_cents == 360
    first.refresh_from_db()
    assert first.status == "cancelled"
    assert amounts(prepared(rank=2, label="Complément")) == {"BOND": 360}


def test_days_carried_over_then_credited_are_billed_again_by_a_run_of_their_own_month(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:2])
    small = invoice_of(minimum.jamie, issued())
    book(JAMES, "soir", [date(2026, 12, 1), date(2026, 12, 3), date(2026, 12, 4)])
    december: dict[str, Any] = {"month": DECEMBER, "label": "Décembre 2026"}
    both = invoice_of(minimum.jamie, issued(**december))
    note = credit(both, rebill=True)
    assert months_to_bill(note) == [NOVEMBER, DECEMBER]
    assert lines_of(note)[1].detail["carried_from"] == str(small.public_id)
    regie(minimum_cents=100)
    # Each day once, in its own month, as it is now: one of November was an absence that nobody had written down.
    mark(JAMES, "soir", SCHOOL_DAYS[0], "justified")
    assert amounts(issued(rank=2, label="Complément")) == {"BOND": 120}
    assert amounts(issued(rank=2, **december)) == {"BOND": 360}
    assert amounts(prepared(rank=3, label="Complément")) == amounts(prepared(rank=3, **december)) == {}


def test_days_carried_over_then_credited_as_a_gesture_are_not_billed_again(minimum: World):
    book(JAMES, "soir", SCHOOL_DAYS[:2])
    issued()
    book(JAMES, "soir", [date(2026, 12, 1), date(2026, 12, 3), date(2026, 12, 4)])
    note = credit(invoice_of(minimum.jamie, issued(month=DECEMBER, label="Décembre 2026")))
    assert months_to_bill(note) == []
    regie(minimum_cents=100)
    assert amounts(prepared(rank=2, label="Complément")) == {}


def test_days_credited_as_a_gesture_are_not(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:3])
    credit(invoice_of(billing.jamie, issued()))
    assert amounts(prepared(rank=2, label="Complément")) == {}


def test_what_one_parent_was_billed_the_other_may_still_owe(billing: World):
    robin, _ = family("Robin BOND2", "", [PersonDraft("James", "BOND", code=JAMES)])
    set_cost_shares(person=JAMES, shares=[(billing.jamie, 50), (robin, 50)], by=CLERK, now=NOW)
    book(JAMES, "soir", SCHOOL_DAYS[:3])
    run = issued()
    assert amounts(run) == {"BOND": 180, "BOND2": 180}
    credit(invoice_of(robin, run), rebill=True)
    assert amounts(prepared(rank=2, label="Complément")) == {"BOND2": 180}
    assert InvoiceLine.objects.filter(invoice__payer=billing.jamie).count() == 1
