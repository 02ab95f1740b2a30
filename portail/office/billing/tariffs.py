"""Tariffs: how each activity is billed, its prices through the years, and what a household would pay."""

from dataclasses import replace
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods

from portail.billing.models import BilledActivity, Tariff
from portail.billing.operations.setup import BillingDraft, BillingError, TariffDraft, bill_activity, save_tariff
from portail.billing.queries import desk, setup
from portail.billing.queries.setup import BilledRow, Household
from portail.office.billing.fields import MoneyField
from portail.office.billing.tariff_forms import TariffForm
from portail.office.billing.tariff_words import answer_words, grounds_words, tariff_words
from portail.office.forms import OfficeForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules import pricing
from portail.rules.staff import Right
from portail.towns import wording as say

MOST_CHILDREN = 12


class SimulatorForm(OfficeForm):
    """A household, and a day."""

    quotient = forms.IntegerField(
        label="Quotient familial", required=False, min_value=0, max_value=1_000_000, help_text="Vide : inconnu."
    )
    children = forms.IntegerField(label="Enfants", required=False, min_value=1, max_value=MOST_CHILDREN)
    resident = forms.ChoiceField(label="Habite", required=False, choices=[("yes", "la commune"), ("no", "ailleurs")])
    day = forms.DateField(label="Le", required=False)

    def household(self) -> Household:
        """Who asks."""
        values = self.cleaned_data
        return Household(values["quotient"], values["children"] or 1, values["resident"] != "no")


class BilledForm(OfficeForm):
    """How an activity is billed."""

    regie = forms.ChoiceField(label="Régie")
    cost_cents = MoneyField(
        label="Coût par usager (€)", required=False,
        help_text="Ce qu'un usager coûte à la commune : aucun tarif ne doit le dépasser.",
    )  # fmt: skip
    cesu = forms.ChoiceField(label="Payable en CESU", choices=BilledActivity.Cesu.choices, widget=forms.RadioSelect)
    deductible = forms.BooleanField(
        label="Garde d'enfant ouvrant droit au crédit d'impôt", required=False,
        help_text="La part garde ira sur l'attestation fiscale, jusqu'à six ans.",
    )  # fmt: skip
    account = forms.CharField(label="Imputation comptable", required=False, max_length=20)
    product = forms.CharField(label="Code produit", required=False, max_length=4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regie"].choices = desk.regie_choices()  # type: ignore[attr-defined]


@allowed(Right.MONEY)
def tariffs(request: OfficeRequest) -> HttpResponse:
    """Every activity, its price of today, and the simulator."""
    form = SimulatorForm(request.GET or None, initial={"children": 1, "day": today(request)})
    asked = form.is_bound and form.is_valid()
    day = (form.cleaned_data["day"] if asked else None) or today(request)
    rows = [(row, row.on(day)) for row in setup.billed_rows()]
    answers = {}
    if asked:
        answers = {row.activity.pk: setup.answer(found.rule, form.household()) for row, found in rows if found}
    context = {
        "form": form, "rows": rows, "answers": answers, "asked": _asked_words(form.household()) if asked else "",
        "day": day, "words": tariff_words, "answer_words": answer_words, "grounds_words": grounds_words,
    }  # fmt: skip
    return show(request, "office/billing/tariffs.html", context, current="tariffs")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def billed(request: OfficeRequest, activity: str) -> HttpResponse:
    """One activity: which régie bills it, how, and all its tariffs."""
    row = _row(activity)
    initial = {
        "regie": row.billed.regie.code, "cost_cents": row.billed.cost_cents, "cesu": row.billed.cesu,
        "deductible": row.billed.deductible, "account": row.billed.account, "product": row.billed.product,
    } if row.billed else {"cesu": BilledActivity.Cesu.NONE}  # fmt: skip
    form = BilledForm(request.POST or None, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        draft = BillingDraft(activity=activity, **{**values, "cesu": BilledActivity.Cesu(values["cesu"])})
        try:
            bill_activity(draft=draft, by=actor(request), now=request.now)
            return done(f"{row.activity} : c'est enregistré.", "office:billed", activity=activity)
        except BillingError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "row": row, "words": tariff_words, "day": today(request)}
    return show(request, "office/billing/billed.html", context, current="tariffs", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def new_tariff(request: OfficeRequest, activity: str) -> HttpResponse:
    """Another tariff; `?comme=` begins with the prices of an earlier one."""
    row = _row(activity)
    like = request.GET.get("comme", "")
    model = setup.tariff_with(int(like)) if like.isascii() and like.isdigit() and len(like) < 10 else None
    rule = model.rule if model and model.activity_id == row.activity.pk else None
    form = TariffForm(request.POST or None, rule=rule, initial={"first_day": today(request)})
    return _edited(request, row, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def tariff(request: OfficeRequest, number: int) -> HttpResponse:
    """One tariff; once an invoice has used it, only its name and its end change."""
    one = setup.tariff_with(number)
    if one is None:
        raise Http404
    initial = {"name": one.name, "first_day": one.first_day, "last_day": one.last_day}
    form = TariffForm(request.POST or None, rule=one.rule, initial=initial)
    form.fields["first_day"].disabled = True  # another first day is another tariff
    return _edited(request, _row(one.activity.code), form, one)


def _edited(request: OfficeRequest, row: BilledRow, form: TariffForm, one: Tariff | None) -> HttpResponse:
    trial = SimulatorForm(request.POST or None, initial={"children": 1}, prefix="essai", auto_id="%s")
    answer, above, refused = "", 0, False
    if form.is_valid():
        values = form.cleaned_data
        draft = TariffDraft(row.activity.code, values["name"], values["first_day"], form.rule(), values["last_day"])
        try:
            rule = replace(pricing.from_json(dict(draft.rule)), valid_from=draft.first_day)
            above = setup.above_cost(rule, row.billed.cost_cents if row.billed else None)
            if "try" not in request.POST:
                save_tariff(draft=draft, by=actor(request), now=request.now)
                return done(_saved(draft.name, above), "office:billed", activity=row.activity.code)
            if trial.is_valid():
                answer = _tried(rule, trial.household())
        except pricing.TariffError as fault:
            form.add_error(None, f"{fault}.")
        except BillingError as refusal:
            form.add_error(None, str(refusal))
    refused = bool(form.errors) or ("try" in request.POST and bool(trial.errors))
    context = {"form": form, "row": row, "one": one, "trial": trial, "answer": answer, "above": above}
    return show(request, "office/billing/tariff.html", context, current="tariffs", status=400 if refused else 200)


def _saved(name: str, above_cents: int) -> str:
    words = f"Le tarif « {name} » est enregistré."
    return (
        f"{words} Attention, il monte à {say.money(above_cents)} : plus que le coût par usager."
        if above_cents
        else words
    )


def _tried(rule: pricing.Tariff, who: Household) -> str:
    """« Quotient 640, 2 enfants → 3,20 € (tranche 2) »."""
    found = setup.answer(rule, who)
    grounds = grounds_words(found.first)
    return f"{_asked_words(who)} → {answer_words(found)}" + (f" ({grounds})" if grounds else "")


def _asked_words(who: Household) -> str:
    quotient = "Quotient inconnu" if who.quotient is None else f"Quotient {say.number(who.quotient)}"
    children = f"{who.children} enfants" if who.children > 1 else "un enfant"
    return f"{quotient}, {children}{'' if who.resident else ', hors commune'}"


def _row(activity: str) -> BilledRow:
    found = setup.billed_with(activity)
    if found is None:
        raise Http404
    return found
