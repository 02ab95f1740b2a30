"""The floors: what this machine can do at best, measured first and last in the same run."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from django.conf import settings
from django.db import connection
from jinja2 import Environment

from bench.client import Visitor
from bench.hello import LEAN, USUAL, application
from portail.families.hashing import LIGHT

DRIFT = 0.20  # of a floor between the beginning and the end of a run: beyond, the run is « bruyante »
REPEATS = 150
COMMIT_SECONDS = 1.0
CELLS = range(600)  # of the calibration: about 4 ms where a hello takes 0.3 ms
NOISY = ("commits",)  # floors of the disk: told, but they do not decide whether the CPU figures can be trusted

GRID = """<table>{% for row in rows %}<tr><th scope="row">{{ row.name }}</th>{% for cell in row.cells %}
<td{% if cell.late %} class="late"{% endif %}><label><input type="checkbox" name="ticked" value="{{ cell.key }}"
{% if cell.on %} checked{% endif %}><span>{{ row.name }}, </span><b>{{ cell.day }}</b> <i>{{ cell.word }}</i></label>
</td>{% endfor %}</tr>{% endfor %}</table>"""


@dataclass(frozen=True, slots=True)
class Floors:
    """CPU milliseconds (10th percentile), and commits a second of one writer."""

    hello: float  # Django and its usual middleware: the unit of the budgets
    hello_lean: float  # Django with next to no middleware
    hello_query: float
    calibration: float  # a constant grid in Jinja2, no database
    code: float  # the light Argon2id of a payer code
    commits: float

    def drift(self, later: "Floors") -> Mapping[str, float]:
        """How far each floor moved, 0.1 for 10 %."""
        return {
            name: abs(getattr(later, name) - getattr(self, name)) / min(getattr(later, name), getattr(self, name))
            for name in self.__slots__
        }

    def noisy(self, later: "Floors") -> bool:
        """Did the machine change under the run?"""
        return any(moved > DRIFT for name, moved in self.drift(later).items() if name not in NOISY)


def measure(folder: Path) -> Floors:
    """All of them, interleaved."""
    usual, lean = Visitor(application(USUAL), "localhost"), Visitor(application(LEAN), "localhost")
    render, verify = calibration(), code_check()
    acts: dict[str, Callable[[], float]] = {
        "hello": lambda: usual.get("/").cpu,
        "hello_lean": lambda: lean.get("/").cpu,
        "hello_query": lambda: usual.get("/query/").cpu,
        "calibration": lambda: cpu_of(render),
        "code": lambda: cpu_of(verify),
    }
    times: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(REPEATS):
        for name, act in acts.items():
            times[name].append(act())
    return Floors(**{name: tenth(found) for name, found in times.items()}, commits=commits(folder))


def cpu_of(act: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    started = time.process_time()
    act()
    return (time.process_time() - started) * 1000


def tenth(values: list[float]) -> float:
    """The 10th percentile: what the work costs when nothing disturbs it much."""
    return quantiles(values, n=10)[0]


def calibration() -> Callable[[], str]:
    """The constant grid, ready to be rendered."""
    template = Environment(autoescape=True).from_string(GRID)
    cells = [{"key": f"007/cantine/{n}", "on": n % 3 == 0, "late": n % 7 == 0, "day": n, "word": "—"} for n in CELLS]
    rows = [{"name": f"Activité {n}", "cells": cells[n * 30 : n * 30 + 30]} for n in range(len(cells) // 30)]
    return lambda: template.render(rows=rows)


def code_check() -> Callable[[], bool]:
    """The verification that a login pays for."""
    hashed = LIGHT.hash("K7M2P9QXDT")
    return lambda: LIGHT.verify(hashed, "K7M2P9QXDT")


def commits(folder: Path) -> float:
    """Commits a second of one writer of one row, below Django, with the settings of the portal."""
    return _sqlite_commits(folder) if connection.vendor == "sqlite" else _postgresql_commits()


def _sqlite_commits(folder: Path) -> float:
    raw = sqlite3.connect(folder / "commits.sqlite3", isolation_level=None)
    raw.executescript(str(settings.DATABASES["default"]["OPTIONS"]["init_command"]))
    raw.execute("CREATE TABLE IF NOT EXISTS line (id INTEGER PRIMARY KEY, words TEXT)")

    def write() -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT INTO line (words) VALUES ('cantine')")
        raw.execute("COMMIT")

    try:
        return _rate(write)
    finally:
        raw.close()


def _postgresql_commits() -> float:
    import psycopg  # noqa: PLC0415 -- an optional dependency

    given = {**connection.get_connection_params()}
    wanted = {name: given[name] for name in ("dbname", "user", "host", "password", "port") if given.get(name)}
    with psycopg.connect(**wanted, autocommit=True) as raw:
        raw.execute("CREATE TABLE IF NOT EXISTS bench_line (id bigserial PRIMARY KEY, words text)")
        return _rate(lambda: raw.execute("INSERT INTO bench_line (words) VALUES ('cantine')"))


def _rate(act: Callable[[], object]) -> float:
    number, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < COMMIT_SECONDS:
        act()
        number += 1
    return number / elapsed
