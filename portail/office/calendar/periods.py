"""Périscotidien periods: the list, a new one, a change (feature P10)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.bookings.models import Activity, Period
from portail.bookings.operations.offer import OfferError, PeriodDraft, create_period
from portail.bookings.operations.periods import change_period, remove_period
from portail.bookings.queries.activities import in_order, period_rows
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.staff import Right
from portail.rules.weekdays import from_mask
from portail.towns import wording as say


class PeriodForm(OfficeForm):
    """A period: its days, and the weekdays that each activity offers in it."""

    name = forms.CharField(label="Nom", max_length=80, help_text="Par exemple : Période 2, de la Toussaint à Noël.")
    first = forms.DateField(label="Premier jour")
    last = forms.DateField(label="Dernier jour")
    freezes = forms.BooleanField(
        label="Les jours validés ne changent plus dans le planning", required=False,
        help_text="Sinon, les familles les changent ensuite comme les autres, jusqu'à la clôture.",
    )  # fmt: skip

    def __init__(self, *args: Any, offered: list[Activity], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = offered
        for one in offered:
            days = sorted(from_mask(one.weekdays))
            self.fields[f"days_{one.pk}"] = forms.TypedMultipleChoiceField(
                label=one.name, coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
                choices=[(day, say.weekday(day)) for day in days],
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """At least one activity."""
        values = self.cleaned_data
        if not any(values.get(f"days_{one.pk}") for one in self.offered):
            self.add_error(None, "Cochez au moins un jour d'une activité.")
        return values

    def draft(self) -> PeriodDraft:
        """What a valid form asks for."""
        values = self.cleaned_data
        weekdays: Mapping[str, frozenset[int]] = {
            one.code: frozenset(found) for one in self.offered if (found := values[f"days_{one.pk}"])
        }
        return PeriodDraft(values["first"], values["last"], weekdays, values["name"], values["freezes"])


@allowed(Right.CALENDAR)
def periods(request: OfficeRequest) -> HttpResponse:
    """Every period."""
    listing = listed(request, period_rows(), COLUMNS, sort="-first", file_name="periodes")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/periods.html", {"listing": listing}, current="periods")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def new_period(request: OfficeRequest) -> HttpResponse:
    """A period that families will choose the weekdays of."""
    form = PeriodForm(request.POST or None, offered=_offered())
    if form.is_valid():
        try:
            create_period(draft=form.draft(), by=actor(request), now=request.now)
            return done(f"La période « {form.cleaned_data['name']} » est ouverte.", "office:periods")
        except OfferError as refusal:
            form.add_error("last", str(refusal))
    return _page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def edit_period(request: OfficeRequest, number: int) -> HttpResponse:
    """Change a period, or take it away as long as no family has validated it."""
    one = period_rows().filter(pk=number).first()
    if one is None:
        raise Http404
    initial = {"name": one.name, "first": one.first, "last": one.last, "freezes": one.freezes}
    offers = {f"days_{line.activity_id}": sorted(from_mask(line.weekdays)) for line in one.offers.all()}
    offered = _offered(frozenset(line.activity_id for line in one.offers.all()))
    removing = request.POST.get("act") == "remove"
    form = PeriodForm(None if removing else request.POST or None, initial={**initial, **offers}, offered=offered)
    try:
        if removing:
            remove_period(period=one, by=actor(request), now=request.now)
            return done(f"La période « {one.name} » est retirée.", "office:periods")
        if form.is_valid():
            change_period(period=one, draft=form.draft(), by=actor(request), now=request.now)
            return done(f"La période « {form.cleaned_data['name']} » est enregistrée.", "office:periods")
    except OfferError as refusal:
        form.is_bound = True
        form.data = form.data or {**initial, **offers}
        form.is_valid()
        form.add_error("last" if "avant" in str(refusal) else None, str(refusal))
    return _page(request, form, one)


def _page(request: OfficeRequest, form: PeriodForm, one: Period | None) -> HttpResponse:
    context = {"form": form, "one": one}
    return show(request, "office/period_edit.html", context, current="periods", status=400 if form.errors else 200)


def _offered(known: frozenset[int] = frozenset()) -> list[Activity]:
    return [one for one in in_order() if one.active or one.pk in known]


def _activities(one: Any) -> str:
    return ", ".join(
        f"{line.activity.name} ({' '.join(say.weekday_short(day) for day in sorted(from_mask(line.weekdays)))})"
        for line in one.offers.all()
    )


COLUMNS = [
    Column(
        "name", "Nom", lambda one: one.name or "Période", sort=("name",),
        link=lambda one: reverse("office:edit_period", args=[one.pk]),
    ),
    Column("first", "Du", lambda one: one.first, sort=("first",)),
    Column("last", "Au", lambda one: one.last, sort=("last",)),
    Column("activities", "Activités", _activities),
    Column("families", "Enfants validés", lambda one: one.families, sort=("families",), kind="number"),
    Column("freezes", "Ensuite", lambda one: "figée" if one.freezes else "modifiable"),
]  # fmt: skip
