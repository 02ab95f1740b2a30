"""A request as the views of the office see it, and the rule that each of them carries."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portail.rules.staff import Right
from portail.towns.actors import Actor, town_hall
from portail.towns.models import Town
from portail.towns.queries import Agent


class OfficeRequest(HttpRequest):
    """A request to `/mairie/` of a town. `agent` is None for a visitor without a session."""

    town: Town
    now: datetime
    agent: Agent | None


View = Callable[..., HttpResponse]
"""A view of the office: (request, **what the address says)."""

RIGHT = "office_right"


def agent_of(request: OfficeRequest) -> Agent:
    """The agent behind a view that `allowed` has let through."""
    if request.agent is None:
        raise PermissionError("no agent: the view lacks its @allowed")
    return request.agent


def actor(request: OfficeRequest) -> Actor:
    """The author of an act: « par la Mairie », with the agent's name in the trail."""
    agent = agent_of(request)
    return town_hall(agent.name, staff_id=agent.staff_id)


def allowed(right: Right) -> Callable[[View], View]:
    """Only for agents with this right, second factor given. Others: the login, the missing step, or 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, **kwargs: object) -> HttpResponse:
            visitor = cast(OfficeRequest, request)
            agent = visitor.agent
            if agent is None:
                here = request.get_full_path() if request.method == "GET" else request.path
                return redirect(f"{reverse('office:login')}?{urlencode({'suite': here})}")
            if step := missing_step(agent):
                return redirect(step)
            if right not in agent.rights:
                return _refused(visitor)
            return view(visitor, **kwargs)

        setattr(checked, RIGHT, right)
        return checked

    return decorate


def public(view: View) -> View:
    """Open to anybody: the login itself. Said, so that the test of routes knows that it was meant."""
    setattr(view, RIGHT, None)
    return view


def missing_step(agent: Agent) -> str:
    """Where an agent who gave a password must still go before anything opens, "" when nothing is missing."""
    if not agent.has_factor:
        return reverse("office:enrol")
    if not agent.verified:
        return reverse("office:code")
    return reverse("office:password") if agent.temporary else ""


def zone_of(request: OfficeRequest) -> ZoneInfo:
    """The time zone of the request's town."""
    return ZoneInfo(request.town.time_zone)


def today(request: OfficeRequest) -> date:
    """The day that it is in the town."""
    return request.now.astimezone(zone_of(request)).date()


def safe_next(request: HttpRequest, wanted: str) -> str:
    """`wanted` when it is a page of this very office, else its first page."""
    home = reverse("office:home")
    if wanted.startswith(home) and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return home


def _refused(request: OfficeRequest) -> HttpResponse:
    from portail.office.pages import error  # noqa: PLC0415  pages needs this module

    return error(request, 403, "Accès refusé", "Votre rôle ne donne pas accès à cette page. Demandez à la personne "
                 "qui gère les comptes si vous en avez besoin.")  # fmt: skip
