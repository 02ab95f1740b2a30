"""The check list of a run: every anomaly, what it holds back, what the town hall answers."""

from datetime import timedelta
from uuid import uuid4

import pytest

from portail.billing.models import Anomaly, Invoice, InvoiceEmail
from portail.billing.operations.runs import issue_run, solve_anomaly
from portail.billing.operations.setup import BillingError
from portail.billing.queries.runs import check_list, run_summary
from portail.families.models import Link, Payer
from portail.rules.booking import Right
from portail.rules.weeks import monday
from tests.billing.build import (
    DECEMBER_3,
    MORNING,
    NOVEMBER,
    SCHOOL_DAYS,
    SEPTEMBER,
    amounts,
    billed,
    book,
    invoice_of,
    issued,
    kinds,
    mark,
    prepared,
    quotient,
    tariff,
)
from tests.world import ALINE, ANGELINE, CLERK, JAMES, NOW, World

FOUR = SCHOOL_DAYS[:4]


@pytest.fixture
def known(billing: World) -> World:
    """Nothing to say of the family BOND: a quotient, an address."""
    quotient(billing.jamie, 700)
    Payer.objects.update(email="famille@example.org")
    return billing


def items(kind: str) -> list[dict]:
    return Anomaly.objects.get(kind=kind).data["items"]


def days(*found) -> list[str]:
    return [day.isoformat() for day in found]


def test_nothing_to_say_is_an_empty_list(known: World):
    book(JAMES, "cantine", FOUR)
    run = prepared()
    assert not kinds(run)
    assert check_list(run.public_id) == []


def test_no_tariff_holds_the_run_back(known: World):
    billed("midi")
    book(JAMES, "midi", FOUR[:2])
    book(JAMES, "cantine", FOUR[2:])
    run = prepared()
    about = {"person": JAMES, "name": "James BOND", "activity": "Accueil midi sans repas"}
    assert items("no_tariff") == [{**about, "days": days(*FOUR[:2])}]
    assert amounts(run) == {"BOND": 400}
    with pytest.raises(BillingError, match="Aucun tarif"):
        issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    assert not Invoice.objects.filter(number__isnull=False).exists()
    solve_anomaly(anomaly=Anomaly.objects.get().public_id, answer="Gratuit ce mois-ci", by=CLERK, now=DECEMBER_3)
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    assert invoice_of(known.jamie, run).number == "2026-001-000001"


def test_an_unknown_quotient_pays_the_top_price(known: World):
    book(ANGELINE, "cantine", FOUR)
    run = prepared()
    assert kinds(run) == {"unknown_quotient"}
    assert items("unknown_quotient")[0]["days"] == days(*FOUR)
    assert amounts(run) == {"MARSONE": 1400}


def test_someone_present_without_a_booking_is_billed_and_told(known: World):
    mark(JAMES, "soir", FOUR[0], "present")
    run = prepared()
    assert kinds(run) == {"unbooked_presence"}
    assert amounts(run) == {"BOND": 240}  # twice the price
    assert invoice_of(known.jamie, run).lines.get().extra_cents == 120


def test_booked_and_not_written_down_where_others_were(known: World):
    book(JAMES, "soir", FOUR[:2])
    book(ALINE, "soir", FOUR[:1])
    mark(ALINE, "soir", FOUR[0], "present")
    run = prepared()
    assert items("booked_no_attendance") == [
        {"person": JAMES, "name": "James BOND", "activity": "Accueil soir", "days": days(FOUR[0])}
    ]
    assert amounts(run) == {"BOND": 360}


def test_missing_minutes_are_not_billed(known: World):
    book(JAMES, "matin", FOUR[:2])
    mark(JAMES, "matin", FOUR[0], "present", 7 * 60 + 29, 8 * 60 + 30)
    mark(JAMES, "matin", FOUR[1], "present")
    run = prepared()
    assert items("missing_minutes")[0]["days"] == days(FOUR[1])
    line = invoice_of(known.jamie, run).lines.get()
    assert (line.label, line.quantity, line.amount_cents) == ("Accueil matin (demi-heures)", 3, 240)
    assert MORNING["unit"] == "half_hour"


def test_days_that_nobody_owes_hold_the_run_back(known: World):
    Link.objects.filter(person=known.james).update(right=Right.READ_ONLY.value)
    book(JAMES, "cantine", FOUR)
    run = prepared()
    assert items("no_payer") == [{"person": JAMES, "name": "James BOND", "activity": "Cantine", "days": days(*FOUR)}]
    assert not Invoice.objects.exists()
    with pytest.raises(BillingError, match="Personne ne doit"):
        issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)


