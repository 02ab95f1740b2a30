"""The product's own page, on the bare host, where no town is in force."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portail.towns.queries import hosts_of_towns


@dataclass(frozen=True, slots=True)
class TownLink:
    """A town of this installation and its address."""

    name: str
    url: str


@require_GET
def product(request: HttpRequest) -> HttpResponse:
    """What the portal is, and the towns that this installation serves."""
    port = request.get_port()
    tail = "" if port in {"80", "443"} else f":{port}"
    towns = [TownLink(name, f"{request.scheme}://{host}{tail}/") for name, host in hosts_of_towns()]
    return render(request, "web/product.html", {"town": None, "towns": towns})
