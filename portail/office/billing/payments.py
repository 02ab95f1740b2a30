"""Payments: at the counter, listed, one of them with its receipt; taken back, given back, used for another invoice."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.billing.documents import receipt_pdf
from portail.billing.models import Invoice, Payment, Regie
from portail.billing.operations.money import (
    AT_THE_COUNTER,
    CounterDraft,
    MoneyError,
    allocate_credit,
    available,
    record_payment,
    refund,
    reverse_payment,
)
from portail.billing.queries import desk
from portail.billing.queries.cesu import cesu_left
from portail.gateways.pdf.press import PaperError
from portail.gateways.spreadsheet import Euros
from portail.office.billing.fields import MoneyField, not_printed, paper
from portail.office.billing.invoices import invoice_or_404
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right
from portail.towns import wording as say

GONE = (
    "Ces factures ont changé depuis l'affichage de cette page : regardez ce qui reste à payer, puis cochez de nouveau."
)


class PaymentsForm(OfficeForm):
    """What to look for."""

    q = forms.CharField(label="Payeur, reçu ou référence", required=False, max_length=100)
    regie = forms.ChoiceField(label="Régie", required=False)
    means = forms.ChoiceField(label="Moyen", required=False, choices=[("", "tous"), *Payment.Means.choices])
    since = forms.DateField(label="Du", required=False)
    until = forms.DateField(label="Au", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regie"].choices = [("", "toutes"), *desk.regie_choices()]  # type: ignore[attr-defined]


class CounterForm(OfficeForm):
    """Money that somebody hands over. The value of a ticked invoice carries what was shown as owed on it."""

    invoices = forms.MultipleChoiceField(
        label="Factures payées", widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": GONE, "required": "Cochez au moins une facture."},
    )  # fmt: skip
    means = forms.ChoiceField(
        label="Moyen de paiement", widget=forms.RadioSelect, error_messages={"required": "Choisissez le moyen."}
    )
    cents = MoneyField(label="Montant reçu (€)", help_text="Par exemple 12,34.")
    on = forms.DateField(label="Réglé le")
    reference = forms.CharField(
        label="Numéro", required=False, max_length=60, help_text="Du chèque ; émetteur et numéro du CESU ; du virement."
    )
    comment = forms.CharField(label="Remarque", required=False, max_length=200)
    keep_change = forms.BooleanField(
        label="Garder ce qui dépasse", required=False,
        help_text="Le trop-perçu reste au compte de la famille ; sinon, un montant trop grand est refusé.",
    )  # fmt: skip

    def __init__(self, owed: list[Invoice], regie: Regie, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invoices"].choices = [(_tick(one), _owed_words(one)) for one in owed]  # type: ignore[attr-defined]
        taken = [means for means in AT_THE_COUNTER if not regie.means or means.value in regie.means]
        self.fields["means"].choices = [(one.value, one.label) for one in taken]  # type: ignore[attr-defined]

    def draft(self) -> CounterDraft:
        """The payment that was typed; its invoices in the order of the page, the oldest first."""
        values = self.cleaned_data
        ticks = [value.partition(":") for value, _ in self.fields["invoices"].choices if value in values["invoices"]]  # type: ignore[attr-defined]
        return CounterDraft(
            invoices=[UUID(key) for key, _, _ in ticks],
            means=Payment.Means(values["means"]),
            cents=values["cents"],
            on=values["on"],
            reference=values["reference"],
            comment=values["comment"],
            keep_change=values["keep_change"],
            shown_cents=sum(int(left) for _, _, left in ticks),
        )


class ReasonForm(OfficeForm):
    """Why a payment is taken back, or given back."""

    reason = forms.CharField(label="Motif", max_length=200)


class RefundForm(ReasonForm):
    """What was paid too much goes back by transfer, whole."""

    cents = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=999_999_999)
    on = forms.DateField(label="Viré le")


class AllocateForm(OfficeForm):
    """Which invoice an overpayment pays."""

    invoice = forms.UUIDField(label="Facture")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def counter(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Cash, a cheque, CESU or a transfer for this invoice and the payer's others."""
    one = invoice_or_404(public_id)
    owed = desk.payable_with(one)
    chosen = [_tick(debt) for debt in owed if debt.pk == one.pk]
    initial = {"invoices": chosen, "on": today(request), "cents": one.left_cents}
    form = CounterForm(owed, one.regie, request.POST or None, initial=initial)
    if form.is_valid():
        try:
            payment = record_payment(draft=form.draft(), by=actor(request), now=request.now)
            words = f"Reçu n° {payment.number} : {say.money(payment.cents)} de {payment.payer_name}."
            return done(words, "office:payment", public_id=payment.public_id)
        except MoneyError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "one": one, "owed": owed, "cesu": cesu_left(one)}
    status = 400 if form.errors else 200
    return show(request, "office/billing/counter.html", context, current="invoices", status=status)