def test_half_of_the_weeks_may_be_nobodys(known: World):
    first = monday(FOUR[0])
    Link.objects.filter(person=known.james).update(right=Right.WEEKS.value, weeks_from=first)
    book(JAMES, "cantine", SCHOOL_DAYS)
    run = prepared()
    nobodys = [day for day in SCHOOL_DAYS if (monday(day) - first) // timedelta(weeks=1) % 2]
    assert items("no_payer")[0]["days"] == days(*nobodys)
    assert amounts(run) == {"BOND": 200 * (len(SCHOOL_DAYS) - len(nobodys))}


def test_a_family_without_any_address_is_told(known: World):
    Payer.objects.update(email="")
    InvoiceEmail.objects.create(payer=known.jamie, place=1, address="jamie@example.org", asked_at=NOW, confirmed_at=NOW)
    book(JAMES, "cantine", FOUR)
    book(ANGELINE, "cantine", FOUR)
    run = prepared()
    told = Anomaly.objects.filter(run=run, kind="no_email").values_list("payer__last_name", flat=True)
    assert list(told) == ["MARSONE"]


def test_an_invoice_of_nothing_is_not_made(known: World):
    billed("midi")
    tariff("midi", {"price": {"care": 0, "food": 0}})
    book(JAMES, "midi", FOUR)
    run = prepared()
    assert kinds(run) == {"zero"}
    assert not Invoice.objects.exists()


def test_an_amount_that_cannot_be_paid_online_is_told(known: World):
    billed("midi")
    tariff("midi", {"price": {"care": 1_000_000, "food": 0}})
    book(JAMES, "midi", SCHOOL_DAYS[:10])
    run = prepared()
    assert kinds(run) == {"above_maximum"}
    assert items("above_maximum") == [{"cents": 10_000_000}]


def test_the_list_says_what_holds_back_first(known: World, django_assert_num_queries):
    billed("midi")
    book(ANGELINE, "cantine", FOUR)
    book(JAMES, "midi", FOUR)
    run = prepared()
    with django_assert_num_queries(1):
        rows = check_list(run.public_id)
    assert [(row.kind, row.payer, row.blocking) for row in rows] == [
        ("no_tariff", "Jamie BOND", True),
        ("unknown_quotient", "Denise MARSONE", False),
    ]
    summary = run_summary(run.public_id)
    assert summary is not None
    assert summary.blocking
    assert dict(summary.anomalies) == {"no_tariff": 1, "unknown_quotient": 1}


def test_an_answer_stays_when_the_run_is_prepared_again(known: World):
    book(ANGELINE, "cantine", FOUR)
    book(JAMES, "cantine", FOUR)
    run = prepared()
    row = check_list(run.public_id)[0]
    solve_anomaly(anomaly=row.public_id, answer="  Dossier refusé ", by=CLERK, now=DECEMBER_3)
    prepared()
    assert check_list(run.public_id) == []
    assert [(row.words, row.answer) for row in check_list(run.public_id, solved=True)] == [
        (row.words, "Dossier refusé")
    ]
    book(ANGELINE, "cantine", SCHOOL_DAYS[4:5])  # no longer the same days: to be looked at again
    prepared()
    assert [row.kind for row in check_list(run.public_id)] == ["unknown_quotient"]
    assert check_list(run.public_id, solved=True) == []


def test_an_answer_is_given_once_and_says_something(known: World):
    book(ANGELINE, "cantine", FOUR)
    row = check_list(prepared().public_id)[0]
    for answer in ("", " ", "x" * 201):
        with pytest.raises(BillingError, match="200 caractères"):
            solve_anomaly(anomaly=row.public_id, answer=answer, by=CLERK, now=DECEMBER_3)
    solve_anomaly(anomaly=row.public_id, answer="Vu", by=CLERK, now=DECEMBER_3)
    with pytest.raises(BillingError, match="déjà réglée"):
        solve_anomaly(anomaly=row.public_id, answer="Vu", by=CLERK, now=DECEMBER_3)
    with pytest.raises(BillingError, match="n'existe pas"):
        solve_anomaly(anomaly=uuid4(), answer="Vu", by=CLERK, now=DECEMBER_3)


def test_the_quotient_is_that_of_the_day(known: World):
    quotient(known.jamie, 300, SCHOOL_DAYS[2])
    book(JAMES, "cantine", FOUR)
    lines = invoice_of(known.jamie, prepared()).lines.order_by("position")
    assert [(line.quantity, line.unit_cents, line.detail["quotient"]) for line in lines] == [
        (2, 200, 700),
        (2, 100, 300),
    ]


def test_a_tariff_that_changes_within_the_month_makes_two_lines(known: World):
    tariff("soir", {"price": {"care": 200, "food": 0}}, SCHOOL_DAYS[2], name="Nouveau tarif")
    book(JAMES, "soir", FOUR)
    lines = invoice_of(known.jamie, prepared()).lines.order_by("position")
    assert [(line.amount_cents, line.detail["tariff"]) for line in lines] == [
        (240, "Tarif soir"),
        (400, "Nouveau tarif"),
    ]


def test_an_absence_that_began_the_month_before_has_waited_already(known: World):
    tariff("soir", {"price": {"care": 100, "food": 0}, "absences": {"waiting_days": 2}}, SEPTEMBER)
    october = [NOVEMBER - timedelta(days=3), NOVEMBER - timedelta(days=2)]
    for day in [*october, FOUR[0]]:
        book(JAMES, "soir", [day])
        mark(JAMES, "soir", day, "justified")
    book(ALINE, "soir", FOUR[:1])
    mark(ALINE, "soir", FOUR[0], "justified")  # hers begins here: billed
    run = issued()
    assert [(line.detail["person"], line.amount_cents) for line in invoice_of(known.jamie, run).lines.all()] == [
        ("Aline BOND", 100)
    ]
