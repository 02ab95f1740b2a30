"""Activities: the list, the ready-made ones, the form with its live example, their order."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portail.bookings.models import Activity
from portail.bookings.operations.activities import (
    order_activities,
    order_groups,
    remove_group,
    save_plan,
    set_activity_state,
)
from portail.bookings.operations.offer import OfferError, save_group
from portail.bookings.queries.activities import (
    activity_rows,
    bookings_ahead,
    free_code,
    free_group_code,
    groups,
    in_order,
    plan_of,
)
from portail.bookings.queries.offer import cutoff_from, offer_in_force
from portail.bookings.wording import cutoff_short
from portail.families.models import Classroom, School
from portail.office.calendar import words
from portail.office.calendar.activity_forms import ActivityForm, Around, initial_of
from portail.office.calendar.cutoff_fields import cutoff_initial, examples, sentences
from portail.office.calendar.presets import PRESETS
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.calendar import Opening
from portail.rules.staff import Right
from portail.rules.weekdays import from_mask

FRAGMENT = "X-Example"  # header of the small module that only wants the example again


class GroupForm(OfficeForm):
    """A group of activities."""

    name = forms.CharField(label="Nom du groupe", max_length=60)


class SearchForm(OfficeForm):
    """What to look for among the activities."""

    q = forms.CharField(label="Nom", required=False, max_length=80)
    etat = forms.ChoiceField(
        label="État", required=False, choices=[("", "toutes"), ("active", "ouvertes"), ("retiree", "retirées")]
    )


@allowed(Right.CALENDAR)
def activities(request: OfficeRequest) -> HttpResponse:
    """Every activity of the town."""
    filters = SearchForm(request.GET)
    rows: Any = activity_rows()
    if filters.is_valid():
        wanted = filters.cleaned_data
        if wanted["q"]:
            rows = rows.filter(name__icontains=wanted["q"])
        if wanted["etat"]:
            rows = rows.filter(active=wanted["etat"] == "active")
    listing = listed(request, rows, COLUMNS, sort="group", filters=filters, file_name="activites")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/activities.html", {"listing": listing}, current="activities")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def new_activity(request: OfficeRequest) -> HttpResponse:
    """The ready-made activities; then the form of the one chosen (`?modele=cantine`)."""
    preset = PRESETS.get(request.GET.get("modele", ""))
    if preset is None and request.method != "POST":
        return show(request, "office/activity_presets.html", {"presets": PRESETS}, current="activities")
    around = _around(None)
    initial: dict[str, Any] = {}
    if preset is not None:
        group = next((one.code for one in around.groups if one.name.casefold() == preset.group.casefold()), "")
        initial = {
            **cutoff_initial("book", preset.cutoff), **cutoff_initial("cancel", preset.cutoff), **preset.values,
            "group": group, "new_group": "" if group else preset.group,
        }  # fmt: skip
    return _form_page(request, ActivityForm(request.POST or None, initial=initial, around=around), None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def edit_activity(request: OfficeRequest, number: int) -> HttpResponse:
    """Everything that belongs to an activity."""
    one = _one(number)
    around = _around(one)
    initial = initial_of(plan_of(one), around.schools)
    return _form_page(request, ActivityForm(request.POST or None, initial=initial, around=around), one)


@require_POST
@allowed(Right.CALENDAR)
def activity_state(request: OfficeRequest, number: int) -> HttpResponse:
    """Withdraw an activity from the planning, or show it again."""
    one = _one(number)
    active = request.POST.get("active") == "1"
    set_activity_state(code=one.code, active=active, by=actor(request), now=request.now)
    said = "est de nouveau dans le planning" if active else "n'est plus dans le planning"
    return done(f"« {one.name} » {said}.", "office:edit_activity", number=one.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def activity_order(request: OfficeRequest) -> HttpResponse:
    """The order of the planning: groups, then the activities of each; and the groups themselves."""
    form = GroupForm(request.POST if request.POST.get("act") == "add" else None)
    if request.method == "POST":
        said = _reordered(request, form)
        if said:
            return done(said, "office:activity_order")
    found = in_order()
    lines = [(group, [one for one in found if one.group_id == group.pk]) for group in groups()]
    context = {"lines": lines, "form": form}
    return show(
        request, "office/activity_order.html", context, current="activities", status=400 if form.errors else 200
    )


def _reordered(request: OfficeRequest, form: GroupForm) -> str:
    """Do one act of the page of the order; what to say, "" when it was refused."""
    act, code, by, now = request.POST.get("act", ""), request.POST.get("code", ""), actor(request), request.now
    known = groups()
    try:
        if act == "add" and form.is_valid():
            name = form.cleaned_data["name"]
            save_group(code=free_group_code(name), name=name, position=len(known), by=by, now=now)
            return f"Le groupe « {name} » est ajouté."
        if act == "remove":
            remove_group(code=code, by=by, now=now)
            return "Le groupe est retiré."
    except OfferError as refusal:
        form.is_bound = True
        form.add_error(None, str(refusal))
        return ""
    if act == "rename" and (name := request.POST.get("name", "").strip().replace("\0", "")):
        return _renamed(request, code, name[:60])
    return _moved(request, act, code)


def _renamed(request: OfficeRequest, code: str, name: str) -> str:
    group = next((one for one in groups() if one.code == code), None)
    if group is None:
        raise Http404
    save_group(code=code, name=name, position=group.position, by=actor(request), now=request.now)
    return f"Le groupe s'appelle « {name} »."


def _moved(request: OfficeRequest, act: str, code: str) -> str:
    """« Monter » and « Descendre », of a group or of an activity within its group."""
    step = {"up": -1, "down": 1, "group_up": -1, "group_down": 1}.get(act, 0)
    if not step:
        return ""
    if act.startswith("group"):
        codes = _swapped([one.code for one in groups()], code, step)
        order_groups(codes=codes, by=actor(request), now=request.now)
    else:
        found = in_order()
        group = next((one.group_id for one in found if one.code == code), None)
        codes = _swapped([one.code for one in found if one.group_id == group], code, step)
        order_activities(codes=codes, by=actor(request), now=request.now)
    return "L'ordre du planning est enregistré."


def _swapped(codes: list[str], code: str, step: int) -> list[str]:
    if code in codes:
        place = codes.index(code)
        other = min(max(place + step, 0), len(codes) - 1)
        codes[place], codes[other] = codes[other], codes[place]
    return codes


def _form_page(request: OfficeRequest, form: ActivityForm, one: Activity | None) -> HttpResponse:
    example_only = request.method == "POST" and request.POST.get("act") == "example"
    valid = form.is_valid()
    if valid and not example_only:
        try:
            saved = _saved(request, form, one)
            return done(f"« {saved.name} » est enregistrée.", "office:activities")
        except OfferError as refusal:
            form.add_error(_field_of(str(refusal)), str(refusal))
    context = {
        "form": form,
        "one": one,
        "example": _example(request, form) if form.is_bound else _example(request, _as_typed(form)),
        "ahead": bookings_ahead(one, today(request)) if one else 0,
    }
    if example_only and request.headers.get(FRAGMENT):
        return show(request, "office/activity_example.html", context)
    status = 400 if form.errors and not example_only else 200
    return show(request, "office/activity_edit.html", context, current="activities", status=status)


def _saved(request: OfficeRequest, form: ActivityForm, one: Activity | None) -> Activity:
    values = form.cleaned_data
    code = one.code if one else free_code(values["name"])
    position = one.position if one else max((other.position for other in form.around.others), default=0) + 1
    plan = form.plan(code, free_group_code(values["new_group"]), position)
    return save_plan(plan=plan, new=one is None, by=actor(request), now=request.now)


def _field_of(sentence: str) -> str | None:
    """The field that an operation's refusal is about."""
    about = {"arrêt": "stops", "Il y a déjà": "name", "dépendre": "link_requires", "finit avant": "last_day"}
    return next((name for words_, name in about.items() if words_ in sentence), None)


