"""The office's door: password, second factor, new password, out."""

import base64
import io
from datetime import timedelta
from typing import cast
from urllib.parse import urlencode

import segno
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portail.office import session
from portail.office.forms import OfficeForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed, missing_step, public, safe_next
from portail.rules.staff import PASSWORD_LENGTH, Right
from portail.towns import wording as say
from portail.towns.operations.access import (
    code_at,
    confirm_second_factor,
    log_in_staff,
    log_out_staff,
    prepare_second_factor,
    renew_recovery_codes,
    verify_second_factor,
)
from portail.towns.operations.staff import StaffError, choose_password
from portail.towns.queries import demo_secret, session_of, staff_named


class LoginForm(OfficeForm):
    """Who, and the password."""

    login = forms.CharField(
        label="Identifiant", max_length=254, help_text="Souvent votre adresse de courriel.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip
    password = forms.CharField(
        label="Mot de passe", max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip


class CodeForm(OfficeForm):
    """The six digits of the moment, or a code on paper."""

    code = forms.CharField(
        label="Code à 6 chiffres", max_length=20,
        help_text="Affiché par l'application de votre téléphone. Téléphone perdu : saisissez un code de secours.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )  # fmt: skip


class PasswordForm(OfficeForm):
    """A new password, twice."""

    password = forms.CharField(
        label="Nouveau mot de passe", max_length=200, strip=False, help_text=f"Au moins {PASSWORD_LENGTH} caractères : "
        "par exemple quatre mots sans rapport entre eux.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label="Le même, encore une fois", max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def clean_again(self) -> str:
        """Both must be the same."""
        if self.cleaned_data["again"] != self.cleaned_data.get("password"):
            raise forms.ValidationError("Les deux saisies sont différentes.")
        return str(self.cleaned_data["again"])


@public
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The identifier and the password."""
    visitor = cast(OfficeRequest, request)
    wanted = safe_next(request, request.POST.get("suite") or request.GET.get("suite", ""))
    if request.method != "POST":
        if visitor.agent is not None:
            return redirect(missing_step(visitor.agent) or wanted)
        return show(visitor, "office/login.html", {"form": LoginForm(), "suite": wanted})
    form = LoginForm(request.POST)
    if form.is_valid():
        result = log_in_staff(login=form.cleaned_data["login"], password=form.cleaned_data["password"], now=visitor.now)
        if result.key:
            response = redirect(f"{reverse('office:code')}?{urlencode({'suite': wanted})}")
            session.remember(response, result.key)
            rotate_token(request)
            return response
        form.add_error(None, _refusal(result.wait) or "L'identifiant ou le mot de passe n'est pas le bon. Un mot de "
                       "passe provisoire ne sert que sept jours.")  # fmt: skip
    return show(visitor, "office/login.html", {"form": form, "suite": wanted}, status=400)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second factor."""
    visitor = cast(OfficeRequest, request)
    wanted = safe_next(request, request.POST.get("suite") or request.GET.get("suite", ""))
    agent = visitor.agent
    if agent is None:
        return redirect("office:login")
    if not agent.has_factor or agent.verified:
        return redirect(missing_step(agent) or wanted)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        result = verify_second_factor(
            session=session_of(agent.session_id), code=form.cleaned_data["code"], by=actor(visitor), now=visitor.now
        )
        if not result.refused:
            return redirect(wanted)
        form.add_error("code", _refusal(result.wait) or "Ce code n'est pas le bon, ou il a déjà servi : attendez le "
                       "suivant.")  # fmt: skip
    context = {"form": form, "suite": wanted, "shown": _shown(visitor)}
    return show(visitor, "office/code.html", context, status=400 if form.errors else 200)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Setting up the second factor: a square to scan, a code to prove it, ten codes on paper."""
    visitor = cast(OfficeRequest, request)
    agent = visitor.agent
    if agent is None or agent.has_factor:
        return redirect("office:login")
    form = CodeForm(request.POST or None)
    form.fields["code"].help_text = "Celui que l'application affiche maintenant."
    if form.is_valid():
        codes = confirm_second_factor(
            session=session_of(agent.session_id), code=form.cleaned_data["code"], by=actor(visitor), now=visitor.now
        )
        if codes is not None:
            return show(visitor, "office/paper_codes.html", {"codes": codes})
        form.add_error("code", "Ce code n'est pas celui du moment : vérifiez l'heure de votre téléphone.")
    secret, address = prepare_second_factor(staff=staff_named(agent.login), now=visitor.now)
    context = {"form": form, "square": _square(address), "secret": _by_hand(secret), "shown": _shown(visitor)}
    return show(visitor, "office/enrol.html", context, status=400 if form.errors else 200)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """One's own new password: because one wants to, or because the first was given by hand."""
    visitor = cast(OfficeRequest, request)
    agent = visitor.agent
    if agent is None or not agent.verified:
        return redirect("office:login")
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            choose_password(
                staff=staff_named(agent.login), password=form.cleaned_data["password"], session_id=agent.session_id,
                by=actor(visitor), now=visitor.now,
            )  # fmt: skip
            return done("Votre nouveau mot de passe est enregistré.", "office:home")
        except StaffError as refusal:
            form.add_error("password", str(refusal))
    context = {"form": form, "forced": agent.temporary}
    return show(visitor, "office/password.html", context, status=400 if form.errors else 200)


@require_POST
@allowed(Right.HOME)
def paper_codes(request: OfficeRequest) -> HttpResponse:
    """Ten new codes on paper."""
    codes = renew_recovery_codes(staff=staff_named(agent_of(request).login), by=actor(request), now=request.now)
    return show(request, "office/paper_codes.html", {"codes": codes})


@public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """« Déconnexion »."""
    visitor = cast(OfficeRequest, request)
    if visitor.agent is not None:
        log_out_staff(session_id=visitor.agent.session_id)
    response = redirect("office:login")
    session.forget(response)
    rotate_token(request)
    return response


def _refusal(wait: timedelta) -> str:
    return f"Trop d'essais : réessayez dans {say.duration(wait + timedelta(seconds=59))}." if wait else ""


def _square(address: str) -> str:
    """The QR code as an address of a picture, so that the page needs no inline SVG."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", border=2, scale=5)
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"


def _by_hand(secret: bytes) -> str:
    """The secret in groups of four letters, for who cannot scan."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def _shown(request: OfficeRequest) -> str:
    """In a demonstration only: the code of the moment, since the visitor has nobody's telephone."""
    if settings.MODE != "demo" or request.agent is None:
        return ""
    secret = demo_secret(request.agent.staff_id)
    return code_at(secret, request.now) if secret else ""
