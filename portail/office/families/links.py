"""Who answers for a child: another payer, another right, one fewer. Separated parents each see only what is theirs."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.families.operations.people import Answering, DoubleError, add_payer, remove_link, set_link
from portail.families.operations.register import RegisterError
from portail.families.queries.search import Wanted, payers_wanted
from portail.office.families.forms import AnsweringForm, NewPayerForm
from portail.office.families.reading import link_or_404, payer_or_404, person_card_or_404, person_or_404
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.staff import Right

MOST_FOUND = 10


@require_http_methods(["GET", "HEAD"])
@allowed(Right.FAMILIES_EDIT)
def choose_payer(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Another payer for a child: one who is known already, else a new one."""
    card = person_card_or_404(public_id)
    words = request.GET.get("q", "")[:100]
    mine = {link.payer_id for link in card.links}
    found = list(payers_wanted(Wanted(words)).exclude(pk__in=mine).order_by("sort_key")[:MOST_FOUND]) if words else []
    context = {"person": card.person, "q": words, "found": found}
    return show(request, "office/families/choose_payer.html", context, current="families")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def new_payer(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A payer whom nobody knew yet, for this child."""
    person = person_or_404(public_id)
    form, double = NewPayerForm(request.POST or None), None
    if form.is_valid():
        try:
            issued = add_payer(
                person=person, details=form.details(), answering=form.answering(),
                homonyms=form.cleaned_data["homonyms"], by=actor(request), now=request.now,
            )  # fmt: skip
            words = f"{issued.payer} est ajouté : éditez sa lettre pour lui donner ses codes."
            return done(words, "office:family", public_id=issued.payer.public_id)
        except DoubleError as refusal:
            double = refusal
            form.add_error("last_name", str(refusal))
        except RegisterError as refusal:
            form.add_error("weeks_from" if "lundi" in str(refusal) else None, str(refusal))
    context = {"form": form, "person": person, "double": double}
    status = 400 if form.errors else 200
    return show(request, "office/families/new_payer.html", context, current="families", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_link(request: OfficeRequest, public_id: UUID, payer: UUID) -> HttpResponse:
    """What a payer may do for a child; a payer who did nothing yet is linked by it."""
    person, one = person_or_404(public_id), payer_or_404(payer)
    card = person_card_or_404(public_id)
    link = next((found for found in card.links if found.payer_id == one.pk), None)
    form = AnsweringForm(request.POST or None, initial=AnsweringForm.initial_of(link) if link else None)
    if form.is_valid():
        try:
            answering: Answering = form.answering()
            set_link(payer=one, person=person, answering=answering, by=actor(request), now=request.now)
            return done(f"{one} et {person.first_name} : c'est enregistré.", "office:child", public_id=public_id)
        except RegisterError as refusal:
            form.add_error("weeks_from", str(refusal))
    context = {"form": form, "person": person, "payer": one, "link": link, "alone": len(card.links) == 1}
    status = 400 if form.errors else 200
    return show(request, "office/families/edit_link.html", context, current="families", status=status)


@require_POST
@allowed(Right.FAMILIES_EDIT)
def drop_link(request: OfficeRequest, public_id: UUID, payer: UUID) -> HttpResponse:
    """A payer who no longer answers for a child."""
    person, one = person_or_404(public_id), payer_or_404(payer)
    link_or_404(one, person)
    try:
        remove_link(payer=one, person=person, by=actor(request), now=request.now)
    except RegisterError as refusal:
        return error(request, 400, "Lien gardé", str(refusal))
    return done(f"{one} ne répond plus de {person}.", "office:child", public_id=public_id)
