"""The invoices of a month from the office: prepared, checked, issued, put online, each by a work that is followed."""

from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse

from portail.billing.models import Anomaly, Invoice, InvoiceRun
from portail.billing.operations.runs import RunDraft, prepare_run
from portail.console.jobs import JobRunner
from portail.office.billing.runs import CORRECTED, TONES, items_words
from portail.towns.models import Job
from portail.towns.operations.jobs import JobStoppedError
from portail.towns.scope import in_town
from tests.billing import build
from tests.world import ALINE, ANGELINE, CLERK, JAMES, NOW, World

RUNS = "/mairie/facturation/campagnes/"
ASKED = {
    "regie": "peri", "month": "2026-11-01", "label": "Cantine, novembre 2026", "due_on": "2026-12-31", "rank": "1",
    "payable_until": "", "exercise": "",
}  # fmt: skip


def work() -> Job:
    """The worker does what waits; the last of it."""
    while JobRunner("one", lambda: NOW, lambda: False).run_one():
        pass
    return Job.objects.order_by("-pk")[0]


def page_of(run: InvoiceRun) -> str:
    return reverse("office:run", kwargs={"public_id": run.public_id})


def booked() -> None:
    build.setup()
    build.book(JAMES, "cantine", build.SCHOOL_DAYS[:2])
    build.mark(ANGELINE, "cantine", build.SCHOOL_DAYS[1], "absent")
    build.book(ALINE, "soir", build.SCHOOL_DAYS[:1])


def shown(page: str) -> str:
    return page.partition('name="shown" value="')[2].partition('"')[0]


def test_a_month_from_its_bookings_to_the_families(demo: World, regisseur):
    booked()
    path = regisseur.sent(f"{RUNS}nouvelle/", ASKED)
    assert regisseur.sent(f"{RUNS}nouvelle/", ASKED) == path  # two clicks, one work
    job = work()
    assert (job.state, job.error) == ("done", "")
    assert "Contrôler les factures" in regisseur.page(path)
    run = InvoiceRun.objects.get()
    assert (job.result or {})["next"] == page_of(run)
    page = regisseur.page(page_of(run))
    assert "Réservé, mais rien de noté ce jour-là" in page
    assert "Oui, émettre 1 facture" in page
    sure = {"shown": shown(page), "sure": "on"}
    regisseur.sent(f"{page_of(run)}emettre/", sure)
    regisseur.sent(f"{page_of(run)}emettre/", sure)
    assert work().state == "done"
    assert Invoice.objects.get().number == "2026-001-000001"
    page = regisseur.page(page_of(run))
    regisseur.sent(f"{page_of(run)}publier/", {"shown": shown(page), "sure": "on"})
    work()
    run.refresh_from_db()
    assert run.state == "published"
    assert Invoice.objects.get().published_at == NOW
    assert "en ligne" in regisseur.page(page_of(run))
    assert "Novembre 2026" in regisseur.page(RUNS)
    assert [one.kind for one in Job.objects.order_by("pk")] == [
        "prepare_invoices",
        "issue_invoices",
        "publish_invoices",
    ]


def test_nothing_is_issued_that_was_not_seen(demo: World, regisseur):
    booked()
    run = build.prepared()
    old = {"shown": shown(regisseur.page(page_of(run))), "sure": "on"}
    build.book(JAMES, "cantine", build.SCHOOL_DAYS[2:3])
    run = build.prepared()
    assert "ont changé" in regisseur.refused(f"{page_of(run)}emettre/", old)
    assert "Cochez la case" in regisseur.refused(f"{page_of(run)}emettre/", {"shown": old["shown"]})
    assert not Job.objects.exists()


def test_days_that_nobody_pays_hold_it_back_until_one_says_so(demo: World, regisseur):
    booked()
    build.book(JAMES, "matin", [date(2026, 11, 3)])
    demo.james.links.all().delete()
    run = build.prepared()
    page = regisseur.page(page_of(run))
    assert "empêche l&#39;émission" in page or "empêche l'émission" in page
    sure = {"shown": shown(page), "sure": "on"}
    assert "facturés à personne" in regisseur.refused(f"{page_of(run)}emettre/", sure)
    regisseur.sent(f"{page_of(run)}emettre/", {**sure, "despite": "on"})
    assert work().state == "done"


def test_each_anomaly_leads_where_it_is_corrected(demo: World, enter):
    booked()
    office, run = enter("regisseur", "clerk"), build.prepared()
    kinds = set(Anomaly.objects.filter(run=run).values_list("kind", flat=True))
    assert {"booked_no_attendance", "unknown_quotient"} <= kinds
    assert "/quotient/" in office.page(page_of(run), genre="unknown_quotient")
    page = office.page(page_of(run), genre="booked_no_attendance")
    assert "Réservé, pas pointé" in page
    assert "James BOND, Cantine" in page


