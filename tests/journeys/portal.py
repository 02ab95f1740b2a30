"""A portal as a machine runs it: granian over a copy of the demo world, which is built once a run.

Nothing here touches Django: the world is made and served by the `portail` commands, in processes of their own.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).parents[2]
PORTAIL = (sys.executable, "-m", "portail.console")
DATABASE_URL = os.environ.get("DATABASE_URL", "")
POSTGRESQL = DATABASE_URL.startswith("postgres")
PATIENCE = 120  # seconds; a slow machine is no failure


@dataclass(frozen=True, slots=True)
class Child:
    """A child of the demo world."""

    code: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Family:
    """A payer of the demo world, with both codes."""

    host: str
    payer_name: str
    payer_code: str
    children: tuple[Child, ...]

    def child(self, first_name: str) -> Child:
        """The child of this first name."""
        return next(child for child in self.children if child.first_name == first_name)


@dataclass(frozen=True)
class World:
    """What `portail demo` wrote: the towns' hosts by name, their families, and where it all lies."""

    folder: Path
    database: str  # PostgreSQL: name of the template database
    towns: dict[str, str]
    families: tuple[Family, ...]

    def family(self, payer_name: str) -> Family:
        """The only family of this payer."""
        (found,) = (family for family in self.families if family.payer_name == payer_name)
        return found


@dataclass(frozen=True, slots=True)
class Portal:
    """A running portal."""

    port: int
    world: World
    log: Path

    def must_answer(self) -> None:
        """A journey begins: the server is still there, or its last words are shown."""
        if not _answers(self.port):
            raise RuntimeError(f"the portal has died:\n{self.log.read_text()[-4000:]}")

    def origin(self, host: str) -> str:
        """`http://demo.localhost:41234`."""
        return f"http://{host}:{self.port}"

    def get(self, host: str, path: str) -> tuple[int, str, str]:
        """Read an address as a program does, without cookies: (status, content type, text)."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers={"Host": f"{host}:{self.port}"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get_content_type(), answer.read().decode()


def world_of_this_run(folder: Path) -> World:
    """The demo world, built by whichever process of the run comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        var = folder / "world"
        database = f"portail_world_{folder.parent.name.rpartition('-')[2].lower()}" if POSTGRESQL else ""
        if not (folder / "built").exists():
            shutil.rmtree(var, ignore_errors=True)
            _create_database(database)
            _build(var, database)
            (folder / "built").touch()
    return _read(var, database)


def _build(var: Path, database: str) -> None:
    """`portail demo --reset`: both towns, their families, and the static files."""
    var.mkdir(parents=True)
    command = [*PORTAIL, "demo", "--reset"]
    with (var / "build.log").open("wb") as log:
        done = subprocess.run(  # noqa: S603  our own command
            command, cwd=ROOT, env=_environment(var, 1, database), stdout=log, stderr=log, check=False
        )
    if done.returncode:
        raise RuntimeError(f"the demo world was not built:\n{(var / 'build.log').read_text()[-4000:]}")


def _read(var: Path, database: str) -> World:
    told = json.loads((var / "demo.json").read_text())
    towns = {town["name"]: str(urlsplit(town["url"]).hostname) for town in told["towns"]}
    families = tuple(
        Family(
            towns[town["name"]],
            family["payer_name"],
            family["payer_code"],
            tuple(Child(c["code"], c["first_name"], c["last_name"]) for c in family["children"]),
        )
        for town in told["towns"]
        for family in town["families"]
    )
    return World(var, database, towns, families)


@contextmanager
def portal_over_a_copy(world: World, folder: Path) -> Iterator[Portal]:
    """Serve a copy of the world that nobody else touches."""
    folder.mkdir(parents=True)
    database = _copy(world, folder)
    (folder / "static").symlink_to(world.folder / "static")
    with _running([*PORTAIL, "serve"], folder, database) as port:
        yield Portal(port, world, folder / "server.log")
    if database:
        _drop_database(database)


def _copy(world: World, folder: Path) -> str:
    if not POSTGRESQL:
        with (
            closing(sqlite3.connect(world.folder / "portail.sqlite3")) as source,
            closing(sqlite3.connect(folder / "portail.sqlite3")) as target,
        ):
            source.backup(target)
        return ""
    database = f"{world.database}_{folder.name}"
    _create_database(database, template=world.database)
    return database


@contextmanager
def _running(command: list[str], var: Path, database: str) -> Iterator[int]:
    """A server process of its own group, from its first answer to its end; yields its port."""
    var.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = var / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            command, cwd=ROOT, env=_environment(var, port, database), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, port, log)
        yield port
    finally:
        _stop(process)


def _environment(var: Path, port: int, database: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAIL_", "DJANGO_", "PYTEST_", "DATABASE_"))}
    own = {
        "PORTAIL_MODE": "demo",
        "PORTAIL_HTTPS": "0",
        "PORTAIL_VAR": str(var),
        "PORTAIL_WORKERS": "1",
        "PORTAIL_TRUSTED_PROXIES": "127.0.0.1",  # so that each visitor may come from a network of its own
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    if database:
        own["DATABASE_URL"] = _url_of(database)
    return kept | own


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the portal does not answer:\n{log.read_text()[-4000:]}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/-/health")
            return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _url_of(database: str) -> str:
    return urlunsplit(urlsplit(DATABASE_URL)._replace(path=f"/{database}"))


def _create_database(name: str, template: str = "template1") -> None:
    if name:
        _as_owner(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        _as_owner(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _drop_database(name: str) -> None:
    _as_owner(f'DROP DATABASE "{name}" WITH (FORCE)')


def _as_owner(statement: str) -> None:
    with psycopg.connect(DATABASE_URL, autocommit=True) as owner:
        owner.execute(statement.encode())
