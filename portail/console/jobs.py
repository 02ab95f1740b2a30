"""The long work of the office: what each kind does, and who does it, beside the mails and the payments."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from portail.console.bell import Bell
from portail.console.billing_jobs import issue_invoices, prepare_invoices, publish_invoices, send_reminders
from portail.console.chores import Chore
from portail.console.code_letters import print_code_letters
from portail.console.event_jobs import close_many
from portail.console.family_imports import run_family_import, run_family_undo
from portail.console.family_mails import queue_family_mails
from portail.console.worker import Worker, worker_name
from portail.towns.job_queries import jobs_are_due
from portail.towns.operations.files import KeptFileError
from portail.towns.operations.jobs import (
    ClaimedJob,
    JobError,
    JobKind,
    JobStoppedError,
    Progress,
    claim_jobs,
    fail,
    finish,
    give_back,
)
from portail.towns.scope import current_town

# How long a dead worker's job waits for another: longer than the longest step, each of which renews it.
LEASE = timedelta(minutes=2)
AT_ONCE = 2  # threads of one worker: a letter to print does not wait for the invoices of a month
LAST_STEP = 50  # seconds that a worker told to stop waits for the step in hand of each thread

UNKNOWN = "Ce travail n'est pas connu de cette version du portail."
FAILED = "Ce travail a échoué, et n'a pas été terminé. L'exploitant en trouve la cause dans le journal du service."

# The kinds of work by name, filled by hand: a function of the job and its progress, run outside any transaction, that
# opens its own short ones. It may be killed anywhere and is begun again: what it did must be seen, or kept.
JOBS: dict[str, JobKind] = {
    "code_letters": print_code_letters,
    "family_mails": queue_family_mails,
    "prepare_invoices": prepare_invoices,
    "issue_invoices": issue_invoices,
    "publish_invoices": publish_invoices,
    "reminders": send_reminders,
    "close_days": close_many,
    "import_families": run_family_import,
    "undo_import": run_family_undo,
}

log = logging.getLogger("portail.worker")


@dataclass(slots=True)
class JobRunner:
    """Does the jobs of the town in force, one at a time, as `worker`, a name that no other thread bears."""

    worker: str
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    lease: timedelta = LEASE

    def run_one(self) -> int:
        """Do one job to its end, if one waits; returns 1, or 0 when there was none."""
        if not jobs_are_due(self.clock()):
            return 0
        claimed = claim_jobs(worker=self.worker, lease=self.lease, limit=1, now=self.clock())
        for job in claimed:
            self._deal_with(job)
        return len(claimed)

    def _deal_with(self, job: ClaimedJob) -> None:
        act = JOBS.get(job.kind)
        if act is None:
            fail(job=job, error=UNKNOWN, now=self.clock())
            return
        if job.tries > 1:
            log.warning("%s : travail %s repris, il avait été interrompu.", current_town().slug, job.public_id)
        try:
            outcome = act(job, Progress(job, self.lease, self.clock, self.stopping))
            finish(job=job, outcome=outcome, now=self.clock())
        except JobStoppedError:
            give_back(job=job)
        except (JobError, KeptFileError) as error:
            fail(job=job, error=str(error), now=self.clock())
        except (OperationalError, InterfaceError):
            raise  # the database is away: the job is taken up again when its lease is over
        except Exception:
            log.exception("%s : travail %s (%s) : échec.", current_town().slug, job.public_id, job.kind)
            fail(job=job, error=FAILED, now=self.clock())


def jobs_worker(stopping: Callable[[], bool]) -> Worker:
    """A worker that does nothing but jobs, at most one per town and turn."""
    clock = timezone.now  # noqa: TID251  the door of the console
    runner = JobRunner(worker_name(), clock, stopping)
    return Worker([Chore("travaux", lambda _now: runner.run_one())], clock, stopping)


def do_all_jobs(stopping: Callable[[], bool]) -> int:
    """Every job that waits in any town, one after the other; returns how many."""
    worker, done = jobs_worker(stopping), 0
    while more := worker.turn():
        done += more
    return done


@contextmanager
def jobs_aside(bell: Bell) -> Iterator[None]:
    """Do the jobs in threads of their own for the block, so that mails and payments never wait for them.

    Rings the bell, which ends the block, if one of them breaks; at the end, leaves them a while for the step in hand.
    A job that is slower is cut short, as by a power cut.
    """
    threads = [Thread(target=_turn, args=(bell,), name=f"travaux-{n}", daemon=True) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        bell.ring()
        for thread in threads:
            thread.join(LAST_STEP)


def _turn(bell: Bell) -> None:
    try:
        jobs_worker(bell.is_rung).run(bell.wait)
    except BaseException:
        log.exception("Le service des travaux s'est arrêté.")
        bell.ring()
    finally:
        connections.close_all()
