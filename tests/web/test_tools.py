"""Copy, « Semaine type », absence, brothers and sisters, périscotidien: a preview that writes nothing, then one act."""

from datetime import date
from typing import Any

import pytest

from portail.bookings.models import PeriodChoice, Presence
from portail.bookings.operations.offer import PeriodDraft, create_period
from portail.towns.scope import in_town
from tests.web.browser import Browser, Page
from tests.world import (
    ALINE,
    BERTRAND,
    CLERK,
    FRIDAY,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    TUESDAY,
    limit,
    tick,
    validate,
)

WEEK = {"first": str(MONDAY), "last": str(FRIDAY), "step": "preview"}


@pytest.fixture
def booked(world):
    def read() -> set[tuple[str, str, date]]:
        with in_town(world.demo):
            return set(Presence.objects.values_list("person__code", "activity__code", "day"))

    return read


def preview(browser: Browser, tool: str, form: dict[str, Any]) -> Page:
    response = browser.post(f"/planning/007/{tool}/", form)
    assert response.status_code == 200, Page(response.content.decode()).text
    return Page(response.content.decode())


def apply(browser: Browser, tool: str, page: Page) -> Page:
    form: dict[str, Any] = {"step": "apply", "token": page.value("token")}
    for name in ("shown", "ticked"):
        form[name] = [value for key, value in page.fields if key == name]
    response = browser.post(f"/planning/007/{tool}/", form)
    assert response.status_code == 302
    return browser.page(response.headers["Location"].partition("#")[0])


def test_a_week_is_copied_onto_the_next(jamie, world, booked):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY, NEXT_TUESDAY), world.as_jamie)
    page = preview(jamie, "copier", {"until": "next", "step": "preview"})  # the address says no week: this one
    assert "Rien ne changera" in page.text or "annulation" in page.text
    response = jamie.post("/planning/007/copier/?semaine=2026-W48", {"until": "next", "step": "preview"})
    page = Page(response.content.decode())
    assert "2 inscriptions" in page.text
    assert len(booked()) == 2
    apply(jamie, "copier", page)
    assert {day.isoformat() for _c, _a, day in booked()} == {"2026-11-23", "2026-11-24", "2026-11-30", "2026-12-01"}


def test_a_pattern_says_what_it_leaves_aside(jamie, world, booked):
    with in_town(world.demo):
        limit("cantine", 1)
        validate(tick(BERTRAND, "cantine", MONDAY), world.as_denise)
    span = {"first": "16/11/2026", "last": str(FRIDAY), "day": ["cantine/0", "cantine/1", "piscine/0", "cantine/9", ""]}
    page = preview(jamie, "semaine-type", span | {"step": "preview"})
    assert "2 inscriptions" in page.text  # both Tuesdays
    assert "2 jours laissés de côté" in page.text  # today is closed, the next Monday is full
    apply(jamie, "semaine-type", page)
    assert {day for code, _a, day in booked() if code == JAMES} == {TUESDAY, NEXT_TUESDAY}


def test_an_absence_cancels_what_may_still_be(jamie, world, booked):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY, FRIDAY) + tick(ALINE, "cantine", MONDAY), world.as_jamie)
    page = preview(jamie, "absence", WEEK | {"child": [JAMES, ALINE, BERTRAND, "x"]})
    assert "3 annulations" in page.text
    apply(jamie, "absence", page)
    assert booked() == set()


def test_brothers_and_sisters_get_the_same(jamie, world, booked):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY) + tick(BERTRAND, "cantine", MONDAY), world.as_jamie)
    page = preview(jamie, "autres-enfants", WEEK | {"child": [ALINE, BERTRAND]})
    assert "1 inscription" in page.text
    apply(jamie, "autres-enfants", page)
    assert booked() == {(JAMES, "cantine", MONDAY), (ALINE, "cantine", MONDAY)}


