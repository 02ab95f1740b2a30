"""A régie whose bank page opens in a window of its own: opened, blocked, closed, without scripts (feature F5)."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import DESKTOP, PHONE, POPUP, SMALLEST, Owing, Visit
from tests.journeys.parent import Parent
from tests.journeys.paying import (
    ACCEPTED,
    PAY,
    PAY_HERE,
    WAITING,
    at_the_bank,
    choose,
    come_back,
    is_paid,
    outcome,
    pay_by_card,
    pay_by_debit,
)
from tests.journeys.portal import Debt


@pytest.mark.parametrize("width", [SMALLEST, DESKTOP])
def test_the_first_page_goes_on_by_itself(visit: Visit, owing: Owing, width: int) -> None:
    debt = owing(POPUP)
    parent = visit(debt.family, width=width)
    window = _open_window(parent, debt)
    outcome(parent, WAITING)
    parent.sees("Vous pouvez fermer cette page")
    parent.fits(width)
    pay_by_debit(window)
    outcome(parent, ACCEPTED)
    come_back(window)
    expect(window.get_by_role("heading", name=ACCEPTED)).to_be_visible()
    window.close()
    is_paid(parent, debt)


def test_without_scripts(visit: Visit, owing: Owing) -> None:
    debt = owing(POPUP)
    parent = visit(debt.family, width=PHONE, scripts=False)
    window = _open_window(parent, debt)
    parent.link("La fenêtre est ouverte : suivre mon paiement").click()
    outcome(parent, WAITING)
    pay_by_card(window)
    come_back(window)
    outcome(parent, ACCEPTED)  # the page asks again by itself


def test_the_window_is_closed_too_soon(visit: Visit, owing: Owing) -> None:
    debt = owing(POPUP)
    parent = visit(debt.family, width=PHONE)
    _open_window(parent, debt).close()
    outcome(parent, WAITING)
    parent.link("Reprendre le paiement").click()
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)


def test_the_window_is_blocked(visit: Visit, owing: Owing) -> None:
    debt = owing(POPUP)
    parent = visit(debt.family, width=PHONE, said="Blocked opening '.*' in a new window|An iframe which has both")
    parent.log_in()
    choose(parent, debt)
    parent.page.route(re.compile("/payer/$"), _without_windows)
    parent.page.reload()
    parent.field("Mon e-mail").fill(debt.email)
    parent.button(PAY).click()
    expect(parent.heading("Nous ouvrons la page de la banque", 2)).to_be_visible()
    assert len(parent.context.pages) == 1
    parent.link("Revenir au récapitulatif").click()
    parent.button(PAY_HERE).click()
    at_the_bank(parent.page, debt)
    pay_by_card(parent.page)
    come_back(parent.page)
    outcome(parent, ACCEPTED)


def _open_window(parent: Parent, debt: Debt) -> Page:
    """Through both steps to the bank's window."""
    parent.log_in()
    choose(parent, debt)
    with parent.page.expect_popup() as opened:
        parent.button(PAY).click()
    at_the_bank(opened.value, debt)
    return opened.value


def _without_windows(route: Route) -> None:
    """The same page in a browser that lets it open no window."""
    if route.request.method != "GET":
        return route.fallback()
    asked = urlsplit(route.request.url)
    here = asked._replace(netloc=f"127.0.0.1:{asked.port}").geturl()  # not every resolver knows *.localhost
    answer = route.fetch(url=here, headers={**route.request.all_headers(), "host": asked.netloc})
    own = answer.headers["content-security-policy"]
    blocked = f"{own}, sandbox allow-forms allow-same-origin allow-scripts"
    return route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": blocked})
