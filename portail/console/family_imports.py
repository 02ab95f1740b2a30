"""The work « import d'un fichier », and its undoing: slices of a hundred lines, resumed where they stood."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from portail.families.models import ImportBatch, ImportRow
from portail.families.operations.guardian_work import guardian_slice, undo_guardian_slice
from portail.families.operations.import_work import import_slice, undo_slice
from portail.families.operations.register import RegisterError
from portail.families.queries.imports import batch_with, states
from portail.towns.operations.jobs import ClaimedJob, JobError, Outcome, Progress

SLICE = 100
PUPILS, GUARDIANS = ImportBatch.Kind.PUPILS.value, ImportBatch.Kind.GUARDIANS.value

_Row = ImportRow.State
_NO_BATCH = "Cet import n'existe plus."


def run_family_import(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: {"batch": the public identifier of the import}."""
    return _run(job, progress, {PUPILS: import_slice, GUARDIANS: guardian_slice}, _Row.PLANNED, _imported)


def run_family_undo(job: ClaimedJob, progress: Progress) -> Outcome:
    """The same order."""
    return _run(job, progress, {PUPILS: undo_slice, GUARDIANS: undo_guardian_slice}, _Row.DONE, _undone)


def _run(
    job: ClaimedJob, progress: Progress, works: Mapping[str, Callable[..., int]], waiting: str,
    said: Callable[[dict[str, int]], str],
) -> Outcome:  # fmt: skip
    batch = batch_with(UUID(job.order["batch"]))
    if batch is None:
        raise JobError(_NO_BATCH)
    total = sum(states(batch).get(state, 0) for state in _counted(waiting))
    more = True
    while more:
        done = total - states(batch).get(waiting, 0)
        progress.step(done, total, "ligne par ligne")
        try:
            with transaction.atomic():
                more = works[batch.kind](batch=batch, size=SLICE, by=job.by, now=progress.clock()) > 0
                progress.keep({})
        except RegisterError as error:
            raise JobError(str(error)) from error
    progress.step(total, total)
    page = reverse("office:import", kwargs={"public_id": batch.public_id})
    return Outcome({"words": said(states(batch)), "next": page, "next_words": "Voir le compte rendu"})


def _counted(waiting: str) -> tuple[str, ...]:
    """Every state of the lines that this work deals with: what waits, and what it has made of them."""
    if waiting == _Row.PLANNED:
        return _Row.PLANNED, _Row.DONE, _Row.REFUSED
    return _Row.DONE, _Row.UNDONE, _Row.STUCK


def _imported(found: dict[str, int]) -> str:
    return _words(found.get(_Row.DONE, 0), "importée", found.get(_Row.REFUSED, 0), "refusée")


def _undone(found: dict[str, int]) -> str:
    return _words(found.get(_Row.UNDONE, 0), "annulée", found.get(_Row.STUCK, 0), "laissée telle quelle")


def _words(done: int, what: str, refused: int, otherwise: str) -> str:
    """« 812 lignes importées, 3 refusées. »."""
    some = "s" if done > 1 else ""
    rest = f", {refused} {otherwise}" if refused else ""
    return f"{done} ligne{some} {what}{some}{rest}."
