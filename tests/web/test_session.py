"""The cookies of a parent: how long they last, what ends them, what they look like."""

from datetime import datetime, timedelta
from http.cookies import Morsel

import pytest
from django.conf import LazySettings

from portail.families.models import ParentSession
from portail.families.operations.access import key_hash
from portail.towns.scope import in_town
from tests.web.browser import BUCHELAY, DEMO, Browser, planning_of
from tests.world import JAMES, JAMIE_CODE, NOW


def is_in(browser: Browser) -> bool:
    return browser.get("/enfants/").status_code == 200


def flags(morsel: Morsel) -> dict[str, object]:
    names = ("httponly", "secure", "samesite", "path", "domain")
    return {name: morsel[name] for name in names}


def test_half_an_hour_of_rest_ends_the_session_to_the_second(jamie, clock):
    clock.shift(timedelta(minutes=30))
    assert is_in(jamie)
    clock.shift(timedelta(minutes=30, seconds=1))
    assert not is_in(jamie)


def test_reading_keeps_the_session_alive_for_twelve_hours_and_no_longer(jamie, clock):
    for _ in range(28):
        clock.shift(timedelta(minutes=25))
        assert is_in(jamie)
    clock.move_to(NOW + timedelta(hours=11, minutes=59, seconds=59))
    assert is_in(jamie)
    clock.move_to(NOW + timedelta(hours=12))
    assert not is_in(jamie)


def test_the_page_never_promises_more_time_than_there_is(jamie, clock):
    """A page read 59 seconds after the last stamp says when the session ends: so it must still be open just before."""
    clock.shift(59)
    page = jamie.page("/enfants/")
    ends = next(found["data-session-ends"] or "" for tag, found in page.tags if tag == "body")
    clock.move_to(datetime.fromisoformat(ends))
    assert is_in(jamie)


def test_the_page_tells_the_last_hour_too(jamie, clock):
    for _ in range(26):
        clock.shift(timedelta(minutes=26))
        assert is_in(jamie)
    clock.shift(timedelta(minutes=26))
    page = jamie.page("/enfants/")
    ends = next(found["data-session-ends"] or "" for tag, found in page.tags if tag == "body")
    assert datetime.fromisoformat(ends) == NOW + timedelta(hours=12)


def test_extending_moves_the_end_and_writes_nothing(jamie, clock, snapshot):
    clock.shift(timedelta(minutes=29))
    before = snapshot()
    response = jamie.post("/prolonger/")
    assert response.status_code == 200
    assert response.json() == {"session_ends": "2026-11-16T08:59:00+00:00"}
    assert snapshot() == before
    clock.shift(timedelta(minutes=29))
    assert is_in(jamie)


def test_the_table_keeps_no_key_that_opens_anything(jamie, world):
    value = jamie.cookies["sid"].value
    key = value.rpartition(":")[0].rpartition(".")[0]
    with in_town(world.demo):
        row = ParentSession.objects.get()
    assert row.key_hash == key_hash(key)
    assert key not in str(row.__dict__)


def test_leaving_kills_the_session_on_the_server_and_the_old_cookie_opens_nothing(jamie, world):
    kept = jamie.cookies["sid"].value
    response = jamie.post("/deconnexion/")
    assert response.headers["Location"] == "/?au-revoir=1"
    assert response.cookies["sid"].value == ""
    assert response.cookies["sid"]["max-age"] == 0
    with in_town(world.demo):
        assert ParentSession.objects.count() == 0
    thief = Browser()
    thief.cookies["sid"] = kept
    assert not is_in(thief)


def test_leaving_one_device_leaves_the_other_open(jamie):
    other = Browser().enter(JAMES, JAMIE_CODE)
    jamie.post("/deconnexion/")
    assert is_in(other)


def test_logging_in_again_does_not_take_over_a_key_given_by_somebody_else(world, jamie):
    victim = Browser()
    victim.cookies["sid"] = jamie.cookies["sid"].value
    victim.enter(JAMES, JAMIE_CODE)
    assert victim.cookies["sid"].value != jamie.cookies["sid"].value


def test_a_session_belongs_to_its_town(jamie, lea):
    mixed = Browser(BUCHELAY)
    mixed.cookies["sid"] = jamie.cookies["sid"].value
    response = mixed.get("/enfants/")
    assert response.status_code == 302
    assert response.cookies["sid"].value == ""  # useless here: taken away


