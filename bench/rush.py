"""`python -m bench rush`: the morning when bookings open. Real server processes, and parents who do not wait for them.

Arrivals are open-loop: drawn in advance, never slowed down by the answers; a step's time is what the parent waited. The
generator shares the machine with the server: rates are lower bounds, the ratios to hello and to raw commits tell more.
"""

import argparse
import http.client
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.utils.timezone import localtime

from bench import floors, report, world
from bench.client import Form
from bench.offer import LIMITED
from bench.place import engine_words
from bench.serving import Server, served
from portail.bookings.models import Change, ChangeSet, Places, Presence
from portail.rules.weeks import week_slug
from portail.towns.scope import in_town

STEPS = ("login", "planning", "validate", "recap", "journey")
MOST = 3000  # journeys in one run
THREADS = 200  # parents on the site at once; who comes later waits, and the wait counts
HELLO_SECONDS, HELLO_CLIENTS = 2.0, 8
COOKIE = re.compile(r"^([^=]+)=([^;]*)")


@dataclass
class Tally:
    """What the parents saw, written by many threads."""

    times: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, step: str, milliseconds: float, status: int = 0) -> None:
        with self.lock:
            self.times[step].append(milliseconds)
            if status:
                self.statuses[status] += 1

    def fail(self, error: str) -> None:
        with self.lock:
            self.errors[error] += 1


