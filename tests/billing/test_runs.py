"""A run, from a month of bookings to invoices online: what is billed, to whom, under which numbers."""

from datetime import date

import pytest

from portail.billing.models import Invoice, InvoiceEmail, InvoiceLine, InvoiceRun, LotCounter
from portail.billing.operations.runs import abandon_run, issue_run, publish_run
from portail.billing.operations.setup import BillingError
from portail.billing.queries.runs import latest_runs, run_summary, runs_of_month
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.billing.build import (
    DECEMBER_3,
    NOVEMBER,
    PAGE,
    SCHOOL_DAYS,
    amounts,
    billed,
    book,
    invoice_of,
    issued,
    lines_of,
    prepared,
    published,
    quotient,
    regie,
    tariff,
)
from tests.world import ALINE, ANGELINE, CLERK, JAMES, NOW, WEDNESDAY, World

FOUR = SCHOOL_DAYS[:4]


def test_days_make_lines_and_lines_an_invoice(billing: World):
    quotient(billing.jamie, 700)
    book(JAMES, "cantine", FOUR)
    book(ALINE, "cantine", FOUR[:2])
    book(ALINE, "soir", FOUR[:1])
    book(ALINE, "midi", FOUR[2:])  # billed by nobody: free
    run = prepared()
    invoice = invoice_of(billing.jamie, run)
    lines = [(line.detail["person"], line.label, line.quantity, line.unit_cents) for line in lines_of(invoice)]
    assert lines == [
        ("Aline BOND", "Cantine", 2, 200),
        ("Aline BOND", "Accueil soir", 1, 120),
        ("James BOND", "Cantine", 4, 200),
    ]
    assert [line.amount_cents for line in lines_of(invoice)] == [400, 120, 800]
    assert (invoice.total_cents, invoice.status, invoice.number) == (1320, "draft", None)
    assert (run.state, run.prepared_at, run.exercise) == ("prepared", DECEMBER_3, 2026)
    assert amounts(run) == {"BOND": 1320}


def test_a_line_keeps_what_explains_it(billing: World):
    quotient(billing.jamie, 700)
    book(JAMES, "cantine", FOUR[:2])
    line = InvoiceLine.objects.get(invoice=invoice_of(billing.jamie, prepared()))
    assert (line.care_cents, line.food_cents, line.extra_cents) == (240, 160, 0)
    assert line.detail["days"] == [
        {"day": day.isoformat(), "quantity": 1, "why": ["assumed_present"]} for day in FOUR[:2]
    ]
    kept = {name: line.detail[name] for name in ("tariff", "quotient", "bracket", "person", "activity", "share")}
    assert kept == {
        "tariff": "Tarif cantine",
        "quotient": 700,
        "bracket": 2,
        "person": "James BOND",
        "activity": "Cantine",
        "share": "1",
    }


def test_each_regie_bills_its_own_activities(billing: World):
    book(JAMES, "cantine", FOUR)
    book(JAMES, "mercredi", [WEDNESDAY])
    assert amounts(prepared()) == {"BOND": 1400}
    assert amounts(prepared("loisirs")) == {"BOND": 2000}


def test_numbers_follow_the_payers_names(billing: World):
    book(JAMES, "cantine", FOUR)
    book(ANGELINE, "cantine", FOUR)
    run = issued()
    rows = Invoice.objects.order_by("number").values_list("payer__last_name", "number", "reference", "status")
    assert list(rows) == [
        ("BOND", "2026-001-000001", "2026-T5-00-1000001", "issued"),
        ("MARSONE", "2026-001-000002", "2026-T5-00-1000002", "issued"),
    ]
    assert (run.state, run.lot, run.numbered) == ("issued", 1, 2)
    assert LotCounter.objects.get().last == 1
    assert set(Invoice.objects.values_list("issued_on", flat=True)) == {date(2026, 12, 3)}


