"""The worker's part of the office's long work: what each end of a job becomes, and what it never stops."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from portail.console import jobs
from portail.console.bell import Bell
from portail.console.chores import CLOCK
from portail.console.jobs import FAILED, LEASE, UNKNOWN, JobRunner, do_all_jobs, jobs_aside
from portail.towns.models import Job, KeptFile, Seal
from portail.towns.operations.files import NewFile, keep_file
from portail.towns.operations.jobs import ClaimedJob, JobError, JobStoppedError, Outcome, Progress, enqueue, stop_job
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

State = Job.State


@pytest.fixture
def runner() -> JobRunner:
    return JobRunner("one", lambda: NOW, lambda: False)


@pytest.fixture
def does(monkeypatch) -> Callable[[Any], None]:
    """`does(act)`: what a job of kind « test » does; an exception to raise, or a function."""

    def set_kind(act: Any) -> None:
        def kind(job: ClaimedJob, progress: Progress) -> Outcome:
            if isinstance(act, Exception):
                raise act
            found = act(job, progress)
            assert isinstance(found, Outcome)
            return found

        monkeypatch.setitem(jobs.JOBS, "test", kind)

    return set_kind


def ask(kind: str = "test") -> Job:
    return enqueue(kind=kind, label="Essai", order={"n": 1}, by=CLERK, now=NOW)


def ended() -> tuple[str, str]:
    job = Job.objects.get()
    return str(job.state), job.error


@pytest.mark.usefixtures("demo")
def test_a_job_is_done_and_its_file_kept(runner, does):
    does(lambda job, _progress: Outcome({"n": job.order["n"]}, NewFile("n.csv", "text/csv", b"1", 7)))
    ask()
    assert [runner.run_one(), runner.run_one()] == [1, 0]
    job = Job.objects.select_related("file").get()
    assert (job.state, job.result, job.file and job.file.name) == (State.DONE, {"n": 1}, "n.csv")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (JobError("La colonne « Nom » manque."), "La colonne « Nom » manque."),
        (ZeroDivisionError("secret of the code"), FAILED),
    ],
)
@pytest.mark.usefixtures("demo")
def test_what_cannot_be_done_says_why_and_no_more(runner, does, caplog, error, sentence):
    does(error)
    ask()
    with caplog.at_level(logging.CRITICAL):
        assert runner.run_one() == 1
    assert ended() == (State.FAILED, sentence)


@pytest.mark.usefixtures("demo")
def test_a_file_too_big_is_said(runner, does):
    does(lambda _job, _progress: Outcome({}, NewFile("n.csv", "text/csv", b"", 7)))
    ask()
    assert runner.run_one() == 1
    assert ended() == (State.FAILED, "Ce fichier est vide, ou n'a pas de nom.")


@pytest.mark.usefixtures("demo")
def test_a_kind_of_another_version_is_said(runner):
    ask("tomorrow")
    assert runner.run_one() == 1
    assert ended() == (State.FAILED, UNKNOWN)


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
@pytest.mark.usefixtures("demo")
def test_a_database_that_goes_away_fails_no_job(runner, does, error, caplog):
    does(error)
    ask()
    with pytest.raises(type(error)):
        runner.run_one()
    assert ended() == (State.RUNNING, "")
    does(lambda _job, _progress: Outcome())
    heir = JobRunner("two", lambda: NOW + LEASE, lambda: False)
    with caplog.at_level(logging.WARNING):
        assert heir.run_one() == 1
    assert (ended(), "repris" in caplog.text) == ((State.DONE, ""), True)


@pytest.mark.usefixtures("demo")
def test_a_job_cut_short_waits_for_another_worker(runner, does):
    does(JobStoppedError())
    ask()
    runner.run_one()
    assert (ended(), Job.objects.get().tries) == ((State.WAITING, ""), 0)


@pytest.mark.usefixtures("demo")
def test_a_job_stopped_by_its_asker_stays_stopped(runner, does):
    asked = ask()

    def act(_job: ClaimedJob, progress: Progress) -> Outcome:
        stop_job(public_id=asked.public_id, by=CLERK, now=NOW)
        progress.step(1, 2)
        raise AssertionError("a stopped job went on")

    does(act)
    runner.run_one()
    assert ended() == (State.STOPPED, "")


@pytest.mark.usefixtures("frozen")
def test_the_jobs_of_every_town_are_done_one_by_one(world: World, does, run):
    seen = set()

    def act(job: ClaimedJob, _progress: Progress) -> Outcome:
        seen.add(job.pk)
        return Outcome()

    does(act)
    for town in (world.demo, world.buchelay):
        with in_town(town):
            ask(), ask()
    assert do_all_jobs(lambda: True) == 0
    assert run("tick")[-1] == "4 travaux faits."
    assert (len(seen), do_all_jobs(lambda: False)) == (4, 0)


@pytest.mark.usefixtures("frozen")
def test_one_turn_of_the_worker_does_jobs_too(world: World, does, run):
    does(lambda _job, _progress: Outcome())
    with in_town(world.demo):
        ask()
    assert run("worker", "--once") == ["1 chose faite."]


def test_a_thread_that_breaks_ends_the_worker(monkeypatch, caplog):
    """Rather than go on without doing jobs, which nobody would see."""
    monkeypatch.setattr(jobs, "jobs_worker", lambda _stopping: 1 / 0)
    bell = Bell()
    with caplog.at_level(logging.ERROR), jobs_aside(bell):
        bell.wait(10)
        rung = bell.rung
    bell.close()
    assert (rung, "Le service des travaux s'est arrêté." in caplog.text) == (True, True)


def test_the_clock_keeps_house_in_every_town(world: World, run, frozen):
    with in_town(world.demo):
        keep_file(NewFile("x", "y", b"x", 1), by=CLOCK, now=NOW)
    frozen.move_to(NOW + timedelta(days=1))
    run("tick")
    for town in (world.demo, world.buchelay):
        with in_town(town):
            assert (Seal.objects.exists(), KeptFile.objects.exists()) == (True, False)
