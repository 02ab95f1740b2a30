"""The régisseur's books: what came in, what is in the till, the cheques in hand, what was paid over."""

from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from portail.billing.models import Payment, Regie
from portail.billing.operations.deposits import ELSEWHERE, deposit
from portail.billing.operations.setup import BillingError
from portail.billing.queries import books as registers
from portail.billing.queries import desk, setup
from portail.office.forms import OfficeForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right
from portail.towns import wording as say

MEANS = [(one.value, one.label) for one in Payment.Means if one not in ELSEWHERE]


class BooksForm(OfficeForm):
    """Which régie, which days."""

    regie = forms.ChoiceField(label="Régie", required=False)
    since = forms.DateField(label="Du", required=False)
    until = forms.DateField(label="Au", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regie"].choices = desk.regie_choices()  # type: ignore[attr-defined]


class DepositForm(OfficeForm):
    """What is paid over to the accountant."""

    means = forms.ChoiceField(label="Moyen", choices=MEANS)
    on = forms.DateField(label="Versé le")


@allowed(Right.INVOICES)
def books(request: OfficeRequest) -> HttpResponse:
    """The books of a régie for some days: this month unless the address says otherwise."""
    form = BooksForm(request.GET or None, initial={"since": today(request).replace(day=1), "until": today(request)})
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = setup.regies()
    place = next((one for one in found if one.code == values.get("regie")), found[0] if found else None)
    last = values.get("until") or today(request)
    first = min(values.get("since") or last.replace(day=1), last)
    return _books(request, place, (first, last), form)


@require_POST
@allowed(Right.MONEY)
def pay_over(request: OfficeRequest, code: str) -> HttpResponse:
    """« Verser au comptable »: all that was received by this means and not paid over yet."""
    place, day = setup.regie_with(code), today(request)
    if place is None:
        raise Http404
    form = DepositForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = deposit(
                regie=code, means=Payment.Means(values["means"]), on=values["on"], by=actor(request), now=request.now
            )
            return done(
                f"Versement n° {made.number} : {say.money(made.cents)}.", f"{reverse('office:books')}?regie={code}"
            )
        except BillingError as refusal:
            form.add_error(None, str(refusal))
    return _books(request, place, (day.replace(day=1), day), BooksForm(), form)


def _books(
    request: OfficeRequest, place: Regie | None, days: tuple[date, date], form: OfficeForm,
    paying: DepositForm | None = None,
) -> HttpResponse:  # fmt: skip
    journal = registers.daily_journal(place, *days) if place else []
    context = {
        "form": form, "place": place, "first": days[0], "last": days[1], "journal": journal,
        "total": sum(row.cents for row in journal), "means": dict(Payment.Means.choices),
        "cash": registers.cash_in_hand(place, today(request)) if place else None,
        "cheques": registers.cheques(place) if place else [],
        "deposits": registers.deposits(place, *days) if place else [],
        "paying": paying or DepositForm(initial={"on": today(request)}), "refused": paying,
    }  # fmt: skip
    return show(request, "office/billing/books.html", context, current="books", status=400 if paying else 200)
