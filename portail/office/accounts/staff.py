"""Who works here and what they may do."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.office.words import ROLES
from portail.rules.staff import Right, Role
from portail.towns.models import Staff
from portail.towns.operations.staff import StaffError, change_staff, invite_staff, reset_access
from portail.towns.queries import staff_rows


class StaffForm(OfficeForm):
    """An account: who, and by which roles."""

    login = forms.CharField(
        label="Identifiant", max_length=254, help_text="L'adresse de courriel de la personne, ou un nom court.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip
    name = forms.CharField(label="Prénom et nom", max_length=150)
    roles = forms.MultipleChoiceField(
        label="Rôles", choices=[(role.value, words) for role, words in ROLES.items()],
        widget=forms.CheckboxSelectMultiple, help_text="Une personne peut en avoir plusieurs.",
        error_messages={"required": "Cochez au moins un rôle : sans rôle, un compte n'ouvre rien."},
    )  # fmt: skip
    active = forms.BooleanField(label="Le compte est ouvert", required=False, initial=True)


@allowed(Right.STAFF)
def staff(request: OfficeRequest) -> HttpResponse:
    """Every account of the town."""
    rows: QuerySet[Any] = staff_rows()
    listing = listed(request, rows, COLUMNS, sort="name", file_name="agents")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/staff.html", {"listing": listing}, current="staff")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.STAFF)
def new_staff(request: OfficeRequest) -> HttpResponse:
    """A new account, with a password to hand over."""
    form = StaffForm(request.POST or None)
    del form.fields["active"]
    if form.is_valid():
        values = form.cleaned_data
        roles = [Role(role) for role in values["roles"]]
        try:
            made, given = invite_staff(
                login=values["login"], name=values["name"], roles=roles, by=actor(request), now=request.now
            )
            return show(request, "office/staff_password.html", {"one": made, "given": given}, current="staff")
        except StaffError as refusal:
            form.add_error("login", str(refusal))
    context = {"form": form, "one": None}
    return show(request, "office/staff_edit.html", context, current="staff", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.STAFF)
def edit_staff(request: OfficeRequest, number: int) -> HttpResponse:
    """Name, roles, open or closed."""
    one = _one(number)
    initial = {
        "login": one.login,
        "name": one.name,
        "active": one.is_active,
        "roles": [r.role for r in one.roles.all()],
    }
    form = StaffForm(request.POST or None, initial=initial)
    del form.fields["login"]
    if form.is_valid():
        values = form.cleaned_data
        try:
            change_staff(
                staff=one, name=values["name"], roles=[Role(role) for role in values["roles"]],
                active=values["active"], by=actor(request), now=request.now,
            )  # fmt: skip
            return done(f"Le compte de {values['name']} est modifié.", "office:staff")
        except StaffError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "one": one}
    return show(request, "office/staff_edit.html", context, current="staff", status=400 if form.errors else 200)


@require_POST
@allowed(Right.STAFF)
def reset_staff(request: OfficeRequest, number: int) -> HttpResponse:
    """A lost password or telephone."""
    one = _one(number)
    given = reset_access(staff=one, by=actor(request), now=request.now)
    return show(request, "office/staff_password.html", {"one": one, "given": given}, current="staff")


def _one(number: int) -> Staff:
    found = staff_rows().filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def roles_words(one: Staff) -> str:
    """« Agent du service, Régisseur »."""
    return ", ".join(ROLES[Role(row.role)] for row in one.roles.all()) or "aucun"


def _state(one: Staff) -> str:
    if not one.is_active:
        return "fermé"
    return "mot de passe à choisir" if one.temporary_until else "ouvert"


COLUMNS = [
    Column("name", "Nom", lambda one: one.name, sort=("name",), link=lambda one: f"{one.pk}/"),
    Column("login", "Identifiant", lambda one: one.login, sort=("login",)),
    Column("roles", "Rôles", roles_words),
    Column("state", "Compte", _state, kind="tag", tone=lambda one: "good" if one.is_active else "bad"),
]
