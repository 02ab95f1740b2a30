"""The edges of direct debits, deposits and reminders: the very day, the very cent, the other régie."""

from datetime import date, datetime, timedelta

import pytest

from portail.billing.models import Anomaly, Invoice, Mandate, Payment, Remittance
from portail.billing.operations.deposits import deposit
from portail.billing.operations.reminders import ReminderDraft, _sorted_out, remind
from portail.billing.operations.sepa import settle_remittance, settling
from portail.billing.operations.sepa.remittances import content_of
from portail.billing.operations.setup import BillingError
from portail.billing.queries.reminders import letters_of
from tests.billing.debits import COLLECTED, OLD, built, mandated, place, settled, texts
from tests.billing.payfip import left
from tests.billing.test_reminders import OVERDUE
from tests.billing.treasury import counter, invoice, regie
from tests.world import CLERK, NOW, PARIS, World

ON_THE_DAY = datetime(2026, 12, 1, 0, 1, tzinfo=PARIS)


# --- Direct debits --------------------------------------------------------------------------------------------------


def test_a_file_is_settled_from_the_day_of_the_debit_on(demo: World):
    place()
    mandated(demo.jamie)
    invoice(demo.jamie, **OLD)
    file = built().remittance
    with pytest.raises(BillingError, match="prélevée que le"):
        settle_remittance(remittance=file.public_id, by=CLERK, now=ON_THE_DAY - timedelta(minutes=2))
    assert settle_remittance(remittance=file.public_id, by=CLERK, now=ON_THE_DAY) == 1
    assert not Anomaly.objects.exists()


def test_an_invoice_that_left_the_file_meanwhile_is_not_debited(demo: World):
    place()
    mandated(demo.jamie)
    debt, gone = invoice(demo.jamie, **OLD), invoice(demo.jamie, **OLD)
    file = built().remittance
    Invoice.objects.filter(pk=gone.pk).update(remittance=None)
    found = settling._read(content_of(file))
    assert settling._settle(file, found, [debt.pk, gone.pk], NOW) == 1
    assert (left(debt), left(gone)) == (0, 777)


@pytest.mark.parametrize("columns", [{"paid_cents": 700}, {"status": "transferred"}])
def test_what_a_debit_brings_too_much_is_to_be_looked_at(demo: World, columns):
    place()
    mandated(demo.jamie)
    debt = invoice(demo.jamie, **OLD)
    file = built().remittance
    Invoice.objects.filter(pk=debt.pk).update(**columns)
    settled(file)
    doubt = Anomaly.objects.get()
    used = 77 if "paid_cents" in columns else 0
    assert (doubt.kind, doubt.invoice, doubt.data["cents"]) == ("overpaid", debt, 777 - used)
    assert sum(Payment.objects.values_list("allocations__cents", flat=True).exclude(allocations=None)) == used


@pytest.mark.parametrize(
    ("columns", "used"),
    [
        ({}, COLLECTED),
        ({"last_used_on": date(2026, 12, 15)}, date(2026, 12, 15)),  # a later file was settled before this one
        ({"revoked_on": date(2026, 11, 30)}, None),
        ({"signed_on": date(2026, 12, 2)}, None),  # signed since: another mandate than the one that served
    ],
)
def test_the_mandate_that_served_says_so(demo: World, columns, used):
    place()
    mandate = mandated(demo.jamie)
    invoice(demo.jamie, **OLD)
    file = built().remittance
    Mandate.objects.filter(pk=mandate.pk).update(**columns)
    settled(file)
    mandate.refresh_from_db()
    assert mandate.last_used_on == used


@pytest.mark.parametrize(("notice", "debits"), [(15, 1), (16, 0)])
def test_the_notice_is_counted_in_whole_days(demo: World, notice, debits):
    """Published on 16 November, debited on 1 December: fifteen days."""
    place(notice_days=notice)
    mandated(demo.jamie)
    invoice(demo.jamie, published_at=NOW)
    if debits:
        assert built().debits == debits
    else:
        with pytest.raises(BillingError, match=f"{notice} jours avant"):
            built()


def test_what_is_due_on_the_very_day_is_debited_and_what_is_paid_is_not(demo: World):
    place()
    mandated(demo.jamie)
    due = invoice(demo.jamie, due_on=COLLECTED, **OLD)
    counter(invoice(demo.jamie, **OLD), 777)
    assert built().debits == 1
    assert Invoice.objects.get(remittance__isnull=False) == due


def test_the_first_debit_of_a_mandate_is_said_to_be_the_first_when_it_is_alone(demo: World):
    place()
    mandated(demo.jamie)
    mandated(demo.denise)
    invoice(demo.jamie, **OLD)
    for _ in range(2):
        invoice(demo.denise, **OLD)
    first = built().remittance
    assert sorted(str(one) for one in texts(first, "SeqTp")) == ["FRST", "RCUR"]
    settled(first)
    invoice(demo.jamie, **OLD)
    assert texts(built().remittance, "SeqTp") == ["RCUR"]


# --- Two régies -----------------------------------------------------------------------------------------------------


def test_each_regie_pays_over_its_own_money_under_its_own_numbers(demo: World):
    other = regie("loisirs", "000124", recette="T6")
    counter(invoice(demo.jamie), 100)
    counter(invoice(demo.jamie, place=other), 200)
    made = [deposit(regie=code, means=Payment.Means.CASH, by=CLERK, now=NOW) for code in ("peri", "loisirs")]
    assert [(one.number, one.cents) for one in made] == [(1, 100), (1, 200)]


def test_each_regie_reminds_of_its_own_invoices(demo: World):
    other = regie("loisirs", "000124", recette="T6")
    ours, theirs = invoice(demo.jamie, **OVERDUE), invoice(demo.jamie, place=other, **OVERDUE)
    assert remind(draft=ReminderDraft("peri"), by=CLERK, now=NOW).invoices == 1
    assert set(Invoice.objects.filter(reminders=1)) == {ours}
    (letter,) = letters_of(ours.regie, 1, NOW.date())
    assert (letter.invoices, letters_of(theirs.regie, 1, NOW.date())) == ([ours], [])


# --- Reminders ------------------------------------------------------------------------------------------------------


def test_one_level_a_day_and_nothing_is_printed_that_is_about_to_be_debited(demo: World):
    debt = invoice(demo.jamie, **OVERDUE)
    remind(draft=ReminderDraft("peri"), by=CLERK, now=NOW)
    with pytest.raises(BillingError, match="Aucune facture"):
        remind(draft=ReminderDraft("peri", level=2), by=CLERK, now=NOW)
    file = Remittance.objects.create(
        regie=debt.regie, collected_on=COLLECTED, file_name="x", content=b"", cents=777, built_at=NOW
    )
    assert len(letters_of(debt.regie, 1, NOW.date())) == 1
    Invoice.objects.filter(pk=debt.pk).update(remittance=file)
    assert letters_of(debt.regie, 1, NOW.date()) == []


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ({}, 1),
        ({"reminders": 1}, 0),
        ({"paid_cents": 777}, 0),
        ({"status": "transferred"}, 0),
        ({"paid_cents": 776}, 1),
    ],
)
def test_what_changed_before_it_was_locked_is_seen(demo: World, columns, kept):
    """Chosen a moment ago; somebody else reminded, was paid, or handed it over before us."""
    debt = invoice(demo.jamie, **OVERDUE)
    for name, value in columns.items():
        setattr(debt, name, value)
    taken, left_out = _sorted_out([debt], 1)
    assert (len(taken), left_out) == (kept, [])
