"""A long work asked for by a click: followed on its page, asked for once however often one clicks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from portail.office.pages import done
from portail.office.requests import OfficeRequest, actor, agent_of
from portail.towns.operations.jobs import enqueue


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked: its kind, its name, its order; works of the same `key` follow each other."""

    kind: str
    label: str
    order: Mapping[str, Any]
    key: str


def asked(request: OfficeRequest, work: Work, back: str) -> HttpResponse:
    """Ask for it and lead to its page; to `back` when a colleague's work is on the same thing already."""
    job = enqueue(
        kind=work.kind, label=work.label, order=work.order, key=work.key, by=actor(request), now=request.now
    )  # fmt: skip
    if job.staff_id != agent_of(request).staff_id:
        return done(f"Un travail demandé par {job.actor} est en cours : « {job.label} ». Attendez sa fin.", back)
    words = "C'est demandé." if job.kind == work.kind else f"Un autre travail est en cours : « {job.label} »."
    return done(words, "office:job", public_id=job.public_id)
