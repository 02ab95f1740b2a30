"""A payer and their children on one page; what is known of the payer, typed by the town hall."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from portail.billing.operations.payers import change_payer_details
from portail.billing.queries.cards import Clock
from portail.billing.queries.invoices import due_of
from portail.families.operations.people import DoubleError, enter_family
from portail.families.operations.quotients import QuotientDraft, set_quotient
from portail.families.operations.register import RegisterError
from portail.families.queries.agreements import agreements_of
from portail.families.queries.cards import failed_tries
from portail.news.payer_queries import contacts_from, mails_to
from portail.office.families.forms import EditPayerForm, NewFamilyForm, QuotientForm
from portail.office.families.reading import CHANNELS, life_of, payer_card_or_404, payer_or_404
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed, today, zone_of
from portail.rules.staff import Right

SHOWN = 8  # mails and messages of the page


@allowed(Right.FAMILIES)
def family(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Everything about a payer: children, coming days, money, what was written."""
    card = payer_card_or_404(public_id)
    payer, day = card.payer, today(request)
    invoices = due_of(payer.pk, Clock(request.now, zone_of(request))) if _sees_money(request) else None
    context = {
        "card": card,
        "payer": payer,
        "quotient": card.quotient_on(day),
        "life": life_of(request, [one for one in card.persons if one.active]),
        "channels": CHANNELS,
        "invoices": invoices,
        "mails": mails_to(payer.pk, SHOWN),
        "contacts": contacts_from(payer, SHOWN),
        "tries": failed_tries(card.persons),
        "agreements": agreements_of(payer, day),
    }
    return show(request, "office/families/family.html", context, current="families")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def new_family(request: OfficeRequest) -> HttpResponse:
    """A payer and their first child, entered at once; others follow on the family's page."""
    form, double = NewFamilyForm(request.POST or None), None
    if form.is_valid():
        try:
            issued, _ = enter_family(
                payer=form.details(), persons=[form.child()], homonyms=form.cleaned_data["homonyms"],
                by=actor(request), now=request.now,
            )  # fmt: skip
            words = f"La famille {issued.payer} est créée : éditez sa lettre pour lui donner ses codes."
            return done(words, "office:family", public_id=issued.payer.public_id)
        except DoubleError as refusal:
            double = refusal
            form.add_error("child_first_name" if refusal.person else "last_name", str(refusal))
        except RegisterError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "double": double}
    return show(request, "office/families/new.html", context, current="families", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def edit_payer(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Name, address, telephone, e-mail, residence."""
    payer = payer_or_404(public_id)
    form = EditPayerForm(request.POST or None, initial=EditPayerForm.initial_of(payer))
    if form.is_valid():
        try:
            changed = change_payer_details(payer=payer, details=form.details(), by=actor(request), now=request.now)
            return done(f"{changed} : c'est enregistré.", "office:family", public_id=public_id)
        except RegisterError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "payer": payer, "title": f"Modifier {payer}"}
    status = 400 if form.errors else 200
    return show(request, "office/families/edit_payer.html", context, current="families", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def quotient(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """The quotient familial: a new one, and those of before."""
    card = payer_card_or_404(public_id)
    form = QuotientForm(request.POST or None, initial={"first_day": today(request)})
    if form.is_valid():
        try:
            draft = QuotientDraft(**form.cleaned_data)
            set_quotient(payer=card.payer, draft=draft, by=actor(request), now=request.now)
            return done("Le quotient familial est enregistré.", "office:family", public_id=public_id)
        except RegisterError as refusal:
            form.add_error(None, str(refusal))
    context = {
        "form": form,
        "payer": card.payer,
        "quotients": card.quotients,
        "in_force": card.quotient_on(today(request)),
    }
    status = 400 if form.errors else 200
    return show(request, "office/families/quotient.html", context, current="families", status=status)


def _sees_money(request: OfficeRequest) -> bool:
    return Right.INVOICES in agent_of(request).rights
