"""Every address of the office has a rule, and every role meets exactly its own (permission × URL)."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, reverse

from portail.office import urls
from portail.office.menu import MENU
from portail.office.requests import RIGHT
from portail.office.words import RIGHTS, ROLES
from portail.rules.staff import TABLE, Right, Role
from tests.office.doors import BUCHELAY, Office

FILLED = {"int": 999_999, "uuid": UUID(int=1), "slug": "x", "str": "x", "path": "x"}
PUBLIC = {"login", "code", "enrol", "password", "logout"}


def patterns(found: list, before: str = "") -> Iterator[tuple[URLPattern, str]]:
    for one in found:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, before + str(one.pattern))
        else:
            yield one, before + str(one.pattern)


ROUTES = {str(one.name): (one, route) for one, route in patterns(urls.urlpatterns)}
PRIVATE = sorted(set(ROUTES) - PUBLIC)


def address(name: str) -> str:
    """An address of this name, with something in every place."""
    kinds = re.findall(r"<(?:(\w+):)?(\w+)>", ROUTES[name][1])
    return reverse(f"office:{name}", kwargs={argument: FILLED[kind or "str"] for kind, argument in kinds})


def right_of(name: str) -> Any:
    return getattr(ROUTES[name][0].callback, RIGHT, None)


def test_every_address_has_a_name_and_a_rule():
    assert "None" not in ROUTES
    assert {name for name in ROUTES if not hasattr(ROUTES[name][0].callback, RIGHT)} == set()
    assert {name for name in ROUTES if right_of(name) is None} == PUBLIC


def test_names_are_not_used_twice():
    names = [one.name for one, _ in patterns(urls.urlpatterns)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("role", Role)
def test_a_role_meets_exactly_its_rights(role: Role, enter):
    office = enter(role)
    for name in PRIVATE:
        for answer in (office.get(address(name)), office.post(address(name))):
            if answer.status_code != 405:
                may = right_of(name) in TABLE[role]
                assert (answer.status_code != 403) == may, (name, answer.status_code)
                assert answer.status_code < 500


def test_nobody_enters_without_a_session(demo):
    for name in PRIVATE:
        for answer in (Office().get(address(name)), Office().post(address(name))):
            if answer.status_code != 405:
                assert answer.status_code == 302, name
                assert answer.headers["Location"].startswith(reverse("office:login")), name


def test_a_session_opens_its_own_town_alone(clerk):
    clerk.client.defaults["HTTP_HOST"] = BUCHELAY
    assert clerk.client.get("/mairie/", headers={"host": BUCHELAY}).status_code == 302


def test_the_menu_leads_where_its_rights_say():
    entries = [entry for _, group in MENU for entry in group]
    assert [entry.key for entry in entries if entry.right != right_of(entry.to.removeprefix("office:"))] == []
    assert len({entry.key for entry in entries}) == len(entries)


def test_every_role_and_right_has_its_words():
    assert set(ROLES) == set(Role)
    assert set(RIGHTS) == set(Right)
    assert set(TABLE) == set(Role)
