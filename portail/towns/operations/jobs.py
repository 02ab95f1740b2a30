"""Long work: asked for here, done step by step by whoever holds its lease, taken over when that one dies.

Each step is a short transaction. A worker that was killed has told nothing: its lease runs out, another claims the job
and begins again from the cursor that `keep` saved (docs/exploitation/taches.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from portail.towns.actors import Actor, town_hall
from portail.towns.models import Job, KeptFile
from portail.towns.operations.files import NewFile, keep_file
from portail.towns.operations.trail import Act, record

MOST_TRIES = 5  # claims that ended in the death of the worker
KEPT_DAYS = 90  # for what is over
PURGED_AT_ONCE = 200
BEAT = timedelta(seconds=1)  # between two writings of how far a job is
LONGEST_TEXT = 200
CURSOR = "cursor"  # the one key of `Job.order` that is not the asker's
DIED = "Ce travail a été interrompu cinq fois : il ne sera plus repris. Dites-le à l'exploitant du portail."

_State = Job.State


class JobError(ValueError):
    """A job that cannot be asked for, or that cannot be done: the message is a French sentence, shown to its asker."""


class JobStoppedError(Exception):
    """The job is no longer this worker's: somebody stopped it, another worker took it over, or this one must end."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job is: `done` of `total` (0: not known yet), and a few French words."""

    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job leaves: values that JSON can say, and a file to keep, if any."""

    result: Mapping[str, Any] = field(default_factory=dict)
    file: NewFile | None = None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this worker holds. `order`: what was asked; `cursor`: what an earlier try kept, empty at the first.

    `by` is who asked: what the job does is done in their name.
    """

    pk: int
    public_id: UUID
    kind: str
    label: str
    order: Mapping[str, Any]
    cursor: Mapping[str, Any]
    tries: int
    by: Actor
    worker: str


