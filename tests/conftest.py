"""Strictness of every test, and the fixtures of the one world (`tests.world`)."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, settings

from portail.bookings.queries import offer
from portail.towns import second_lock
from portail.towns.scope import in_town
from tests.world import NOW, World, restored

# A slow machine is no failure; examples are the same at each run, so that a red build stays red until it is mended.
settings.register_profile(
    "portail", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("portail")

# Row-level security exists on PostgreSQL alone; there is nothing to collect on SQLite.
collect_ignore = [] if os.environ.get("DATABASE_URL", "").startswith("postgres") else ["towns/test_second_lock.py"]

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


class NetworkError(RuntimeError):
    """A test reached for the network outside this machine."""


def _is_here(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket
        return True
    host = address[0]
    try:
        return host in ("", "localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _is_here(address):
        raise NetworkError(f"the network is closed: {address}")
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    if not _is_here(address):
        raise NetworkError(f"the network is closed: {address}")
    return _connect_ex(self, address)


def pytest_configure(config: pytest.Config) -> None:
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign, assignment]
    # Roles belong to the whole cluster: made once, before xdist's workers migrate their databases side by side.
    if not hasattr(config, "workerinput") and os.environ.get("DATABASE_URL", "").startswith("postgres"):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as owner:
            if not owner.execute("SELECT FROM pg_roles WHERE rolname = %s", [second_lock.ROLE]).fetchall():
                owner.execute(f"CREATE ROLE {second_lock.ROLE} NOLOGIN")
            owner.execute(f"GRANT {second_lock.ROLE} TO CURRENT_USER")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """PostgreSQL: migrated by its owner, then reached as the application does, with a role that owns nothing."""
    if connection.vendor != "postgresql":
        yield
        return
    options = connection.settings_dict.setdefault("OPTIONS", {})
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            # What empties the tables after a test that really commits; the application itself cannot.
            cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {second_lock.ROLE}")
        connection.close()
        options["assume_role"] = second_lock.ROLE
    yield
    with django_db_blocker.unblock():
        connection.close()
        options.pop("assume_role", None)


@pytest.fixture
def world(db: None) -> World:
    """Both towns, their families and activities. No town is in force: `with in_town(world.demo):`."""
    offer._kept.clear()  # a test may have changed rows behind the operations' back
    return restored()


@pytest.fixture
def demo(world: World) -> Iterator[World]:
    """The same world with « Ville de Démo » in force."""
    with in_town(world.demo):
        yield world


@pytest.fixture
def frozen() -> Iterator[time_machine.Traveller]:
    """The clock stands still at `tests.world.NOW`; for the faces, which read it. `frozen.move_to(…)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
