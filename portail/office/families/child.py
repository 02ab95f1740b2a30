"""A child (or adult eater): one page, what the town hall corrects, who may fetch them."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.families.models import AuthorisedPerson, Person
from portail.families.operations.care import AuthorisedDraft, remove_authorised, save_authorised
from portail.families.operations.people import DoubleError, add_person, change_person
from portail.families.operations.register import RegisterError
from portail.families.queries.cards import authorised_of
from portail.families.queries.papers import papers_of
from portail.office.families.forms import AuthorisedForm, EditPersonForm, NewPersonForm
from portail.office.families.papers import STATES, TONES
from portail.office.families.reading import (
    CHANNELS,
    life_of,
    payer_card_or_404,
    person_card_or_404,
    person_or_404,
)
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right


@allowed(Right.FAMILIES)
def child(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Everything about a child: class, payers, coming days, who may fetch them."""
    card = person_card_or_404(public_id)
    context = {
        "card": card,
        "person": card.person,
        "life": life_of(request, [card.person]),
        "channels": CHANNELS,
        "papers": papers_of(card.person, today(request)) if card.person.kind == Person.Kind.CHILD else [],
        "states": STATES,
        "tones": TONES,
    }
    return show(request, "office/families/child.html", context, current="families")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def new_child(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A child more in the family of a payer, and of those who already answer with them for the others."""
    card = payer_card_or_404(public_id)
    others = {link.payer.pk: link.payer for one in card.links for link in one.person.links.all()}
    household = {card.payer.pk: card.payer, **others}
    form, double = NewPersonForm(request.POST or None, initial={"last_name": card.payer.last_name}), None
    if form.is_valid():
        ticked = request.POST.getlist("payer")
        payers = [payer for key, payer in household.items() if str(key) in ticked] or [card.payer]
        try:
            made = add_person(
                payers=payers, details=form.details(), homonyms=form.cleaned_data["homonyms"],
                by=actor(request), now=request.now,
            )  # fmt: skip
            return done(f"{made} est inscrit, avec le code {made.code}.", "office:child", public_id=made.public_id)
        except DoubleError as refusal:
            double = refusal
            form.add_error("first_name", str(refusal))
        except RegisterError as refusal:
            form.add_error(None, str(refusal))
    ticked_now = set(request.POST.getlist("payer")) if request.POST else {str(key) for key in household}
    context = {"form": form, "payer": card.payer, "household": household, "ticked": ticked_now, "double": double}
    status = 400 if form.errors else 200
    return show(request, "office/families/new_child.html", context, current="families", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_child(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Name, birth date, class, meal."""
    person = person_or_404(public_id)
    form = EditPersonForm(request.POST or None, initial=EditPersonForm.initial_of(person))
    if form.is_valid():
        try:
            changed = change_person(person=person, details=form.details(), by=actor(request), now=request.now)
            return done(f"{changed} : c'est enregistré.", "office:child", public_id=public_id)
        except RegisterError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "person": person}
    status = 400 if form.errors else 200
    return show(request, "office/families/edit_child.html", context, current="families", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def new_authorised(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Somebody more who may fetch the child."""
    return _authorised(request, public_id, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_authorised(request: OfficeRequest, public_id: UUID, number: int) -> HttpResponse:
    """One who may fetch the child, corrected."""
    return _authorised(request, public_id, _one(public_id, number))


@require_POST
@allowed(Right.FAMILIES_EDIT)
def drop_authorised(request: OfficeRequest, public_id: UUID, number: int) -> HttpResponse:
    """Somebody who may no longer fetch the child."""
    one = _one(public_id, number)
    remove_authorised(authorised=one, by=actor(request), now=request.now)
    return done(f"{one.name} n'est plus autorisé à venir le chercher.", "office:child", public_id=public_id)


def _authorised(request: OfficeRequest, public_id: UUID, one: AuthorisedPerson | None) -> HttpResponse:
    person = person_or_404(public_id)
    initial = {} if one is None else {"name": one.name, "phone": one.phone, "relation": one.relation}
    form = AuthorisedForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            draft = AuthorisedDraft(**form.cleaned_data)
            save_authorised(person=person, draft=draft, authorised=one, by=actor(request), now=request.now)
            return done(f"{draft.name} peut venir chercher {person}.", "office:child", public_id=public_id)
        except RegisterError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "person": person, "one": one}
    status = 400 if form.errors else 200
    return show(request, "office/families/authorised.html", context, current="families", status=status)


def _one(public_id: UUID, number: int) -> AuthorisedPerson:
    found = authorised_of(public_id, number)
    if found is None:
        raise Http404
    return found
