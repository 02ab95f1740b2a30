"""The invoices of a month, step by step: prepared, checked, issued, put online."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portail.billing import wording
from portail.billing.models import InvoiceRun
from portail.billing.operations.runs import abandon_run, solve_anomaly
from portail.billing.operations.runs.checking import LONGEST_ANSWER
from portail.billing.operations.setup import BillingError
from portail.billing.queries import desk
from portail.billing.queries.runs import RunRow, latest_runs, run_summary
from portail.billing.wording import BLOCKING, RUN_ANOMALIES, RunAnomaly
from portail.gateways.spreadsheet import Euros
from portail.office.billing.works import Work, asked
from portail.office.forms import OfficeForm
from portail.office.lists import ROWS, Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right
from portail.towns import wording as say

State = InvoiceRun.State
MOST_RUNS = 1000
MONTHS_BACK = 14
TONES = {State.PREPARING: "info", State.PREPARED: "warn", State.NUMBERING: "info", State.ISSUED: "warn",
         State.PUBLISHED: "good"}  # fmt: skip
# What corrects each kind of anomaly, in words; the page adds the link where there is one.
CORRECTED = {
    RunAnomaly.NO_TARIFF: "Saisissez un tarif pour ces jours, puis préparez de nouveau.",
    RunAnomaly.UNKNOWN_QUOTIENT: "Saisissez le quotient de la famille, puis préparez de nouveau ; ou laissez ainsi.",
    RunAnomaly.UNBOOKED_PRESENCE: "Vérifiez le pointage de ces jours.",
    RunAnomaly.BOOKED_NO_ATTENDANCE: "Pointez ces jours, puis préparez de nouveau ; ou laissez-les facturés.",
    RunAnomaly.MISSING_MINUTES: "Complétez les heures au pointage, puis préparez de nouveau.",
    RunAnomaly.NO_PAYER: "Rattachez un payeur à cet enfant, puis préparez de nouveau.",
    RunAnomaly.NO_EMAIL: "Imprimez sa facture, ou saisissez son courriel.",
    RunAnomaly.ZERO: "Rien à faire.",
    RunAnomaly.ABOVE_MAXIMUM: "La famille paiera autrement qu'en ligne.",
}


class NewRunForm(OfficeForm):
    """Which régie, which month, what the invoices say."""

    regie = forms.ChoiceField(label="Régie")
    month = forms.ChoiceField(label="Mois facturé")
    label = forms.CharField(
        label="Libellé des factures", max_length=90, help_text="Par exemple « Cantine et garderie, novembre 2026 »."
    )
    due_on = forms.DateField(label="À payer avant le (échéance)")
    payable_until = forms.DateField(
        label="Payable en ligne jusqu'au", required=False, help_text="Sinon, la date de la régie."
    )
    rank = forms.IntegerField(
        label="Rang", min_value=1, max_value=99, initial=1,
        help_text="1 : la campagne du mois. 2 et plus : ce qui reste à facturer de ce mois, après une première.",
    )  # fmt: skip
    exercise = forms.IntegerField(
        label="Exercice", required=False, min_value=2000, max_value=2999, help_text="Sinon, l'année en cours."
    )

    def __init__(self, day: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = day.replace(day=1)
        months = [first]
        while len(months) < MONTHS_BACK:
            months.append((months[-1] - timedelta(days=1)).replace(day=1))
        self.fields["regie"].choices = desk.regie_choices()  # type: ignore[attr-defined]
        self.fields["month"].choices = [(str(one), wording.month(one)) for one in months]  # type: ignore[attr-defined]

    def order(self) -> dict[str, Any]:
        """The run asked for, as a work keeps it."""
        values = self.cleaned_data
        until = values["payable_until"]
        return {**values, "due_on": str(values["due_on"]), "payable_until": str(until) if until else None}


class ConfirmForm(OfficeForm):
    """A yes that carries what was shown: if the invoices changed meanwhile, it is asked again."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=60)
    sure = forms.BooleanField(label="", error_messages={"required": "Cochez la case pour confirmer."})
    despite = forms.BooleanField(
        label="Émettre malgré les jours que personne ne paiera", required=False,
        help_text="Ces jours resteront non facturés.",
    )  # fmt: skip

    def __init__(self, words: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sure"].label = words


class AnswerForm(OfficeForm):
    """What was decided about an anomaly."""

    answer = forms.CharField(label="Ce qui a été décidé", max_length=LONGEST_ANSWER)


@allowed(Right.INVOICES)
def runs(request: OfficeRequest) -> HttpResponse:
    """Every run, the latest first."""
    listing = listed(request, latest_runs(MOST_RUNS), COLUMNS, sort="", file_name="campagnes")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/billing/runs.html", {"listing": listing}, current="runs")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def new_run(request: OfficeRequest) -> HttpResponse:
    """Step 1: choose and prepare."""
    day = today(request)
    last_month = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    initial = {"month": str(last_month), "due_on": day + timedelta(days=30),
               "label": wording.month(last_month).capitalize()}  # fmt: skip
    form = NewRunForm(day, request.POST or None, initial=initial)
    if form.is_valid():
        order = form.order()
        month = date.fromisoformat(order["month"])
        if form.cleaned_data["due_on"] < month:
            form.add_error("due_on", "L'échéance vient avant le mois facturé.")
        else:
            return _prepare(request, order)
    context = {"form": form}
    return show(request, "office/billing/new_run.html", context, current="runs", status=400 if form.errors else 200)


@allowed(Right.INVOICES)
def run(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Where the run is, what to look at, what comes next."""
    return _run(request, *_found(public_id))


@require_POST
@allowed(Right.MONEY)
def prepare_again(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """The drafts anew, after what was corrected."""
    one, _ = _found(public_id)
    order = {
        "regie": one.regie.code, "month": str(one.month), "label": one.label, "due_on": str(one.due_on),
        "rank": one.rank, "payable_until": str(one.payable_until) if one.payable_until else None,
        "exercise": one.exercise,
    }  # fmt: skip
    return _prepare(request, order)


@require_POST
@allowed(Right.MONEY)
def issue(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Step 3: number and issue, once the count and the total were confirmed."""
    one, row = _found(public_id)
    form = ConfirmForm(_issue_words(row), request.POST)
    if form.is_valid() and row.state == State.PREPARED:
        if form.cleaned_data["shown"] != _shown(row):
            form.add_error(None, "Les factures ont changé depuis l'affichage de cette page : relisez, puis confirmez.")
        elif row.blocking and not form.cleaned_data["despite"]:
            form.add_error("despite", "Des jours ne seraient facturés à personne : corrigez-les, ou cochez cette case.")
        else:
            order = {"run": str(public_id), "despite": form.cleaned_data["despite"]}
            return _asked(request, one, "issue_invoices", f"Émettre {one.label}", order)
    if form.is_valid():
        form.add_error(None, "Cette campagne n'est pas à émettre maintenant.")
    return _run(request, one, row, form)


@require_POST
@allowed(Right.MONEY)
def continue_issue(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A numbering cut short goes on."""
    one, row = _found(public_id)
    if row.state != State.NUMBERING:
        return done("La numérotation est finie.", "office:run", public_id=public_id)
    order = {"run": str(public_id), "despite": True}
    return _asked(request, one, "issue_invoices", f"Émettre {one.label}", order)


@require_POST
@allowed(Right.MONEY)
def publish(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Step 4: the families see them, and are told."""
    one, row = _found(public_id)
    form = ConfirmForm(_publish_words(row), request.POST)
    if form.is_valid() and row.state == State.ISSUED and form.cleaned_data["shown"] == _shown(row):
        return _asked(request, one, "publish_invoices", f"Mettre en ligne {one.label}", {"run": str(public_id)})
    if form.is_valid():
        form.add_error(None, "Cette campagne n'est pas, ou n'est plus, à mettre en ligne ainsi : relisez la page.")
    return _run(request, one, row, form)


@require_POST
@allowed(Right.MONEY)
def abandon(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Forget a run that is not numbered."""
    one, row = _found(public_id)
    try:
        abandon_run(run=public_id, by=actor(request), now=request.now)
    except BillingError as refusal:
        form = ConfirmForm("", {"shown": "-", "sure": "on"})
        form.add_error(None, str(refusal))
        return _run(request, one, row, form)
    return done(f"La campagne « {one.label} » est abandonnée : rien n'en reste.", "office:runs")


@require_POST
@allowed(Right.MONEY)
def solve(request: OfficeRequest, public_id: UUID, anomaly: UUID) -> HttpResponse:
    """« Ce qui a été décidé »."""
    one, row = _found(public_id)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            found = solve_anomaly(
                anomaly=anomaly, answer=form.cleaned_data["answer"], by=actor(request), now=request.now
            )
            where = reverse("office:run", kwargs={"public_id": public_id})
            return done("C'est noté.", f"{where}?{urlencode({'genre': found.kind})}")
        except BillingError as refusal:
            form.add_error(None, str(refusal))
    return _run(request, one, row, form)


def _run(request: OfficeRequest, one: InvoiceRun, row: RunRow, form: OfficeForm | None = None) -> HttpResponse:
    kinds = [kind for kind in [*BLOCKING, *RunAnomaly] if kind.value in row.anomalies]
    kinds = list(dict.fromkeys(kinds))
    chosen = next((kind for kind in kinds if kind.value == request.GET.get("genre")), kinds[0] if kinds else None)
    page = Paginator(desk.entries_of(one, chosen.value if chosen else ""), ROWS).get_page(request.GET.get("page"))
    words = _issue_words(row) if row.state == State.PREPARED else _publish_words(row)
    context = {
        "one": one,
        "row": row,
        "title": f"{one.regie}, {wording.month(one.month)}" + (f", rang {one.rank}" if one.rank > 1 else ""),
        "tone": TONES[row.state],
        "step": {State.PREPARING: 1, State.PREPARED: 2, State.NUMBERING: 3, State.ISSUED: 4}.get(row.state, 5),
        "kinds": [(kind, RUN_ANOMALIES[kind], row.anomalies[kind.value], kind in BLOCKING) for kind in kinds],
        "chosen": chosen,
        "corrected": CORRECTED[chosen] if chosen else "",
        "entries": [desk.entry(anomaly) for anomaly in page],
        "page": page,
        "items_words": items_words,
        "confirm": form if isinstance(form, ConfirmForm) else ConfirmForm(words, initial={"shown": _shown(row)}),
        "form": form,
        "list": f"{reverse('office:invoices')}?{urlencode({'regie': one.regie.code, 'month': f'{one.month:%Y-%m}'})}",
    }
    return show(request, "office/billing/run.html", context, current="runs", status=400 if form else 200)


def items_words(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(« James BOND, Cantine : 3, 5 et 6 novembre », the child's code) of an entry."""
    found = []
    for item in items:
        days = [date.fromisoformat(day) for day in item.get("days", ())]
        parts = [str(item.get("name", "")), str(item.get("activity", ""))]
        if "cents" in item:
            parts.append(say.money(item["cents"]))
        words = ", ".join(filter(None, parts))
        said = " ".join(f"{day:%d/%m}" for day in days)
        found.append((f"{words} : {said}" if words and said else words or said, str(item.get("person", ""))))
    return found


def _found(public_id: UUID) -> tuple[InvoiceRun, RunRow]:
    one, row = desk.run_with(public_id), run_summary(public_id)
    if one is None or row is None:
        raise Http404
    return one, row


def _prepare(request: OfficeRequest, order: dict[str, Any]) -> HttpResponse:
    month = date.fromisoformat(order["month"])
    place = dict(desk.regie_choices())[order["regie"]]
    order = {**order, "page": reverse("office:runs")}
    key = f"run/{order['regie']}/{month:%Y-%m}/{order['rank']}"
    work = Work("prepare_invoices", f"Préparer les factures de {wording.month(month)}, {place}", order, key)
    return asked(request, work, reverse("office:runs"))


def _asked(request: OfficeRequest, one: InvoiceRun, kind: str, label: str, order: dict[str, Any]) -> HttpResponse:
    key = f"run/{one.regie.code}/{one.month:%Y-%m}/{one.rank}"
    back = reverse("office:run", kwargs={"public_id": one.public_id})
    return asked(request, Work(kind, label, {**order, "page": reverse("office:runs")}, key), back)


def _shown(row: RunRow) -> str:
    return f"{row.invoices}/{row.cents}/{row.carried}"


def _issue_words(row: RunRow) -> str:
    return f"Oui, émettre {_counted(row)}, pour un total de {say.money(row.cents)}."


def _publish_words(row: RunRow) -> str:
    return f"Oui, montrer {_counted(row)} aux familles ({say.money(row.cents)}) et avertir celles qui l'ont demandé."


def _counted(row: RunRow) -> str:
    return f"{say.number(row.invoices)} facture{'s' if row.invoices > 1 else ''}"


COLUMNS = [
    Column("month", "Mois", lambda row: wording.month(row.month).capitalize(), link=lambda row: f"{row.public_id}/"),
    Column("regie", "Régie", lambda row: row.regie, sort=("regie",)),
    Column("label", "Libellé", lambda row: row.label),
    Column("invoices", "Factures", lambda row: row.invoices, sort=("invoices",), kind="number"),
    Column("cents", "Total", lambda row: Euros(row.cents), sort=("cents",), kind="money"),
    Column("paid", "Réglé", lambda row: Euros(row.paid_cents), sort=("paid",), kind="money"),
    Column("todo", "À voir", lambda row: sum(row.anomalies.values()), sort=("todo",), kind="number"),
    Column("state", "État", lambda row: str(row.state.label), kind="tag", tone=lambda row: TONES[row.state]),
]
