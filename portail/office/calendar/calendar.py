"""The calendar of the town: a month or a school year, holidays of the zone, particular days."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.bookings.models import Closure, DayOverride, HolidayPeriod
from portail.bookings.operations.calendar import (
    remove_closure,
    remove_holiday,
    remove_school_day,
    replace_holidays,
    set_holiday,
    set_school_day,
)
from portail.bookings.operations.offer import OfferError
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.year import DayCard, day_cards, holiday_rows, particular_days, stranded
from portail.families.models import School
from portail.office.forms import OfficeForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules import calendar as rules
from portail.rules.staff import Right
from portail.rules.weeks import monday, school_year_start
from portail.rules.zones import HOLIDAYS
from portail.towns import wording as say

_MONTH = re.compile(r"(20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"20[0-9]{2}|21[0-8][0-9]")
MOST_STRANDED = 30  # lines of the warning


class HolidayForm(OfficeForm):
    """One period of holidays."""

    name = forms.CharField(label="Nom", max_length=60)
    first = forms.DateField(label="Premier jour sans école")
    last = forms.DateField(label="Dernier jour sans école")
    summer = forms.BooleanField(label="Ce sont les grandes vacances", required=False)


class SchoolDayForm(OfficeForm):
    """A particular day."""

    day = forms.DateField(label="Jour")
    has_school = forms.TypedChoiceField(
        label="Ce jour-là", coerce=lambda value: value == "1", widget=forms.RadioSelect,
        choices=[("1", "il y a école, par exception"), ("0", "il n'y a pas école, par exception")],
    )  # fmt: skip
    school = forms.ChoiceField(label="École", required=False)
    reason = forms.CharField(label="Motif", max_length=150, required=False, help_text="Les familles le lisent.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schools = School.objects.order_by("name", "pk").values_list("code", "name")
        if isinstance(field := self.fields["school"], forms.ChoiceField):
            field.choices = [("", "toutes les écoles"), *schools]


@allowed(Right.CALENDAR)
def month(request: OfficeRequest) -> HttpResponse:
    """One month: what every day is."""
    first = _month_asked(request)
    last = _next_month(first) - timedelta(days=1)
    start, end = monday(first), monday(last) + timedelta(days=6)
    offer = offer_in_force()
    cards = day_cards(start, end, offer)
    lost = stranded(max(today(request), start), end, offer)
    context = {
        "first": first,
        "weeks": [cards[n : n + 7] for n in range(0, len(cards), 7)],
        "told": [card for card in cards if card.day.month == first.month and _says(card)],
        "before": f"{_previous_month(first):%Y-%m}" if first.year > 2000 else "",
        "after": f"{_next_month(first):%Y-%m}" if first.year < 2199 else "",
        "today": today(request),
        "lost": lost[:MOST_STRANDED],
        "lost_number": sum(one.number for one in lost),
        "year": school_year_start(first).year,
    }
    return show(request, "office/calendar.html", context, current="calendar")


@allowed(Right.CALENDAR)
def year(request: OfficeRequest) -> HttpResponse:
    """A school year at a glance, from September to August."""
    wanted = request.GET.get("annee", "")
    begins = int(wanted) if _YEAR.fullmatch(wanted) else school_year_start(today(request)).year
    cards = day_cards(date(begins, 9, 1), date(begins + 1, 8, 31), offer_in_force(), counted=False)
    months: dict[date, list[DayCard | None]] = {}
    for card in cards:
        found = months.setdefault(card.day.replace(day=1), [None] * card.day.weekday() if card.day.day == 1 else [])
        found.append(card)
    weeks = {first: [found[n : n + 7] for n in range(0, len(found), 7)] for first, found in months.items()}
    context = {"begins": begins, "months": weeks, "today": today(request)}
    return show(request, "office/calendar_year.html", context, current="calendar")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def holidays(request: OfficeRequest) -> HttpResponse:
    """The school holidays: those of the zone taken up, one more, one less."""
    form = HolidayForm(request.POST if request.POST.get("act") == "add" else None)
    zone, by, now = request.town.zone, actor(request), request.now
    if request.method == "POST" and request.POST.get("act") == "zone":
        try:
            number = replace_holidays(periods=HOLIDAYS.get(zone, ()), by=by, now=now)
            return done(f"Les {number} périodes de la zone {zone} sont reprises.", "office:holidays")
        except OfferError as refusal:
            form = HolidayForm({})
            form.errors.clear()
            form.add_error(None, str(refusal))
    elif form.is_valid() and _entered(request, form, None):
        return done(f"« {form.cleaned_data['name']} » : enregistré.", "office:holidays")
    context = {"form": form, "rows": holiday_rows(), "zone": zone, "published": HOLIDAYS.get(zone, ())}
    return show(request, "office/holidays.html", context, current="calendar", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def holiday(request: OfficeRequest, number: int) -> HttpResponse:
    """Change one period of holidays, or take it away."""
    one = HolidayPeriod.objects.filter(pk=number).first()
    if one is None:
        raise Http404
    if request.POST.get("act") == "remove":
        remove_holiday(holiday=one, by=actor(request), now=request.now)
        return done(f"« {one.name} » : retiré.", "office:holidays")
    initial = {"name": one.name, "first": one.first, "last": one.last, "summer": one.summer}
    form = HolidayForm(request.POST or None, initial=initial)
    if form.is_valid() and _entered(request, form, one):
        return done(f"« {form.cleaned_data['name']} » : enregistré.", "office:holidays")
    context = {"form": form, "one": one}
    return show(request, "office/holiday.html", context, current="calendar", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def school_days(request: OfficeRequest) -> HttpResponse:
    """Days with school that usually have none, and the other way round."""
    form = SchoolDayForm(request.POST or None, initial={"day": request.GET.get("jour", "")[:10]})
    if form.is_valid():
        values = form.cleaned_data
        try:
            set_school_day(
                day=values["day"], has_school=values["has_school"], reason=values["reason"], school=values["school"],
                by=actor(request), now=request.now,
            )  # fmt: skip
            return done(f"{say.day(values['day']).capitalize()} : enregistré.", "office:school_days")
        except OfferError as refusal:
            form.add_error("school", str(refusal))
    context = {"form": form, "rows": particular_days(), "today": today(request)}
    return show(request, "office/school_days.html", context, current="calendar", status=400 if form.errors else 200)


@require_POST
@allowed(Right.CALENDAR)
def end_school_day(request: OfficeRequest, number: int) -> HttpResponse:
    """A particular day becomes an ordinary one again."""
    one = DayOverride.objects.filter(pk=number).first()
    if one is None:
        raise Http404
    remove_school_day(override=one, by=actor(request), now=request.now)
    return done(f"{say.day(one.day).capitalize()} : redevenu un jour ordinaire.", "office:school_days")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def end_closure(request: OfficeRequest, number: int) -> HttpResponse:
    """Reopen the days of a closure that no event made (entered by file)."""
    one = Closure.objects.select_related("event").filter(pk=number).first()
    if one is None:
        raise Http404
    words = ""
    if request.method == "POST":
        try:
            remove_closure(closure=one, by=actor(request), now=request.now)
            return done("La fermeture est retirée.", "office:events")
        except OfferError as refusal:
            words = str(refusal)
    context = {"one": one, "words": words}
    return show(request, "office/closure_end.html", context, current="events", status=400 if words else 200)


def _entered(request: OfficeRequest, form: HolidayForm, one: HolidayPeriod | None) -> bool:
    values = form.cleaned_data
    period = rules.HolidayPeriod(values["name"], values["first"], values["last"], values["summer"])
    try:
        set_holiday(holiday=one, period=period, by=actor(request), now=request.now)
    except OfferError as refusal:
        form.add_error("last" if "finissent" in str(refusal) else "first", str(refusal))
        return False
    return True


def _month_asked(request: OfficeRequest) -> date:
    wanted = _MONTH.fullmatch(request.GET.get("mois", ""))
    return date(int(wanted[1]), int(wanted[2]), 1) if wanted else today(request).replace(day=1)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _previous_month(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _says(card: DayCard) -> bool:
    return bool(card.closed or card.particular or card.public_holiday)