def test_a_second_regie_takes_the_next_lot_and_its_own_first_number(billing: World):
    book(JAMES, "cantine", FOUR)
    book(JAMES, "mercredi", [WEDNESDAY])
    issued()
    run = prepared("loisirs")
    run = issue_run(run=run.public_id, first_sequence=335, by=CLERK, now=DECEMBER_3)
    assert invoice_of(billing.jamie, run).number == "2026-002-000335"
    assert invoice_of(billing.jamie, run).reference == "2026-T6-00-2000335"


def test_issued_again_it_stays_what_it_is(billing: World):
    book(JAMES, "cantine", FOUR)
    run = issued()
    before = list(Invoice.objects.values())
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    assert list(Invoice.objects.values()) == before
    with pytest.raises(BillingError, match="déjà numérotée"):
        prepared()
    with pytest.raises(BillingError, match="déjà numérotée"):
        abandon_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    assert list(Invoice.objects.values()) == before


def test_prepared_again_the_drafts_are_replaced(billing: World):
    book(JAMES, "cantine", FOUR)
    first = prepared()
    book(JAMES, "soir", FOUR)
    second = prepared(label="Novembre")
    assert first.pk == second.pk
    assert (amounts(second), invoice_of(billing.jamie, second).label) == ({"BOND": 1400 + 480}, "Novembre")
    assert InvoiceLine.objects.count() == 2


def test_a_payer_with_nothing_gets_no_invoice(billing: World):
    book(JAMES, "cantine", FOUR)
    assert set(amounts(prepared())) == {"BOND"}


def test_an_abandoned_run_leaves_nothing(billing: World):
    book(JAMES, "cantine", FOUR)
    abandon_run(run=prepared().public_id, by=CLERK, now=DECEMBER_3)
    assert not any(model.objects.exists() for model in (Invoice, InvoiceLine, InvoiceRun, LotCounter))


def test_the_deadline_is_the_one_said_or_the_regies(billing: World):
    book(JAMES, "cantine", FOUR)
    assert issued(payable_until=date(2026, 12, 24)).payable_until == date(2026, 12, 24)
    regie("loisirs", recette="T6", payable_day=20)
    book(JAMES, "mercredi", [WEDNESDAY])
    run = issued("loisirs")
    assert (run.payable_until, invoice_of(billing.jamie, run).payable_until) == (date(2027, 1, 20),) * 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"month": date(2026, 11, 2)}, "premier jour"),
        ({"rank": 100}, "Le rang va de 1"),
        ({"rank": 2}, "rang inférieur"),
        ({"label": " "}, "libellé"),
        ({"label": "x" * 91}, "libellé"),
        ({"due_on": date(2026, 10, 31)}, "échéance"),
        ({"payable_until": date(2026, 10, 31)}, "paiement en ligne"),
        ({"exercise": 26}, "exercice"),
        ({"where": "autre"}, "n'existe pas"),
    ],
)
def test_what_cannot_be_prepared_is_said_in_a_sentence(billing: World, more, words):
    with pytest.raises(BillingError, match=words):
        prepared(**more)
    assert not InvoiceRun.objects.exists()


def test_a_closed_regie_bills_nothing_more(billing: World):
    regie(active=False)
    with pytest.raises(BillingError, match="plus active"):
        prepared()


def test_a_run_that_is_not_ready_is_neither_issued_nor_published(billing: World):
    run = prepared()
    with pytest.raises(BillingError, match="Émettez"):
        publish_run(run=run.public_id, page_url=PAGE, by=CLERK, now=DECEMBER_3)
    InvoiceRun.objects.update(state=InvoiceRun.State.PREPARING)
    with pytest.raises(BillingError, match="préparée"):
        issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    with pytest.raises(BillingError, match="n'existe pas"):
        issue_run(run=billing.jamie.public_id, by=CLERK, now=DECEMBER_3)
    InvoiceRun.objects.update(state=InvoiceRun.State.PREPARED)
    with pytest.raises(BillingError, match="premier numéro"):
        issue_run(run=run.public_id, first_sequence=0, by=CLERK, now=DECEMBER_3)


