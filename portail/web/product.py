"""The product's own page, on the bare host, where no town is in force."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portail.towns.queries import hosts_of_towns
from portail.web.requests import host_and_port


@dataclass(frozen=True, slots=True)
class TownLink:
    """A town of this installation and its address."""

    name: str
    url: str


@require_safe
def product(request: HttpRequest) -> HttpResponse:
    """What the portal is, and the towns that this installation serves."""
    _host, port = host_and_port(request)
    towns = [TownLink(name, f"{request.scheme}://{host}{port}/") for name, host in hosts_of_towns()]
    return render(request, "web/product.html", {"town": None, "towns": towns})
