"""Régies: who takes the money in, how invoices are numbered, PayFiP and its trial."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.billing.models import Payment, Regie
from portail.billing.operations.money import AT_THE_COUNTER
from portail.billing.operations.setup import BillingError, RegieDraft, save_regie
from portail.billing.providers import test_connection
from portail.billing.queries import setup
from portail.gateways.payfip import PayfipError
from portail.gateways.spreadsheet import Euros
from portail.office.billing.fields import MoneyField
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.invoicing import MIN_CENTS, NUMBER_PATTERN, REFERENCE_PATTERN
from portail.rules.staff import Right

SAME = ("name", "circuit", "provider", "numcli", "mode", "popup", "recette", "number_pattern", "reference_pattern",
        "minimum_cents", "payable_day", "after_deadline", "officer", "issuer", "means", "cash_ceiling_cents",
        "float_cents", "active")  # fmt: skip
GROUPS = (
    ("La régie", ("code", "name", "circuit", "officer", "issuer", "active")),
    ("Paiement en ligne", ("provider", "numcli", "mode", "popup", "payable_day", "after_deadline")),
    ("Numéros des factures", ("recette", "number_pattern", "reference_pattern", "minimum_cents")),
    ("Guichet et caisse", ("means", "cash_ceiling_cents", "float_cents")),
)


class RegieForm(OfficeForm):
    """All that a régie is."""

    code = forms.CharField(label="Code", max_length=40, help_text="Court, sans accent : « periscolaire ». Définitif.")
    name = forms.CharField(label="Nom", max_length=80)
    circuit = forms.ChoiceField(
        label="Circuit", widget=forms.RadioSelect,
        choices=[("regie", "régie : le régisseur encaisse"), ("titre", "titre : le comptable public encaisse")],
    )  # fmt: skip
    officer = forms.CharField(label="Régisseur", required=False, max_length=100)
    issuer = forms.CharField(label="Émetteur (nom et qualité)", required=False, max_length=150)
    active = forms.BooleanField(label="La régie est active", required=False, initial=True)
    provider = forms.ChoiceField(label="Paiement en ligne", choices=Regie.Provider.choices, widget=forms.RadioSelect)
    numcli = forms.CharField(
        label="Numéro de client PayFiP", required=False, max_length=6, help_text="Six chiffres, donnés par la DGFiP."
    )
    mode = forms.ChoiceField(
        label="Mode PayFiP", widget=forms.RadioSelect,
        choices=[("T", "T : essais, aucun argent ne bouge"), ("X", "X : activation, un seul vrai paiement"),
                 ("W", "W : production, les familles paient")],
    )  # fmt: skip
    popup = forms.BooleanField(label="Page de paiement dans une fenêtre à part", required=False)
    payable_day = forms.IntegerField(
        label="Payable en ligne jusqu'au (jour du mois suivant)", required=False, min_value=1, max_value=31,
        help_text="Vide : sans date limite.",
    )  # fmt: skip
    after_deadline = forms.CharField(
        label="Ce que lit la famille après cette date", required=False, max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    recette = forms.CharField(label="Code recette", required=False, max_length=4)
    number_pattern = forms.CharField(label="Modèle de numéro", max_length=60)
    reference_pattern = forms.CharField(
        label="Modèle de référence",
        max_length=60,
        help_text="Champs : {exer} {recette} {periode} {lot} {num} {lotnum}.",
    )
    minimum_cents = MoneyField(
        label="Montant minimal d'une facture (€)", help_text="Plus petite, elle est reportée au mois suivant."
    )
    means = forms.MultipleChoiceField(
        label="Moyens acceptés au guichet", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(means.value, means.label) for means in AT_THE_COUNTER], help_text="Aucun coché : tous.",
    )  # fmt: skip
    cash_ceiling_cents = MoneyField(label="Plafond d'encaisse (€)", required=False)
    float_cents = MoneyField(label="Fonds de caisse (€)", required=False)

    def groups(self) -> list[tuple[str, list[Any]]]:
        """The fields under their titles."""
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in GROUPS]


@allowed(Right.MONEY)
def regies(request: OfficeRequest) -> HttpResponse:
    """Every régie."""
    listing = listed(request, setup.regies(), COLUMNS, sort="name", file_name="regies")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/billing/regies.html", {"listing": listing}, current="regies")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def new_regie(request: OfficeRequest) -> HttpResponse:
    """A new régie."""
    initial = {
        "circuit": "regie", "provider": "none", "mode": "T", "number_pattern": NUMBER_PATTERN,
        "reference_pattern": REFERENCE_PATTERN, "minimum_cents": MIN_CENTS, "float_cents": 0,
    }  # fmt: skip
    return _edited(request, None, RegieForm(request.POST or None, initial=initial))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MONEY)
def regie(request: OfficeRequest, code: str) -> HttpResponse:
    """One régie."""
    one = _one(code)
    form = RegieForm(request.POST or None, initial={name: getattr(one, name) for name in SAME})
    del form.fields["code"]
    return _edited(request, one, form)


@require_POST
@allowed(Right.MONEY)
def test_regie(request: OfficeRequest, code: str) -> HttpResponse:
    """« Tester la connexion »: does PayFiP know this client number? Nothing is paid."""
    one, to = _one(code), request.path.removesuffix("tester/")
    if one.provider == Regie.Provider.NONE:
        words = "Cette régie ne se paie pas en ligne : il n'y a rien à tester."
    else:
        try:
            words = f"PayFiP connaît le client {one.numcli} sous le nom « {', '.join(test_connection(one))} »."
        except PayfipError as fault:
            said = f" ({fault.code})" if fault.code else ""
            words = f"Échec{said} : {fault.label}"
    return done(words, to)


def _edited(request: OfficeRequest, one: Regie | None, form: RegieForm) -> HttpResponse:
    if form.is_valid():
        values = form.cleaned_data
        columns = {name: values[name] for name in SAME}
        columns |= {"float_cents": values["float_cents"] or 0}
        kept = {"treasury": one.treasury, "creditor": one.creditor} if one else {}
        code = one.code if one else values["code"]
        if one is None and setup.regie_with(code):
            form.add_error("code", "Une régie porte déjà ce code.")
        else:
            try:
                saved = save_regie(draft=RegieDraft(code=code, **columns, **kept), by=actor(request), now=request.now)
                return done(f"La régie « {saved} » est enregistrée.", "office:regies")
            except BillingError as refusal:
                form.add_error(None, str(refusal))
    context = {"form": form, "one": one}
    return show(request, "office/billing/regie.html", context, current="regies", status=400 if form.errors else 200)


def _one(code: str) -> Regie:
    found = setup.regie_with(code)
    if found is None:
        raise Http404
    return found


def _online(one: Regie) -> str:
    if one.provider == Regie.Provider.NONE:
        return "non"
    return f"{one.get_provider_display()}, client {one.numcli}, mode {one.mode}"


def _means(one: Regie) -> str:
    labels = dict(Payment.Means.choices)
    return ", ".join(str(labels.get(code, code)) for code in one.means) or "tous"


COLUMNS = [
    Column("name", "Nom", lambda one: one.name, sort=("name",), link=lambda one: f"{one.code}/"),
    Column("circuit", "Circuit", lambda one: str(one.get_circuit_display()), sort=("circuit",)),
    Column("online", "Paiement en ligne", _online),
    Column("means", "Au guichet", _means),
    Column("minimum", "Minimum", lambda one: Euros(one.minimum_cents), kind="money"),
    Column("state", "État", lambda one: "active" if one.active else "fermée", kind="tag",
           tone=lambda one: "good" if one.active else ""),
]  # fmt: skip
