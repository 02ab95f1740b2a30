"""The calendar feed: read by the `icalendar` library as an oracle, and opened by its secret address alone."""

import re
from datetime import date, timedelta
from typing import Any

import icalendar
import pytest

from portail.families.models import Link, Person
from portail.families.operations.register import share_feed
from portail.towns.operations import change_settings
from portail.towns.scope import in_town
from tests.web.browser import BUCHELAY, Browser
from tests.world import CLERK, FRIDAY, JAMES, MONDAY, NEXT_TUESDAY, NOW, activity, tick, validate

PAGE = "/planning/007/agenda/"


def address_of(browser: Browser) -> str:
    return next(found["value"] or "" for tag, found in browser.page(PAGE).tags if found.get("id") == "feed")


def parsed(content: bytes) -> Any:
    """The feed as a calendar program reads it; the values of its properties have too many types to name."""
    return icalendar.Calendar.from_ical(content)


def events(content: bytes) -> dict[tuple[date, str], str]:
    """(day, summary) -> uid of every event, as a calendar program reads them."""
    found = parsed(content)
    assert [component for component in found.walk() if component.errors] == []
    return {(event["DTSTART"].dt, str(event["SUMMARY"])): str(event["UID"]) for event in found.walk("VEVENT")}


@pytest.fixture
def address(jamie: Browser, world) -> str:
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY, NEXT_TUESDAY) + tick(JAMES, "matin", FRIDAY), world.as_jamie)
    jamie.post(PAGE, {"action": "renew"})
    return address_of(jamie)


def path(address: str) -> str:
    return address.removeprefix("http://demo.localhost")


def test_a_calendar_program_reads_the_booked_days(address):
    response = Browser().get(path(address))
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, max-age=900"
    assert dict(response.cookies) == {}
    assert set(events(response.content)) == {
        (MONDAY, "Cantine – James"), (NEXT_TUESDAY, "Cantine – James"), (FRIDAY, "Accueil matin – James"),
    }  # fmt: skip
    calendar = parsed(response.content)
    assert str(calendar["X-WR-CALNAME"]) == "James – Ville de Démo"
    for event in calendar.walk("VEVENT"):
        assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(days=1)
        assert event["DTSTAMP"].dt == NOW


def test_identifiers_stay_the_same_from_one_reading_to_the_next(address, jamie, clock):
    before = events(Browser().get(path(address)).content)
    clock.shift(timedelta(minutes=10))
    jamie.validate(JAMES, jamie.planning(JAMES).form(untick=[f"007/cantine/{MONDAY}"]))
    after = events(Browser().get(path(address)).content)
    assert set(before) - set(after) == {(MONDAY, "Cantine – James")}
    assert {key: before[key] for key in after} == after
    assert len(set(before.values())) == len(before)


HARD = 'Été, « l’après-midi » ; \\ n° 1 😀 "guillemets" & <b>'
LONG = "Atelier très très long " * 3 + "é" * 10


@pytest.mark.parametrize("name", [HARD, LONG[:80], "é" * 80, "😀" * 40, "a,b;c\\,d\\;e\\n"])
def test_accents_and_long_names_survive_the_folding(name, world, jamie, address):
    first_name = name[:80]
    with in_town(world.demo):
        activity("atelier", name[:80])
        Person.objects.filter(code=JAMES).update(first_name=first_name)
        change_settings(settings={"name": name[:100]}, by=CLERK, now=NOW)
        validate(tick(JAMES, "atelier", MONDAY), world.as_jamie)
    content = Browser().get(path(address)).content
    assert max(map(len, content.split(b"\r\n"))) <= 75
    assert content.count(b"\n") == content.count(b"\r\n")
    assert (MONDAY, f"{name[:80]} – {first_name}") in events(content)
    said = parsed(content)["X-WR-CALNAME"]  # an extension: the library leaves it escaped
    assert (
        re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], said) == f"{first_name} – {name[:100]}"
    )


def test_a_line_break_in_a_name_forges_no_event(world, address):
    with in_town(world.demo):
        Person.objects.filter(code=JAMES).update(first_name="James\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:x")
    content = Browser().get(path(address)).content
    assert len(parsed(content).walk("VEVENT")) == 3


def test_a_child_without_bookings_has_an_empty_calendar(jamie):
    jamie.post(PAGE, {"action": "renew"})
    response = Browser().get(path(address_of(jamie)))
    assert events(response.content) == {}


def test_renewing_and_stopping_kill_the_old_address_at_once(jamie, address):
    jamie.post(PAGE, {"action": "renew"})
    new = address_of(jamie)
    assert new != address
    assert Browser().get(path(address)).status_code == 404
    assert Browser().get(path(new)).status_code == 200
    jamie.post(PAGE, {"action": "stop"})
    assert Browser().get(path(new)).status_code == 404
    assert not [found for tag, found in jamie.page(PAGE).tags if found.get("id") == "feed"]
    jamie.post(PAGE, {"action": "renew"})
    assert [Browser().get(path(old)).status_code for old in (address, new)] == [404, 404]
    assert Browser().get(path(address_of(jamie))).status_code == 200


@pytest.mark.parametrize("change", ["x", "é", "%C3%A9", "0", "-", "%00", "😀"])
def test_a_secret_wrong_by_one_character_is_a_404(change, address):
    good = path(address)
    for wrong in (good.replace(".ics", f"{change}.ics"), good[:-5] + change + ".ics"):
        if wrong != good:
            assert Browser().get(wrong).status_code == 404


def test_the_address_works_in_its_own_town_only_and_without_any_cookie(address):
    assert Browser(BUCHELAY).get(path(address)).status_code == 404
    assert Browser().get(path(address)).status_code == 200


def test_two_parents_of_a_child_have_addresses_of_their_own(address, paul, jamie):
    paul.post(PAGE, {"action": "renew"})
    his = address_of(paul)
    assert his != address
    jamie.post(PAGE, {"action": "stop"})
    assert Browser().get(path(address)).status_code == 404
    assert events(Browser().get(path(his)).content) != {}


def test_a_feed_never_shared_answers_as_one_that_does_not_exist(world):
    from portail.web.feed import feed_secret  # noqa: PLC0415 -- to know the address before anybody asks for it

    with in_town(world.demo):
        link = Link.objects.get(payer=world.jamie, person=world.james)
    assert Browser().get(f"/agenda/{link.public_id}-{feed_secret(link.public_id, 0)}.ics").status_code == 404


def test_the_operation_shares_only_the_links_of_the_payer(world):
    with in_town(world.demo):
        link = Link.objects.get(payer=world.jamie, person=world.james)
        share_feed(link_id=link.public_id, payer_id=world.denise.pk, shared=True)
        link.refresh_from_db()
    assert not link.feed_open
