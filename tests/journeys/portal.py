"""A portal as a machine runs it: the web server, the worker and the simulated PayFiP over a copy of the demo world.

Nothing here touches Django: the world, built once a run, is made and served by the `portail` commands, in processes of
their own.
"""

import fcntl
import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.journeys.bank import Bank
from tests.journeys.processes import (
    PATIENCE,
    PORTAIL,
    answering,
    answers,
    free_port,
    last_words,
    once,
    running,
)

DATABASE_URL = os.environ.get("DATABASE_URL", "")
POSTGRESQL = DATABASE_URL.startswith("postgres")
MOST_TURNS = 12
HEALTH, LEDGER = "/-/health", "/sim/operations"
SQLITE, BANK_FILE = "portail.sqlite3", "payfip.sqlite3"
REGIES = (("demo", "periscolaire"), ("demo", "extrascolaire"), ("buchelay", "cantine"))
# « 2026-001-000010  Émile DUPONT  98,50 €, reste 98,50 €  émise, échéance … »
OWED = re.compile(
    r"(?m)^(?P<number>\S+)  (?P<payer>.+?)  (?P<total>[\d\s]*\d,\d\d)\s€, reste (?P<left>[\d\s]*\d,\d\d)\s€  émise",
    re.MULTILINE,
)
# The console as if it were later: what the bank says is final only after a while.
LATER = """
import sys, time_machine
from datetime import UTC, datetime, timedelta
time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(sys.argv.pop(1)))).start()
from portail.console.main import main
sys.exit(main())
"""


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


@dataclass(frozen=True, slots=True)
class Debt:
    """An invoice of the last run that is still to be paid, as a whole. `left`: « 98,50 ».

    `email`: where its ticket is asked for, nobody else's mailbox.
    """

    family: Family
    town: str
    regie: str
    number: str
    left: str
    email: str

    @property
    def amount(self) -> re.Pattern[str]:
        """The amount as pages write it, whatever the spaces."""
        return re.compile(rf"(?<![\d,]){self.left}\s€")


@dataclass(frozen=True)
class World:
    """What `portail demo` wrote: the towns' hosts by name, their families, what they owe, and where it all lies."""

    folder: Path
    database: str  # PostgreSQL: name of the template database
    towns: dict[str, str]
    families: tuple[Family, ...]
    debts: tuple[Debt, ...]

    def family(self, payer_name: str) -> Family:
        """The only family of this payer."""
        (found,) = (family for family in self.families if family.payer_name == payer_name)
        return found


@dataclass(frozen=True, slots=True)
class Portal:
    """A running portal."""

    port: int
    bank: Bank
    world: World
    folder: Path
    environment: dict[str, str]

    @property
    def mail(self) -> Path:
        """The folder where its mails, and the bank's, arrive."""
        return self.folder / "mail"

    def must_answer(self) -> None:
        """A journey begins: the servers are still there, or the last words are shown."""
        for port, path, log in ((self.port, HEALTH, "server.log"), (self.bank.port, LEDGER, "bank.log")):
            if not answers(port, path):
                raise RuntimeError(f"the portal has died:\n{last_words(self.folder / log)}")

    def origin(self, host: str) -> str:
        """`http://demo.localhost:41234`."""
        return f"http://{host}:{self.port}"

    def get(self, host: str, path: str) -> tuple[int, str, str]:
        """Read an address as a program does, without cookies: (status, content type, text)."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers={"Host": f"{host}:{self.port}"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get_content_type(), answer.read().decode()

    def command(self, *words: str, later: timedelta = timedelta()) -> str:
        """Run a `portail` command on its database, as if it were `later`; returns what it said."""
        console = (sys.executable, "-c", LATER, str(later.total_seconds())) if later else PORTAIL
        return once([*console, *words], self.environment, self.folder / "commands.log")

    def work(self, later: timedelta) -> None:
        """What the worker would have done by then: it asks about a few operations a turn, and a mail waits for one."""
        for _ in range(MOST_TURNS):
            if self.command("worker", "--once", later=later).startswith("0 "):
                return
        raise RuntimeError("the worker has never done")


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
    """`portail demo --reset`: both towns, their families, the static files; then who owes what."""
    var.mkdir(parents=True)
    environment, log = _environment(var, database), var / "build.log"
    once([*PORTAIL, "demo", "--reset"], environment, log)
    for town, regie in REGIES:
        words = ["invoices", "list", "--town", town, "--regie", regie]
        (var / f"debts-{regie}.txt").write_text(once([*PORTAIL, *words], environment, log))


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
    return World(var, database, towns, families, tuple(_debts(var, families)))


def _debts(var: Path, families: tuple[Family, ...]) -> Iterator[Debt]:
    by_name = {family.payer_name: family for family in families}
    for town, regie in REGIES:
        for found in OWED.finditer((var / f"debts-{regie}.txt").read_text()):
            if found["left"] == found["total"]:
                email = f"ticket-{found['number']}@{town}.example"
                yield Debt(by_name[found["payer"]], town, regie, found["number"], found["left"], email)


@contextmanager
def portal_over_a_copy(world: World, folder: Path) -> Iterator[Portal]:
    """Run a portal over a copy of the world that nobody else touches."""
    folder.mkdir(parents=True)
    database = _copy(world, folder)
    (folder / "static").symlink_to(world.folder / "static")
    port, bank = free_port(), Bank(free_port())
    environment = _environment(folder, database, port, bank.origin)
    simulator = [
        sys.executable, "-m", "portail.simulator", "--port", str(bank.port),
        "--database", str(folder / BANK_FILE), "--mail-folder", str(folder / "mail"),
    ]  # fmt: skip
    with ExitStack() as processes:
        processes.enter_context(answering(simulator, environment, folder / "bank.log", (bank.port, LEDGER)))
        processes.enter_context(running([*PORTAIL, "worker"], environment, folder / "worker.log"))
        processes.enter_context(answering([*PORTAIL, "serve"], environment, folder / "server.log", (port, HEALTH)))
        yield Portal(port, bank, world, folder, environment)
    if database:
        _drop_database(database)


def _copy(world: World, folder: Path) -> str:
    _copy_file(world.folder / BANK_FILE, folder / BANK_FILE)
    if not POSTGRESQL:
        _copy_file(world.folder / SQLITE, folder / SQLITE)
        return ""
    database = f"{world.database}_{folder.name}"
    _create_database(database, template=world.database)
    return database


def _copy_file(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _environment(var: Path, database: str, port: int = 1, bank: str = "") -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAIL_", "DJANGO_", "PYTEST_", "DATABASE_"))}
    own = {
        "PORTAIL_MODE": "demo",
        "PORTAIL_HTTPS": "0",
        "PORTAIL_VAR": str(var),
        "PORTAIL_WORKERS": "1",
        "PORTAIL_TRUSTED_PROXIES": "127.0.0.1",  # so that each visitor may come from a network of its own
        "PORTAIL_PUBLIC_PORT": f":{port}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    if bank:
        own["PORTAIL_PAYFIP_URL"] = bank
    if database:
        own["DATABASE_URL"] = _url_of(database)
    return kept | own


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
