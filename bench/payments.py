"""`python -m bench payments`: asking PayFiP what became of payments, against the simulator's process over HTTP.

The client alone, then `resolve` with its transaction: a payment found, and a bank that has not answered yet. The floors
are a raw round trip to the same server, and a commit: a resolve is one of each and some work of ours. The simulator
shares the machine: rates are lower bounds.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.utils.timezone import localtime

from bench import report, world
from bench.client import Visitor
from bench.counting import counted
from bench.floors import commits, tenth
from bench.papers import MOST_FAMILIES, billed_town
from bench.place import engine_words, environment
from bench.serving import PATIENCE
from portail.billing.models import Attempt, Invoice, Payment
from portail.billing.operations.paying import Urls, resolve, start
from portail.gateways.payfip.client import Payfip
from portail.rules.paying import AttemptState
from portail.towns.actors import parent
from portail.towns.scope import in_town

PAYMENTS, PENDING, CALLS = 60, 20, 200
URLS = Urls("https://bench.example/paiement/notification/", "https://bench.example/paiement/retour/")
FOUND_QUERIES, PENDING_QUERIES, LIST_QUERIES = 18, 7, 5
RESOLVE = 10  # floors (a round trip and a commit) that a resolve may last; fails beyond report.TOLERANCE times as many


@dataclass
class Calls:
    """One kind of call. `wall`, `cpu`: milliseconds of each; counts: the largest."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    queries: int = 0
    begins: int = 0

    def add(self, act: Callable[[], object]) -> None:
        with counted() as count:
            cpu, started = time.process_time(), time.perf_counter()
            act()
            self.wall.append((time.perf_counter() - started) * 1000)
            self.cpu.append((time.process_time() - cpu) * 1000)
        self.queries, self.begins = max(self.queries, count.queries), max(self.begins, count.begins)

    @property
    def ms(self) -> float:
        """The 10th percentile: what the call lasts when nothing disturbs it much."""
        return tenth(self.wall)


