"""Invoices of the former software, taken over as they were issued."""

from datetime import date

import pytest

from portail.billing.models import Invoice, LotCounter
from portail.billing.operations.reprise import TakenInvoice, TakenLine, take_over_invoice
from portail.billing.operations.setup import BillingError
from portail.towns.models import Audit
from tests.billing.build import DECEMBER_3, SCHOOL_DAYS, book, issued, lines_of, regie
from tests.world import CLERK, JAMES, NOW, World

LINES = [
    TakenLine("Cantine", 600, JAMES, "cantine", quantity=2, unit_cents=300, food_cents=400),
    TakenLine("Frais", 177, extra_cents=100),
]


def draft(world: World, **more) -> TakenInvoice:
    """The invoice 2013-019-000345 of 7,77 € of the documents."""
    columns = {
        "regie": "peri",
        "payer": world.jamie,
        "number": "2013-019-000345",
        "reference": "2013-T5-00-19000345",
        "exercise": 2013,
        "lot": 19,
        "label": "Factures d'octobre 2013",
        "issued_on": date(2013, 11, 4),
        "due_on": date(2013, 11, 30),
        "lines": LINES,
    }
    return TakenInvoice(**{**columns, **more})


def take(world: World, **more) -> Invoice:
    return take_over_invoice(draft=draft(world, **more), by=CLERK, now=NOW)


def test_it_is_kept_as_it_was_issued(billing: World):
    invoice = take(billing)
    assert (invoice.number, invoice.reference, invoice.status) == ("2013-019-000345", "2013-T5-00-19000345", "issued")
    assert (invoice.total_cents, invoice.left_cents, invoice.published_at) == (777, 777, NOW)
    assert (invoice.payer_name, invoice.run, invoice.exercise) == ("Jamie BOND", None, 2013)
    first, second = lines_of(invoice)
    assert (first.quantity, first.unit_cents, first.care_cents, first.food_cents) == (2, 300, 200, 400)
    assert first.detail == {"person": "James BOND", "activity": "Cantine"}
    assert (second.person, second.unit_cents, second.care_cents, second.extra_cents) == (None, 177, 77, 100)
    assert Audit.objects.get(verb="take_over_invoice").after == {"regie": "peri", "cents": 777}


def test_it_may_wait_before_families_see_it(billing: World):
    assert take(billing, published=False).published_at is None


def test_no_run_takes_its_lot_again(billing: World):
    take(billing, exercise=2026, lot=26, number="2026-026-000335", reference="2026-T5-00-26000335")
    take(billing, exercise=2026, lot=10, number="2026-010-000001", reference="2026-T5-00-10000001")
    take(billing, exercise=2026, lot=0, number="ANCIENNE-1", reference="ANCIENNE1")
    assert LotCounter.objects.get().last == 26
    book(JAMES, "cantine", SCHOOL_DAYS[:4])
    assert issued().lot == 27


@pytest.mark.parametrize("more", [{"reference": "2013-T5-00-99"}, {"number": "2013-019-000346"}])
def test_a_number_and_a_reference_are_there_once(billing: World, more):
    take(billing)
    with pytest.raises(BillingError, match="existe déjà"):
        take(billing, **more)
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"regie": "autre"}, "régie « autre »"),
        ({"lines": []}, "aucune ligne"),
        ({"lines": [TakenLine("Avoir", -5)]}, "total"),
        ({"lines": [TakenLine("Cantine", 500, food_cents=600)]}, "parts"),
        ({"lines": [TakenLine("Cantine", 500, food_cents=-1)]}, "parts"),
        ({"lines": [TakenLine("Cantine", 500, quantity=-1)]}, "parts"),
        ({"lines": [TakenLine("Cantine", 500, person="999")]}, "code 999"),
        ({"lines": [TakenLine("Cantine", 500, activity="xx")]}, "activité « xx »"),
        ({"number": "x" * 31}, "30 caractères"),
        ({"number": "2013 é"}, "30 caractères"),
        ({"number": ""}, "30 caractères"),
        ({"reference": "x" * 41}, "40 caractères"),
        ({"exercise": 13}, "année"),
        ({"lot": 1000}, "lot"),
        ({"label": ""}, "libellé"),
        ({"due_on": date(2013, 11, 3)}, "échéance"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(billing: World, more, words):
    with pytest.raises(BillingError, match=words):
        take(billing, **more)
    assert not Invoice.objects.exists()


def test_a_reference_that_payfip_would_refuse_is_refused_where_it_matters(billing: World):
    assert take(billing, reference="12/34").reference == "12/34"
    regie(provider="payfip_ws", numcli="000123")
    with pytest.raises(BillingError, match="PayFiP"):
        take(billing, number="2013-019-000346", reference="12/35")


def test_a_line_that_takes_back_is_kept(billing: World):
    invoice = take(billing, lines=[*LINES, TakenLine("Avoir", -100)])
    assert (invoice.total_cents, lines_of(invoice)[2].care_cents) == (677, -100)
    assert DECEMBER_3 > NOW