def test_what_was_decided_is_noted_once(demo: World, regisseur):
    booked()
    run = build.prepared()
    one = Anomaly.objects.filter(run=run)[0]
    where = f"{page_of(run)}controle/{one.public_id}/"
    assert "obligatoire" in regisseur.refused(where, {"answer": ""})
    regisseur.sent(where, {"answer": "Vu avec la cantinière"})
    assert "déjà réglée" in regisseur.refused(where, {"answer": "Encore"})
    regisseur.refused(f"{page_of(run)}controle/{uuid4()}/", {"answer": "Encore"})
    one.refresh_from_db()
    assert one.answer == "Vu avec la cantinière"


def test_a_run_is_abandoned_or_computed_again(demo: World, regisseur):
    booked()
    run = build.prepared()
    regisseur.sent(f"{page_of(run)}preparer/")
    assert work().state == "done"
    regisseur.sent(f"{page_of(run)}abandonner/")
    assert not InvoiceRun.objects.exists()
    run = build.issued()
    assert "déjà numérotée" in regisseur.refused(f"{page_of(run)}abandonner/")


def test_an_issued_run_is_neither_issued_nor_published_twice(demo: World, regisseur):
    booked()
    run = build.published()
    sure = {"shown": "1/1/0", "sure": "on"}
    assert "pas à émettre" in regisseur.refused(f"{page_of(run)}emettre/", sure)
    assert "à mettre en ligne" in regisseur.refused(f"{page_of(run)}publier/", sure)
    assert regisseur.sent(f"{page_of(run)}continuer/") == page_of(run)


def test_a_colleague_is_told_that_it_is_under_way(demo: World, enter):
    booked()
    first, second = enter("regisseur"), enter("regisseur")
    first.sent(f"{RUNS}nouvelle/", ASKED)
    assert second.sent(f"{RUNS}nouvelle/", ASKED) == RUNS
    assert "demandé par Odile PRUVOST" in second.page(RUNS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"regie": "x"}, {"month": "2026-11-02"}, {"month": "1999-01-01"}, {"label": ""}, {"label": "x" * 91},
        {"label": "\0"}, {"due_on": ""}, {"due_on": "2026-10-01"}, {"rank": "0"}, {"rank": "x"}, {"exercise": "26"},
    ],
)  # fmt: skip
def test_a_run_that_cannot_be_is_refused_and_kept(demo: World, regisseur, wrong):
    build.setup()
    assert "2026-12-31" in regisseur.refused(f"{RUNS}nouvelle/", {**ASKED, **wrong}) or "due_on" in wrong
    assert not Job.objects.exists()


def test_what_the_operation_refuses_is_said_by_the_work(demo: World, regisseur):
    build.setup()
    path = regisseur.sent(f"{RUNS}nouvelle/", {**ASKED, "rank": "2"})
    work()
    assert "rang inférieur" in regisseur.page(path)


def test_the_clerk_reads_and_changes_nothing(demo: World, clerk):
    booked()
    run = build.prepared()
    page = clerk.page(page_of(run))
    assert "Émettre les factures" not in page
    assert clerk.post(f"{page_of(run)}emettre/").status_code == 403


def test_another_towns_run_is_not_there(world: World, enter):
    with in_town(world.buchelay):
        regie = build.regie()
        run = InvoiceRun.objects.create(
            regie=regie, month=date(2026, 11, 1), label="x", exercise=2026, due_on=date(2026, 12, 1)
        )
    with in_town(world.demo):
        office = enter("regisseur")
        assert office.get(page_of(run)).status_code == 404
        assert office.post(f"{page_of(run)}abandonner/").status_code == 404
    with in_town(world.buchelay):
        assert InvoiceRun.objects.exists()


def test_runs_cost_the_same_whatever_their_number(demo: World, regisseur, django_assert_max_num_queries):
    booked()
    run, counts = build.prepared(), []
    for last in (1, 9):
        for month in range(1, last + 1):
            InvoiceRun.objects.get_or_create(
                regie=run.regie, month=date(2025, month, 1), label="x", exercise=2025, due_on=date(2025, 12, 1)
            )
        for path in (RUNS, page_of(run)):
            with django_assert_max_num_queries(30) as counted:
                regisseur.page(path)
            counts.append(len(counted))
    assert counts[:2] == counts[2:]


def test_a_preparation_tells_how_far_it_is_and_may_stop(demo: World):
    booked()
    heard = []

    def told(done: int, total: int) -> None:
        heard.append((done, total))
        raise JobStoppedError

    draft = RunDraft("peri", date(2026, 11, 1), "Novembre", date(2026, 12, 31))
    with pytest.raises(JobStoppedError):
        prepare_run(draft=draft, by=CLERK, now=NOW, told=told)
    assert heard == [(200, 2)]
    assert InvoiceRun.objects.get().state == "preparing"
    assert prepare_run(draft=draft, by=CLERK, now=NOW).state == "prepared"


def test_every_anomaly_and_state_has_its_words():
    assert set(TONES) == set(InvoiceRun.State)
    assert {kind.value for kind in CORRECTED} >= {"no_tariff", "no_payer", "booked_no_attendance"}
    assert items_words([{"name": "James", "days": ["2026-11-03"]}, {}]) == [("James : 03/11", ""), ("", "")]
