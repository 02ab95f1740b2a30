"""Lists of names: per class and activity, on paper or in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.http import HttpResponse
from django.urls import reverse

from portail.bookings.models import Presence
from portail.bookings.operations.kitchen import MEALS
from portail.bookings.queries.headcounts import unmarked
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.records import Span
from portail.bookings.queries.roll import RegisterRow, authorised_names, class_names, expected
from portail.office.forms import OfficeForm
from portail.office.lists import Column, export, listed
from portail.office.pages import show
from portail.office.requests import OfficeRequest, allowed
from portail.office.requests import today as today_of
from portail.office.today.days import FARTHEST
from portail.rules.staff import Right

LOOKED_BACK = 31


class ListForm(OfficeForm):
    """Which list."""

    jour = forms.DateField(label="Jour", required=False)
    activite = forms.ChoiceField(label="Activité", required=False)
    ecole = forms.ChoiceField(label="École", required=False)
    classe = forms.ChoiceField(label="Classe", required=False)
    autorisees = forms.BooleanField(label="Avec les personnes autorisées", required=False)

    def __init__(self, offer: Offer, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        named = [(code, rules.name) for code, rules in offer.rulebook.activities.items()]
        rows = class_names()
        for name, choices in (
            ("activite", [("", "Toutes"), *named]),
            ("ecole", [("", "Toutes"), *((str(key), name) for key, name in offer.schools.items())]),
            ("classe", [("", "Toutes"), *((str(key), words) for key, words in rows)]),
        ):
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, required=False, choices=choices)


@dataclass(frozen=True, slots=True)
class Line:
    """One child on a list: of which activity, and who may fetch them."""

    activity: str
    row: RegisterRow
    authorised: str


@allowed(Right.LISTS)
def day_lists(request: OfficeRequest) -> HttpResponse:
    """Who is expected, class by class."""
    offer = offer_in_force()
    form = ListForm(offer, request.GET or None, initial={"jour": today_of(request)})
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    day = values.get("jour") or today_of(request)
    if abs(day - today_of(request)) > FARTHEST:
        day = today_of(request)
    lines = _lines(day, offer, values)
    if (kind := request.GET.get("export", "")) in ("csv", "xlsx"):
        return export(kind, _columns(day), lines, f"liste-{day}")
    context = {
        "form": form, "day": day, "sheets": _sheets(lines), "total": len(lines), "words": MEALS,
        "with_authorised": bool(values.get("autorisees")), "here": request.GET.urlencode(),
    }  # fmt: skip
    return show(request, "office/day_lists.html", context, current="day_lists")


class ForgottenForm(OfficeForm):
    """Between which days."""

    since = forms.DateField(label="Du", required=False)
    until = forms.DateField(label="Au", required=False)


@allowed(Right.LISTS)
def forgotten(request: OfficeRequest) -> HttpResponse:
    """« Réservé, pas de pointage »: what to look at before the invoices."""
    form = ForgottenForm(request.GET or None)
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    yesterday = today_of(request) - timedelta(days=1)
    last = min(values.get("until") or yesterday, yesterday)
    first = max(values.get("since") or last - timedelta(days=LOOKED_BACK), last - FARTHEST)
    rows = unmarked(Span(first, last)).select_related("person__classroom__school", "activity")
    listing = listed(request, rows, _forgotten_columns(), sort="day", filters=form, file_name="sans-pointage")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/forgotten.html", {"listing": listing, "first": first, "last": last},
                current="forgotten")  # fmt: skip


def _lines(day: date, offer: Offer, values: dict[str, object]) -> list[Line]:
    school, classroom = values.get("ecole"), values.get("classe")
    rows = expected(
        day, activity=str(values.get("activite") or ""), school_id=int(str(school)) if school else None,
        classroom_id=int(str(classroom)) if classroom else None,
    )  # fmt: skip
    names = authorised_names([row.person_id for _, row in rows]) if values.get("autorisees") else {}
    activities = offer.rulebook.activities
    return [
        Line(activities[offer.codes[activity]].name, row, "\n".join(names.get(row.person_id, ())))
        for activity, row in rows
        if activity in offer.codes
    ]


def _sheets(lines: Sequence[Line]) -> list[tuple[str, str, list[Line]]]:
    """(activity, « école, classe », lines): one sheet for each."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.activity, _where(line.row)), []).append(line)
    return [(activity, where, rows) for (activity, where), rows in found.items()]


def _where(row: RegisterRow) -> str:
    return f"{row.school}, {row.classroom}" if row.school else "Sans classe"


def _columns(day: date) -> list[Column]:
    return [
        Column("day", "Jour", lambda _line: day),
        Column("activity", "Activité", lambda line: line.activity),
        Column("school", "École", lambda line: line.row.school),
        Column("classroom", "Classe", lambda line: line.row.classroom),
        Column("last_name", "Nom", lambda line: line.row.last_name),
        Column("first_name", "Prénom", lambda line: line.row.first_name),
        Column("meal", "Repas", lambda line: "adulte" if line.row.adult else MEALS[line.row.meal]),
        Column("care_plan", "PAI", lambda line: "PAI" if line.row.care_plan else ""),
        Column("authorised", "Personnes autorisées", lambda line: line.authorised.replace("\n", " ; ")),
    ]


def _forgotten_columns() -> list[Column]:
    def register(row: Presence) -> str:
        return reverse("office:register", kwargs={"activity": row.activity.code, "day": str(row.day)})

    def where(row: Presence) -> str:
        classroom = row.person.classroom
        return f"{classroom.school.name}, {classroom.name}" if classroom else "Sans classe"

    return [
        Column("day", "Jour", lambda row: row.day, sort=("day", "activity__position", "person__sort_key"),
               link=register),
        Column("activity", "Activité", lambda row: row.activity.name, sort=("activity__position", "day")),
        Column("name", "Enfant", lambda row: f"{row.person.last_name} {row.person.first_name}",
               sort=("person__sort_key", "day")),
        Column("where", "Classe", where,
               sort=("person__classroom__school__name", "person__classroom__name", "person__sort_key")),
    ]  # fmt: skip
