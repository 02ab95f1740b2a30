"""What every page of a town's site receives, and how a page is rendered."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portail.families.queries import ChildRow, Family
from portail.towns.models import Town
from portail.towns.wording import local, of_place, to_place
from portail.web.requests import TownRequest, zone_of
from portail.web.session import IDLE

MenuLine = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class TownCard:
    """The town as the layout shows it."""

    name: str
    phone: str
    voice_number: str
    email: str
    address: str
    office_hours: str
    website: str
    logo_url: str


@dataclass(frozen=True, slots=True)
class ChildCard:
    """A child in the lists of the family."""

    code: str
    first_name: str
    last_name: str
    full_name: str
    school: str
    classroom: str
    url_planning: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """The logged-in parent as the layout shows them."""

    payer_name: str
    draft_key: str
    children: list[ChildCard]
    read_only: bool = False  # an agent of the town hall looks at what this family sees


@dataclass(frozen=True, slots=True)
class Tab:
    """One choice of a row of chips."""

    label: str
    url: str
    current: bool


def show(
    request: TownRequest, template: str, context: Mapping[str, Any], *, current: str = "", status: int = 200
) -> HttpResponse:
    """Render a page of the town; `current` is the entry of the menu it belongs to."""
    return render(request, template, {**_everywhere(request, current), **context}, status=status)


def labels_of(town: Town) -> Callable[[str], str]:
    """The words that a town may rename (the † of the features), « à la mairie » and « de la mairie » among them."""
    ours = {
        "payer_code": _("Code payeur"),
        "validate": _("VALIDER MES MODIFICATIONS"),
        "town_hall": _("la mairie"),
        "order_number": _("Numéro de commande"),
    }
    places = {"to_town_hall": to_place, "of_town_hall": of_place}

    def label(name: str) -> str:
        if name in places:
            return places[name](label("town_hall"))
        return str(town.labels.get(name) or ours[name])

    return label


def child_card(child: ChildRow) -> ChildCard:
    """A child with the address of their planning."""
    return ChildCard(
        code=child.code,
        first_name=child.first_name,
        last_name=child.last_name,
        full_name=child.full_name,
        school=child.school,
        classroom=classroom_words(child),
        url_planning=reverse("planning", kwargs={"code": child.code}),
    )


def classroom_words(child: ChildRow) -> str:
    """« 10 – Mme Béatrice ESCO », as the manuals write it."""
    return " – ".join(part for part in (child.classroom, child.teacher) if part)


def _everywhere(request: TownRequest, current: str) -> dict[str, Any]:
    town, family = request.town, request.family
    return {
        "town": _town_card(town),
        "town_css": reverse("town_css", kwargs={"digest": town.colours_digest}),
        "server_now": local(request.now, zone_of(request)),
        "label": labels_of(town),
        "visitor": _visitor(family) if family else None,
        "menu": _menu(family) if family else [],
        "current": current,
        "lang": get_language() or "fr",
        "session_ends": min(request.seen_at + IDLE, family.ends_at) if family and not family.read_only else None,
        "here": request.get_full_path() if request.method == "GET" else "/",
    }


def _town_card(town: Town) -> TownCard:
    logo = reverse("logo", kwargs={"digest": town.logo_digest[:12]}) if town.logo_digest else ""
    return TownCard(
        name=town.name,
        phone=town.phone,
        voice_number=town.voice_number,
        email=town.email,
        address=town.address,
        office_hours=town.office_hours,
        website=town.website,
        logo_url=logo,
    )


def _visitor(family: Family) -> Visitor:
    # Drafts stay in the browser under this name: stable for the payer, useless to anybody else.
    key = hmac.new(settings.SECRET_KEY.encode(), f"draft{family.payer_public_id}".encode(), hashlib.sha256)
    cards = [child_card(child) for child in family.children]
    return Visitor(family.payer_name, key.hexdigest()[:16], cards, family.read_only)


def _menu(family: Family) -> list[MenuLine]:
    planning = reverse("planning", kwargs={"code": family.children[0].code})
    return [
        ("home", _("Accueil"), reverse("home"), "home"),
        ("planning", _("Planning"), planning, "calendar"),
        ("invoices", _("Facture"), reverse("invoices"), "invoice"),
        ("help", _("Aide"), reverse("help"), "help"),
    ]
