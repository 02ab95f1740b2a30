"""An import from the file to the report, and back."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from portail.families.models import ImportBatch
from portail.families.operations.imports import (
    IMPORT,
    UNDO,
    FamilyImportError,
    confirm_import,
    plan_import,
    receive_file,
    under_way,
    undo_import,
)
from portail.families.queries.imports import batch_with, batches, rows_of, states, verdicts
from portail.families.queries.search import schools_and_classes
from portail.office.imports.forms import ColumnsForm, FileForm, RowsForm
from portail.office.imports.words import BATCHES, ROWS, tally
from portail.office.lists import listed
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed
from portail.rules.staff import Right

_State = ImportBatch.State
NOT_NOW = "Ce n'est pas possible maintenant"


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def imports(request: OfficeRequest) -> HttpResponse:
    """A file to send, and those that were sent."""
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            batch = receive_file(
                kind=ImportBatch.Kind(form.cleaned_data["kind"]), name=upload.name, content=upload.read(),
                by=actor(request), now=request.now,
            )  # fmt: skip
            return redirect("office:import_columns", public_id=batch.public_id)
        except FamilyImportError as refusal:
            form.add_error("file", str(refusal))
    listing = listed(request, batches(), BATCHES, sort="-at", file_name="imports")
    if isinstance(listing, HttpResponse):
        return listing
    context = {"form": form, "listing": listing}
    return show(request, "office/imports/imports.html", context, current="imports", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def import_columns(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Which column says what; then the dry run."""
    batch = _one(public_id)
    if batch.state not in (_State.RECEIVED, _State.READY):
        return redirect("office:import", public_id=public_id)
    schools = [(school.pk, school.name) for school, _ in schools_and_classes()]
    form = ColumnsForm(batch, schools, request.POST or None)
    if form.is_valid():
        try:
            plan_import(batch=batch, matching=form.matching(), by=actor(request), now=request.now)
            return redirect("office:import", public_id=public_id)
        except FamilyImportError as refusal:
            form.add_error(refusal.field or None, str(refusal))
    context = {"form": form, "batch": batch}
    status = 400 if form.errors else 200
    return show(request, "office/imports/columns.html", context, current="imports", status=status)


@allowed(Right.FAMILIES_EDIT)
def import_page(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What the file would do, does, or did, line by line."""
    batch = _one(public_id)
    if batch.state == _State.RECEIVED:
        return redirect("office:import_columns", public_id=public_id)
    filters = RowsForm(request.GET or None)
    values = filters.cleaned_data if filters.is_bound and filters.is_valid() else {}
    rows = rows_of(batch, verdict=values.get("constat", ""), state=values.get("suite", ""), words=values.get("q", ""))
    listing = listed(request, rows, ROWS, sort="line", filters=filters, file_name="import")
    if isinstance(listing, HttpResponse):
        return listing
    job = under_way(batch, IMPORT) or under_way(batch, UNDO)
    counts = states(batch)
    context = {
        "batch": batch, "listing": listing, "tally": tally(verdicts(batch)), "counts": counts,
        "working": job is not None, "job": job if job and job.staff_id == agent_of(request).staff_id else None,
    }  # fmt: skip
    return show(request, "office/imports/import.html", context, current="imports")


@require_POST
@allowed(Right.FAMILIES_EDIT)
def import_confirm(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """« Importer »."""
    batch = _one(public_id)
    try:
        job = confirm_import(batch=batch, by=actor(request), now=request.now)
    except FamilyImportError as refusal:
        return error(request, 400, NOT_NOW, str(refusal))
    return done("L'import commence.", "office:job", job.public_id)


@require_POST
@allowed(Right.FAMILIES_EDIT)
def import_undo(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """« Annuler cet import »."""
    batch = _one(public_id)
    try:
        job = undo_import(batch=batch, by=actor(request), now=request.now)
    except FamilyImportError as refusal:
        return error(request, 400, NOT_NOW, str(refusal))
    return done("L'annulation commence.", "office:job", job.public_id)


def _one(public_id: UUID) -> ImportBatch:
    batch = batch_with(public_id)
    if batch is None:
        raise Http404
    return batch
