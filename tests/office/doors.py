"""Agents of the tests: an account by its roles, and a browser of theirs that is logged in."""

import itertools
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.http import HttpResponse
from django.test import Client

from portail.office import session
from portail.rules.staff import Role
from portail.towns.actors import Actor, town_hall
from portail.towns.models import Staff, StaffRole
from portail.towns.operations.access import code_at, confirm_second_factor, log_in_staff, prepare_second_factor
from portail.towns.queries import agent_of_session, session_of
from portail.towns.scope import current_town
from tests.world import NOW

PASSWORD = "quatre mots sans rapport"  # noqa: S105
DEMO, BUCHELAY = "demo.localhost", "buchelay.localhost"
EVERY_ROLE = tuple(Role)
_numbers = itertools.count(1)


@cache
def _hashed() -> str:
    """Hashed once: Argon2id is slow on purpose."""
    return make_password(PASSWORD)


def account(*roles: Role, login: str = "", name: str = "Odile PRUVOST", now: datetime = NOW) -> tuple[Staff, bytes]:
    """An agent of the town in force, second factor in force: (the agent, its secret)."""
    login = login or f"agent{next(_numbers)}@{current_town().slug}"
    staff = Staff.objects.create(login=login, name=name, town=current_town(), created_at=now, password=_hashed())
    StaffRole.objects.bulk_create(StaffRole(staff=staff, role=role) for role in roles)
    secret, _ = prepare_second_factor(staff=staff, now=now)
    return staff, secret


class Office:
    """A browser at the town hall's door. The clock must be frozen (fixture `frozen`)."""

    def __init__(self, host: str = DEMO) -> None:
        self.client = Client(headers={"host": host})

    def enter(self, *roles: Role, login: str = "", now: datetime = NOW) -> "Office":
        """Log in as a new agent with these roles, in the town in force; without the pages, which have their tests."""
        staff, secret = account(*roles, login=login, now=now)
        self.staff = staff
        key = log_in_staff(login=staff.login, password=PASSWORD, now=now).key
        agent = agent_of_session(key, now)
        assert agent is not None
        confirm_second_factor(session=session_of(agent.session_id), code=code_at(secret, now), by=self.by, now=now)
        self.client.cookies[session.COOKIE] = session.SIGNER.sign(key)
        return self

    @property
    def by(self) -> Actor:
        """This agent as the author of an act."""
        return town_hall(self.staff.name, staff_id=self.staff.pk)

    def get(self, path: str, **query: Any) -> HttpResponse:
        """A page, redirections not followed."""
        return self.client.get(path, query)  # type: ignore[return-value]

    def post(self, path: str, values: Any = None, **more: Any) -> HttpResponse:
        """A form that is sent."""
        return self.client.post(path, values or {}, **more)  # type: ignore[return-value]

    def page(self, path: str, **query: Any) -> str:
        """A page that must be there."""
        response = self.get(path, **query)
        assert response.status_code == 200, (response.status_code, response.headers.get("Location"))
        return response.content.decode()

    def sent(self, path: str, values: Any = None) -> str:
        """A form that must be accepted: where it leads."""
        response = self.post(path, values)
        assert response.status_code == 302, response.content.decode()
        return str(response.headers["Location"])

    def refused(self, path: str, values: Any = None) -> str:
        """A form that must be refused: the page that says why."""
        response = self.post(path, values)
        assert response.status_code == 400, (response.status_code, response.headers.get("Location"))
        return response.content.decode()
