"""A request as the views of the parents' face see it, once the middleware has been there."""

import ipaddress
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


View = Callable[..., HttpResponse]
"""A view behind the login: (request, family, **what the address says)."""


def for_family(view: View) -> Callable[..., HttpResponse]:
    """Only for a logged-in parent; anybody else is sent to the login, and back here afterwards."""

    @wraps(view)
    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        visitor = cast(TownRequest, request)
        if visitor.family is None:
            back = request.get_full_path() if request.method == "GET" else request.path
            return redirect(f"{reverse('login')}?{urlencode({'suite': back, 'fin': '1'})}")
        return view(visitor, visitor.family, **kwargs)

    checked.for_family = True  # type: ignore[attr-defined]  # read by the test of routes
    return checked


def actor(family: Family) -> Actor:
    """The logged-in parent as the author of a change on the web."""
    return parent(family.payer_id)


def zone_of(request: TownRequest) -> ZoneInfo:
    """The time zone of the request's town."""
    return ZoneInfo(request.town.time_zone)


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
