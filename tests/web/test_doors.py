"""Which host leads where, what headers every answer carries, and forms that come from elsewhere."""

import logging
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.http import HttpRequest
from django.test import Client

from portail.towns.operations import set_hosts
from portail.towns.scope import in_town
from portail.web import texts
from tests.web.browser import BUCHELAY, DEMO, Browser, Page, planning_of
from tests.world import CLERK, JAMES, JAMIE_CODE, NOW

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "worker-src": "'self'",
    "object-src": "'none'",
}

EVIL = [
    "evil.example", "evildemo.localhost", "a.demo.localhost", "demo.localhost.evil.example", "demo.localhost.",
    "demo.localhost@evil.example", "demo.localhost:80:80", "demo", ".localhost", "localhost.", "*.localhost", "[::1]",
    "127.0.0.1", "127.0.0.1:8000", "demo.localhost/x", "demo.localhost evil", "", "démo.localhost", "0",
]  # fmt: skip


@pytest.mark.parametrize("host", EVIL)
def test_only_the_exact_name_of_a_town_leads_to_it(host, world):
    response = Browser(host).get("/")
    assert response.status_code in {400, 404}
    assert "Ville de Démo" not in response.content.decode()
    assert "evil" not in response.content.decode()


def test_other_headers_do_not_choose_the_town(world):
    for name in ("X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "Forwarded"):
        response = Client(headers={"host": BUCHELAY, name: DEMO}).get("/")
        assert "Ville de Démo" not in response.content.decode()


def test_case_and_port_do_not_matter(world):
    for host in ("DEMO.LocalHost", "demo.localhost:8000", "demo.localhost:443"):
        assert "Ville de Démo" in Browser(host).get("/").content.decode()


def test_an_alias_leads_to_the_name_that_families_know(world):
    with in_town(world.demo):
        set_hosts(hosts=[DEMO, "alias.localhost"], by=CLERK, now=NOW)
    for host, port in (("alias.localhost", ""), ("ALIAS.localhost:8000", ":8000")):
        for path in ("/", "/accueil/?a=b&c=%C3%A9", "//evil.example/", "/planning/007/"):
            response = Browser(host).get(path)
            assert response.status_code == 301
            assert response.headers["Location"].startswith(f"http://{DEMO}{port}/"), path
    assert Browser("alias.localhost").get("/a?b=1").headers["Location"] == f"http://{DEMO}/a?b=1"


def test_the_bare_host_shows_the_product_and_its_towns(world):
    page = Browser("localhost:8000").page("/")
    assert {f"http://{DEMO}:8000/", f"http://{BUCHELAY}:8000/"} <= set(page.links)
    for address in ("/accueil/", "/planning/007/", "/contact/"):
        assert Browser("localhost").get(address).status_code == 404


def test_a_suspended_or_removed_town_is_not_advertised(world):
    with in_town(world.demo):
        set_hosts(hosts=["autre.localhost"], by=CLERK, now=NOW)
    assert f"http://{DEMO}/" not in Browser("localhost").page("/").links
    assert Browser(DEMO).get("/").status_code == 404


@pytest.mark.parametrize("host", ["192.168.1.20", "192.168.1.20:8000", "127.0.0.1", "[::1]", "[fe80::1]:8000"])
def test_a_bare_address_shows_the_first_town_in_demo_mode_only(host, world, settings: LazySettings):
    assert Browser(host).get("/").status_code == 404
    settings.MODE = "demo"
    assert "Ville de Démo" in Browser(host).get("/").content.decode()
    for other in ("evil.example", "1.2.3", "999.1.1.1", "1.2.3.4.5", "[::1", "localhost.evil"):
        assert Browser(other).get("/").status_code in {400, 404}


def test_health_answers_on_any_host_without_a_query(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        for host in ("anything.example", "10.0.0.1", DEMO):
            response = Browser(host).get("/-/health")
            assert (response.status_code, response.content) == (200, b"ok\n")


# --- Headers ---------------------------------------------------------------------------------------------------------


def policy(header: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())


def test_every_page_carries_the_same_strict_headers(jamie):
    answers = {
        "page": jamie.get(planning_of(JAMES)),
        "login": Browser().get("/"),
        "wrong codes": Browser().post("/", {"child_code": "999", "payer_code": "x"}),
        "redirect": Browser().get("/accueil/"),
        "404": jamie.get("/nowhere/"),
        "405": jamie.get("/deconnexion/"),
        "unknown host": Browser("evil.example").get("/"),
        "product": Browser("localhost").get("/"),
        "too many fields": jamie.post("/contact/", {"x": ["y"] * 20_001}),
    }
    for name, response in answers.items():
        assert policy(response.headers["Content-Security-Policy"]) == POLICY, name
        assert response.headers["X-Content-Type-Options"] == "nosniff", name
        assert response.headers["Referrer-Policy"] == "same-origin", name
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert "Server" not in response.headers
    framed = [name for name, response in answers.items() if response.headers.get("X-Frame-Options") != "DENY"]
    assert framed in ([], ["unknown host"])


def test_pages_hold_no_inline_script_or_style_and_ask_nobody_else_for_anything(jamie):
    addresses = [planning_of(JAMES), "/accueil/", "/enfants/", "/contact/", "/aide/", "/modifications/007/"]
    for page in [*map(jamie.page, addresses), Browser().page("/"), Browser("localhost").page("/")]:
        for tag, found in page.tags:
            assert not [name for name in found if name.startswith("on") or name == "style"], (tag, found)
            assert tag != "style"
            assert tag != "script" or found.get("src")
            for name in ("src", "href", "action", "data-extend-url"):
                value = found.get(name) or "/"
                loaded = tag in {"script", "link", "img", "use", "form", "iframe"}
                assert not loaded or (value.startswith("/") and not value.startswith("//")), (tag, value)
            assert not (found.get("href") or "").lower().startswith(("javascript:", "data:"))


# --- Forms from elsewhere --------------------------------------------------------------------------------------------

TYPED = {"child_code": JAMES, "payer_code": JAMIE_CODE}


@pytest.fixture
def guarded(world) -> Iterator[Browser]:
    """Logged in, and held to CSRF as browsers are."""
    logging.getLogger("django.security.csrf").disabled = True
    browser = Browser(enforce_csrf_checks=True)
    browser.post("/", {**TYPED, "csrfmiddlewaretoken": browser.page("/").value("csrfmiddlewaretoken")})
    assert browser.get("/accueil/").status_code == 200
    yield browser
    logging.getLogger("django.security.csrf").disabled = False


def lunch(browser: Browser) -> dict[str, object]:
    page = browser.planning(JAMES)
    return page.form(tick=["007/cantine/2026-11-23"]) | {"csrfmiddlewaretoken": page.value("csrfmiddlewaretoken")}


def refused(response: object) -> bool:
    words = Page(response.content.decode()).text  # type: ignore[attr-defined]
    return response.status_code == 403 and "Formulaire périmé" in words and "rien n'a été enregistré" in words  # type: ignore[attr-defined]


def test_a_form_without_its_token_is_refused_in_french(guarded, snapshot):
    before = snapshot()
    form = lunch(guarded)
    for token in (None, "", "x", "é" * 64, "a" * 64, "\x00"):
        forged = {key: value for key, value in form.items() if key != "csrfmiddlewaretoken"}
        if token is not None:
            forged["csrfmiddlewaretoken"] = token
        assert refused(guarded.post(planning_of(JAMES), forged)), token
    for address in ("/deconnexion/", "/prolonger/", "/contact/", "/langue/", "/planning/007/agenda/", "/"):
        assert refused(guarded.post(address, {})), address
    assert snapshot() == before


def test_a_form_with_its_token_is_taken(guarded):
    assert guarded.post(planning_of(JAMES), lunch(guarded)).status_code == 302


@pytest.mark.parametrize(
    "origin", [f"http://{BUCHELAY}", "http://localhost", "https://demo.localhost", "null", "http://evil.example", "x"]
)
def test_a_form_from_another_origin_is_refused_even_with_its_token(origin, guarded, snapshot):
    form = lunch(guarded)
    before = snapshot()
    assert refused(guarded.post(planning_of(JAMES), form, headers={"origin": origin}))
    assert snapshot() == before
    assert guarded.post(planning_of(JAMES), form, headers={"origin": f"http://{DEMO}"}).status_code == 302


def test_the_token_changes_with_the_login_and_the_logout(world):
    browser = Browser(enforce_csrf_checks=True)
    before = browser.page("/").value("csrfmiddlewaretoken")
    first = browser.cookies["csrf"].value
    browser.post("/", {**TYPED, "csrfmiddlewaretoken": before})
    second = browser.cookies["csrf"].value
    form = lunch(browser)
    browser.post("/deconnexion/", {"csrfmiddlewaretoken": form["csrfmiddlewaretoken"]})
    assert len({first, second, browser.cookies["csrf"].value}) == 3


# --- Pages for what goes wrong ---------------------------------------------------------------------------------------


def test_our_own_fault_is_a_clear_page_without_details(jamie, monkeypatch):
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(texts, "labels_of", broken)
    logging.getLogger("django.request").disabled = True
    try:
        jamie.raise_request_exception = False
        response = jamie.get("/aide/")
    finally:
        logging.getLogger("django.request").disabled = False
    assert response.status_code == 500
    assert "Le service a rencontré un problème" in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_the_page_of_our_own_fault_reads_nothing_from_the_database(django_assert_num_queries, db):
    from portail.web.errors import server_error  # noqa: PLC0415 -- the handler, called as Django does

    with django_assert_num_queries(0):
        assert server_error(HttpRequest()).status_code == 500


def test_strange_forms_never_crash(jamie, world):
    """Bodies that no browser of ours sends."""
    stranger = Browser()
    for body, kind in (
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"shown=%ff%fe&ticked=%00&token=%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"a=b", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"a=b", "nonsense"),
    ):
        for browser, address in ((jamie, planning_of(JAMES)), (stranger, "/"), (jamie, "/contact/")):
            response = browser.post(address, data=body, content_type=kind)
            assert response.status_code in {200, 302, 400, 403}, (kind, address, response.status_code)


def test_half_characters_sent_through_an_exotic_charset_never_crash(jamie, world):
    form = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n\\ud800\\u0000\r\n'
    names = ("shown", "ticked", "token", "child_code", "payer_code", "name", "message", "email", "suite")
    body = "".join(form.format(name) for name in names) + "--x--\r\n"
    for address in (planning_of(JAMES), "/contact/", "/"):
        browser = jamie if address != "/" else Browser()
        kind = "multipart/form-data; boundary=x; charset=unicode_escape"
        response = browser.post(address, data=body.encode(), content_type=kind)
        assert response.status_code in {302, 400}, address
