"""The health record of a child: read by those who must, each reading written in the trail."""

from dataclasses import asdict
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from portail.families.operations.care import Health, read_health, save_health
from portail.families.operations.register import RegisterError
from portail.office.families.forms import HealthForm
from portail.office.families.reading import person_or_404
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed
from portail.rules.staff import Right
from portail.towns.sealing import SealError


@require_http_methods(["GET", "HEAD"])
@allowed(Right.HEALTH)
def health(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What the record says."""
    person = person_or_404(public_id)
    try:
        record = read_health(person=person, by=actor(request), now=request.now)
    except SealError as broken:
        return _unreadable(request, broken)
    context = {"person": person, "record": record, "empty": record == Health()}
    return show(request, "office/families/health.html", context, current="families")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_health(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What the record says, corrected."""
    if Right.HEALTH not in agent_of(request).rights:
        return error(request, 403, "Accès refusé", "Votre rôle ne donne pas accès aux fiches de santé.")
    person = person_or_404(public_id)
    initial = {}
    try:
        if request.method != "POST":
            initial = asdict(read_health(person=person, by=actor(request), now=request.now))
    except SealError as broken:
        return _unreadable(request, broken)
    form = HealthForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            save_health(person=person, health=Health(**form.cleaned_data), by=actor(request), now=request.now)
            return done("La fiche de santé est enregistrée.", "office:child", public_id=public_id)
        except (RegisterError, SealError) as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "person": person}
    status = 400 if form.errors else 200
    return show(request, "office/families/edit_health.html", context, current="families", status=status)


def _unreadable(request: OfficeRequest, broken: SealError) -> HttpResponse:
    return error(request, 409, "Fiche illisible", str(broken))
