"""A worker of jobs in a process of its own, on the test's database, that may kill itself at a given step.

`python -m tests.console.jobs_process '{"database": …, "now": …, "way": …, "dies": …}'` says « ready » and waits for a
line. The ways: « turn » does what waits in the town « demo »; « naive » too, without claiming; « loop » is what
`portail worker` does, until a signal.
"""

import json
import os
import signal
import sys
from datetime import datetime
from threading import Event
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 -- Django had to be set up first

from portail.console import jobs  # noqa: E402
from portail.console.bell import bell_of_signals  # noqa: E402
from portail.console.chores import Chore  # noqa: E402
from portail.console.jobs import JOBS, JobRunner, jobs_aside  # noqa: E402
from portail.console.worker import Worker, worker_name  # noqa: E402
from portail.towns.actors import town_hall  # noqa: E402
from portail.towns.models import Audit, Job, Town  # noqa: E402
from portail.towns.operations import Act, record  # noqa: E402
from portail.towns.operations import jobs as operations  # noqa: E402
from portail.towns.operations.jobs import ClaimedJob, Outcome, Progress, claim_jobs  # noqa: E402
from portail.towns.scope import in_town  # noqa: E402

STEPS = ("claimed", "written", "kept", "committed", "worked", "finished")
LINES, FATAL = 4, 2


def tally(job: ClaimedJob, progress: Progress) -> Outcome:
    """Writes LINES lines of audit, each with the cursor that says so."""
    for number in range(job.cursor.get("after", 0), LINES):
        with transaction.atomic():
            record(Act("tally", f"{job.label}/{number}"), by=job.by, now=progress.clock())
            die_at("written", number)
            progress.step(number + 1, LINES, f"ligne {number}")
            progress.keep({"after": number + 1})
            die_at("kept", number)
        die_at("committed", number)
    die_at("worked", FATAL)
    return Outcome({"lines": LINES})


def until_stopped(job: ClaimedJob, progress: Progress) -> Outcome:
    """Has no end; asks for that of its own process."""
    os.kill(os.getpid(), signal.SIGTERM)
    while True:
        progress.step(1, 0)
        Event().wait(0.01)


def until_mail(job: ClaimedJob, progress: Progress) -> Outcome:
    """Ends when something else has been done meanwhile by the same process."""
    while not Audit.objects.filter(verb="meanwhile").exists():
        progress.step(1, 0)
        Event().wait(0.01)
    return Outcome({"seen": True})


def die_at(step: str, number: int) -> None:
    """As a power cut would have it."""
    if step == words["dies"] and number == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)


def mortal() -> None:
    """Die just after a job was claimed, or just before its end is written."""
    if words["dies"] == "claimed":
        setattr(jobs, "claim_jobs", lambda **named: die_at("claimed", len(claim_jobs(**named)) * FATAL))  # noqa: B010
    if words["dies"] == "finished":
        setattr(jobs, "finish", lambda **_: die_at("finished", FATAL))  # noqa: B010


def turn(now: datetime, *, naive: bool) -> None:
    """Do all that waits; `naive`: what must not be done, look at what waits and do it without taking it first."""
    runner = JobRunner(worker_name(), lambda: now, lambda: False)
    with in_town(Town.objects.get(slug="demo")):
        if naive:
            seen = claim_jobs(worker="naive", lease=jobs.LEASE, limit=1000, now=now)
            Job.objects.update(state=Job.State.WAITING)
            setattr(operations, "report", lambda **_: True)  # noqa: B010
            setattr(jobs, "claim_jobs", lambda **_: [seen.pop()] if seen else [])  # noqa: B010
            setattr(jobs, "jobs_are_due", lambda _now: True)  # noqa: B010
        ready()
        while runner.run_one():
            pass


def loop(now: datetime) -> None:
    """`portail worker`, with one chore, until a signal."""

    def meanwhile(_now: datetime) -> int:
        if Job.objects.filter(state=Job.State.RUNNING).exists():
            record(Act("meanwhile", "courriels"), by=town_hall("test"), now=now)
        if Job.objects.filter(state=Job.State.DONE).exists():
            bell.ring()
        return 0

    with bell_of_signals() as bell:
        ready()
        with jobs_aside(bell):
            Worker([Chore("courriels", meanwhile)], lambda: now, bell.is_rung).run(lambda _s: bell.wait(0.02))


def ready() -> None:
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()


words: dict[str, Any] = {"dies": ""}

if __name__ == "__main__":
    words |= json.loads(sys.argv[1])
    connection.settings_dict.update(words["database"])
    JOBS.update(tally=tally, until_stopped=until_stopped, until_mail=until_mail)
    mortal()
    if words["way"] == "loop":
        loop(datetime.fromisoformat(words["now"]))
    else:
        turn(datetime.fromisoformat(words["now"]), naive=words["way"] == "naive")
    connection.close()
