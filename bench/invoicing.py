"""`python -m bench invoicing`: the invoices of a month for a whole town, prepared, numbered and put online.

Measured twice on the same town: at its whole offer (about eight lines a family) and, prepared only and abandoned, at
the two activities that make the three lines a family of the budget. Nobody has an address in this town: the check list
has a line for each family, which is the dearest case. No register is kept, and children come on the same weekdays all
month, as the bookings of `bench.world` say. CPU is that of this process, in user and system time; it is also told in
constant grids (`floors.calibration`), measured first and last, which a busy or slow machine slows as much.

The totals of some families are reckoned again by loops that know nothing of chunks: they must agree to the cent.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.timezone import localtime

from bench import report, world
from bench.floors import DRIFT, calibration, cpu_of, tenth
from bench.offer import ACTIVITIES, CLERK
from bench.place import engine_words
from portail.billing.models import BilledActivity, Invoice, InvoiceLine, InvoiceRun
from portail.billing.operations.runs import RunDraft, abandon_run, issue_run, prepare_run, publish_run
from portail.billing.operations.runs.preparing import CHUNK
from portail.billing.operations.setup import (
    BillingDraft,
    RegieDraft,
    TariffDraft,
    bill_activity,
    save_regie,
    save_tariff,
)
from portail.bookings.models import Presence
from portail.families.models import Link, Payer, Quotient
from portail.rules.weeks import school_year_start
from portail.towns.scope import in_town

FAMILIES_PER_SECOND = 2_000
LONGEST_TRANSACTION = 1.0  # seconds: on SQLite nobody else writes meanwhile
FEW = ("cantine", "nap")  # the activities of the budget's shape: about three lines a family
BRACKETS = ((0, 100), (400, 180), (800, 260), (1200, 350), (1600, 420))  # quotient from, cents
COLUMNS = (
    "étape", "lignes/famille", "s", "s CPU", "familles/s CPU", "factures/s CPU", "× calibrage la famille", "requêtes",
    "par paquet", "transactions", "la pire, s",
)  # fmt: skip
QUOTIENTS, SAMPLE, GRIDS = 2_000, 200, 50


@dataclass
class Step:
    """One step of the run. `cpu`: seconds of it. `invoices`, `lines`: that there are by then. `longest`: its longest
    transaction, in seconds."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    invoices: int = 0
    lines: int = 0
    queries: int = 0
    transactions: int = 0
    longest: float = 0.0


def run(arguments: argparse.Namespace, _folder: Path) -> int:
    """1 when a promise is broken."""
    families: int = arguments.families
    begun, now = time.monotonic(), localtime()
    town = world.build(families=families, seed=arguments.seed)
    report.say(f"{town.persons} enfants, {town.bookings} réservations en {time.monotonic() - begun:.0f} s")
    month = date(school_year_start(now.date()).year, 11, 1)
    grids = [_grid()]
    with in_town(town.town):
        _bill(month, now)
        steps, failed = _steps(month, now)
    grids.append(_grid())
    failed += _failures(steps, families)
    print(_markdown(steps, grids, families, failed))
    result: dict[str, Any] = {"at": now, "engine": engine_words(), "git": report.git_head(), "grid_ms": grids}
    result |= {"python": platform.python_version(), "cpu": report.cpu_model(), "load": os.getloadavg()}
    result |= {"families": families, "steps": [asdict(step) for step in steps], "failed": failed}
    report.write_json(result, f"{now:%Y%m%d-%H%M%S}-invoicing")
    return 1 if failed else 0


def _grid() -> float:
    """CPU milliseconds of a constant grid, at this moment."""
    render = calibration()
    return tenth([cpu_of(render) for _ in range(GRIDS)])


def _steps(month: date, now: datetime) -> tuple[list[Step], list[str]]:
    """What was measured, and the promises that were broken meanwhile."""
    few, prepare = Step("préparer, comme au budget"), Step("préparer, toute l'offre")
    issue, publish = Step("numéroter et émettre"), Step("mettre en ligne")
    failed = _prepare_few(few, month, now)
    with _measured(prepare):
        found = prepare_run(draft=_draft(month), by=CLERK, now=now)
    failed += _wrong_totals(found, month, [activity.code for activity in ACTIVITIES])
    with _measured(issue):
        issue_run(run=found.public_id, despite=True, by=CLERK, now=now)
    with _measured(publish):
        publish_run(run=found.public_id, page_url="https://bench.example/factures/", by=CLERK, now=now)
    return [few, prepare, issue, publish], failed


def _draft(month: date) -> RunDraft:
    return RunDraft("regie", month, "Factures du mois", month + timedelta(days=60))


def _prepare_few(step: Step, month: date, now: datetime) -> list[str]:
    """Prepare the run of the budget, check it, and leave no trace of it."""
    others = BilledActivity.objects.exclude(activity__code__in=FEW)
    kept = list(others)
    others.delete()
    with _measured(step):
        found = prepare_run(draft=_draft(month), by=CLERK, now=now)
    failed = _wrong_totals(found, month, FEW)
    abandon_run(run=found.public_id, by=CLERK, now=now)
    BilledActivity.objects.bulk_create(kept)
    return failed