@allowed(Right.INVOICES)
def payments(request: OfficeRequest) -> HttpResponse:
    """Every payment."""
    form = PaymentsForm(request.GET or None)
    values = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = desk.payment_rows(
        words=values.get("q", ""), regie=values.get("regie", ""), means=values.get("means", ""),
        since=values.get("since"), until=values.get("until"),
    )  # fmt: skip
    listing = listed(request, rows, COLUMNS, sort="-on", filters=form, file_name="reglements")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/billing/payments.html", {"listing": listing}, current="payments")


@allowed(Right.INVOICES)
def payment(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """One payment: what it paid, and what may be done of it."""
    return _payment(request, _payment_or_404(public_id))


@allowed(Right.INVOICES)
def receipt_paper(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Its receipt."""
    one = _payment_or_404(public_id)
    try:
        return paper(receipt_pdf(one.public_id, now=request.now))
    except PaperError as fault:
        return not_printed(request, public_id, fault)


@require_POST
@allowed(Right.MONEY)
def reverse(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """« Prélèvement rejeté », unpaid cheque, error: both entries stay."""
    one, form = _payment_or_404(public_id), ReasonForm(request.POST, auto_id="reverse-%s")
    if form.is_valid():
        try:
            back = reverse_payment(
                payment=one.public_id, reason=form.cleaned_data["reason"], by=actor(request), now=request.now
            )
            words = f"Le reçu n° {one.number} est annulé par le reçu n° {back.number}."
            return done(words, "office:payment", public_id=public_id)
        except MoneyError as refusal:
            form.add_error(None, str(refusal))
    return _payment(request, one, reversing=form)


@require_POST
@allowed(Right.MONEY)
def give_back(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What was paid too much goes back to the family."""
    one, form = _payment_or_404(public_id), RefundForm(request.POST, auto_id="refund-%s")
    if form.is_valid():
        values = form.cleaned_data
        try:
            back = refund(
                payment=one.public_id, cents=values["cents"], on=values["on"], reason=values["reason"],
                by=actor(request), now=request.now,
            )  # fmt: skip
            words = f"Remboursement n° {back.number} : {say.money(values['cents'])} à virer à {one.payer_name}."
            return done(words, "office:payment", public_id=public_id)
        except MoneyError as refusal:
            form.add_error(None, str(refusal))
    return _payment(request, one, refunding=form)


@require_POST
@allowed(Right.MONEY)
def allocate(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What was paid too much pays another invoice of the family."""
    one, form = _payment_or_404(public_id), AllocateForm(request.POST, auto_id="allocate-%s")
    if form.is_valid():
        try:
            cents = allocate_credit(
                payment=one.public_id, invoice=form.cleaned_data["invoice"], by=actor(request), now=request.now
            )
            return done(f"{say.money(cents)} sont passés sur la facture.", "office:payment", public_id=public_id)
        except MoneyError as refusal:
            form.add_error(None, str(refusal))
    return _payment(request, one, allocating=form)


def _payment(request: OfficeRequest, one: Payment, **bound: OfficeForm) -> HttpResponse:
    left = available(one)
    usual: dict[str, OfficeForm] = {
        "reversing": ReasonForm(auto_id="reverse-%s"),
        "refunding": RefundForm(initial={"cents": left, "on": today(request)}, auto_id="refund-%s"),
        "allocating": AllocateForm(auto_id="allocate-%s"),
    }
    reversals = list(one.reversals.all())
    context = {
        "one": one,
        "shares": list(one.allocations.all()),
        "reversals": reversals,
        "reversible": one.cents > 0 and not reversals,
        "left": left,
        "owed": desk.owed_invoices_of(one.payer, one.regie) if left else [],
        **usual,
        **bound,
        "form": next(iter(bound.values()), None),
    }
    status = 400 if bound else 200
    return show(request, "office/billing/payment.html", context, current="payments", status=status)


def _payment_or_404(public_id: UUID) -> Payment:
    found = desk.payment_with(public_id)
    if found is None:
        raise Http404
    return found


def _tick(one: Invoice) -> str:
    return f"{one.public_id}:{one.left_cents}"


def _owed_words(one: Invoice) -> str:
    return f"{one.number} – {one.label} : {say.money(one.left_cents)}, échéance {say.numeric(one.due_on)}"


def _paid(one: Payment) -> str:
    return ", ".join(share.invoice.number or "" for share in one.allocations.all())


COLUMNS = [
    Column(
        "number", "Reçu", lambda one: one.number, sort=("number",), kind="code", link=lambda one: f"{one.public_id}/"
    ),
    Column("on", "Réglé le", lambda one: one.on, sort=("on", "number")),
    Column("payer", "Payeur", lambda one: one.payer_name, sort=("payer__sort_key", "-on")),
    Column("means", "Moyen", lambda one: str(one.get_means_display()), sort=("means", "-on")),
    Column("reference", "Référence", lambda one: one.reference),
    Column("paid", "Factures", _paid),
    Column("regie", "Régie", lambda one: one.regie.name, sort=("regie__name", "-on")),
    Column("cents", "Montant", lambda one: Euros(one.cents), sort=("cents",), kind="money"),
]