def _as_typed(form: ActivityForm) -> ActivityForm:
    """The same form as if its first values had been sent: so that a page first shown has its example."""
    typed = ActivityForm({}, initial=form.initial, around=form.around)
    typed.data = {name: value for name, value in form.initial.items() if value not in (None, False)}
    typed.data.setdefault("same", "on" if form.initial.get("same", True) else "")
    typed.is_valid()
    return typed


def _example(request: OfficeRequest, form: ActivityForm) -> dict[str, Any]:
    """The rule said back, and what it gives on real days."""
    when = form.when()
    if form.book is None or form.cancel is None:
        return {"sentences": [], "days": [], "words": ""}
    rules = offer_in_force().rulebook
    days = examples(form.book, form.cancel, when, rules.calendar, now=request.now, zone=rules.zone) if when else []
    return {"sentences": sentences(form.book, form.cancel), "days": days, "same": form.book == form.cancel}


def _around(one: Activity | None) -> Around:
    others = [other for other in in_order() if one is None or other.pk != one.pk]
    schools = list(School.objects.order_by("name", "pk"))
    return Around(groups(), schools, list(Classroom.objects.order_by("name", "pk")), others)


def _one(number: int) -> Activity:
    found = Activity.objects.select_related("group").filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _cutoffs(one: Activity) -> str:
    book, cancel = cutoff_from(one.book_cutoff), cutoff_from(one.cancel_cutoff)
    words_ = cutoff_short(book)
    return words_ if book == cancel else f"{words_} ; pour annuler, {cutoff_short(cancel)}"


def _address(one: Any) -> str:
    return reverse("office:edit_activity", args=[one.pk])


def _places(one: Any) -> str:
    if one.seats is not None:
        return words.counted(one.seats, "par jour", "par jour")
    return "par école" if one.schools_limited else "sans limite"


COLUMNS = [
    Column("name", "Nom", lambda one: one.name, sort=("name",), link=_address),
    Column("group", "Groupe", lambda one: one.group.name, sort=("group__position", "position")),
    Column("opens", "Ouverte", lambda one: words.OPENINGS[Opening(one.opens_on)]),
    Column("weekdays", "Jours", lambda one: words.weekdays(from_mask(one.weekdays))),
    Column("cutoff", "Clôture", _cutoffs),
    Column("seats", "Places", _places),
    Column("enrolled", "Inscrits", lambda one: str(one.enrolled) if one.enrolled_only else ""),
    Column(
        "state", "Planning", lambda one: "ouverte" if one.active else "retirée", sort=("-active",), kind="tag",
        tone=lambda one: "good" if one.active else "",
    ),
]  # fmt: skip
