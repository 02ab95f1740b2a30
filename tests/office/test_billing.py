"""Money at the town hall: invoices found and explained, money taken in once, credit notes, what is still owed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from portail.billing.models import Allocation, BilledActivity, Invoice, Payment
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.money import CounterDraft, record_payment
from portail.billing.operations.setup import BillingError
from portail.bookings.models import Activity
from portail.console.jobs import JobRunner
from portail.news.models import OutboxMail
from portail.office.billing.fields import MoneyField
from portail.towns.models import Audit, Job
from portail.towns.scope import in_town
from tests.billing import build
from tests.billing.payfip import invoice, left, receipts, regie
from tests.world import ALINE, CLERK, JAMES, NOW, World

BASE = "/mairie/facturation/"
TODAY = NOW.date()


def page_of(debt: Invoice) -> str:
    return reverse("office:invoice", kwargs={"public_id": debt.public_id})


def till(debt: Invoice) -> str:
    return reverse("office:counter", kwargs={"public_id": debt.public_id})


def typed(*debts: Invoice, **more) -> dict:
    """The counter's form as the page shows it, filled in."""
    ticks = [f"{debt.public_id}:{left(debt)}" for debt in debts]
    return {"invoices": ticks, "means": "cash", "cents": "7,77", "on": "2026-11-16", **more}


def done_all() -> None:
    """The worker does what waits."""
    while JobRunner("one", lambda: NOW, lambda: False).run_one():
        pass


def billed_november() -> Invoice:
    """Jamie's invoice of November: twice the canteen and an evening, published."""
    build.setup()
    build.book(JAMES, "cantine", build.SCHOOL_DAYS[:2])
    build.book(ALINE, "soir", build.SCHOOL_DAYS[:1])
    return Invoice.objects.get(run=build.published(), kind="invoice")


# --- Lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"jamie", "denise"}),
        ({"q": "bond"}, {"jamie"}),
        ({"q": "Jamie Bond"}, {"jamie"}),
        ({"q": "2026-T5-00-26000002"}, {"denise"}),
        ({"q": "%"}, set()),
        ({"q": "\0"}, {"jamie", "denise"}),
        ({"q": "x" * 10_000}, {"jamie", "denise"}),
        ({"regie": "peri"}, {"jamie", "denise"}),
        ({"regie": "'; DROP"}, {"jamie", "denise"}),
        ({"state": "late"}, {"denise"}),
        ({"state": "due"}, {"jamie", "denise"}),
        ({"state": "settled"}, set()),
        ({"month": "2026-13"}, {"jamie", "denise"}),
    ],
)
def test_invoices_are_found(demo: World, clerk, query, found):
    invoice(demo.jamie)
    invoice(demo.denise, due_on=TODAY - timedelta(days=3))
    page = clerk.page(f"{BASE}factures/", **query)
    assert {name for name, said in (("jamie", "Jamie BOND"), ("denise", "Denise MARSONE")) if said in page} == found


@pytest.mark.parametrize("name", ["factures", "reglements", "impayes"])
def test_lists_cost_the_same_whatever_their_length(demo: World, regisseur, django_assert_max_num_queries, name):
    counts = []
    for number in (1, 30):
        for _ in range(number):
            debt = invoice(demo.jamie)
            record_payment(draft=CounterDraft([debt.public_id], Payment.Means.CASH, 100, TODAY), by=CLERK, now=NOW)
        with django_assert_max_num_queries(30) as counted:
            regisseur.page(f"{BASE}{name}/")
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_a_list_leaves_as_a_file_that_computes_nothing(demo: World, clerk):
    invoice(demo.jamie, payer_name="=1+1", label="@SUM(A1)")
    csv = clerk.get(f"{BASE}factures/", export="csv").content.decode()
    assert ";'=1+1;" in csv
    assert ";'@SUM(A1);" in csv
    assert ";7,77;7,77;" in csv


