"""Workers of jobs killed at every step, told to stop, and two at once. On both engines, in real processes."""

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from portail.console import jobs
from portail.console.jobs import LEASE, JobRunner
from portail.towns.models import Audit, Job
from portail.towns.operations.jobs import enqueue
from tests.console.jobs_process import FATAL, LINES, STEPS, tally
from tests.world import CLERK, NOW, World

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
JOBS_OF_A_RACE = 15


def start(way: str = "turn", *, dies: str = "") -> subprocess.Popen[str]:
    """A worker, ready to go at the next line that it reads."""
    database = {k: v for k, v in connection.settings_dict.items() if k != "TEST"}
    words = {"database": database, "now": NOW.isoformat(), "way": way, "dies": dies}
    process = subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, "-m", "tests.console.jobs_process", json.dumps(words, default=str)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes: subprocess.Popen[str]) -> list[int]:
    """Start them at once; their exit codes."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    return [process.returncode for process in processes]


def ask(number: int = 1, kind: str = "tally") -> None:
    for n in range(number):
        enqueue(kind=kind, label=f"travail {n}", order={}, by=CLERK, now=NOW)


def written() -> list[str]:
    return sorted(Audit.objects.filter(verb="tally").values_list("subject", flat=True))


def expected(number: int = 1) -> list[str]:
    return sorted(f"travail {n}/{line}" for n in range(number) for line in range(LINES))


def next_worker(after: timedelta) -> JobRunner:
    return JobRunner("next", lambda: NOW + after, lambda: False)


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_loses_nothing_and_does_nothing_twice(demo: World, monkeypatch, step: str):
    monkeypatch.setitem(jobs.JOBS, "tally", tally)
    ask()
    assert go(start(dies=step)) == [-signal.SIGKILL]
    before = {"claimed": 0, "written": FATAL, "kept": FATAL, "committed": FATAL + 1}.get(step, LINES)
    assert len(written()) == before
    assert next_worker(LEASE - timedelta(seconds=1)).run_one() == 0
    assert next_worker(LEASE).run_one() == 1
    job = Job.objects.get()
    assert (job.state, job.tries, job.result, job.done) == (Job.State.DONE, 2, {"lines": LINES}, LINES)
    assert written() == expected()


def test_two_workers_at_once_do_each_job_once(demo: World):
    ask(JOBS_OF_A_RACE)
    assert go(start(), start()) == [0, 0]
    assert set(Job.objects.values_list("state", "tries")) == {(Job.State.DONE, 1)}
    assert written() == expected(JOBS_OF_A_RACE)


def test_the_control_two_workers_that_do_not_claim_do_everything_twice(demo: World):
    ask(JOBS_OF_A_RACE)
    assert go(start("naive"), start("naive")) == [0, 0]
    assert written() == sorted(expected(JOBS_OF_A_RACE) * 2)


def test_a_worker_told_to_stop_gives_its_job_back_at_once(demo: World):
    ask(kind="until_stopped")
    assert go(start("loop")) == [0]
    job = Job.objects.get()
    assert (job.state, job.tries, job.worker, job.lease_until) == (Job.State.WAITING, 0, "", None)


def test_mails_and_payments_do_not_wait_for_a_job(demo: World):
    ask(kind="until_mail")
    assert go(start("loop")) == [0]
    assert Job.objects.get().result == {"seen": True}
