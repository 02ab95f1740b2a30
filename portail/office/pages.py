"""What every page of the office receives, and how a page is rendered."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portail.office.menu import menu_for
from portail.office.requests import OfficeRequest, missing_step

SAID = f"{settings.PREFIX}dit"  # cookie: what has just been done, said once on the next page
LONGEST_SAID = 400


def show(
    request: OfficeRequest, template: str, context: Mapping[str, Any], *, current: str = "", status: int = 200
) -> HttpResponse:
    """Render a page of the office; `current` is the key of the menu's entry that it belongs to (`office.menu`)."""
    kept = request.get_signed_cookie(SAID, default="") or ""
    said = urlsafe_b64decode(kept).decode(errors="replace")
    response = render(request, template, {**_everywhere(request, current), "said": said, **context}, status=status)
    if kept:
        response.delete_cookie(SAID)
    return response


def done(words: str, to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    """Redirect to the page named `to` (« office:family ») or to an address, which will say `words` once."""
    response = redirect(to, *args, **kwargs)
    kept = urlsafe_b64encode(words[:LONGEST_SAID].encode(errors="replace")).decode()  # a header has no « € », no « œ »
    response.set_signed_cookie(SAID, kept, httponly=True, secure=settings.HTTPS, samesite="Lax")
    return response


def error(request: OfficeRequest, status: int, title: str, words: str) -> HttpResponse:
    """A page for what went wrong: a clear sentence, the same look, something to do next."""
    return show(request, "office/error.html", {"title": title, "words": words}, status=status)


def _everywhere(request: OfficeRequest, current: str) -> dict[str, Any]:
    agent, town = request.agent, request.town
    inside = agent is not None and not missing_step(agent)
    return {
        "town": town,
        "town_css": reverse("town_css", kwargs={"digest": town.colours_digest}),
        "logo_url": reverse("logo", kwargs={"digest": town.logo_digest[:12]}) if town.logo_digest else "",
        "server_now": request.now.astimezone(ZoneInfo(town.time_zone)),
        "agent": agent,
        "menu": menu_for(agent.rights) if inside and agent is not None else [],
        "current": current,
        "here": request.get_full_path(),
        "may": agent.rights if inside and agent is not None else frozenset(),
    }
