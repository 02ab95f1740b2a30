"""The form fields « du … au … » of the bulk tools: read, checked, proposed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from portail.bookings.queries.offer import Offer
from portail.bookings.queries.records import Span
from portail.rules.weeks import monday
from portail.towns import wording as say
from portail.web.requests import TownRequest

LONGEST = timedelta(days=366)
MOST_WEEKS = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to check in a form, and the field it is about."""

    text: str
    target: str


def read_span(request: TownRequest) -> tuple[Span | None, list[Problem]]:
    """The days typed in `first` and `last`, both included, or what is wrong with them."""
    first, last = read_date(request.POST.get("first", "")), read_date(request.POST.get("last", ""))
    errors = []
    if first is None:
        errors.append(Problem(_("Donnez le premier jour, par exemple 24/11/2026."), "first"))
    if last is None:
        errors.append(Problem(_("Donnez le dernier jour, par exemple 27/11/2026."), "last"))
    if first is None or last is None:
        return None, errors
    if last < first:
        return None, [Problem(_("Le dernier jour est avant le premier."), "last")]
    if last - first > LONGEST:
        return None, [Problem(_("Choisissez une période d'un an au plus."), "last")]
    return Span(first, last), []


def read_date(text: str) -> date | None:
    """« 2026-11-24 » (what browsers send), or « 24/11/2026 » (what people type where there is no date picker)."""
    parts = text.strip().split("/")
    iso = "-".join(reversed(parts)) if len(parts) == 3 else text.strip()
    try:
        found = date.fromisoformat(iso)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def span_form(request: TownRequest, errors: list[Problem], proposed: Span | None = None) -> dict[str, Any]:
    """What the template shows again: the days as typed, or those proposed, each with its error."""
    data: QueryDict = request.POST
    if request.method == "POST":
        proposed = None  # what was typed is kept, were it empty
    return {
        "first": data.get("first", str(proposed.first) if proposed else ""),
        "last": data.get("last", str(proposed.last) if proposed else ""),
        "error_first": error_at(errors, "first"),
        "error_last": error_at(errors, "last"),
    }


def error_at(errors: Iterable[Problem], target: str) -> str:
    """The words of the error about this field, or ""."""
    return next((error.text for error in errors if error.target == target), "")


def span_words(span: Span) -> str:
    """« du lundi 23 novembre au vendredi 18 décembre 2026 »."""
    return _("du %(first)s au %(last)s") % {"first": say.day_without_year(span.first), "last": say.day(span.last)}


def coming_span(today: date, offer: Offer) -> Span:
    """What a form proposes: from next Monday to the eve of the next school holidays."""
    weeks = weeks_until_holidays(monday(today), offer)
    first = weeks[0] if weeks else monday(today) + timedelta(weeks=1)
    last = weeks[-1] + timedelta(days=6) if weeks else first + timedelta(days=6)
    while last > first and offer.rulebook.calendar.holiday(last) is not None:
        last -= timedelta(days=1)
    return Span(first, last)


def weeks_until_holidays(source: date, offer: Offer) -> list[date]:
    """The weeks after `source` before the next school holidays, a year at the most."""
    weeks: list[date] = []
    week = source + timedelta(weeks=1)
    while offer.rulebook.calendar.holiday(week) is None and len(weeks) < MOST_WEEKS:
        weeks.append(week)
        week += timedelta(weeks=1)
    return weeks
