"""Credit notes, and the promise behind them: nothing else ever changes what an issued invoice says."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.billing.models import Invoice, InvoiceLine, LotCounter, Remittance
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.runs import abandon_run, issue_run, publish_run
from portail.billing.operations.setup import BillingError
from portail.billing.queries.cards import Clock
from portail.billing.queries.invoices import account_of
from portail.rules.invoicing import InvoiceStatus
from portail.towns.models import Audit
from tests.billing.build import (
    DECEMBER_3,
    DUE,
    PAGE,
    SCHOOL_DAYS,
    book,
    invoice_of,
    issued,
    lines_of,
    mark,
    prepared,
    published,
    quotient,
)
from tests.world import CLERK, JAMES, PARIS, World

# What is printed. What is left to pay is reckoned beside it.
SAID = (
    "number", "reference", "label", "issued_on", "due_on", "payer_name", "payer_address", "total_cents", "exercise",
    "kind", "payer_id", "regie_id",
)  # fmt: skip

CLOCK = Clock(DECEMBER_3, PARIS)


@pytest.fixture
def invoice(billing: World) -> Invoice:
    """Canteen 4 × 2,00 €, evenings 2 × 1,20 €, one more unbooked 2,40 €: 12,80 €."""
    quotient(billing.jamie, 700)
    book(JAMES, "cantine", SCHOOL_DAYS[:4])
    book(JAMES, "soir", SCHOOL_DAYS[:2])
    mark(JAMES, "soir", SCHOOL_DAYS[2], "present")
    return invoice_of(billing.jamie, published())


def credit(invoice: Invoice, lines: Mapping[int, int | None] | None = None, **more) -> Invoice:
    draft = CreditDraft(invoice.public_id, more.pop("reason", "Erreur de pointage"), lines, **more)
    note = credit_note(draft=draft, by=CLERK, now=DECEMBER_3)
    invoice.refresh_from_db()
    return note


def parts(rows) -> list[tuple[int, int, int]]:
    return [(line.care_cents, line.food_cents, line.extra_cents) for line in rows]


def test_a_whole_invoice_not_paid_is_cancelled(invoice: Invoice):
    note = credit(invoice)
    assert (note.kind, note.number, note.reference) == ("credit", "2026-002-000001", "2026-T5-00-2000001")
    assert (note.total_cents, note.left_cents, note.corrects) == (1280, 0, invoice)
    assert (note.issued_on, note.published_at, note.payer_name) == (DECEMBER_3.date(), DECEMBER_3, "Jamie BOND")
    assert parts(lines_of(note)) == parts(lines_of(invoice)) == [(480, 320, 0), (200, 40, 0), (100, 20, 120)]
    assert (invoice.status, invoice.credited_cents, invoice.left_cents) == ("cancelled", 1280, 0)
    with pytest.raises(BillingError, match="aucun avoir"):
        credit(invoice)


def test_a_family_sees_a_credit_note_no_sooner_than_its_invoice(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:2])
    run = issued()
    hidden = credit(invoice_of(billing.jamie, run), {1: 100})
    assert hidden.published_at is None
    assert account_of(billing.jamie.pk, CLOCK).invoices == ()
    publish_run(run=run.public_id, page_url=PAGE, by=CLERK, now=DECEMBER_3)
    assert {card.number for card in account_of(billing.jamie.pk, CLOCK).invoices} == {
        "2026-001-000001",
        "2026-002-000001",
    }
    assert credit(invoice_of(billing.jamie, run), {1: 10}).published_at == DECEMBER_3


def test_lines_are_credited_in_part_their_parts_in_proportion(invoice: Invoice):
    note = credit(invoice, {1: 200, 3: None}, reason="Repas non servi")
    assert [(line.position, line.amount_cents) for line in lines_of(note)] == [(1, 200), (3, 240)]
    assert parts(lines_of(note)) == [(120, 80, 0), (100, 20, 120)]
    assert (invoice.status, invoice.credited_cents, invoice.left_cents) == ("issued", 440, 840)
    assert lines_of(note)[0].detail["reason"] == "Repas non servi"
    assert Audit.objects.get(verb="credit_note").after["reason"] == "Repas non servi"


def test_credit_notes_share_one_lot_and_runs_take_the_next(invoice: Invoice, billing: World):
    numbers = [credit(invoice, {1: 100}).number for _ in range(3)]
    assert numbers == [f"2026-002-{number:06}" for number in (1, 2, 3)]
    assert (LotCounter.objects.get().last, LotCounter.objects.get().credits) == (2, 3)
    book(JAMES, "soir", SCHOOL_DAYS[5:6])
    assert issued(rank=2, label="Complément").lot == 3


def test_what_was_paid_already_is_left_for_the_next_invoice(invoice: Invoice):
    Invoice.objects.filter(pk=invoice.pk).update(paid_cents=1000)
    note = credit(invoice)
    assert (note.total_cents, note.paid_cents, note.left_cents) == (1280, 280, 1000)
    assert (invoice.status, invoice.left_cents, invoice.credited_cents) == ("issued", 0, 280)


def test_a_line_is_never_credited_beyond_what_it_said(invoice: Invoice):
    credit(invoice, {1: 700})
    for too_much in ({1: 101}, {1: 0}, {1: -5}, {9: 1}):
        with pytest.raises(BillingError, match="ne peut plus être réduite"):
            credit(invoice, too_much)
    for nothing in ({}, {9: None}):
        with pytest.raises(BillingError, match="Il ne reste rien"):
            credit(invoice, nothing)
    assert credit(invoice).total_cents == 580


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": InvoiceStatus.TRANSFERRED.value}, "aucun avoir"),
        ({"status": InvoiceStatus.CANCELLED.value}, "aucun avoir"),
        ({"kind": Invoice.Kind.CREDIT_NOTE}, "n'existe pas"),
    ],
)
def test_only_an_invoice_of_the_regie_is_corrected(invoice: Invoice, change, words):
    Invoice.objects.filter(pk=invoice.pk).update(**change)
    with pytest.raises(BillingError, match=words):
        credit(invoice)
    assert Invoice.objects.count() == 1


def test_neither_a_draft_nor_an_unknown_one_is_corrected(billing: World):
    book(JAMES, "soir", SCHOOL_DAYS[:2])
    draft = invoice_of(billing.jamie, prepared())
    with pytest.raises(BillingError, match="aucun avoir"):
        credit(draft)
    with pytest.raises(BillingError, match="n'existe pas"):
        credit_note(draft=CreditDraft(uuid4(), "Erreur"), by=CLERK, now=DECEMBER_3)


def test_a_debit_under_way_is_waited_for(invoice: Invoice):
    remittance = Remittance.objects.create(
        regie=invoice.regie, collected_on=DUE, file_name="x", content=b"", cents=1280, built_at=DECEMBER_3
    )
    Invoice.objects.filter(pk=invoice.pk).update(remittance=remittance)
    with pytest.raises(BillingError, match="remise de prélèvements"):
        credit(invoice)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 151])
def test_a_reason_is_given(invoice: Invoice, reason: str):
    with pytest.raises(BillingError, match="pourquoi"):
        credit(invoice, reason=reason)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 900)), max_size=8))
def test_many_credit_notes_give_back_each_part_and_no_more(invoice: Invoice, cuts):
    Invoice.objects.filter(corrects=invoice).delete()
    Invoice.objects.filter(pk=invoice.pk).update(credited_cents=0, status="issued")
    for position, cents in cuts:
        try:
            credit(invoice, {position: cents})
        except BillingError:
            continue
    if invoice.status == "issued":
        credit(invoice)
    given_back = InvoiceLine.objects.filter(invoice__corrects=invoice)
    for line in lines_of(invoice):
        rows = given_back.filter(detail__corrects_line=line.position)
        sums = [sum(rows.values_list(f"{part}_cents", flat=True)) for part in ("care", "food", "extra")]
        assert sums == [line.care_cents, line.food_cents, line.extra_cents]
    assert (invoice.status, invoice.left_cents) == ("cancelled", 0)


# --- What is issued stays -------------------------------------------------------------------------------------------


def test_no_operation_changes_what_an_issued_invoice_says(invoice: Invoice, billing: World):
    run = invoice.run
    assert run is not None

    def said() -> list:
        rows = list(Invoice.objects.filter(pk=invoice.pk).values(*SAID))
        return [*rows, *InvoiceLine.objects.filter(invoice=invoice).order_by("position").values()]

    before = said()
    billing.jamie.last_name = "AUTRE"
    billing.jamie.save(update_fields=["last_name"])
    quotient(billing.jamie, 100, SCHOOL_DAYS[0])
    mark(JAMES, "soir", SCHOOL_DAYS[2], "absent")
    book(JAMES, "cantine", SCHOOL_DAYS[4:6])
    credit(invoice, {1: 100})
    for act in (
        lambda: prepared(),
        lambda: abandon_run(run=run.public_id, by=CLERK, now=DECEMBER_3),
    ):
        with pytest.raises(BillingError):
            act()
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    publish_run(run=run.public_id, page_url=PAGE, by=CLERK, now=DECEMBER_3)
    published(rank=2, label="Complément")
    credit(invoice)
    assert said() == before
    assert invoice_of(billing.jamie, run).payer_name == "Jamie BOND"
