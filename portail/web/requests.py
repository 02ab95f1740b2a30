"""A request as the views of the parents' face see it, once the middleware has been there."""

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portail.families.queries import Family
from portail.towns.actors import Actor, parent
from portail.towns.models import Town


class TownRequest(HttpRequest):
    """A request to a town's host. `family` is None for a visitor who has not logged in."""

    town: Town
    now: datetime
    family: Family | None
    seen_at: datetime  # with a session: from when its half hour of rest counts


# Addresses that take a POST only: the page that carries their button.
PAGE_OF = {"logout": "home", "extend": "home", "undo": "recap"}

View = Callable[..., HttpResponse]
"""A view behind the login: (request, family, **what the address says)."""


def for_family(view: View) -> Callable[..., HttpResponse]:
    """Only for a logged-in parent; anybody else is sent to the login, and back here afterwards."""

    @wraps(view)
    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        visitor = cast(TownRequest, request)
        if visitor.family is None:
            return redirect(f"{reverse('login')}?{urlencode({'suite': _way_back(request), 'fin': '1'})}")
        return view(visitor, visitor.family, **kwargs)

    checked.for_family = True  # type: ignore[attr-defined]  # read by the test of routes
    return checked


def _way_back(request: HttpRequest) -> str:
    """The page to show after the login: the one asked for, or the one whose form was sent."""
    if request.method == "GET":
        return request.get_full_path()
    match = request.resolver_match
    page = PAGE_OF.get(match.url_name or "") if match else None
    if match is None or page is None:
        return request.path
    return reverse(page, kwargs=match.kwargs)


def actor(family: Family) -> Actor:
    """The logged-in parent as the author of a change on the web."""
    return parent(family.payer_id)


def zone_of(request: TownRequest) -> ZoneInfo:
    """The time zone of the request's town."""
    return ZoneInfo(request.town.time_zone)


def host_and_port(request: HttpRequest) -> tuple[str, str]:
    """(« demo.localhost », « :8000 ») as the visitor typed them, the port empty when it is the ordinary one.

    Not the port that the server listens on: behind a proxy that one is nobody's business. Raises DisallowedHost.
    """
    name, port = re.fullmatch(r"(.*?)(:[0-9]*)?", request.get_host(), re.DOTALL).groups()  # type: ignore[union-attr]
    return name.lower(), port or ""


def safe_next(request: HttpRequest, wanted: str) -> str:
    """`wanted` when it is a page of this very host, else the home page."""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("home")


def network_of(request: HttpRequest) -> str:
    """The visitor's network: the IPv4 address, the /64 of an IPv6 one. Behind our own proxy, what the proxy says."""
    address = request.META.get("REMOTE_ADDR", "")
    if address in settings.TRUSTED_PROXIES:
        address = request.headers.get("X-Forwarded-For", address).rsplit(",", 1)[-1].strip()
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "?"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network(f"{found}/64", strict=False).network_address)
