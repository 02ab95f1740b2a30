"""Pages and small files that need no login: contact, legal texts, help, colours, logo, language."""

import re
from typing import cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portail.families.queries import Family
from portail.news.operations.contact import ContactDraft, receive_contact
from portail.news.operations.lines import NewsError
from portail.towns.queries import logo_of
from portail.web.pages import show
from portail.web.requests import TownRequest

LONG = "public, max-age=31536000, immutable"
LONGEST_MESSAGE = 4000


@require_safe
def town_css(request: HttpRequest, digest: str) -> HttpResponse:
    """The town's colours as custom properties; a stylesheet, so that no inline style is ever needed."""
    town = cast(TownRequest, request).town
    if digest != town.colours_digest:
        raise Http404
    css = f":root{{--town:{town.town_colour};--accent:{town.accent_colour}}}\n"
    return HttpResponse(css, content_type="text/css; charset=utf-8", headers={"Cache-Control": LONG})


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """The town's logo; never run by the browser, whatever is inside."""
    town = cast(TownRequest, request).town
    found = logo_of(town) if town.logo_digest and town.logo_digest.startswith(digest) else None
    if found is None:
        raise Http404
    headers = {
        "Cache-Control": LONG,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return HttpResponse(bytes(found.content), content_type=found.content_type, headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """« Contactez-nous » and « Je rencontre des difficultés à me connecter » (feature A4)."""
    visitor = cast(TownRequest, request)
    values = {
        name: request.POST.get(name, "").strip()
        for name in ("subject", "name", "email", "phone", "child_code", "message")
    }
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = _problems(values)
        if not errors and not request.POST.get("website"):
            errors = _received(values, visitor)
        if not errors:
            # A person leaves « website » empty: it is hidden. A robot is thanked and forgotten.
            return redirect(f"{reverse('contact')}?envoye=1")
    elif visitor.family is not None:
        values |= {"name": visitor.family.payer_name, "subject": "planning"}
    subjects = [
        ("login", _("Je n'arrive pas à me connecter")),
        ("code", _("J'ai perdu mes codes")),
        ("planning", _("Une question sur le planning")),
        ("other", _("Autre chose")),
    ]
    context = {
        "form": {"values": values, "errors": errors, "subjects": subjects},
        "sent": "envoye" in request.GET,
    }
    return show(visitor, "web/contact.html", context, current="contact", status=400 if errors else 200)


def _received(values: dict[str, str], visitor: TownRequest) -> dict[str, str]:
    """Send the message; what the operation still objects to (a name of invisible characters…) is said like the rest."""
    try:
        receive_contact(draft=_draft(values, visitor.family), now=visitor.now)
    except NewsError as problem:
        return {"message": str(problem)}
    return {}


def _draft(values: dict[str, str], family: Family | None) -> ContactDraft:
    children = ", ".join(f"{child.full_name} ({child.code})" for child in family.children) if family else ""
    return ContactDraft(
        subject=values["subject"][:20],
        name=values["name"],
        email=values["email"],
        phone=values["phone"],
        child=(children or values["child_code"])[:150],
        message=values["message"],
        payer_id=family.payer_id if family else None,
    )


def _problems(values: dict[str, str]) -> dict[str, str]:
    errors = {}
    if not values["name"]:
        errors["name"] = _("Indiquez votre nom.")
    if not values["message"]:
        errors["message"] = _("Écrivez votre message.")
    elif len(values["message"]) > LONGEST_MESSAGE:
        errors["message"] = _("Votre message est trop long : 4 000 caractères au plus.")
    if not values["email"] and not values["phone"]:
        errors["email"] = _("Indiquez un courriel ou un téléphone, pour que nous puissions vous répondre.")
    if values["email"] and not _is_email(values["email"]):
        errors["email"] = _("Cette adresse de courriel n'est pas complète : elle ressemble à nom@exemple.fr.")
    if values["phone"] and not re.fullmatch(r"[+0-9 ().-]{6,30}", values["phone"]):
        errors["phone"] = _("Ce numéro de téléphone n'est pas lisible : écrivez-le avec des chiffres.")
    return errors | {name: _("Ce texte est trop long.") for name in ("name", "child_code") if len(values[name]) > 150}


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
