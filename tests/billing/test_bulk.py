"""`insert_like`: many rows in one statement, which must say what the ORM would have said."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from portail.billing.models import Anomaly, Invoice, InvoiceLine, Regie
from portail.billing.operations.runs.bulk import insert_like, insert_lines, set_numbers
from portail.billing.operations.runs.drafts import DraftLine, to_text
from portail.billing.operations.runs.repeats import Content
from portail.towns.scope import NoTownError, in_town
from tests.billing.build import DECEMBER_3
from tests.world import World

NAMES = ("payer_id", "public_id", "status", "payer_name", "payer_address", "total_cents")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
AWKWARD = ["", "l'été", 'dit « "Léo" »', "a\\b\n\tc", "%s %(rows)s", "null", "[1,2]", "Ωμέγα 漢字 🦊", "1e5", "007"]


def alike(**columns: Any) -> Invoice:
    """What the invoices of a run share."""
    regie = Regie.objects.get(code="peri")
    return Invoice(regie=regie, exercise=2026, label="Factures", due_on=date(2027, 1, 15), **columns)


def row(payer: int | None, name: str = "BOND Jamie", cents: int = 420) -> tuple[Any, ...]:
    return payer, uuid4().hex, "draft", name, "", cents


def written(sample: Invoice, rows: list[tuple[Any, ...]]) -> list[Invoice]:
    keys = [key for key, _ in insert_like(sample, NAMES, rows)]
    return list(Invoice.objects.filter(pk__in=keys).order_by("pk"))


def test_a_row_is_what_the_orm_would_have_written(billing: World):
    """Every column, those that are left to their defaults too, and dates as dates."""
    (quick,) = written(alike(payable_until=date(2027, 1, 31)), [row(billing.jamie.pk)])
    slow = alike(
        payable_until=date(2027, 1, 31), payer=billing.jamie, payer_name="BOND Jamie", total_cents=420, status="draft"
    )
    slow.save()
    slow.refresh_from_db()
    assert model_to_dict(quick, exclude=["id"]) == model_to_dict(slow, exclude=["id"])
    assert (quick.payable_until, quick.town_id) == (date(2027, 1, 31), billing.demo.pk)
    assert Invoice.objects.filter(due_on__lt=date(2027, 1, 16), payable_until__gte=date(2027, 1, 31)).count() == 2


def test_each_key_comes_with_the_first_column_of_its_row(billing: World):
    payers = [billing.denise.pk, billing.jamie.pk]
    found = insert_like(alike(), NAMES, [row(payer, cents=payer) for payer in payers])
    rows = Invoice.objects.values_list("pk", "payer_id", "total_cents")
    assert sorted(rows) == sorted((key, payer, payer) for key, payer in found)
    assert sorted(payer for _, payer in found) == sorted(payers)


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_one_statement_whatever_the_number(billing: World, rows: int):
    found = [(uuid4().hex, billing.jamie.pk, "no_email", "{}") for _ in range(rows)]
    with CaptureQueriesContext(connection) as asked:
        insert_like(Anomaly(at=DECEMBER_3), ("public_id", "payer_id", "kind", "data"), found)
    assert len(asked) == min(rows, 1)
    assert Anomaly.objects.count() == rows


@pytest.mark.parametrize("text", AWKWARD, ids=repr)
def test_any_text_comes_back_as_it_was(billing: World, text: str):
    (found,) = written(alike(), [row(billing.jamie.pk, name=text)])
    assert found.payer_name == text
    kinds = Invoice.objects.values_list("payer_name", flat=True)
    assert [type(kind) for kind in kinds] == [str]  # SQLite would make a number of « 007 » in another column


@given(name=TEXTS, own=TEXTS, quantity=st.integers(0, 2**31 - 1), cents=st.integers(-(2**31), 2**31 - 1))
def test_a_line_comes_back_as_it_was(billing: World, name: str, own: str, quantity: int, cents: int):
    detail = {"activity": name, "days": [{"day": "2026-11-02", "why": ["present"]}], "share": "1"}
    content = Content(name, quantity, -7, cents, cents, 0, 0, to_text(detail))
    with transaction.atomic():
        (invoice,) = written(alike(), [row(billing.jamie.pk)])
        line = DraftLine(content, f'{{"person":{to_text(own)},"quotient":null', None, None)
        insert_lines([(invoice.pk, 1, line), (invoice.pk, 2, DraftLine(content))])
        first, second = InvoiceLine.objects.filter(invoice=invoice).order_by("position")
        transaction.set_rollback(True)
    assert first.detail == {"person": own, "quotient": None, **detail}
    assert second.detail == detail
    assert (first.label, first.quantity, first.unit_cents, first.amount_cents) == (name, quantity, -7, cents)
    assert (first.person_id, first.activity_id, first.position, second.position) == (None, None, 1, 2)


@pytest.mark.parametrize(
    "rows",
    [
        lambda payer: [row(payer, cents=-1)],  # settled beyond its total
        lambda payer: [(payer, uuid4().hex, "issued", "BOND", "", 1)],  # issued without a number
        lambda payer: [(payer, "0" * 32, "draft", "BOND", "", 1)] * 2,  # the same public key twice
        lambda payer: [row(payer), row(None)],  # a payer is needed
    ],
    ids=["a check", "another check", "a unique column", "a missing value"],
)
def test_the_constraints_of_the_table_hold_and_nothing_is_written(billing: World, rows: Any):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_like(alike(), NAMES, rows(billing.jamie.pk))
    assert Invoice.objects.count() == 0
    insert_like(alike(), NAMES, [row(billing.jamie.pk)])  # the control: what is right is written
    assert Invoice.objects.count() == 1


def test_nothing_is_written_for_another_town(billing: World):
    sample = alike()
    insert_like(sample, NAMES, [row(billing.jamie.pk)])
    with in_town(billing.buchelay), pytest.raises(NoTownError):
        insert_like(sample, NAMES, [row(billing.jamie.pk)])
    with in_town(billing.buchelay):
        assert Invoice.objects.count() == 0
    assert Invoice.objects.count() == 1


def test_numbers_go_to_the_invoices_given_and_to_no_other(billing: World):
    invoices = written(alike(), [row(billing.jamie.pk), row(billing.denise.pk), row(billing.jamie.pk)])
    for place, invoice in enumerate(invoices[:2], start=1):
        invoice.number, invoice.reference, invoice.total_cents = f"2026-001-{place:06}", f"R{place}", place * 100
    with CaptureQueriesContext(connection) as asked:
        set_numbers(invoices[:2])
        set_numbers([])
    assert len(asked) == 1
    found = Invoice.objects.order_by("pk").values_list("number", "reference", "total_cents")
    assert list(found) == [("2026-001-000001", "R1", 100), ("2026-001-000002", "R2", 200), (None, "", 420)]
