"""The office's first page: what waits, and where to go."""

from django.http import HttpResponse

from portail.office.pages import show
from portail.office.requests import OfficeRequest, allowed
from portail.rules.staff import Right


@allowed(Right.HOME)
def home(request: OfficeRequest) -> HttpResponse:
    """What waits for this agent today."""
    return show(request, "office/home.html", {}, current="home")
