"""Unpaid invoices by age, and the reminders."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.billing.models import Invoice
from portail.billing.operations.reminders import MOST_DAYS
from portail.billing.queries import desk
from portail.billing.queries.books import AGES, age_of
from portail.gateways.spreadsheet import Euros
from portail.office.billing.works import Work, asked
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import show
from portail.office.requests import OfficeRequest, allowed, today
from portail.rules.staff import Right

OLDER = {"": 0, "1": 1, "30": 31, "60": 61, "90": 91}


class UnpaidForm(OfficeForm):
    """What to look for."""

    q = forms.CharField(label="Payeur ou numéro", required=False, max_length=100)
    regie = forms.ChoiceField(label="Régie", required=False)
    age = forms.ChoiceField(
        label="Échues depuis", required=False,
        choices=[("", "toutes"), ("1", "1 jour et plus"), ("30", "plus de 30 jours"), ("60", "plus de 60 jours"),
                 ("90", "plus de 90 jours")],
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regie"].choices = [("", "toutes"), *desk.regie_choices()]  # type: ignore[attr-defined]


class RemindForm(OfficeForm):
    """Whom to remind, and how firmly."""

    regie = forms.ChoiceField(label="Régie")
    level = forms.TypedChoiceField(
        label="Niveau", coerce=int, widget=forms.RadioSelect, initial="1",
        choices=[("1", "premier rappel"), ("2", "deuxième rappel"), ("3", "dernier rappel")],
    )  # fmt: skip
    min_days = forms.IntegerField(
        label="Échues depuis au moins (jours)", min_value=1, max_value=MOST_DAYS, initial=15,
        help_text="Les factures déjà relancées à ce niveau sont laissées.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regie"].choices = desk.regie_choices()  # type: ignore[attr-defined]


@allowed(Right.INVOICES)
def unpaid(request: OfficeRequest) -> HttpResponse:
    """What families still owe, and since when."""
    form, day = UnpaidForm(request.GET or None), today(request)
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    late = OLDER[values.get("age", "")]
    rows = desk.unpaid_rows(
        words=values.get("q", ""), regie=values.get("regie", ""), since=day - timedelta(days=late) if late else None
    )
    listing = listed(request, rows, _columns(request), sort="due", filters=form, file_name="impayes")
    if isinstance(listing, HttpResponse):
        return listing
    ages = dict.fromkeys(AGES, (0, 0))
    for due_on, number, cents in desk.owed_by_day(rows):
        before = ages[age_of((day - due_on).days)]
        ages[age_of((day - due_on).days)] = before[0] + number, before[1] + cents
    return show(request, "office/billing/unpaid.html", {"listing": listing, "ages": ages}, current="unpaid")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def remind(request: OfficeRequest) -> HttpResponse:
    """E-mails at once, letters in one file: a work to follow."""
    form = RemindForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        label = f"Relances, {dict(desk.regie_choices())[values['regie']]}"
        work = Work("reminders", label, values, f"reminders/{values['regie']}/{values['level']}")
        return asked(request, work, reverse("office:unpaid"))
    context = {"form": form}
    return show(
        request, "office/billing/remind.html", context, current="unpaid", status=400 if form.errors else 200
    )  # fmt: skip


def _columns(request: OfficeRequest) -> list[Column]:
    day = today(request)
    page = reverse("office:invoices")

    def tone(one: Invoice) -> str:
        days = (day - one.due_on).days
        return "" if days <= 0 else "warn" if days <= 60 else "bad"

    return [
        Column("number", "Facture", lambda one: one.number or "", sort=("number",), kind="code",
               link=lambda one: f"{page}{one.public_id}/"),
        Column("payer", "Payeur", lambda one: one.payer_name, sort=("payer__sort_key", "due_on")),
        Column("age", "Retard", lambda one: age_of((day - one.due_on).days), kind="tag", tone=tone),
        Column("left", "Reste", lambda one: Euros(one.left_cents), sort=("left",), kind="money"),
        Column("due", "Échéance", lambda one: one.due_on, sort=("due_on", "number")),
        Column("reminders", "Relances", lambda one: one.reminders, sort=("reminders", "due_on"), kind="number"),
        Column("phone", "Téléphone", lambda one: one.payer.phone, kind="code"),
        Column("label", "Libellé", lambda one: one.label),
        Column("regie", "Régie", lambda one: one.regie.name, sort=("regie__name", "due_on")),
    ]  # fmt: skip
