"""Long work: asked once, held by one, taken over from the dead, stopped, limited, forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from portail.towns.actors import town_hall
from portail.towns.job_queries import job_with, jobs_are_due, recent_jobs
from portail.towns.models import Audit, Job, KeptFile
from portail.towns.operations import Act, record
from portail.towns.operations.files import KeptFileError, NewFile
from portail.towns.operations.jobs import (
    DIED,
    KEPT_DAYS,
    MOST_TRIES,
    PURGED_AT_ONCE,
    ClaimedJob,
    JobStoppedError,
    Outcome,
    Progress,
    Step,
    claim_jobs,
    enqueue,
    fail,
    finish,
    give_back,
    purge_jobs,
    report,
    stop_job,
)
from portail.towns.operations.staff import invite_staff
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

SECOND, LEASE = timedelta(seconds=1), timedelta(minutes=2)
State = Job.State


def ask(**values: Any) -> Job:
    usual: dict[str, Any] = {
        "kind": "letters",
        "label": "Lettres des CP",
        "order": {"class": "CP"},
        "by": CLERK,
        "now": NOW,
    }
    return enqueue(**usual | values)


def claim(worker: str = "one", now: datetime = NOW) -> ClaimedJob:
    (job,) = claim_jobs(worker=worker, lease=LEASE, limit=1, now=now)
    return job


def state() -> str:
    return str(Job.objects.get().state)


@pytest.mark.usefixtures("demo")
def test_a_job_goes_from_asked_to_done():
    asked = ask()
    assert (jobs_are_due(NOW), asked.state, asked.actor) == (True, State.WAITING, CLERK.name)
    job = claim()
    assert (job.order, job.cursor, job.tries, job.by) == ({"class": "CP"}, {}, 1, CLERK)
    assert (jobs_are_due(NOW), state()) == (False, State.RUNNING)
    assert report(job=job, step=Step(3, 12, "CP"), lease=LEASE, now=NOW + SECOND)
    assert finish(job=job, outcome=Outcome({"letters": 12}, NewFile("l.pdf", "p", b"x", 7)), now=NOW + LEASE)
    row = job_with(asked.public_id)
    assert row is not None
    assert (row.state, row.done, row.total, row.result) == (State.DONE, 12, 12, {"letters": 12})
    assert (row.started_at, row.ended_at, row.worker, row.lease_until) == (NOW, NOW + LEASE, "", None)
    assert row.file is not None
    assert row.file.name == "l.pdf"
    assert list(Audit.objects.filter(verb__contains="job").values_list("verb", "subject")) == [
        ("ask_job", "Lettres des CP")
    ]


def test_who_asked_is_who_does(demo: World):
    staff, _ = invite_staff(login="odile", name="Odile", roles=(), by=CLERK, now=NOW)
    odile = town_hall("Odile", staff_id=staff.pk)
    ask(by=odile)
    assert claim().by == odile


@pytest.mark.usefixtures("demo")
def test_two_clicks_are_one_job_until_it_is_over():
    first = ask(key="letters/CP")
    assert ask(key="letters/CP") == first
    assert ask(key="letters/CE1") != first
    job = claim()
    assert ask(key="letters/CP") == first
    fail(job=job, error="Non.", now=NOW)
    assert ask(key="letters/CP") != first
    assert ask() != ask()


@pytest.mark.usefixtures("demo")
def test_the_database_itself_refuses_the_second_click(monkeypatch):
    """Both looked before either wrote."""
    first = ask(key="letters/CP")
    found = Job.objects.filter
    blind = iter([Job.objects.none()])
    monkeypatch.setattr(Job.objects, "filter", lambda *a, **k: next(blind, None) or found(*a, **k))
    assert ask(key="letters/CP") == first
    assert Audit.objects.filter(verb="ask_job").count() == 1


@pytest.mark.usefixtures("demo")
def test_the_oldest_goes_first_and_nobody_else_gets_it():
    later, sooner = ask(now=NOW + SECOND), ask(now=NOW)
    assert [claim(worker).public_id for worker in ("one", "two")] == [sooner.public_id, later.public_id]
    assert claim_jobs(worker="three", lease=LEASE, limit=9, now=NOW + LEASE - SECOND) == []


@pytest.mark.usefixtures("demo")
def test_the_job_of_a_dead_worker_is_taken_over_and_the_dead_may_write_nothing_more():
    ask()
    dead = claim("dead")
    assert report(job=dead, step=Step(5, 10), cursor={"after": 5}, lease=LEASE, now=NOW + SECOND)
    assert not jobs_are_due(NOW + LEASE)
    job = claim("heir", NOW + LEASE + SECOND)
    assert (job.cursor, job.order, job.tries) == ({"after": 5}, {"class": "CP"}, 2)
    later = NOW + LEASE + 2 * SECOND
    gone: list[Callable[[], object]] = [
        lambda: report(job=dead, step=Step(6, 10), cursor={"after": 6}, lease=LEASE, now=later),
        lambda: finish(job=dead, outcome=Outcome({}, NewFile("l.pdf", "p", b"x", 7)), now=later),
        lambda: fail(job=dead, error="Non.", now=later),
        lambda: give_back(job=dead),
    ]
    before = Job.objects.values().get()
    assert [act() for act in gone] == [False] * 4
    assert (Job.objects.values().get(), KeptFile.objects.count()) == (before, 0)


@pytest.mark.usefixtures("demo")
def test_a_late_worker_whom_nobody_replaced_goes_on():
    ask()
    job = claim()
    assert report(job=job, step=Step(1, 2), lease=LEASE, now=NOW + 3 * LEASE)
    assert claim_jobs(worker="two", lease=LEASE, limit=1, now=NOW + 3 * LEASE) == []


@pytest.mark.usefixtures("demo")
def test_a_job_that_kills_its_workers_is_given_up():
    ask()
    now = NOW
    for n in range(MOST_TRIES):
        assert claim(f"w{n}", now).tries == n + 1
        now += LEASE
    assert claim_jobs(worker="last", lease=LEASE, limit=1, now=now) == []
    row = Job.objects.get()
    assert (row.state, row.error, row.ended_at, row.worker) == (State.FAILED, DIED, now, "")


@pytest.mark.usefixtures("demo")
def test_what_is_given_back_was_never_tried():
    ask()
    for _ in range(2 * MOST_TRIES):
        assert give_back(job=claim())
    assert (claim().tries, state()) == (1, State.RUNNING)


@pytest.mark.usefixtures("demo")
def test_a_job_is_stopped_waiting_or_running_but_not_over():
    waiting = ask()
    assert stop_job(public_id=waiting.public_id, by=CLERK, now=NOW)
    assert claim_jobs(worker="one", lease=LEASE, limit=1, now=NOW) == []
    running = ask()
    job = claim()
    assert stop_job(public_id=running.public_id, by=CLERK, now=NOW)
    assert not report(job=job, step=Step(1, 2), lease=LEASE, now=NOW)
    assert not finish(job=job, outcome=Outcome(), now=NOW)
    for over in (waiting.public_id, running.public_id, uuid4()):
        assert not stop_job(public_id=over, by=CLERK, now=NOW)
    assert set(Job.objects.values_list("state", "ended_at")) == {(State.STOPPED, NOW)}
    assert Audit.objects.filter(verb="stop_job").count() == 2


@pytest.mark.usefixtures("demo")
def test_a_file_that_cannot_be_kept_leaves_the_job_as_it_was():
    ask()
    job = claim()
    with pytest.raises(KeptFileError):
        finish(job=job, outcome=Outcome({"x": 1}, NewFile("l.pdf", "p", b"", 7)), now=NOW)
    assert (state(), Job.objects.get().result) == (State.RUNNING, None)


def test_a_job_belongs_to_its_town(world: World):
    with in_town(world.demo):
        asked = ask()
    with in_town(world.buchelay):
        assert (jobs_are_due(NOW), job_with(asked.public_id), recent_jobs(9)) == (False, None, [])
        assert claim_jobs(worker="one", lease=LEASE, limit=9, now=NOW) == []
        assert not stop_job(public_id=asked.public_id, by=CLERK, now=NOW)


@pytest.mark.usefixtures("demo")
def test_the_list_is_one_query_and_never_reads_a_file(django_assert_num_queries):
    for n in range(5):
        ask(kind="letters" if n % 2 else "import", now=NOW + n * SECOND)
        finish(job=claim(), outcome=Outcome({}, NewFile(f"{n}", "p", b"x", 7)), now=NOW)
    with django_assert_num_queries(1):
        names = [job.file.name for job in recent_jobs(3) if job.file]
    assert names == ["4", "3", "2"]
    assert [job.kind for job in recent_jobs(9, kinds=["import"])] == ["import"] * 3


@pytest.mark.usefixtures("demo")
def test_old_jobs_go_with_their_files():
    for n in range(2):
        ask()
        ended = NOW + n * LEASE
        assert finish(job=claim(), outcome=Outcome({}, NewFile(f"{n}", "p", b"x", 1000)), now=ended)
    ask(now=NOW - timedelta(days=1000))
    limit = NOW + timedelta(days=KEPT_DAYS)
    assert (purge_jobs(now=limit), purge_jobs(now=limit + SECOND), purge_jobs(now=limit + SECOND)) == (0, 1, 0)
    assert list(KeptFile.objects.values_list("name", flat=True)) == ["1"]
    assert sorted(Job.objects.values_list("state", flat=True)) == [State.DONE, State.WAITING]


@pytest.mark.usefixtures("demo")
def test_they_go_by_slices(django_assert_num_queries):
    ended = {"state": State.FAILED, "asked_at": NOW, "ended_at": NOW, "kind": "x", "label": "x", "actor": "x"}
    Job.objects.bulk_create(Job(**ended) for _ in range(PURGED_AT_ONCE + 1))
    assert [purge_jobs(now=NOW + timedelta(days=KEPT_DAYS, seconds=1)) for _ in range(3)] == [PURGED_AT_ONCE, 1, 0]


@pytest.mark.usefixtures("demo")
@given(
    st.text(max_size=300), st.dictionaries(st.text(max_size=5), st.none() | st.integers(-9, 9) | st.text(), max_size=3)
)
def test_any_text_may_be_asked_and_told(text: str, order: dict[str, Any]):
    order.pop("cursor", None)
    ask(label=text, order=order)
    job = claim()
    assert report(job=job, step=Step(1, 2, text), cursor={"text": [text]}, lease=LEASE, now=NOW)
    assert fail(job=job, error=text, now=NOW)
    assert len(Job.objects.get(pk=job.pk).label) <= 200


@pytest.mark.usefixtures("demo")
def test_what_only_a_programmer_gets_wrong_is_an_error():
    for wrong in ({"order": {"cursor": 1}}, {"kind": "x" * 41}, {"key": "x" * 121}):
        with pytest.raises(ValueError, match="an order has no cursor"):
            ask(**wrong)
    assert not Job.objects.exists()


# --- Progress -------------------------------------------------------------------------------------------------------


class Machine:
    """A clock moved by hand, and a process that may be told to stop."""

    def __init__(self) -> None:
        self.now, self.stop = NOW, False

    def progress(self, job: ClaimedJob) -> Progress:
        return Progress(job, LEASE, lambda: self.now, lambda: self.stop)


@pytest.mark.usefixtures("demo")
def test_progress_is_written_once_a_second_and_at_the_end(django_assert_num_queries):
    ask()
    machine = Machine()
    progress = machine.progress(claim())
    progress.step(0, 1000)
    with django_assert_num_queries(0):
        for n in range(1, 999):
            progress.step(n, 1000)
    machine.now += SECOND
    progress.step(999, 1000, "presque")
    row = Job.objects.get()
    assert (row.done, row.total, row.note, row.lease_until) == (999, 1000, "presque", machine.now + LEASE)
    progress.step(1000, 1000)
    assert Job.objects.get().done == 1000


@pytest.mark.usefixtures("demo")
def test_a_stopped_job_ends_at_its_next_step():
    asked = ask()
    machine = Machine()
    progress = machine.progress(claim())
    progress.step(1, 9)
    stop_job(public_id=asked.public_id, by=CLERK, now=NOW)
    machine.now += SECOND
    with pytest.raises(JobStoppedError):
        progress.step(2, 9)


@pytest.mark.usefixtures("demo")
def test_a_process_told_to_stop_stops_at_once():
    ask()
    machine = Machine()
    progress = machine.progress(claim())
    progress.step(1, 9)
    machine.stop = True
    with pytest.raises(JobStoppedError):
        progress.step(2, 9)


@pytest.mark.usefixtures("demo")
def test_who_lost_the_job_cannot_commit_what_it_did():
    ask()
    machine = Machine()
    progress = machine.progress(claim("dead"))
    claim("heir", NOW + LEASE)

    @transaction.atomic
    def work() -> None:
        record(Act("work", "one"), by=CLERK, now=NOW)
        progress.keep({"after": 1})

    with pytest.raises(JobStoppedError):
        work()
    assert not Audit.objects.filter(verb="work").exists()


@pytest.mark.usefixtures("demo")
def test_what_is_kept_tells_the_last_step_too():
    ask()
    machine = Machine()
    progress = machine.progress(claim())
    progress.step(1, 9)
    progress.step(2, 9, "deux")
    progress.keep({"after": 2})
    row = Job.objects.get()
    assert (row.done, row.note, row.order) == (2, "deux", {"class": "CP", "cursor": {"after": 2}})
