"""Papers: what is asked, what was received, who lacks what."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.families.models import PaperKind
from portail.families.operations.papers import (
    PaperDraft,
    PaperKindDraft,
    receive_paper,
    remove_paper,
    save_paper_kind,
)
from portail.families.operations.register import RegisterError
from portail.families.queries.papers import PaperLine, PaperState, kind_numbered, kinds_asked, lacking, paper_of
from portail.office.families.forms import class_choices
from portail.office.families.reading import person_or_404
from portail.office.families.search import child_address, names_first
from portail.office.forms import OfficeForm
from portail.office.lists import Column, attached, listed
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right
from portail.towns.operations.files import KeptFileError, open_file

STATES = {
    PaperState.GOOD: "en règle",
    PaperState.SOON: "finit bientôt",
    PaperState.OVER: "périmée",
    PaperState.MISSING: "manquante",
}
TONES = {PaperState.GOOD: "good", PaperState.SOON: "warn", PaperState.OVER: "bad", PaperState.MISSING: "bad"}


class LackingForm(OfficeForm):
    """Which papers, which class."""

    kind = forms.TypedChoiceField(label="Pièce", required=False, coerce=int, empty_value=None)
    classroom = forms.TypedChoiceField(label="Classe", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(str(kind.pk), kind.name) for kind in kinds_asked() if kind.active]
        self.fields["kind"].choices = [("", "Toutes"), *kinds]  # type: ignore[attr-defined]
        self.fields["classroom"].choices = class_choices("Toutes")  # type: ignore[attr-defined]


class KindForm(OfficeForm):
    """A paper to ask for."""

    name = forms.CharField(label="Pièce", max_length=100, help_text="Par exemple « Attestation d'assurance ».")
    note = forms.CharField(label="Précision pour les familles", required=False, max_length=300)
    expires = forms.BooleanField(label="Elle a une date de fin", required=False, initial=True)
    required = forms.BooleanField(label="Elle est obligatoire", required=False, initial=True)
    active = forms.BooleanField(
        label="Elle est demandée", required=False, initial=True, help_text="Décoché, on ne la réclame plus."
    )


class PaperForm(OfficeForm):
    """A paper that was received."""

    received_on = forms.DateField(label="Reçue le")
    valid_until = forms.DateField(label="Valable jusqu'au", required=False)
    file = forms.FileField(
        label="Fichier", required=False, help_text="PDF ou photo, 10 Mo au plus. Gardé chiffré, détruit un mois après "
        "la fin. Facultatif : la pièce a pu être montrée.",
    )  # fmt: skip


@allowed(Right.FAMILIES)
def papers(request: OfficeRequest) -> HttpResponse:
    """The papers that are missing, over or soon over."""
    form = LackingForm(request.GET)
    form.is_valid()
    values = form.cleaned_data
    rows = lacking(today(request), kind=values.get("kind"), classroom=values.get("classroom"))
    listing = listed(request, rows, COLUMNS, sort="", filters=form, file_name="pieces")
    if isinstance(listing, HttpResponse):
        return listing
    context = {"listing": listing, "kinds": kinds_asked()}
    return show(request, "office/families/papers.html", context, current="papers")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def new_paper_kind(request: OfficeRequest) -> HttpResponse:
    """One more paper to ask for."""
    return _kind(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_paper_kind(request: OfficeRequest, number: int) -> HttpResponse:
    """What is asked, corrected."""
    return _kind(request, _kind_or_404(number))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def paper(request: OfficeRequest, public_id: UUID, number: int) -> HttpResponse:
    """A paper of a child: received, renewed."""
    person, kind = person_or_404(public_id), _kind_or_404(number)
    known = paper_of(person, kind)
    form = PaperForm(request.POST or None, request.FILES or None, initial={"received_on": today(request)})
    if not kind.expires:
        del form.fields["valid_until"]
    if form.is_valid():
        values, file = form.cleaned_data, form.cleaned_data["file"]
        draft = PaperDraft(
            values["received_on"], values.get("valid_until"), file.name if file else "", file.read() if file else b""
        )
        try:
            receive_paper(person=person, kind=kind, draft=draft, by=actor(request), now=request.now)
            return done(f"« {kind} » de {person} : c'est enregistré.", "office:child", public_id=public_id)
        except RegisterError as refusal:
            about_file = "fichier" in str(refusal)
            form.add_error("file" if about_file else "valid_until" if kind.expires else None, str(refusal))
    context = {"form": form, "person": person, "kind": kind, "paper": known}
    status = 400 if form.errors else 200
    return show(request, "office/families/paper.html", context, current="families", status=status)


@allowed(Right.FAMILIES)
def paper_file(request: OfficeRequest, public_id: UUID, number: int) -> HttpResponse:
    """The file of a paper; the trail says who took it."""
    known = paper_of(person_or_404(public_id), _kind_or_404(number))
    if known is None or known.file is None:
        raise Http404
    try:
        file = open_file(public_id=known.file.public_id, by=actor(request), now=request.now)
    except KeptFileError as gone:
        return error(request, 404, "Fichier détruit", str(gone))
    response = attached(file.content, file.name, file.content_type)
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


@require_POST
@allowed(Right.FAMILIES_EDIT)
def drop_paper(request: OfficeRequest, public_id: UUID, number: int) -> HttpResponse:
    """A paper entered by mistake."""
    known = paper_of(person_or_404(public_id), _kind_or_404(number))
    if known is None:
        raise Http404
    remove_paper(paper=known, by=actor(request), now=request.now)
    return done(f"« {known.kind} » est de nouveau manquante.", "office:child", public_id=public_id)


def _kind(request: OfficeRequest, kind: PaperKind | None) -> HttpResponse:
    names = PaperKindDraft.__slots__
    form = KindForm(request.POST or None, initial={name: getattr(kind, name) for name in names} if kind else None)
    if form.is_valid():
        try:
            draft = PaperKindDraft(**form.cleaned_data)
            saved = save_paper_kind(draft=draft, kind=kind, by=actor(request), now=request.now)
            return done(f"« {saved} » : c'est enregistré.", "office:papers")
        except RegisterError as refusal:
            form.add_error("name", str(refusal))
    context = {"form": form, "kind": kind}
    status = 400 if form.errors else 200
    return show(request, "office/families/paper_kind.html", context, current="papers", status=status)


def _kind_or_404(number: int) -> PaperKind:
    found = kind_numbered(number)
    if found is None:
        raise Http404
    return found


def _emails(line: PaperLine) -> str:
    return ", ".join(link.payer.email for link in line.person.links.all() if link.payer.email)


def _classroom(line: PaperLine) -> str:
    room = line.person.classroom
    return "" if room is None else f"{room.school} · {room}"


COLUMNS = [
    Column("name", "Enfant", lambda line: names_first(line.person),
           link=lambda line: child_address(line.person)),
    Column("classroom", "Classe", _classroom, sort=("classroom",)),
    Column("kind", "Pièce", lambda line: line.kind.name, sort=("kind",)),
    Column("state", "État", lambda line: STATES[line.state], sort=("state",), kind="tag",
           tone=lambda line: TONES[line.state]),
    Column("until", "Jusqu'au", lambda line: line.paper.valid_until if line.paper and line.paper.valid_until else ""),
    Column("emails", "Courriels", _emails),
]  # fmt: skip
