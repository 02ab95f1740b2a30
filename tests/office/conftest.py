"""Agents of the office. The clock stands at `tests.world.NOW` in every test of this folder, in « Ville de Démo »."""

from collections.abc import Callable

import pytest
import time_machine

from portail.rules.staff import Role
from tests.office.doors import EVERY_ROLE, Office
from tests.world import World


@pytest.fixture(autouse=True)
def clock(frozen: time_machine.Traveller) -> time_machine.Traveller:
    """The frozen clock; `clock.move_to(…)` moves it."""
    return frozen


@pytest.fixture
def enter(demo: World) -> Callable[..., Office]:
    """`enter(Role.CLERK)`: somebody with these roles opens a browser and logs in."""
    return lambda *roles, **more: Office().enter(*roles, **more)


@pytest.fixture
def clerk(enter: Callable[..., Office]) -> Office:
    """An agent of the service enfance."""
    return enter(Role.CLERK)


@pytest.fixture
def regisseur(enter: Callable[..., Office]) -> Office:
    """The régisseur."""
    return enter(Role.REGISSEUR)


@pytest.fixture
def administrator(enter: Callable[..., Office]) -> Office:
    """The administrator of the town."""
    return enter(Role.ADMINISTRATOR)


@pytest.fixture
def everybody(enter: Callable[..., Office]) -> Office:
    """One person with every role, as in a small town hall."""
    return enter(*EVERY_ROLE)