def test_an_old_preview_overwrites_nothing(jamie, world, booked):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY), world.as_jamie)
    page = preview(jamie, "absence", WEEK | {"child": [JAMES]})
    jamie.validate(JAMES, jamie.planning(JAMES).form(untick=[f"{JAMES}/cantine/{MONDAY}"]))
    jamie.validate(JAMES, jamie.planning(JAMES).form(tick=[f"{JAMES}/cantine/{FRIDAY}"]))
    recap = apply(jamie, "absence", page)
    assert "Rien à changer" in recap.text
    assert booked() == {(JAMES, "cantine", FRIDAY)}


BAD = [
    {}, {"first": "x", "last": "y"}, {"first": str(FRIDAY), "last": str(MONDAY)}, {"first": str(MONDAY), "last": ""},
    {"first": "1999-01-01", "last": str(MONDAY)}, {"first": "2026-01-01", "last": "2028-01-01"}, {"first": "\x00"},
    {"first": "0001-01-01", "last": "9999-12-31"}, {"first": "31/02/2026", "last": str(FRIDAY)},
]  # fmt: skip


@pytest.mark.parametrize("tool", ["semaine-type", "absence", "autres-enfants"])
def test_nonsense_dates_are_said_and_the_form_comes_back(tool, jamie):
    for form in BAD:
        response = jamie.post(f"/planning/007/{tool}/", form | {"child": ALINE, "day": "cantine/0"})
        assert response.status_code == 400, form
        assert "À vérifier" in response.content.decode()


def test_nonsense_weeks_to_copy_to_are_said(jamie):
    for weeks in ([], ["x"], ["2026-W99"], ["2026-W47"]):
        response = jamie.post("/planning/007/copier/?semaine=2026-W47", {"until": "choose", "weeks": weeks})
        assert response.status_code == 400, weeks
    for weeks in (["1900-W01", "2999-W52"], ["2027-W01"] * 500):
        assert jamie.post("/planning/007/copier/", {"until": "choose", "weeks": weeks}).status_code == 200


# --- Périscotidien ---------------------------------------------------------------------------------------------------


@pytest.fixture
def period(world) -> str:
    with in_town(world.demo):
        draft = PeriodDraft(MONDAY, FRIDAY, {"cantine": frozenset({0, 1}), "matin": frozenset({0})}, "Novembre")
        return str(create_period(draft=draft, by=CLERK, now=NOW).public_id)


def choose(browser: Browser, period: str, *days: str, **more: str) -> Any:
    return browser.post("/planning/007/periscotidien/", {"period": period, "day": list(days), "sure": "1"} | more)


def test_a_period_is_validated_once(jamie, period, booked):
    assert choose(jamie, period, "cantine/0", "cantine/4", "matin/1", "piscine/0", "x").status_code == 302
    assert booked() == {(JAMES, "cantine", MONDAY)}  # only what the period offers
    assert "Période déjà validée (non modifiable)" in jamie.page("/planning/007/periscotidien/").text
    response = choose(jamie, period, "cantine/1")
    assert response.status_code == 400
    assert "déjà validée : rien n'a été changé" in Page(response.content.decode()).text
    assert booked() == {(JAMES, "cantine", MONDAY)}


def test_a_period_asks_to_be_sure_and_to_exist(jamie, period, booked, world):
    assert choose(jamie, period, "cantine/0", sure="").status_code == 400
    for forged in ("", "x", "00000000-0000-0000-0000-000000000000", "\x00"):
        assert choose(jamie, forged, "cantine/0").status_code == 404
    with in_town(world.demo):
        assert PeriodChoice.objects.count() == 0
    assert booked() == set()


def test_a_parent_who_may_only_look_does_not_use_up_the_choice_of_a_period(paul, jamie, period, world):
    choose(paul, period)
    with in_town(world.demo):
        assert PeriodChoice.objects.count() == 0
    assert choose(jamie, period, "cantine/0").status_code == 302
