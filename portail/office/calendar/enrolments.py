"""Who is enrolled for the year in an activity reserved for the enrolled, and at which stop they get on."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.bookings.models import Activity, Enrolment
from portail.bookings.operations.activities import EnrolmentDraft, set_enrolment, unenrol
from portail.bookings.operations.offer import OfferError
from portail.bookings.queries.activities import enrolment_rows, stops_of
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.codes import normalise_child_code
from portail.rules.staff import Right
from portail.towns import wording as say


class EnrolForm(OfficeForm):
    """One more child, or another stop for one."""

    person = forms.CharField(
        label="Code enfant", max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    stop = forms.ChoiceField(label="Arrêt", required=False)
    first_day = forms.DateField(label="Du", required=False)
    last_day = forms.DateField(label="Au", required=False)

    def __init__(self, *args: Any, activity: Activity, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stops = [(stop.name, f"{stop.name}, {say.time(stop.at)}") for stop in stops_of(activity)]
        if isinstance(field := self.fields["stop"], forms.ChoiceField):
            field.choices = [("", "—"), *stops]
        if not stops:
            del self.fields["stop"]


class FindForm(OfficeForm):
    """Whom to look for in the list."""

    q = forms.CharField(label="Nom ou code", required=False, max_length=80)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def enrolments(request: OfficeRequest, number: int) -> HttpResponse:
    """The children enrolled in an activity; a form for one more."""
    one = _activity(number)
    form = EnrolForm(request.POST or None, activity=one)
    if form.is_valid():
        values = form.cleaned_data
        draft = EnrolmentDraft(
            normalise_child_code(values["person"]), one.code, values.get("stop", ""), values["first_day"],
            values["last_day"],
        )  # fmt: skip
        try:
            made = set_enrolment(draft=draft, by=actor(request), now=request.now)
            return done(f"{made.person} : inscription enregistrée.", "office:enrolments", number=one.pk)
        except OfferError as refusal:
            form.add_error("last_day" if "finit" in str(refusal) else "person", str(refusal))
    filters = FindForm(request.GET)
    rows: Any = enrolment_rows(one)
    if filters.is_valid() and (wanted := filters.cleaned_data["q"]):
        rows = rows.filter(person__sort_key__icontains=wanted) | rows.filter(person__code=wanted)
    listing = listed(request, rows, COLUMNS, sort="name", filters=filters, file_name=f"inscrits-{one.code}")
    if isinstance(listing, HttpResponse):
        return listing
    context = {"one": one, "form": form, "listing": listing}
    return show(request, "office/enrolments.html", context, current="activities", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def end_enrolment(request: OfficeRequest, number: int) -> HttpResponse:
    """Ask, then end one enrolment."""
    one = Enrolment.objects.select_related("person", "activity", "stop").filter(pk=number).first()
    if one is None:
        raise Http404
    if request.method == "POST":
        unenrol(enrolment=one, by=actor(request), now=request.now)
        return done(f"{one.person} n'est plus inscrit.", "office:enrolments", number=one.activity_id)
    return show(request, "office/enrolment_end.html", {"one": one}, current="activities")


def _activity(number: int) -> Activity:
    found = Activity.objects.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _class(one: Enrolment) -> str:
    where = one.person.classroom
    return f"{where.school.name}, {where.name}" if where else ""


def _stop(one: Enrolment) -> str:
    return f"{one.stop.name}, {say.time(one.stop.at)}" if one.stop else ""


COLUMNS = [
    Column("name", "Nom", lambda one: f"{one.person.last_name} {one.person.first_name}", sort=("person__sort_key",)),
    Column("code", "Code", lambda one: one.person.code, sort=("person__code",)),
    Column("class", "Classe", _class, sort=("person__classroom__school__name", "person__classroom__name")),
    Column("stop", "Arrêt", _stop, sort=("stop__at",)),
    Column("first", "Du", lambda one: one.first_day or "", sort=("first_day",)),
    Column("last", "Au", lambda one: one.last_day or "", sort=("last_day",)),
    Column("end", "Fin", lambda _: "Retirer", link=lambda one: reverse("office:end_enrolment", args=[one.pk])),
]  # fmt: skip
