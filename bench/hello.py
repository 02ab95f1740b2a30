"""Django that says hello: the floors under every request, with the very database connection of the portal."""

from collections.abc import Callable

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from portail.towns.models import Town

LEAN = ["django.middleware.common.CommonMiddleware"]
USUAL = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def hello(_request: HttpRequest) -> HttpResponse:
    """Nothing."""
    return HttpResponse("hello")


def hello_query(_request: HttpRequest) -> HttpResponse:
    """One query through the ORM."""
    return HttpResponse(Town.objects.order_by("pk").values_list("name", flat=True).first() or "")


urlpatterns = [path("", hello), path("query/", hello_query)]


class HelloURLs:
    """These addresses instead of the portal's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return self.get_response(request)


def application(middleware: list[str]) -> WSGIHandler:
    """A WSGI application with that middleware, side by side with the portal in one process."""
    with override_settings(MIDDLEWARE=[f"{__name__}.HelloURLs", *middleware]):
        return WSGIHandler()