def _bill(month: date, now: datetime) -> None:
    """One régie, one tariff by quotient for every activity, a quotient for nine payers out of ten."""
    save_regie(draft=RegieDraft("regie", "Régie du banc d'essai", recette="B1"), by=CLERK, now=now)
    rule = {"brackets": [{"from": lower, "care": cents // 2, "food": cents - cents // 2} for lower, cents in BRACKETS]}
    for activity in ACTIVITIES:
        bill_activity(draft=BillingDraft(activity.code, "regie"), by=CLERK, now=now)
        save_tariff(draft=TariffDraft(activity.code, activity.name, month, rule), by=CLERK, now=now)
    payers = Payer.objects.order_by("pk").values_list("pk", flat=True)
    Quotient.objects.bulk_create(
        [
            Quotient(payer_id=pk, first_day=month, value=_quotient(pk) or 0)
            for pk in payers
            if _quotient(pk) is not None
        ],
        batch_size=500,
    )


def _quotient(payer: int) -> int | None:
    return None if payer % 10 == 0 else payer * 37 % QUOTIENTS


@contextmanager
def _measured(step: Step) -> Iterator[None]:
    """Statements, and how long each transaction is open."""
    opened = 0.0

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        step.queries += not sql.startswith("BEGIN")
        return execute(sql, params, many, context)

    real = connection.set_autocommit

    def set_autocommit(autocommit: bool, *args: Any, **kwargs: Any) -> None:
        nonlocal opened
        real(autocommit, *args, **kwargs)
        if autocommit:
            step.longest = max(step.longest, time.perf_counter() - opened)
        else:
            opened, step.transactions = time.perf_counter(), step.transactions + 1

    connection.set_autocommit = set_autocommit  # type: ignore[method-assign]
    begun, cpu = time.perf_counter(), time.process_time()
    try:
        with connection.execute_wrapper(wrapper):
            yield
    finally:
        step.seconds, step.cpu = time.perf_counter() - begun, time.process_time() - cpu
        step.invoices, step.lines = Invoice.objects.count(), InvoiceLine.objects.count()
        connection.set_autocommit = real  # type: ignore[method-assign]


def _wrong_totals(found: InvoiceRun, month: date, activities: Collection[str]) -> list[str]:
    """The families, among the first ones, whose invoice is not what a plain loop finds."""
    wrong = 0
    for payer in Payer.objects.order_by("pk")[:SAMPLE]:
        quotient = _quotient(payer.pk)
        price = BRACKETS[-1][1] if quotient is None else max(cents for lower, cents in BRACKETS if lower <= quotient)
        days = sum(
            Presence.objects.filter(
                person_id=link.person_id,
                activity__code__in=activities,
                day__year=month.year,
                day__month=month.month,
            ).count()
            for link in Link.objects.filter(payer=payer)
        )
        invoice = Invoice.objects.filter(run=found, payer=payer).first()
        wrong += (invoice.total_cents if invoice else 0) != days * price
    return [f"{wrong} factures fausses sur {SAMPLE}"] if wrong else []


def _failures(steps: list[Step], families: int) -> list[str]:
    failed = [
        f"{step.name} : une transaction de {step.longest:.2f} s, {LONGEST_TRANSACTION:.0f} s au plus"
        for step in steps
        if step.longest > LONGEST_TRANSACTION
    ]
    rate = families / steps[0].cpu
    if rate < FAMILIES_PER_SECOND / report.TOLERANCE:
        failed.append(
            f"{steps[0].name} : {rate:.0f} familles par seconde de CPU, moins de la moitié de {FAMILIES_PER_SECOND}"
        )
    return failed


def _markdown(steps: list[Step], grids: list[float], families: int, failed: list[str]) -> str:
    grid, drift = min(grids), max(grids) / min(grids) - 1
    sizes = f"{families} familles, {steps[-1].invoices} factures, {steps[-1].lines} lignes"
    lines = [
        f"## Facturer un mois : {sizes}, {engine_words()}",
        "",
        f"Calibrage : {grids[0]:.2f} ms avant, {grids[1]:.2f} ms après ({drift:.0%}).",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---" + "|---:" * (len(COLUMNS) - 1) + "|",
    ]
    chunks = -(-families // CHUNK)
    lines += [
        f"| {step.name} | {step.lines / families:.1f} | {step.seconds:.1f} | {step.cpu:.1f} "
        f"| {families / step.cpu:.0f} | {step.invoices / step.cpu:.0f} | {1000 * step.cpu / families / grid:.2f} "
        f"| {step.queries} | {step.queries / chunks:.0f} | {step.transactions} | {step.longest:.2f} |"
        for step in steps
    ]
    rate = families / steps[0].cpu
    notes = [f"- ⚠ {rate:.0f} familles par seconde de CPU, budget {FAMILIES_PER_SECOND}"]
    notes = notes if rate < FAMILIES_PER_SECOND else []
    notes += ["- ⚠ run bruyante : le calibrage a bougé de plus de 20 %"] if drift > DRIFT else []
    return "\n".join([*lines, "", *notes, *(f"- ✗ {words}" for words in failed)]).rstrip() + "\n"
