"""The report: a Markdown table of ratios, what is over its budget, and one JSON file per run."""

import json
import os
import platform
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django
from django.utils.timezone import localtime

from bench.floors import Floors
from bench.place import ROOT, engine_words
from bench.requests import Sample
from bench.world import World

Budget = Mapping[str, Any]
BUDGETS: Mapping[str, Budget] = tomllib.loads((Path(__file__).parent / "budgets.toml").read_text())
TOLERANCE = 2  # CPU fails beyond so many times its budget: the clock of a shared machine varies that much
COLUMNS = (
    "requête", "CPU p10 ms", "p50 ms", "× hello", "budget", "× calibrage", "requêtes SQL", "budget", "transactions",
    "octets", "gzip",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """All that one run found."""

    world: World
    before: Floors
    after: Floors
    samples: Mapping[str, Sample]

    @property
    def noisy(self) -> bool:
        return self.before.noisy(self.after)

    def ratio(self, name: str) -> float:
        """CPU in hellos of the same rounds, the hash of a login left out: it has a floor of its own."""
        code = min(self.before.code, self.after.code) if BUDGETS[name].get("code") else 0
        return (self.samples[name].p10 - code) / self.samples["hello"].p10


def markdown(run: Run) -> str:
    """What is printed."""
    lines = [
        f"## {engine_words()} : {run.world.persons} enfants, {run.world.bookings} réservations",
        "",
        *_floors(run),
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---" + "|---:" * (len(COLUMNS) - 1) + "|",
        *(_line(run, name) for name in BUDGETS),
        "",
        *(f"- ✗ {words}" for words in failures(run)),
        *(f"- ⚠ {words}" for words in warnings(run)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def failures(run: Run) -> list[str]:
    """What makes the run fail."""
    found = []
    for name, budget in BUDGETS.items():
        sample, ratio = run.samples[name], run.ratio(name)
        if sample.queries > budget.get("queries", sample.queries):
            found.append(f"{budget['title']} : {sample.queries} requêtes SQL, {budget['queries']} au plus")
        if ratio > TOLERANCE * budget.get("hello", ratio):
            found.append(f"{budget['title']} : {ratio:.1f} × hello, plus du double de {budget['hello']}")
    return found


def warnings(run: Run) -> list[str]:
    """What is over its budget without failing, and whether the figures can be trusted."""
    found = ["run bruyante : un plancher a bougé de plus de 20 % entre le début et la fin"] if run.noisy else []
    for name, budget in BUDGETS.items():
        sample, ratio = run.samples[name], run.ratio(name)
        wanted = budget.get("hello", ratio)
        if wanted < ratio <= TOLERANCE * wanted:
            found.append(f"{budget['title']} : {ratio:.1f} × hello, budget {wanted}")
        found += [
            f"{budget['title']} : {getattr(sample, size)} octets ({size}), budget {budget[size]}"
            for size in ("bytes", "gzip")
            if getattr(sample, size) > budget.get(size, getattr(sample, size))
        ]
    return found


def save(run: Run, arguments: Mapping[str, Any]) -> Path:
    """Write the JSON of the run under var/bench/."""
    now = localtime()
    result = {
        "at": now.isoformat(),
        "arguments": dict(arguments),
        "git": git_head(),
        "engine": engine_words(),
        "python": platform.python_version(),
        "django": django.__version__,
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "noisy": run.noisy,
        "before": asdict(run.before),
        "after": asdict(run.after),
        "requests": {
            name: {**asdict(sample), "p10": sample.p10, "p50": sample.p50} for name, sample in run.samples.items()
        },
        "failures": failures(run),
    }
    return write_json(result, f"{now:%Y%m%d-%H%M%S}-requests")


def write_json(result: Mapping[str, Any], name: str) -> Path:
    """One file under var/bench/."""
    folder = ROOT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{'sqlite' if 'SQLite' in str(result['engine']) else 'postgresql'}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False, default=str))
    return path


def git_head() -> str:
    """The commit checked out, "" outside a clone."""
    folder = ROOT / ".git"
    try:
        head = (folder / "HEAD").read_text().strip()
        return (folder / head.removeprefix("ref: ")).read_text().strip() if head.startswith("ref: ") else head
    except OSError:
        return ""


def cpu_model() -> str:
    """As Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def say(words: str) -> None:
    """Progress, apart from the report."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def _floors(run: Run) -> Iterator[str]:
    words = {
        "hello": "Django, middleware usuel : « hello » (ms CPU, p10)",
        "hello_lean": "Django, presque sans middleware (ms)",
        "hello_query": "hello + 1 requête SQL (ms)",
        "calibration": "calibrage : grille Jinja2 constante (ms)",
        "code": "vérification d'un code payeur, Argon2id léger (ms)",
        "commits": "transactions d'une ligne par seconde, 1 écrivain",
    }
    yield "| plancher | avant | après | écart |"
    yield "|---|---:|---:|---:|"
    drift = run.before.drift(run.after)
    for name, title in words.items():
        before, after = getattr(run.before, name), getattr(run.after, name)
        shown = (f"{before:.0f}", f"{after:.0f}") if name == "commits" else (f"{before:.3f}", f"{after:.3f}")
        yield f"| {title} | {shown[0]} | {shown[1]} | {drift[name]:.0%} |"


def _line(run: Run, name: str) -> str:
    budget, sample = BUDGETS[name], run.samples[name]
    code = " + code" if budget.get("code") else ""
    cells = [
        budget["title"],
        f"{sample.p10:.2f}",
        f"{sample.p50:.2f}",
        f"{run.ratio(name):.1f}{code}",
        f"{budget['hello']}{code}" if "hello" in budget else "",
        f"{sample.p10 / run.samples['calibration'].p10:.2f}",
        str(sample.queries),
        str(budget.get("queries", "")),
        str(sample.begins),
        str(sample.bytes),
        str(sample.gzip),
    ]
    return "| " + " | ".join(cells) + " |"
