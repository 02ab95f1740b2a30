"""What a second hostile reading of the payments found."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portail.billing.models import Anomaly, Circuit, Invoice, Payment
from portail.billing.operations import paying
from portail.billing.operations.paying import ProviderDownError
from portail.billing.operations.statements import StatementDraft, import_statement, save_layout
from portail.billing.providers import Trouble
from portail.towns.actors import parent
from tests.billing.debits import LATER, OLD, built, mandated, place, settled
from tests.billing.payfip import EMAIL, MINUTE, invoice, receipts
from tests.billing.treasury import counter
from tests.billing.treasury import invoice as due
from tests.world import CLERK, NOW, World

URLS = paying.Urls("https://demo.example/n/", "https://demo.example/r/")

# --- What keeps an operation from opening -----------------------------------------------------------------------------


@pytest.mark.parametrize(("reference", "trouble"), [("T5-1", Trouble.REFUSED), (None, Trouble.DOWN)])
def test_who_is_at_fault_is_told_to_the_page(demo: World, reference: str | None, trouble: Trouble):
    """A reference that PayFiP would refuse, without being asked; three silences, after which it is not asked."""
    debt = invoice(demo.jamie)
    if reference is not None:
        Invoice.objects.filter(pk=debt.pk).update(reference=reference)
    else:
        Circuit.objects.create(provider=debt.regie.provider, failures=3, open_until=NOW + MINUTE)
    with pytest.raises(ProviderDownError) as down:
        paying.start(invoice=debt.public_id, email=EMAIL, urls=URLS, by=parent(debt.payer_id), now=NOW)
    assert down.value.trouble is trouble


# --- Direct debits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "rest"), [(0, 0), (300, 300), (777, 777)])
def test_a_debit_greater_than_what_is_left_is_told_once(demo: World, before: int, rest: int):
    place()
    mandated(demo.jamie)
    debt = due(demo.jamie, **OLD)
    file = built().remittance
    Invoice.objects.filter(pk=debt.pk).update(paid_cents=before)  # elsewhere, while the file is at the bank
    assert settled(file) == 1
    assert receipts() == [777]
    payment = Payment.objects.get()
    told = [(one.kind, one.invoice_id, one.payer_id, one.data, one.at) for one in Anomaly.objects.all()]
    data = {"cents": rest, "receipt": payment.number}
    assert told == ([("overpaid", debt.pk, demo.jamie.pk, data, LATER)] if rest else [])


# --- Statements -------------------------------------------------------------------------------------------------------


def test_payments_are_pointed_in_the_order_in_which_everybody_locks_them(demo: World):
    """Two payments of one payer, the later one recorded first: an order of dates would meet another's order of keys."""
    columns = {"separator": ";", "date": "Jour", "date_format": "AAAA-MM-JJ", "reference": "Ref", "amount": "Centimes",
               "unit": "cents", "means_constant": "cash"}  # fmt: skip
    save_layout(name="caisse", columns=columns, by=CLERK, now=NOW)
    debts = [invoice(demo.jamie), invoice(demo.jamie)]
    days = (date(2026, 11, 14), date(2026, 11, 10))
    first, second = (counter(debt, 777, on=day) for debt, day in zip(debts, days, strict=True))
    rows = [f"{day};{debt.reference.replace('-', '')};777" for debt, day in zip(debts, days, strict=True)]
    content = "\n".join(["Jour;Ref;Centimes", *rows, ""]).encode()
    with CaptureQueriesContext(connection) as queries:
        done = import_statement(draft=StatementDraft("peri", "caisse", "caisse.csv", content), by=CLERK, now=NOW)
    assert done.settled.paired == 2
    updates = [query["sql"] for query in queries if re.match(r'UPDATE "billing_payment"', query["sql"])]
    keys = [int(found[1]) for sql in updates if (found := re.search(r'"billing_payment"\."id" = (\d+)', sql))]
    assert keys == [first.pk, second.pk]
