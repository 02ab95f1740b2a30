"""The works of an agent: followed, left, come back to, stopped; and the file that one leaves."""

from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from portail.office.lists import Column, attached, listed
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed, zone_of
from portail.rules.staff import Right
from portail.towns.job_queries import job_with, jobs_of
from portail.towns.models import Job
from portail.towns.operations.files import KeptFileError, open_file
from portail.towns.operations.jobs import stop_job
from portail.towns.wording import moment_near

OVER = {Job.State.DONE, Job.State.FAILED, Job.State.STOPPED}
TONES: dict[str, str] = {
    Job.State.DONE: "good",
    Job.State.FAILED: "bad",
    Job.State.RUNNING: "info",
    Job.State.WAITING: "info",
}


@allowed(Right.HOME)
def jobs(request: OfficeRequest) -> HttpResponse:
    """One's own works, the latest first."""
    zone = zone_of(request)
    columns = [
        Column("label", "Travail", lambda one: one.label, link=lambda one: f"{one.public_id}/"),
        Column("asked", "Demandé", lambda one: moment_near(one.asked_at, request.now, zone), sort=("asked_at",)),
        Column("state", "État", words_of, kind="tag", tone=lambda one: TONES.get(one.state, "")),
    ]
    listing = listed(request, jobs_of(agent_of(request).staff_id), columns, sort="-asked", file_name="travaux")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/jobs.html", {"listing": listing}, current="jobs")


@allowed(Right.HOME)
def job(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """How far one work is. Without JavaScript the page asks for itself again."""
    one = _own(request, public_id)
    context = {"one": one, "over": one.state in OVER, "words": words_of(one), "tone": TONES.get(one.state, "")}
    response = show(request, "office/job.html", context, current="jobs")
    if not context["over"]:
        response.headers["Refresh"] = "5"
    return response


@allowed(Right.HOME)
def job_state(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """The same, for the page's module: {done, total, words, over}."""
    one = _own(request, public_id)
    return JsonResponse({"done": one.done, "total": one.total, "words": words_of(one), "over": one.state in OVER})


@require_POST
@allowed(Right.HOME)
def job_stop(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """« Arrêter »: what is done stays done."""
    one = _own(request, public_id)
    stopped = stop_job(public_id=one.public_id, by=actor(request), now=request.now)
    return done("Le travail est arrêté." if stopped else "Le travail était déjà fini.", "office:job", public_id)


@allowed(Right.HOME)
def job_file(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """The file that the work left; the trail says who took it."""
    one = _own(request, public_id)
    if one.file is None:
        raise Http404
    try:
        file = open_file(public_id=one.file.public_id, by=actor(request), now=request.now)
    except KeptFileError as gone:
        return error(request, 404, "Fichier détruit", str(gone))
    response = attached(file.content, file.name, file.content_type)
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def words_of(one: Job) -> str:
    """« en cours : 120 sur 450, les lettres du CP »."""
    state = Job.State(one.state)
    if state is not Job.State.RUNNING:
        return str(state.label)
    far = f" : {one.done} sur {one.total}" if one.total else ""
    return f"{state.label}{far}{', ' if one.note else ''}{one.note}"


def _own(request: OfficeRequest, public_id: UUID) -> Job:
    """A work of this very agent: what it left may be for their eyes alone."""
    one = job_with(public_id)
    if one is None or one.staff_id != agent_of(request).staff_id:
        raise Http404
    return one
