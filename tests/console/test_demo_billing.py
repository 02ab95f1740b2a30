"""The demonstration's money: the documents' invoices, real runs of last month, payments that the bank really took."""

import json
from collections import Counter
from datetime import date, datetime
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from django.test.utils import override_settings

from portail.billing.models import Attempt, Invoice, InvoiceRun, Payment
from portail.billing.operations.paying import resolve_due
from portail.console.demo.billing import OLD
from portail.console.demo.online import bank_over
from portail.console.demo.world import build_world, pay_the_past
from portail.rules.invoicing import InvoiceStatus
from portail.towns.models import Town
from portail.towns.scope import in_town

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 21, 9, tzinfo=PARIS)
TO_PAY = {
    "2013-019-000345": ("2013-T5-00-19000345", "CANTINE ET GARDERIE JUIN-JUILLET 2013", 777, date(2013, 7, 31)),
    "2013-026-000335": ("2013-T5-00-26000335", "CANTINE ET GARDERIE SEPTEMBRE 2013", 424, date(2013, 10, 15)),
    "2018-010-000001": ("2018-T5-00-10000001", "CANTINE", 5687, date(2018, 11, 15)),
}


@pytest.fixture
def demo_town(transactional_db, tmp_path) -> Town:
    """Both towns, with what was paid online; « Ville de Démo »."""
    build_world(NOW)
    pay_the_past(NOW, tmp_path)
    return Town.objects.get(slug="demo")


def test_the_invoices_of_the_documents_are_there_and_their_payments_were_really_made(demo_town, tmp_path):
    with in_town(demo_town):
        for number, said in TO_PAY.items():
            one = Invoice.objects.get(number=number)
            assert (one.reference, one.label, one.left_cents, one.due_on) == said
        paid = {p.allocations.get().invoice.number: p for p in Payment.objects.filter(payer__last_name="BOND")}
        online, cheque = paid["2012-003-000314"], paid["2012-004-000313"]
        assert (online.means, online.cents, online.on) == (Payment.Means.CARD, 2100, date(2012, 4, 25))
        assert (cheque.means, cheque.cents, cheque.on) == (Payment.Means.CHEQUE, 1050, date(2012, 8, 16))
        regies = Invoice.objects.filter(payer__last_name="BOND").values_list("regie__name", flat=True)
        assert set(regies) >= {"REGIE PERISCOLAIRE", "REGIE EXTRASCOLAIRE"}
        _same_books_as_the_bank(tmp_path)


def _same_books_as_the_bank(var) -> None:
    """What the portal credited is what the bank took, to the cent; and asked again, it credits nothing more."""
    with bank_over(var) as bank, override_settings(PAYFIP_URL=bank.origin):
        with urlopen(f"{bank.origin}/sim/operations") as answer:  # noqa: S310  our own simulator
            operations = json.load(answer)["operations"]
        resolve_due(now=NOW)
    taken = Counter({one["idop"]: int(one["cents"]) for one in operations if one["result"] in {"P", "V"}})
    credited = Counter(dict(Attempt.objects.filter(payments__isnull=False).values_list("idop", "payments__cents")))
    assert taken == credited
    assert len(taken) >= 4
    assert {one["result"] for one in operations} >= {"P", "V", "R", "A"}


def test_last_month_was_billed_by_real_runs(demo_town):
    with in_town(demo_town):
        runs = InvoiceRun.objects.all()
        assert {run.regie.code for run in runs} == {"periscolaire", "extrascolaire", "transport"}
        assert {(run.month, run.state) for run in runs} == {(date(2026, 10, 1), InvoiceRun.State.PUBLISHED)}
        statuses = Counter(Invoice.objects.filter(run__isnull=False).values_list("status", flat=True))
        assert statuses[InvoiceStatus.ISSUED] > 40
        assert statuses[InvoiceStatus.CARRIED] >= 1
        kinds = set(Invoice.objects.values_list("kind", flat=True))
        assert kinds == {Invoice.Kind.INVOICE, Invoice.Kind.CREDIT_NOTE}
        assert Payment.objects.filter(reverses__isnull=False).count() == 1
        partly = [one for one in Invoice.objects.filter(paid_cents__gt=0) if one.left_cents]
        assert partly


def test_the_old_numbers_are_not_given_again():
    assert len({old.number for old in OLD}) == len(OLD)