# --- Online ---------------------------------------------------------------------------------------------------------


def test_published_it_is_seen_and_told_once_to_confirmed_addresses(billing: World):
    # The town hall's address is the one it has now, not the one it had when Jamie ticked the box.
    Payer.objects.filter(pk=billing.jamie.pk).update(email="jamie@example.org")
    for place, address, confirmed in (
        (0, "former@example.org", NOW),
        (1, "tante@example.org", NOW),
        (2, "x@y.fr", None),
    ):
        InvoiceEmail.objects.create(
            payer=billing.jamie, place=place, address=address, asked_at=NOW, confirmed_at=confirmed
        )
    book(JAMES, "cantine", FOUR)
    run = published(payable_until=date(2026, 12, 24))
    invoice = invoice_of(billing.jamie, run)
    assert invoice.published_at == DECEMBER_3
    mails = list(OutboxMail.objects.order_by("to"))
    assert [mail.key for mail in mails] == [
        f"invoice/{invoice.public_id}/{address}" for address in ("jamie@example.org", "tante@example.org")
    ]
    text = mails[0].text
    for word in ("Ville de Démo", "2026-001-000001", "14,00", "31/12/2026", "jusqu'au 24/12/2026 inclus", PAGE):
        assert word in text
    assert "James" not in text
    assert publish_run(run=run.public_id, page_url=PAGE, by=CLERK, now=DECEMBER_3) == 0
    assert OutboxMail.objects.count() == 2
    run.refresh_from_db()
    assert (run.state, run.published_at) == ("published", DECEMBER_3)


def test_an_address_that_cannot_be_written_to_stops_nobody(billing: World):
    long = "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".fr"
    for place, address in enumerate(("sans-arobase", long), start=1):
        InvoiceEmail.objects.create(payer=billing.jamie, place=place, address=address, asked_at=NOW, confirmed_at=NOW)
    book(JAMES, "cantine", FOUR)
    published()
    assert list(OutboxMail.objects.values_list("to", flat=True)) == [long]


# --- What the town hall sees ----------------------------------------------------------------------------------------


def test_the_runs_of_a_month_with_their_totals(billing: World, django_assert_num_queries):
    book(JAMES, "cantine", FOUR)
    book(ANGELINE, "cantine", FOUR[:2])
    book(ALINE, "mercredi", [WEDNESDAY])
    run, other = issued(), prepared("loisirs")
    with django_assert_num_queries(3):
        rows = runs_of_month(WEDNESDAY)
    found = [(row.regie, row.state, row.invoices, row.cents, row.lot) for row in rows]
    assert found == [("Régie loisirs", "prepared", 1, 2000, None), ("Régie peri", "issued", 2, 2100, 1)]
    assert rows == sorted(latest_runs(), key=lambda row: row.regie)
    assert run_summary(run.public_id) == rows[1]
    assert run_summary(billing.jamie.public_id) is None
    assert runs_of_month(date(2026, 12, 1)) == []
    assert (rows[0].public_id, rows[0].blocking) == (other.public_id, False)


def test_every_act_leaves_its_line_of_audit(billing: World):
    book(JAMES, "cantine", FOUR)
    published()
    verbs = set(Audit.objects.values_list("verb", flat=True))
    assert {"prepare_run", "run_prepared", "issue_run", "run_issued", "publish_run"} <= verbs


def test_two_towns_are_never_mixed(billing: World):
    book(JAMES, "cantine", FOUR)
    with in_town(billing.buchelay):
        regie()
        billed("cantine")
        tariff("cantine", {"price": {"care": 0, "food": 500}})
        book(JAMES, "cantine", FOUR[:1])  # Zoé LEROY: her code is 007 too
        other = issued()
        assert amounts(other) == {"LEROY": 500}
        assert invoice_of(billing.lea, other).number == "2026-001-000001"
    run = issued()
    assert amounts(run) == {"BOND": 1400}
    assert invoice_of(billing.jamie, run).number == "2026-001-000001"
    assert run.month == NOVEMBER