@dataclass(frozen=True, slots=True)
class Bank:
    """The simulator at work on a port of the loopback."""

    port: int

    def ask(self, method: str, path: str, orders: Mapping[str, Any] | None = None) -> int:
        """One round trip on a connection of its own, as the client of PayFiP does; the status."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            body = None if orders is None else json.dumps(orders).encode()
            connection.request(method, path, body, {"Content-Type": "application/json", "Connection": "close"})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """1 when a promise is broken."""
    now = localtime()
    town = billed_town(min(arguments.families, MOST_FAMILIES), arguments.seed, now)
    with simulated(folder) as bank, in_town(town.town):
        opened = _open(bank, now)
        calls = _measure(bank, opened, now + timedelta(minutes=5))
        paid = Payment.objects.count()
    calls.append(_list(town))
    floor = calls[0].ms + 1000 / (rate := commits(folder))
    failed = _failures(calls, floor, paid)
    print(_markdown(calls, floor, rate, failed))
    result: dict[str, Any] = {"at": now, "engine": engine_words(), "git": report.git_head(), "commits": rate}
    result |= {"failed": failed, "calls": [{"name": c.name, "ms": c.ms, "queries": c.queries} for c in calls]}
    report.write_json(result, f"{now:%Y%m%d-%H%M%S}-payments")
    return 1 if failed else 0


@contextmanager
def simulated(folder: Path) -> Iterator[Bank]:
    """Start the simulator, tell the portal where it is, and notify nobody; stop it in the end."""
    command = [sys.executable, "-m", "portail.simulator", "--port", "0", "--database", str(folder / "payfip.sqlite3")]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)  # noqa: S603 -- our own words
    try:
        assert process.stdout is not None
        said = (
            process.stdout.readline().decode()
        )  # « Simulateur PayFiP : http://127.0.0.1:41234/sim/ », once it listens
        address = urlsplit(said.rpartition(" ")[2].strip())
        bank = Bank(address.port or 0)
        settings.PAYFIP_URL = f"http://{address.netloc}"
        assert bank.ask("POST", "/sim/control", {"notifications": "drop"}) == HTTPStatus.OK
        yield bank
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _open(bank: Bank, now: datetime) -> list[Attempt]:
    """Operations opened by the product, each for a payer of its own; all but the last ones are paid at the bank."""
    invoices = list(Invoice.objects.select_related("payer").order_by("pk")[: PAYMENTS + PENDING])
    assert len(invoices) > PENDING, "too few families"
    opened = [
        start(invoice=one.public_id, email="ticket@bench.example", urls=URLS, by=parent(one.payer_id), now=now).attempt
        for one in invoices
    ]
    for attempt in opened[:-PENDING]:
        assert bank.ask("POST", "/sim/pay", {"idop": attempt.idop, "result": "P"}) == HTTPStatus.OK
    return opened


def _measure(bank: Bank, opened: Sequence[Attempt], now: datetime) -> list[Calls]:
    """Round trips, client, resolves; interleaved as far as they can be repeated."""
    raw, alone = Calls("aller-retour HTTP nu"), Calls("client PayFiP seul")
    found, pending = Calls("resolve, paiement trouvé"), Calls("resolve, pas encore de réponse")
    payfip, paid, waiting = Payfip(settings.PAYFIP_URL, timeout=15), opened[:-PENDING], opened[-PENDING:]
    ask = partial(resolve, trigger=Attempt.Trigger.SWEEP, now=now)
    for place in range(CALLS):
        raw.add(partial(bank.ask, "GET", "/rien"))
        alone.add(partial(payfip.detail, paid[place % len(paid)].idop or ""))
        if place < len(paid):
            found.add(partial(ask, attempt=paid[place].pk))
        else:
            pending.add(partial(ask, attempt=waiting[place % PENDING].pk))
    states = Attempt.objects.filter(pk__in=[attempt.pk for attempt in paid]).values_list("state", flat=True)
    assert set(states) == {AttemptState.PAID}, "the bank's answers were not understood"
    return [raw, alone, found, pending]


def _list(town: world.World) -> Calls:
    """« Mes factures » of a parent who has just paid."""
    visitor, pages = Visitor(WSGIHandler(), world.HOST), Calls("page « Mes factures »")
    visitor.get("/")
    visitor.post("/", [("child_code", town.children[0]), ("payer_code", world.PAYER_CODE)])
    for _ in range(20):
        pages.add(partial(_ok, visitor))
    return pages


def _ok(visitor: Visitor) -> None:
    answer = visitor.get("/factures/")
    assert answer.status == HTTPStatus.OK, answer.status


def _failures(calls: Sequence[Calls], floor: float, paid: int) -> list[str]:
    _raw, _alone, found, pending, page = calls
    limits = ((found, FOUND_QUERIES), (pending, PENDING_QUERIES), (page, LIST_QUERIES))
    failed = [f"{c.name} : {c.queries} requêtes SQL, {most} au plus" for c, most in limits if c.queries > most]
    if paid != len(found.wall):
        failed.append(f"{paid} règlements pour {len(found.wall)} paiements")
    if found.ms > report.TOLERANCE * RESOLVE * floor:
        failed.append(f"{found.name} : {found.ms / floor:.1f} × le plancher, plus du double de {RESOLVE}")
    return failed


def _markdown(calls: Sequence[Calls], floor: float, rate: float, failed: list[str]) -> str:
    lines = [
        f"## Paiements : {engine_words()}",
        "",
        f"Plancher : {floor:.2f} ms, un aller-retour nu et une transaction ({rate:.0f} par seconde).",
        "",
        "| appel | ms (p10) | par seconde | CPU ms (p10) | × aller-retour | × plancher | requêtes SQL | transactions |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {c.name} | {c.ms:.2f} | {1000 / c.ms:.0f} | {tenth(c.cpu):.2f} | {c.ms / calls[0].ms:.1f} "
        f"| {c.ms / floor:.1f} | {c.queries} | {c.begins} |"
        for c in calls
    ]
    return "\n".join([*lines, "", *(f"- ✗ {words}" for words in failed)]).rstrip() + "\n"
