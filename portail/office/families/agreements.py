"""Rules and consents: the texts put to families each school year, and who has answered."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.families.models import Agreement, Payer
from portail.families.operations.agreements import AgreementDraft, answer_agreement, save_agreement
from portail.families.operations.register import RegisterError
from portail.families.queries.agreements import agreement_numbered, agreements_with_counts, still_to_answer
from portail.office.families.reading import payer_or_404
from portail.office.families.search import children_words, family_address, names_first
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right


class AgreementForm(OfficeForm):
    """A text to put to families."""

    kind = forms.ChoiceField(
        label="Nature", choices=Agreement.Kind.choices, widget=forms.RadioSelect, initial=Agreement.Kind.RULES
    )
    title = forms.CharField(
        label="Titre", max_length=150, help_text="Par exemple « Règlement du restaurant scolaire »."
    )
    body = forms.CharField(label="Texte", max_length=20_000, widget=forms.Textarea(attrs={"rows": 12}))
    required = forms.BooleanField(label="La réponse est obligatoire", required=False)
    active = forms.BooleanField(label="En vigueur", required=False, initial=True)


@allowed(Right.FAMILIES)
def agreements(request: OfficeRequest) -> HttpResponse:
    """The texts, with how many have answered this school year."""
    rows = agreements_with_counts(today(request))
    return show(request, "office/families/agreements.html", {"rows": rows}, current="agreements")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def new_agreement(request: OfficeRequest) -> HttpResponse:
    """One more text."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_agreement(request: OfficeRequest, number: int) -> HttpResponse:
    """A text, corrected as long as nobody has answered it."""
    return _edit(request, _one(number))


@allowed(Right.FAMILIES)
def unanswered(request: OfficeRequest, number: int) -> HttpResponse:
    """The payers who have still to answer."""
    one = _one(number)
    rows: Any = still_to_answer(one, today(request))
    listing = listed(request, rows, COLUMNS, sort="name", file_name="sans-reponse")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/families/unanswered.html", {"listing": listing, "one": one}, current="agreements")


@require_POST
@allowed(Right.FAMILIES_EDIT)
def answer_for(request: OfficeRequest, public_id: UUID, number: int) -> HttpResponse:
    """What a payer has signed on paper."""
    payer, one = payer_or_404(public_id), _one(number)
    try:
        agreed = request.POST.get("agreed") == "yes"
        answer_agreement(agreement=one, payer=payer, agreed=agreed, by=actor(request), now=request.now)
    except RegisterError as refusal:
        return error(request, 400, "Réponse non enregistrée", str(refusal))
    return done(f"« {one} » : la réponse de {payer} est enregistrée.", "office:family", public_id=public_id)


def _edit(request: OfficeRequest, one: Agreement | None) -> HttpResponse:
    initial = {name: getattr(one, name) for name in AgreementDraft.__slots__} if one else None
    form = AgreementForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            draft = AgreementDraft(**form.cleaned_data)
            saved = save_agreement(draft=draft, agreement=one, by=actor(request), now=request.now)
            return done(f"« {saved} » : c'est enregistré.", "office:agreements")
        except RegisterError as refusal:
            form.add_error("body" if "texte" in str(refusal) else "title", str(refusal))
    context = {"form": form, "one": one}
    status = 400 if form.errors else 200
    return show(request, "office/families/agreement.html", context, current="agreements", status=status)


def _one(number: int) -> Agreement:
    found = agreement_numbered(number)
    if found is None:
        raise Http404
    return found


def _email(payer: Payer) -> str:
    return payer.email


COLUMNS = [
    Column("name", "Payeur", names_first, sort=("sort_key",), link=family_address),
    Column("children", "Enfants", children_words),
    Column("phone", "Téléphone", lambda one: one.phone),
    Column("email", "Courriel", _email, sort=("email",)),
]
