"""Who is sent the head-counts, and when."""

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.bookings.models import KitchenRecipient
from portail.bookings.operations.kitchen import (
    MOST_DAYS_AHEAD,
    KitchenError,
    RecipientDraft,
    remove_recipient,
    save_recipient,
)
from portail.bookings.queries.headcounts import recipients, school_codes
from portail.bookings.queries.offer import offer_in_force
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.staff import Right
from portail.towns import wording as say


class RecipientForm(OfficeForm):
    """An address, and what it receives."""

    activity = forms.ChoiceField(label="Activité")
    school = forms.ChoiceField(label="École", required=False)
    email = forms.CharField(
        label="Adresse de courriel", max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip
    days_ahead = forms.IntegerField(
        label="Jours ouvrés avant", min_value=0, max_value=MOST_DAYS_AHEAD,
        help_text="0 : le jour même. 1 : la veille, ou le vendredi pour le lundi.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    at = forms.TimeField(label="Heure de l'envoi")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        activities = [(code, rules.name) for code, rules in offer_in_force().rulebook.activities.items()]
        self.fields["activity"] = forms.ChoiceField(label="Activité", choices=[("", "Choisir…"), *activities])
        schools = [("", "Toutes les écoles"), *school_codes()]
        self.fields["school"] = forms.ChoiceField(label="École", required=False, choices=schools)


@allowed(Right.CALENDAR)
def kitchen(request: OfficeRequest) -> HttpResponse:
    """Every address."""
    listing = listed(request, recipients(), COLUMNS, sort="activity", file_name="cuisine")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/kitchen.html", {"listing": listing}, current="kitchen")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def new_recipient(request: OfficeRequest) -> HttpResponse:
    """A new address."""
    return _edited(request, None, RecipientForm(request.POST or None, initial={"days_ahead": 1, "at": "09:30"}))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def edit_recipient(request: OfficeRequest, number: int) -> HttpResponse:
    """Another hour, another address."""
    one = _one(number)
    initial = {
        "activity": one.activity.code, "school": one.school.code if one.school else "", "email": one.email,
        "days_ahead": one.days_ahead, "at": f"{one.at // 60:02}:{one.at % 60:02}",
    }  # fmt: skip
    return _edited(request, one, RecipientForm(request.POST or None, initial=initial))


@require_POST
@allowed(Right.CALENDAR)
def drop_recipient(request: OfficeRequest, number: int) -> HttpResponse:
    """Nothing more is sent there."""
    one = _one(number)
    remove_recipient(recipient=one, by=actor(request), now=request.now)
    return done(f"Plus rien ne sera envoyé à {one.email}.", "office:kitchen")


def _edited(request: OfficeRequest, one: KitchenRecipient | None, form: RecipientForm) -> HttpResponse:
    if form.is_valid():
        values = form.cleaned_data
        at = values["at"]
        draft = RecipientDraft(
            values["activity"], values["school"], values["email"], at.hour * 60 + at.minute, values["days_ahead"]
        )
        try:
            save_recipient(draft=draft, recipient=one, by=actor(request), now=request.now)
            return done(f"Les effectifs partiront à {draft.email}, {_when(draft.days_ahead, draft.at)}.",
                        "office:kitchen")  # fmt: skip
        except KitchenError as refusal:
            form.add_error(refusal.field or None, str(refusal))
    context = {"form": form, "one": one}
    return show(request, "office/kitchen_edit.html", context, current="kitchen", status=400 if form.errors else 200)


def _one(number: int) -> KitchenRecipient:
    found = recipients().filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _when(days: int, at: int) -> str:
    before = {0: "le jour même", 1: "la veille (jour ouvré)"}.get(days, f"{days} jours ouvrés avant")
    return f"{before} à {say.time(at)}"


COLUMNS = [
    Column("activity", "Activité", lambda one: one.activity.name, sort=("activity__position", "email"),
           link=lambda one: f"{one.pk}/"),
    Column("school", "École", lambda one: one.school.name if one.school else "toutes", sort=("school__name", "email")),
    Column("email", "Adresse", lambda one: one.email, sort=("email",)),
    Column("when", "Envoi", lambda one: _when(one.days_ahead, one.at), sort=("days_ahead", "at")),
]  # fmt: skip