def test_a_cookie_changed_by_one_character_opens_nothing(jamie):
    value = jamie.cookies["sid"].value
    for place in range(0, len(value), 7):
        forged = Browser()
        forged.cookies["sid"] = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
        assert not is_in(forged), place


def test_the_device_cookie_is_no_session_and_the_session_no_device(jamie):
    swapped = Browser()
    swapped.cookies["sid"] = jamie.cookies["device"].value
    swapped.cookies["device"] = jamie.cookies["sid"].value
    assert not is_in(swapped)
    assert is_in(swapped.enter(JAMES, JAMIE_CODE))


def test_cookies_over_plain_http(jamie):
    assert {"sid", "device", "csrf"} <= set(jamie.cookies)
    for name in ("sid", "device", "csrf"):
        assert flags(jamie.cookies[name]) == {
            "httponly": True, "secure": "", "samesite": "Lax", "path": "/", "domain": "",
        }, name  # fmt: skip
    assert jamie.cookies["sid"]["max-age"] == ""  # dies with the browser
    assert jamie.cookies["device"]["max-age"] == 400 * 24 * 3600


@pytest.fixture
def https(settings: LazySettings) -> LazySettings:
    """What `PORTAIL_HTTPS=true` sets (portail/settings.py)."""
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.CSRF_COOKIE_SECURE = settings.SESSION_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    settings.PARENT_COOKIE_NAME, settings.DEVICE_COOKIE_NAME = "__Host-sid", "__Host-device"
    settings.CSRF_COOKIE_NAME = "__Host-csrf"
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    return settings


def test_cookies_over_https_belong_to_this_host_alone(world, https):
    browser = Browser()
    response = browser.post("/", {"child_code": JAMES, "payer_code": JAMIE_CODE}, secure=True)
    assert response.status_code == 302
    assert set(response.cookies) == {"__Host-sid", "__Host-device", "__Host-csrf"}
    for morsel in response.cookies.values():
        assert flags(morsel) == {"httponly": True, "secure": True, "samesite": "Lax", "path": "/", "domain": ""}
    assert browser.get("/enfants/", secure=True).status_code == 200
    gone = browser.post("/deconnexion/", secure=True).cookies["__Host-sid"]
    assert (gone.value, gone["secure"], gone["path"], gone["max-age"]) == ("", True, "/", 0)


def test_https_is_asked_for_and_remembered(world, https):
    response = Browser().get("/aide/?x=1")
    assert (response.status_code, response.headers["Location"]) == (301, f"https://{DEMO}/aide/?x=1")
    response = Browser().get("/aide/", secure=True)
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert Browser().get("/-/health").status_code == 200


def test_a_plain_cookie_is_worth_nothing_over_https(jamie, https):
    assert jamie.get("/enfants/", secure=True).status_code == 302


def test_what_may_be_kept_by_others_carries_no_cookie(jamie, clock, world):
    """A shared cache keeps a public answer with its headers: a session in it would go to the next visitor."""
    clock.shift(timedelta(minutes=5))
    sheets = [link for link in jamie.page("/enfants/").links if link.startswith("/couleurs/")]
    clock.shift(timedelta(minutes=5))
    response = jamie.get(sheets[0])
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert dict(response.cookies) == {}
    other = Browser()
    other.cookies["sid"] = jamie.cookies["sid"].value
    other_town = other.get(sheets[0], headers={"host": BUCHELAY})
    assert dict(other_town.cookies) == {}


def test_private_pages_are_kept_nowhere(jamie, world):
    stranger = Browser()
    for browser, address in (
        (jamie, planning_of(JAMES)), (jamie, "/accueil/"), (jamie, "/modifications/007/"), (jamie, "/factures/"),
        (jamie, "/planning/404/"), (stranger, "/accueil/"), (stranger, "/"), (stranger, "/contact/"),
    ):  # fmt: skip
        assert browser.get(address).headers["Cache-Control"] == "no-store", address
    assert stranger.post("/", {"child_code": JAMES, "payer_code": JAMIE_CODE}).headers["Cache-Control"] == "no-store"
    assert jamie.post("/planning/007/", {}).headers["Cache-Control"] == "no-store"
