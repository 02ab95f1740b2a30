"""The watch over every journey sees what it is there for: what our pages may ask, and of whom."""

from types import SimpleNamespace
from typing import cast

import pytest
from playwright.sync_api import Request

from tests.journeys.watching import Watch

HOST, BANK = "demo.localhost:8000", "127.0.0.1:8001"


def _request(url: str, page: str, *, going: bool, referer: str = "") -> Request:
    """What a browser asks: `page` is the address of the page that asks, `going` that it goes there as a whole."""
    frame, headers = SimpleNamespace(url=page), {"referer": referer} if referer else {}
    return cast(Request, SimpleNamespace(url=url, frame=frame, headers=headers, is_navigation_request=lambda: going))


@pytest.mark.parametrize(
    ("url", "page", "going"),
    [
        (f"http://{HOST}/static/a.css", f"http://{HOST}/", False),
        (f"http://{BANK}/tpa/paiementws.web", f"http://{HOST}/factures/", True),
        (f"http://{BANK}/sim/payfip.css", f"http://{BANK}/tpa/choix", False),
        ("data:image/png;base64,AA", f"http://{HOST}/", False),
    ],
)
def test_what_is_let_pass(url: str, page: str, going: bool) -> None:
    watch = Watch(HOST, BANK)
    watch.asked(_request(url, page, going=going))
    assert not watch.problems


@pytest.mark.parametrize(
    ("url", "going", "referer"),
    [
        ("https://cdn.example/a.js", False, ""),
        ("https://elsewhere.example/", True, ""),
        (f"http://{BANK}/sim/payfip.css", False, ""),
        (f"http://{BANK}/tpa/paiementws.web", True, f"http://{HOST}/factures/"),
    ],
)
def test_what_is_noticed(url: str, going: bool, referer: str) -> None:
    watch = Watch(HOST, BANK)
    watch.asked(_request(url, f"http://{HOST}/factures/", going=going, referer=referer))
    assert len(watch.problems) == 1