def test_another_towns_invoices_and_payments_are_not_there(world: World, enter):
    with in_town(world.buchelay):
        debt = invoice(world.lea)
        paid = record_payment(draft=CounterDraft([debt.public_id], Payment.Means.CASH, 1, TODAY), by=CLERK, now=NOW)
    with in_town(world.demo):
        office = enter("regisseur", "clerk")
        pages = [page_of(debt), till(debt), f"{page_of(debt)}pdf/", f"{page_of(debt)}avoir/"]
        pages += [f"{BASE}reglements/{paid.public_id}/", f"{BASE}reglements/{paid.public_id}/recu/"]
        assert [office.get(path).status_code for path in pages] == [404] * len(pages)
        assert office.post(till(debt), {"means": "cash"}).status_code == 404
        assert "LEROY" not in office.page(f"{BASE}factures/") + office.page(f"{BASE}reglements/")


# --- One invoice ----------------------------------------------------------------------------------------------------


def test_an_invoice_is_explained_line_by_line(demo: World, clerk):
    build.quotient(demo.jamie, 640)
    page = clerk.page(page_of(billed_november()))
    assert "Tarif cantine" in page
    assert "quotient 640, tranche 2" in page
    assert "James BOND" in page
    assert "émise" in page
    assert "Encaisser" not in page


def test_the_regisseur_may_act_where_the_clerk_only_reads(demo: World, clerk, regisseur):
    debt = invoice(demo.jamie)
    assert till(debt) in regisseur.page(page_of(debt))
    assert clerk.get(till(debt)).status_code == 403


def test_its_paper(demo: World, clerk):
    answer = clerk.get(f"{page_of(billed_november())}pdf/")
    assert answer.content.startswith(b"%PDF")
    assert "facture-2026-001-000001.pdf" in answer.headers["Content-Disposition"]


# --- At the counter -------------------------------------------------------------------------------------------------


def test_money_is_taken_in_and_its_receipt_printed(demo: World, regisseur):
    debt = invoice(demo.jamie)
    assert "7,77" in regisseur.page(till(debt))
    where = regisseur.sent(till(debt), typed(debt))
    page = regisseur.page(where)
    assert "Reçu n° 2026-000001" in page
    assert (left(debt), receipts()) == (0, [777])
    assert regisseur.get(f"{where}recu/").content.startswith(b"%PDF")
    assert Audit.objects.get(verb="record_payment").staff_id == regisseur.staff.pk
    assert "Cette famille ne doit plus rien" in regisseur.page(till(debt))


def test_a_form_sent_twice_pays_once(demo: World, regisseur):
    debt = invoice(demo.jamie)
    once = typed(debt, cents="3,00")
    regisseur.sent(till(debt), once)
    page = regisseur.refused(till(debt), once)
    assert "ont changé depuis" in page
    assert (left(debt), receipts()) == (477, [300])


def test_what_was_shown_is_looked_at_again_under_the_lock(demo: World):
    debt = invoice(demo.jamie)
    draft = CounterDraft([debt.public_id], Payment.Means.CASH, 100, TODAY, shown_cents=777)
    record_payment(draft=draft, by=CLERK, now=NOW)
    with pytest.raises(ValueError, match="vient d'être enregistré"):
        record_payment(draft=draft, by=CLERK, now=NOW)
    assert receipts() == [100]


def test_one_cheque_pays_several_the_oldest_first(demo: World, regisseur):
    newer, older = invoice(demo.jamie, 500), invoice(demo.jamie, 300, due_on=TODAY)
    regisseur.sent(till(newer), typed(newer, older, means="cheque", cents="6", reference="0001234"))
    assert (left(older), left(newer)) == (0, 200)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cents": "sept euros"}, "pas un montant"),
        ({"cents": "-1"}, "négatif"),
        ({"cents": "0"}, "plus grand que zéro"),
        ({"cents": "9,99"}, "dépasse"),
        ({"cents": "9" * 12}, "trop grand"),
        ({"cents": "\0"}, "nul"),
        ({"cents": ""}, "obligatoire"),
        ({"on": "2027-01-01"}, "avenir"),
        ({"on": "0026-11-16"}, "trop ancienne"),
        ({"on": "hier"}, "date"),
        ({"means": "card"}, "means"),
        ({"means": "cesu"}, "numéro du CESU"),
        ({"invoices": []}, "Cochez au moins"),
        ({"invoices": ["x" * 10_000]}, "ont changé"),
        ({"reference": "x" * 61}, "60"),
    ],
)
def test_what_cannot_be_recorded_keeps_what_was_typed(demo: World, regisseur, wrong, said):
    debt = invoice(demo.jamie)
    page = regisseur.refused(till(debt), typed(debt, comment="vu au guichet", **wrong))
    assert said in page
    assert "vu au guichet" in page
    assert (left(debt), receipts()) == (777, [])


