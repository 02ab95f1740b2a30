"""The agents of the demonstration: one per role, all with the same password, their second factor already set up."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portail.rules.staff import Role
from portail.towns.actors import Actor, town_hall
from portail.towns.operations.access import (
    code_at,
    confirm_second_factor,
    log_in_staff,
    log_out_staff,
    prepare_second_factor,
)
from portail.towns.operations.staff import create_staff
from portail.towns.queries import agent_of_session, session_of

PASSWORD = "demonstration-2026"  # noqa: S105  printed for everybody, in demonstrations only
AGENTS = (
    ("mairie", "Odile PRUVOST", (Role.CLERK,)),
    ("regie", "Bernard CHAUVIN", (Role.REGISSEUR,)),
    ("cuisine", "Rachida BENALI", (Role.KITCHEN,)),
    ("animation", "Kévin LE GOFF", (Role.ANIMATEUR,)),
    ("admin", "Solène VASSEUR", (Role.ADMINISTRATOR, Role.CLERK, Role.REGISSEUR)),
)


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """An account of the demonstration; `secret`: of its second factor, in base32, for an application of codes."""

    login: str
    name: str
    roles: Sequence[Role]
    secret: str


def open_accounts(slug: str, *, by: Actor, now: datetime) -> list[DemoAgent]:
    """One account per role in the town in force; « mairie@demo » in the town « demo »."""
    return [_account(f"{name}@{slug}", full_name, roles, by=by, now=now) for name, full_name, roles in AGENTS]


def _account(login: str, name: str, roles: Sequence[Role], *, by: Actor, now: datetime) -> DemoAgent:
    staff = create_staff(login=login, name=name, password=PASSWORD, roles=roles, by=by, now=now)
    secret, _ = prepare_second_factor(staff=staff, now=now)
    agent = agent_of_session(log_in_staff(login=login, password=PASSWORD, now=now).key, now)
    if agent is None:
        raise RuntimeError("an account that was just made did not open")
    oneself = town_hall(name, staff_id=staff.pk)
    session = session_of(agent.session_id)
    confirm_second_factor(session=session, code=code_at(secret, now), by=oneself, now=now)
    log_out_staff(session_id=session.pk)
    return DemoAgent(login, name, roles, base64.b32encode(secret).decode())