@dataclass(slots=True)
class Progress:
    """What a job tells while it works; each method raises JobStoppedError when it must go no further.

    `clock` gives the instant; `stopping`, whether this process was told to end.
    """

    job: ClaimedJob
    lease: timedelta
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    _last: Step = Step(0, 0)
    _told_at: datetime | None = None

    def step(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is and go on holding it; to be called at least every half minute, as often as wished."""
        self._last = Step(done, total, note)
        if self.stopping():
            raise JobStoppedError
        now = self.clock()
        if self._told_at is None or not (timedelta() <= now - self._told_at < BEAT) or done == total:
            self._tell(None, now)

    def keep(self, cursor: Mapping[str, Any]) -> None:
        """Save from where to go on if this worker dies.

        Called inside the transaction of the work just done, both are written or neither is; a worker that has lost the
        job cannot commit there.
        """
        self._tell(cursor, self.clock())

    def _tell(self, cursor: Mapping[str, Any] | None, now: datetime) -> None:
        if not report(job=self.job, step=self._last, cursor=cursor, lease=self.lease, now=now):
            raise JobStoppedError
        self._told_at = now


JobKind = Callable[[ClaimedJob, Progress], Outcome]


def enqueue(*, kind: str, label: str, order: Mapping[str, Any], key: str = "", by: Actor, now: datetime) -> Job:
    """Ask for a job of the town in force. With a `key`: the one that waits or runs under it already, if there is one.

    `kind` is one of `console.jobs.JOBS`; `label` is French, for lists; `order` is what JSON can say. Raises ValueError
    for what only a programmer can get wrong.
    """
    if CURSOR in order or len(kind) > 40 or len(key) > 120:
        raise ValueError("an order has no cursor, a kind 40 characters at most, a key 120")
    for _ in range(3):  # the job of this key may end between the refusal and the look
        known = None if not key else Job.objects.filter(key=key, state__in=[_State.WAITING, _State.RUNNING]).first()
        if known is not None:
            return known
        try:
            with transaction.atomic():
                job: Job = Job.objects.create(
                    kind=kind, label=_text(label), order=_clean(dict(order)), key=key,
                    staff_id=by.staff_id, actor=by.name, asked_at=now,
                )  # fmt: skip
                record(Act("ask_job", job.label, after={"kind": kind, "job": str(job.public_id)}), by=by, now=now)
        except IntegrityError:
            if not key:
                raise
            continue
        return job
    raise JobError("Ce travail est déjà demandé ; réessayez dans un instant.")


def claim_jobs(*, worker: str, lease: timedelta, limit: int, now: datetime) -> list[ClaimedJob]:
    """Take up to `limit` jobs that wait, or whose holder let its lease run out, oldest first. One transaction.

    `worker` names one thread of one process; several workers never get the same job. A job that killed its worker five
    times is failed instead.
    """
    with transaction.atomic():
        rows = list(_free(now).order_by("asked_at", "id").select_for_update(skip_locked=True)[:limit])
        hopeless = [row.pk for row in rows if row.tries >= MOST_TRIES]
        taken = [row for row in rows if row.tries < MOST_TRIES]
        if hopeless:
            _end(Job.objects.filter(pk__in=hopeless), _State.FAILED, now, error=DIED)
        claimed = Job.objects.filter(pk__in=[row.pk for row in taken])
        claimed.update(state=_State.RUNNING, worker=worker, lease_until=now + lease, tries=F("tries") + 1)
        claimed.filter(started_at=None).update(started_at=now)
    return [_claimed(row, worker) for row in taken]


def report(
    *, job: ClaimedJob, step: Step, cursor: Mapping[str, Any] | None = None, lease: timedelta, now: datetime
) -> bool:
    """Write how far a job is, and where to go on from if `cursor` is given; hold it for another `lease`.

    False: it is no longer this worker's, and nothing more may be done for it.
    """
    values: dict[str, Any] = {} if cursor is None else {"order": {**job.order, CURSOR: _clean(dict(cursor))}}
    return bool(
        _held(job).update(
            done=max(step.done, 0), total=max(step.total, 0), note=_text(step.note), lease_until=now + lease, **values
        )
    )


@transaction.atomic
def finish(*, job: ClaimedJob, outcome: Outcome, now: datetime) -> bool:
    """Write what a job leaves, and keep its file. False: it was no longer this worker's, nothing is written.

    Raises KeptFileError for a file that cannot be kept.
    """
    row = _held(job).select_for_update().first()
    if row is None:
        return False
    file = None if outcome.file is None else keep_file(outcome.file, by=job.by, now=now)
    total = max(row.total, row.done)
    held = Job.objects.filter(pk=row.pk)
    held.update(result=_clean(dict(outcome.result)), file=file, done=total, total=total)
    _end(held, _State.DONE, now)
    return True


def fail(*, job: ClaimedJob, error: str, now: datetime) -> bool:
    """Write that a job cannot be done: `error` is a French sentence for its asker. False: no longer this worker's."""
    return _end(_held(job), _State.FAILED, now, error=error) == 1


def give_back(*, job: ClaimedJob) -> bool:
    """Let another worker go on at once, as if this one had never tried. False: it was no longer this worker's."""
    back = _held(job).update(state=_State.WAITING, worker="", lease_until=None, tries=Greatest(F("tries") - 1, 0))
    return bool(back)


@transaction.atomic
def stop_job(*, public_id: UUID, by: Actor, now: datetime) -> bool:
    """Stop a job that waits or runs; what is running ends at its next step. False: it is over, or there is none."""
    under_way = Job.objects.filter(public_id=public_id, state__in=[_State.WAITING, _State.RUNNING])
    row = under_way.select_for_update().first()
    if row is None or not _end(under_way, _State.STOPPED, now):
        return False
    record(Act("stop_job", row.label, after={"kind": row.kind, "job": str(public_id)}), by=by, now=now)
    return True


@transaction.atomic
def purge_jobs(*, now: datetime) -> int:
    """Forget the jobs that have been over for 90 days, with their files, up to 200 at once; returns how many."""
    old = Job.objects.filter(ended_at__lt=now - timedelta(days=KEPT_DAYS)).order_by("ended_at", "id")
    found = list(old.values_list("pk", "file_id")[:PURGED_AT_ONCE])
    Job.objects.filter(pk__in=[pk for pk, _ in found]).delete()
    KeptFile.objects.filter(pk__in=[file for _, file in found if file is not None]).delete()
    return len(found)


def _free(now: datetime) -> QuerySet[Job]:
    free: QuerySet[Job] = Job.objects.filter(Q(state=_State.WAITING) | Q(state=_State.RUNNING, lease_until__lte=now))
    return free


def _held(job: ClaimedJob) -> QuerySet[Job]:
    held: QuerySet[Job] = Job.objects.filter(pk=job.pk, state=_State.RUNNING, worker=job.worker)
    return held


def _end(jobs: QuerySet[Job], state: Job.State, now: datetime, *, error: str = "") -> int:
    return jobs.update(state=state, ended_at=now, worker="", lease_until=None, error=_clean(error))


def _claimed(row: Job, worker: str) -> ClaimedJob:
    order = dict(row.order)
    return ClaimedJob(
        pk=row.pk,
        public_id=row.public_id,
        kind=row.kind,
        label=row.label,
        cursor=order.pop(CURSOR, {}),
        order=order,
        tries=row.tries + 1,
        by=town_hall(row.actor, staff_id=row.staff_id),
        worker=worker,
    )


def _text(text: str) -> str:
    plain: str = _clean(text)
    return plain if len(plain) <= LONGEST_TEXT else f"{plain[: LONGEST_TEXT - 1]}…"


def _clean(value: Any) -> Any:
    """The same value, of texts that every database takes: no NUL, no half of a character."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list | tuple) else value