def test_cesu_pay_what_they_may(demo: World, regisseur):
    place = regie()
    BilledActivity.objects.create(activity=Activity.objects.get(code="soir"), regie=place, cesu="all")
    debt = invoice(demo.jamie, place=place)
    debt.lines.create(
        activity=Activity.objects.get(code="soir"), position=1, label="Soir", quantity=1, unit_cents=400,
        amount_cents=400, care_cents=400, food_cents=0, extra_cents=0,
    )  # fmt: skip
    assert "au plus 4,00" in regisseur.page(till(debt))
    regisseur.refused(till(debt), typed(debt, means="cesu", cents="4,01", reference="Up 12"))
    regisseur.sent(till(debt), typed(debt, means="cesu", cents="4,00", reference="Up 12"))
    assert left(debt) == 377


@pytest.mark.parametrize(("text", "cents"), [("12,34", 1234), ("12.3", 1230), ("1 234,50 €", 123450), ("", None)])
def test_amounts_are_read_as_they_are_written(text, cents):
    assert MoneyField(required=False).clean(text) == cents


# --- After the payment ----------------------------------------------------------------------------------------------


def paid(demo: World, cents: int = 777, **more) -> Payment:
    debt = invoice(demo.jamie, 777)
    draft = CounterDraft([debt.public_id], Payment.Means.CHEQUE, cents, TODAY, **more)
    return record_payment(draft=draft, by=CLERK, now=NOW)


def test_an_unpaid_cheque_opens_the_debt_again_once(demo: World, regisseur):
    demo.jamie.email = "jamie@exemple.fr"
    demo.jamie.save(update_fields=["email"])
    payment = paid(demo)
    where = f"{BASE}reglements/{payment.public_id}/"
    assert "obligatoire" in regisseur.refused(f"{where}annuler/", {"reason": " "})
    regisseur.sent(f"{where}annuler/", {"reason": "Chèque sans provision"})
    assert "déjà annulé" in regisseur.refused(f"{where}annuler/", {"reason": "Chèque sans provision"})
    assert receipts() == [777, -777]
    assert OutboxMail.objects.count() == 1
    assert "Annulé par" in regisseur.page(where)


def test_what_was_paid_too_much_goes_back_once_or_pays_another(demo: World, regisseur):
    payment = paid(demo, 1000, keep_change=True)
    where, other = f"{BASE}reglements/{payment.public_id}/", invoice(demo.jamie, 100)
    assert other.number in regisseur.page(where)
    regisseur.sent(f"{where}imputer/", {"invoice": other.public_id})
    assert left(other) == 0
    back = {"cents": 123, "on": "2026-11-16", "reason": "Trop-perçu"}
    regisseur.sent(f"{where}rembourser/", back)
    assert "pas disponible" in regisseur.refused(f"{where}rembourser/", back)
    assert receipts() == [1000, -123]


@pytest.mark.parametrize("values", [{}, {"invoice": "x"}, {"invoice": str(uuid4())}])
def test_an_invoice_of_nobody_takes_no_overpayment(demo: World, regisseur, values):
    payment = paid(demo, 1000, keep_change=True)
    regisseur.refused(f"{BASE}reglements/{payment.public_id}/imputer/", values)
    assert Allocation.objects.count() == 1


# --- Credit notes ---------------------------------------------------------------------------------------------------


