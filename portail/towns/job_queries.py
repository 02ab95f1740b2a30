"""Reads about the long work of the office: what waits, how far it is, what it left."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from portail.towns.models import Job


def jobs_are_due(now: datetime) -> bool:
    """Does a job of the town in force wait for a worker? One query, without a lock."""
    free = Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, lease_until__lte=now)
    return Job.objects.filter(free).exists()


def job_with(public_id: UUID) -> Job | None:
    """The job of this public identifier, with its file but not what is in the file; one query."""
    return _jobs().filter(public_id=public_id).first()


def recent_jobs(limit: int, *, kinds: Collection[str] = ()) -> list[Job]:
    """The last jobs asked for, of these kinds or of all, latest first, with their files' names; one query."""
    jobs = _jobs().filter(kind__in=kinds) if kinds else _jobs()
    return list(jobs.order_by("-asked_at", "-id")[:limit])


def jobs_of(staff_id: int) -> QuerySet[Job]:
    """The jobs that an agent asked for, without the content of their files."""
    return _jobs().filter(staff_id=staff_id)


def _jobs() -> QuerySet[Job]:
    jobs: QuerySet[Job] = Job.objects.select_related("file").defer("file__content")
    return jobs
