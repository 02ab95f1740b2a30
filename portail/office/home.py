"""The office's first page: what waits, and where to go."""

from django.http import HttpResponse

from portail.office.bookings.waiting import requests_waiting
from portail.office.messages.waiting import messages_waiting
from portail.office.pages import show
from portail.office.requests import OfficeRequest, agent_of, allowed
from portail.rules.staff import Right


@allowed(Right.HOME)
def home(request: OfficeRequest) -> HttpResponse:
    """What waits for this agent today."""
    rights = agent_of(request).rights
    waiting = [*requests_waiting(rights), *messages_waiting(rights)]
    return show(request, "office/home.html", {"waiting": waiting}, current="home")