def test_a_line_is_given_back_once(demo: World, regisseur):
    debt = billed_november()
    where = f"{page_of(debt)}avoir/"
    assert "Rendre la ligne" in regisseur.page(where)
    position = debt.lines.order_by("position")[0].position
    asked = {"whole": "lines", f"cents_{position}": "0,50", "reason": "Erreur de pointage", "before": "0"}
    regisseur.sent(where, asked)
    assert "vient d&#39;être fait" in regisseur.refused(where, asked)
    note = Invoice.objects.get(kind="credit")
    assert (note.total_cents, note.label) == (50, f"Avoir sur la facture {debt}")
    assert str(note) in regisseur.page(page_of(debt))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": ""}, "obligatoire"),
        ({"reason": "x" * 151}, "150"),
        ({"whole": "lines"}, "Il ne reste rien"),
        ({"whole": "lines", "cents_1": "999"}, "ne peut plus être réduite"),
        ({"whole": "lines", "cents_1": "beaucoup"}, "pas un montant"),
        ({"whole": "?"}, "whole"),
        ({"before": "x"}, "before"),
    ],
)
def test_a_credit_note_that_cannot_be_is_said(demo: World, regisseur, wrong, said):
    debt = billed_november()
    asked = {"whole": "whole", "reason": "Erreur", "before": "0", **wrong}
    assert said in regisseur.refused(f"{page_of(debt)}avoir/", asked)
    assert not Invoice.objects.filter(kind="credit").exists()


def test_a_second_credit_note_must_have_seen_the_first(demo: World):
    debt = billed_november()
    draft = CreditDraft(debt.public_id, "Erreur", {1: 10}, before=0)
    credit_note(draft=draft, by=CLERK, now=build.DECEMBER_3)
    with pytest.raises(BillingError, match="vient d'être fait"):
        credit_note(draft=draft, by=CLERK, now=build.DECEMBER_3)


# --- Unpaid ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "shown"), [("", {5, 40, 100}), ("1", {5, 40, 100}), ("30", {40, 100}), ("60", {100}), ("x", {5, 40, 100})]
)
def test_unpaid_invoices_by_age(demo: World, regisseur, age, shown):
    debts = {days: invoice(demo.jamie, days, due_on=TODAY - timedelta(days=days)) for days in (5, 40, 100)}
    page = regisseur.page(f"{BASE}impayes/", age=age)
    assert {days for days, debt in debts.items() if f">{debt.number}<" in page} == shown


def test_reminders_are_sent_and_their_letters_kept(demo: World, regisseur):
    demo.jamie.email = "jamie@exemple.fr"
    demo.jamie.save(update_fields=["email"])
    debt = invoice(demo.jamie, due_on=TODAY - timedelta(days=20))
    asked = {"regie": "peri", "level": "1", "min_days": "15"}
    regisseur.sent(f"{BASE}impayes/relancer/", asked)
    regisseur.sent(f"{BASE}impayes/relancer/", asked)
    (job,) = Job.objects.all()
    done_all()
    job.refresh_from_db()
    assert (job.state, job.file.name) == ("done", "relances-peri-1-2026-11-16.pdf")
    assert "1 facture relancée" in job.result["words"]
    debt.refresh_from_db()
    assert (debt.reminders, OutboxMail.objects.count()) == (1, 1)


def test_nobody_to_remind_is_said(demo: World, regisseur):
    invoice(demo.jamie)
    regisseur.sent(f"{BASE}impayes/relancer/", {"regie": "peri", "level": "1", "min_days": "15"})
    done_all()
    assert "Aucune facture" in Job.objects.get().error


@pytest.mark.parametrize("wrong", [{"regie": "x"}, {"level": "4"}, {"min_days": "0"}, {"min_days": "9" * 30}])
def test_a_reminder_of_nothing_is_refused(demo: World, regisseur, wrong):
    regie()
    regisseur.refused(f"{BASE}impayes/relancer/", {"regie": "peri", "level": "1", "min_days": "15", **wrong})
    assert not Job.objects.exists()
