"""Who did what: the trail, read only."""

import json
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse

from portail.office.acts import act_words
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import show
from portail.office.requests import OfficeRequest, allowed
from portail.rules.staff import Right
from portail.towns.models import Audit
from portail.towns.queries import trail_rows
from portail.towns.scope import current_town


class TrailForm(OfficeForm):
    """What to look for."""

    q = forms.CharField(label="Qui, quoi", required=False, max_length=100)
    since = forms.DateField(label="Du", required=False)
    until = forms.DateField(label="Au", required=False)


@allowed(Right.TRAIL)
def trail(request: OfficeRequest) -> HttpResponse:
    """The acts, the latest first."""
    form = TrailForm(request.GET or None)
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = trail_rows(words=values.get("q", ""), since=values.get("since"), until=values.get("until"))
    listing = listed(request, rows, COLUMNS, sort="-at", filters=form, file_name="journal")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/trail.html", {"listing": listing}, current="trail")


def _at(row: Audit) -> str:
    return f"{row.at.astimezone(ZoneInfo(current_town().time_zone)):%d/%m/%Y %H:%M}"


def _what(row: Audit) -> str:
    """Before and after, as short as they can be."""
    if row.before is None and row.after is None:
        return ""
    sides = [json.dumps(side, ensure_ascii=False) for side in (row.before, row.after) if side is not None]
    return " → ".join(sides)[:300]


COLUMNS = [
    Column("at", "Quand", _at, sort=("at",)),
    Column("actor", "Qui", lambda row: row.actor or "–", sort=("actor", "-at")),
    Column("verb", "Acte", lambda row: act_words(row.verb), sort=("verb", "-at")),
    Column("subject", "Sur quoi", lambda row: row.subject),
    Column("what", "Détail", _what),
]
