"""Who is at the office's door: the agent whose session cookie came along."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_cache_control

from portail.office import session
from portail.towns.queries import agent_of_session

PREFIX = "/mairie/"


class StaffMiddleware:
    """Looks at `/mairie/` alone: a parent's page costs nothing more. What the office shows is never kept by a cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX) or not hasattr(request, "town"):
            return self.get_response(request)
        key = session.read(request)
        request.agent = agent_of_session(key, request.now) if key else None  # type: ignore[attr-defined]
        with translation.override("fr"):  # the office speaks French, whatever this browser chose as a parent
            response = self.get_response(request)
        if "Cache-Control" not in response:
            patch_cache_control(response, no_store=True)
        if key and request.agent is None and session.COOKIE not in response.cookies:  # type: ignore[attr-defined]
            session.forget(response)
        return response