class Parent:
    """One browser over HTTP: a kept connection and its cookies."""

    def __init__(self, server: Server, tally: Tally) -> None:
        self.connection = server.connect()
        self.tally = tally
        self.cookies: dict[str, str] = {}

    def ask(self, step: str, method: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> tuple[str, str]:
        """(body, where it redirects); the time counts when `step` is named."""
        headers = {"Host": world.HOST, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode([("csrfmiddlewaretoken", self.cookies.get("csrf", "")), *fields])
        started = time.perf_counter()
        self.connection.request(method, url.partition("#")[0], body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie" and (found := COOKIE.match(value)):
                self.cookies[found[1]] = found[2]
        if step:
            self.tally.add(step, (time.perf_counter() - started) * 1000, response.status)
        return text, response.headers.get("Location", "")


@dataclass(frozen=True, slots=True)
class Rush:
    """One crowd to come: who, when, to which planning."""

    server: Server
    town: world.World
    tally: Tally

    def journey(self, code: str, at: float, place: int) -> None:
        """Log in, open the planning, change four cells (one limited), read the recap."""
        parent = Parent(self.server, self.tally)
        try:
            parent.ask("", "GET", "/")
            parent.ask("login", "POST", "/", [("child_code", code), ("payer_code", world.PAYER_CODE)])
            url = f"/planning/{code}/?semaine={week_slug(self.town.week)}&groupe=peri"
            page, _ = parent.ask("planning", "GET", url)
            form = Form.of(page)
            limited = form.boxes(LIMITED)
            changed = [*form.boxes("matin")[:2], *form.boxes("nap")[:1], limited[place % min(4, len(limited))]]
            _, recap = parent.ask("validate", "POST", url, form.fields(changed))
            parent.ask("recap", "GET", recap)
            self.tally.add("journey", (time.perf_counter() - at) * 1000)
        except (OSError, http.client.HTTPException, IndexError, ZeroDivisionError) as error:
            self.tally.fail(type(error).__name__)
        finally:
            parent.connection.close()

    def run(self, rate: float, seconds: float, draw: random.Random) -> float:
        """Let them come; returns how long it took until the last one was done."""
        started = time.perf_counter()
        at, number = 0.0, 0
        with ThreadPoolExecutor(THREADS) as pool:
            while number < min(MOST, len(self.town.children)):
                at += draw.expovariate(rate)
                if at > seconds:
                    break
                time.sleep(max(0.0, started + at - time.perf_counter()))
                pool.submit(self.journey, self.town.children[number], started + at, number)
                number += 1
        return time.perf_counter() - started


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """1 when a place was sold twice, a movement lost, or the server failed."""
    town = world.build(families=arguments.families, seed=arguments.seed)
    commits = floors.commits(folder)
    tally = Tally()
    with in_town(town.town):
        before = _state()
    with served() as server:
        hello = _hello(server)
        cpu = server.cpu()
        elapsed = Rush(server, town, tally).run(arguments.rate, arguments.seconds, random.Random(arguments.seed))
        cpu, memory = server.cpu() - cpu, server.memory()
    with in_town(town.town):
        faults = _faults(before, tally)
    done = len(tally.times["journey"])
    figures = {
        "visites offertes par seconde": arguments.rate,
        "visites finies": done,
        "visites par seconde": done / elapsed,
        "hello par seconde (HTTP)": hello,
        "visites/s ÷ hello/s": done / elapsed / hello,
        "validations/s ÷ transactions brutes/s": len(tally.times["validate"]) / elapsed / commits,
        "ms CPU du serveur par visite": cpu / max(1, done) * 1000,
        "Mo par processus, au plus": memory,
    }
    print(_markdown(figures, tally, faults))
    result = {"at": localtime(), "engine": engine_words(), "git": report.git_head(), "figures": figures,
              "faults": faults, "times": tally.times, "arguments": vars(arguments)}  # fmt: skip
    report.write_json(result, f"{localtime():%Y%m%d-%H%M%S}-rush")
    return 1 if any(faults.values()) else 0


def _hello(server: Server) -> float:
    """`/-/health` a second, over kept connections: what server and generator can do together."""
    end = time.perf_counter() + HELLO_SECONDS

    def client(_number: int) -> int:
        connection, number = server.connect(), 0
        while time.perf_counter() < end:
            connection.request("GET", "/-/health", headers={"Host": world.HOST})
            connection.getresponse().read()
            number += 1
        connection.close()
        return number

    with ThreadPoolExecutor(HELLO_CLIENTS) as pool:
        return sum(pool.map(client, range(HELLO_CLIENTS))) / HELLO_SECONDS


def _state() -> dict[str, int]:
    return {
        "presences": Presence.objects.count(),
        "changes": Change.objects.count(),
        "sets": ChangeSet.objects.count(),
    }


def _faults(before: dict[str, int], tally: Tally) -> dict[str, int]:
    """What must be nothing: counted in the database and in the answers."""
    after = _state()
    new = ChangeSet.objects.order_by("-id").values_list("verdicts", flat=True)[: after["sets"] - before["sets"]]
    outcomes = Counter(verdict["outcome"] for verdicts in new for verdict in verdicts)
    limited = Presence.objects.filter(activity__code=LIMITED)
    counters = Places.objects.select_related("limit")
    booked = {place.day: limited.filter(day=place.day).count() for place in counters}
    cells = Presence.objects.values_list("person_id", "activity_id", "day")
    done: Callable[[str], int] = outcomes.__getitem__
    return {
        "réponses 5xx": sum(number for status, number in tally.statuses.items() if status >= 500),
        "visites interrompues": sum(tally.errors.values()),
        "places vendues en trop": sum(max(0, booked[place.day] - place.seats) for place in counters),
        "compteurs faux": sum(booked[place.day] != place.taken for place in counters),
        "compteurs au-delà": Places.objects.filter(taken__gt=F("seats")).count(),
        "présences en double": cells.count() - cells.distinct().count(),
        "mouvements manquants": abs(after["changes"] - before["changes"] - done("booked") - done("cancelled")),
        "présences perdues": abs(after["presences"] - before["presences"] - done("booked") + done("cancelled")),
    }


def _markdown(figures: dict[str, Any], tally: Tally, faults: dict[str, int]) -> str:
    lines = [
        f"## Ruée, {engine_words()}",
        "",
        "| étape | fois | p50 ms | p95 | p99 |",
        "|---|---:|---:|---:|---:|",
    ]
    for step, times in tally.times.items():
        if len(times) > 1:
            cuts = quantiles(times, n=100, method="inclusive")
            lines.append(f"| {step} | {len(times)} | {cuts[49]:.0f} | {cuts[94]:.0f} | {cuts[98]:.0f} |")
    lines += ["", "| mesure | |", "|---|---:|"]
    lines += [f"| {name} | {value:.4g} |" for name, value in figures.items()]
    lines += [f"| {name} (0) | {value} |" for name, value in faults.items()]
    return "\n".join(lines) + "\n"
