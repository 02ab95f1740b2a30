"""The whole history: who booked or cancelled what, for whom, by which door, and why."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.urls import reverse

from portail.bookings.models import Change
from portail.bookings.queries.movements import WantedChanges, changes_wanted
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.office.bookings.words import CHANNELS
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import show
from portail.office.requests import OfficeRequest, agent_of, allowed
from portail.rules.booking import Channel
from portail.rules.staff import Right
from portail.towns.scope import current_town


class HistoryForm(OfficeForm):
    """Which changes."""

    q = forms.CharField(label="Enfant ou payeur", required=False, max_length=100)
    par = forms.ChoiceField(
        label="Par", required=False, choices=[("", "Tous"), *((key.value, words) for key, words in CHANNELS.items())]
    )
    activite = forms.ChoiceField(label="Activité", required=False)
    du = forms.DateField(label="Jours du", required=False)
    au = forms.DateField(label="Au", required=False)
    enfant = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, offer: Offer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(code, rules.name) for code, rules in offer.rulebook.activities.items()]
        self.fields["activite"].choices = [("", "Toutes"), *named]  # type: ignore[attr-defined]

    def wanted(self) -> WantedChanges:
        """What a form, even with a mistake, asks for."""
        self.is_valid()
        values: dict[str, Any] = self.cleaned_data if self.is_bound else {}
        channel, child = values.get("par"), values.get("enfant")
        return WantedChanges(
            words=values.get("q", ""),
            channel=Channel(channel) if channel else None,
            activity=values.get("activite", ""),
            first=_day(values.get("du")),
            last=_day(values.get("au")),
            child=child if isinstance(child, UUID) else None,
        )


@allowed(Right.FAMILIES)
def booking_history(request: OfficeRequest) -> HttpResponse:
    """Every accepted change, the latest first; by child, family, door, activity and day."""
    form = HistoryForm(offer_in_force(), request.GET or None)
    wanted = form.wanted()
    columns = _columns(may_book=Right.BOOKINGS in agent_of(request).rights)
    listing = listed(request, changes_wanted(wanted), columns, sort="-at", filters=form, file_name="historique")
    if isinstance(listing, HttpResponse):
        return listing
    context = {"listing": listing, "one_child": wanted.child is not None}
    return show(request, "office/bookings/history.html", context, current="booking_history")


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None


def _at(row: Change) -> str:
    return f"{row.at.astimezone(ZoneInfo(current_town().time_zone)):%d/%m/%Y %H:%M}"


def _what(row: Change) -> str:
    return ("inscrit" if row.present else "annulé") + (" hors délai" if row.late else "")


def _by(row: Change) -> str:
    """« par internet, Jamie BOND », « par la Mairie, Odile PRUVOST »."""
    payer = row.change_set.payer
    author = str(payer) if payer is not None else row.change_set.actor
    return ", ".join(part for part in (CHANNELS[Channel(row.channel)], author) if part)


def _columns(*, may_book: bool) -> list[Column]:
    """`may_book`: the whole submission may be looked at too."""
    to_recap = (lambda row: reverse("office:bookings_recap", args=[row.change_set.public_id])) if may_book else None
    return [
        Column("at", "Fait le", _at, sort=("at", "id"), link=to_recap),
        Column(
            "child", "Enfant", lambda row: f"{row.person.last_name} {row.person.first_name}",
            sort=("person__sort_key", "-at"),
            link=lambda row: reverse("office:child", kwargs={"public_id": row.person.public_id}),
        ),
        Column("activity", "Activité", lambda row: row.activity.name, sort=("activity__position", "-at")),
        Column("day", "Jour", lambda row: row.day, sort=("day", "-at")),
        Column(
            "what", "Changement", _what, sort=("present", "-at"), kind="tag",
            tone=lambda row: "good" if row.present else "",
        ),
        Column("by", "Par", _by, sort=("channel", "-at")),
        Column("reason", "Motif", lambda row: row.reason),
    ]  # fmt: skip
