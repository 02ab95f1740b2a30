"""Invoices: the list, one of them explained, its paper, its credit note."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods

from portail.billing import wording
from portail.billing.documents import invoice_pdf
from portail.billing.models import Invoice
from portail.billing.operations.corrections import CreditDraft, credit_note, months_to_bill
from portail.billing.operations.setup import BillingError
from portail.billing.queries import desk
from portail.billing.queries.desk import STATES, Wanted
from portail.gateways.pdf.press import PaperError
from portail.gateways.spreadsheet import Euros
from portail.office.billing.explaining import explained
from portail.office.billing.fields import MoneyField, not_printed, paper
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.invoicing import InvoiceStatus
from portail.rules.staff import Right
from portail.towns import wording as say

CREDIT = Invoice.Kind.CREDIT_NOTE


class InvoicesForm(OfficeForm):
    """What to look for."""

    q = forms.CharField(label="Payeur, numéro ou référence", required=False, max_length=100)
    regie = forms.ChoiceField(label="Régie", required=False)
    month = forms.ChoiceField(label="Mois", required=False)
    state = forms.ChoiceField(label="État", required=False, choices=[("", "tous"), *STATES.items()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [(f"{day:%Y-%m}", wording.month(day)) for day in desk.months_billed()]
        self.fields["regie"].choices = [("", "toutes"), *desk.regie_choices()]  # type: ignore[attr-defined]
        self.fields["month"].choices = [("", "tous"), *months]  # type: ignore[attr-defined]


class CreditForm(OfficeForm):
    """What to give back of an invoice, and why. One box and one amount for each line."""

    whole = forms.ChoiceField(
        label="Ce qui est rendu", initial="whole", widget=forms.RadioSelect,
        choices=[("whole", "toute la facture"), ("lines", "les lignes choisies ci-dessous")],
    )  # fmt: skip
    reason = forms.CharField(label="Motif", max_length=150, help_text="Écrit sur l'avoir, que la famille lit.")
    rebill = forms.BooleanField(
        label="Refacturer ces jours", required=False,
        help_text="La campagne suivante de ce mois les reprendra, avec les pointages et tarifs corrigés.",
    )  # fmt: skip
    before = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, lines: "list[Any]", *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.positions = [line.position for line in lines if line.amount_cents > 0]
        for position in self.positions:
            self.fields[f"take_{position}"] = forms.BooleanField(label=f"Rendre la ligne {position}", required=False)
            self.fields[f"cents_{position}"] = MoneyField(label=f"Montant rendu, ligne {position}", required=False)

    def draft(self, invoice: Invoice) -> CreditDraft:
        """The credit note that was asked for."""
        values = self.cleaned_data
        taken = {n: values[f"cents_{n}"] for n in self.positions if values[f"take_{n}"] or values[f"cents_{n}"]}
        lines = None if values["whole"] == "whole" else taken
        return CreditDraft(invoice.public_id, values["reason"], lines, values["rebill"], values["before"])


def invoice_or_404(public_id: UUID) -> Invoice:
    """The invoice of the address."""
    found = desk.invoice_with(public_id)
    if found is None:
        raise Http404
    return found


@allowed(Right.INVOICES)
def invoices(request: OfficeRequest) -> HttpResponse:
    """Every invoice and credit note."""
    form = InvoicesForm(request.GET or None)
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    month = next((day for day in desk.months_billed() if f"{day:%Y-%m}" == values.get("month")), None)
    wanted = Wanted(values.get("q", ""), values.get("regie", ""), month, values.get("state", ""), today(request))
    rows = desk.invoice_rows(wanted)
    listing = listed(request, rows, _columns(request), sort="-issued", filters=form, file_name="factures")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/billing/invoices.html", {"listing": listing}, current="invoices")


@allowed(Right.INVOICES)
def invoice(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """One invoice: what it says, why, and what happened to it."""
    one = invoice_or_404(public_id)
    notes = desk.credits_on(one)
    context = {
        "one": one,
        "lines": [explained(line) for line in desk.lines_with(one)],
        "notes": notes,
        "history": desk.happened_to(one, notes),
        "state": state_of(one, today(request)),
        "payable": _is_open(one) and one.left_cents > 0 and one.remittance_id is None,
        "correctable": _is_open(one) and one.remittance_id is None,
    }
    return show(request, "office/billing/invoice.html", context, current="invoices")


@allowed(Right.INVOICES)
def invoice_paper(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Its PDF."""
    one = invoice_or_404(public_id)
    if one.number is None:
        raise Http404
    try:
        return paper(invoice_pdf(public_id, now=request.now))
    except PaperError as fault:
        return not_printed(request, public_id, fault)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def credit(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A credit note: the whole invoice, or some lines."""
    one = invoice_or_404(public_id)
    lines, given = desk.lines_with(one), sum(note.total_cents for note in desk.credits_on(one))
    form = CreditForm(lines, request.POST or None, initial={"before": given})
    if form.is_valid():
        try:
            note = credit_note(draft=form.draft(one), by=actor(request), now=request.now)
            return done(_credited(note), "office:invoice", public_id=public_id)
        except BillingError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "one": one, "lines": lines}
    return show(
        request, "office/billing/credit.html", context, current="invoices", status=400 if form.errors else 200
    )  # fmt: skip


def state_of(one: Invoice, day: Any) -> tuple[str, str]:
    """(words, tone): « à payer », « échue depuis 12 jours », « réglée »."""
    status = InvoiceStatus(one.status)
    if status is not InvoiceStatus.ISSUED:
        return wording.STATUSES[status], "info" if status is InvoiceStatus.TRANSFERRED else ""
    if one.kind == CREDIT:
        return ("avoir à utiliser", "info") if one.left_cents else ("avoir utilisé", "")
    if one.left_cents <= 0:
        return "réglée", "good"
    late = (day - one.due_on).days
    return (f"échue depuis {late} j", "bad") if late > 0 else ("à payer", "warn")


def _is_open(one: Invoice) -> bool:
    return one.kind == Invoice.Kind.INVOICE and one.status == InvoiceStatus.ISSUED.value


def _credited(note: Invoice) -> str:
    words = f"L'avoir n° {note.number} de {say.money(note.total_cents)} est fait."
    months = [wording.month(day) for day in months_to_bill(note)]
    return f"{words} À refacturer par une nouvelle campagne : {say.listing(months)}." if months else words


def _signed(one: Invoice, cents: int) -> Euros:
    return Euros(-cents if one.kind == CREDIT else cents)


def _columns(request: OfficeRequest) -> list[Column]:
    day = today(request)
    return [
        Column("number", "Numéro", lambda one: one.number or "sans numéro", sort=("number",), kind="code",
               link=lambda one: f"{one.public_id}/"),
        Column("payer", "Payeur", lambda one: one.payer_name, sort=("payer__sort_key",)),
        Column("state", "État", lambda one: state_of(one, day)[0], kind="tag",
               tone=lambda one: state_of(one, day)[1]),
        Column("left", "Reste", lambda one: _signed(one, one.left_cents), sort=("left",), kind="money"),
        Column("total", "Montant", lambda one: _signed(one, one.total_cents), sort=("total_cents",), kind="money"),
        Column("due", "Échéance", lambda one: one.due_on, sort=("due_on",)),
        Column("issued", "Émise le", lambda one: one.issued_on or "", sort=("issued_on", "number")),
        Column("label", "Libellé", lambda one: one.label),
        Column("regie", "Régie", lambda one: one.regie.name, sort=("regie__name", "-issued_on")),
    ]  # fmt: skip
