"""What happens around every page: health, the town of the host, the parent of the cookie, what browsers may keep."""

import ipaddress
from collections.abc import Callable
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone
from django.utils.cache import patch_cache_control

from portail.families.queries import Family, family_of_session, family_of_view
from portail.families.viewing import COOKIE as VIEW_COOKIE
from portail.families.viewing import read_ticket
from portail.towns.models import Town
from portail.towns.queries import canonical_host, first_town, host_named
from portail.towns.scope import in_town
from portail.web import session
from portail.web.errors import not_allowed, not_found, shown_only
from portail.web.requests import host_and_port

GetResponse = Callable[[HttpRequest], HttpResponse]
OFFICE = "/mairie/"


class HealthMiddleware:
    """`/-/health` answers on any host, before anything that could fail."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/-/health":
            return HttpResponse("ok\n", content_type="text/plain")
        return self.get_response(request)


class TownMiddleware:
    """The host decides the town, exactly; every other host answers 404. The clock is read here, once a request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = timezone.now()  # type: ignore[attr-defined]  # noqa: TID251  the door of the web face
        try:
            host, port = host_and_port(request)
        except DisallowedHost:
            return not_found(request)
        if host == settings.DOMAIN:
            request.urlconf = settings.PRODUCT_URLCONF
            return self.get_response(request)
        town, elsewhere = _town_at(host)
        if town is None:
            return not_found(request)
        if elsewhere:
            return HttpResponsePermanentRedirect(f"{request.scheme}://{elsewhere}{port}{request.get_full_path()}")
        request.town = town  # type: ignore[attr-defined]
        with in_town(town), timezone.override(ZoneInfo(town.time_zone)):
            return self.get_response(request)


class ParentMiddleware:
    """The family whose session cookie came along, and what follows for caches and for the cookie."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        viewed = _viewed(request)
        if viewed is not None:
            return self._show(request, viewed)
        visit = session.read(request) if hasattr(request, "town") else None
        request.family = _family(request, visit)  # type: ignore[attr-defined]
        if visit is not None:
            # What a page may promise: half an hour from the stamp that the cookie will carry once it is sent.
            stale = session.is_stale(visit, request.now)  # type: ignore[attr-defined]
            request.seen_at = request.now if stale else visit.seen_at  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response = not_allowed(request, response)
        if "Cache-Control" not in response:
            patch_cache_control(response, no_store=True)
        # A shared cache may keep a public answer with its headers, and would hand the cookie to the next visitor.
        public = "public" in response.headers["Cache-Control"]
        if visit is not None and not public and settings.PARENT_COOKIE_NAME not in response.cookies:
            _stamp(request, response, visit)
        return response

    def _show(self, request: HttpRequest, viewed: Family) -> HttpResponse:
        """What an agent sees of a family's site: its pages as they are, and nothing that could change anything."""
        request.family = viewed  # type: ignore[attr-defined]
        request.seen_at = request.now  # type: ignore[attr-defined]
        response = self.get_response(request) if request.method in {"GET", "HEAD"} else shown_only(request)
        patch_cache_control(response, no_store=True)
        return response


def _viewed(request: HttpRequest) -> Family | None:
    """The family whose site an agent reads (`families.viewing`); the office itself is never seen that way."""
    value = request.COOKIES.get(VIEW_COOKIE, "")
    if not value or not hasattr(request, "town") or request.path_info.startswith(OFFICE):
        return None
    view = read_ticket(value, request.now)  # type: ignore[attr-defined]
    return None if view is None else family_of_view(view, request.now)  # type: ignore[attr-defined]


def _stamp(request: HttpRequest, response: HttpResponse, visit: session.Visit) -> None:
    if request.family is None:  # type: ignore[attr-defined]
        session.forget(response)
    elif session.is_stale(visit, request.now):  # type: ignore[attr-defined]
        session.remember(response, visit.key, request.now)  # type: ignore[attr-defined]


def _family(request: HttpRequest, visit: session.Visit | None) -> Family | None:
    if visit is None or request.town.status == Town.Status.SUSPENDED:  # type: ignore[attr-defined]
        return None
    return family_of_session(session.key_hash(visit.key), request.now)  # type: ignore[attr-defined]


def _town_at(host: str) -> tuple[Town | None, str]:
    """The town of a host name, and the canonical name to go to when this one is not it."""
    found = host_named(host)
    if found is not None:
        return found.town, "" if found.canonical else canonical_host(found.town)
    if settings.MODE == "demo" and _is_address(host):
        return first_town(), ""
    return None, ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
