"""`python -m bench invoicing`: the invoices of a month for a whole town, prepared, numbered and put online.

The totals of some families are reckoned again by loops that know nothing of chunks: they must agree to the cent.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.timezone import localtime

from bench import report, world
from bench.offer import ACTIVITIES, CLERK
from bench.place import engine_words
from portail.billing.models import Invoice, InvoiceLine, InvoiceRun
from portail.billing.operations.runs import RunDraft, issue_run, prepare_run, publish_run
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
BRACKETS = ((0, 100), (400, 180), (800, 260), (1200, 350), (1600, 420))  # quotient from, cents
QUOTIENTS, SAMPLE = 2_000, 200


@dataclass
class Step:
    """One step of the run. `longest`: its longest transaction, in seconds."""

    name: str
    seconds: float = 0.0
    queries: int = 0
    transactions: int = 0
    longest: float = 0.0


def run(arguments: argparse.Namespace, _folder: Path) -> int:
    """1 when a promise is broken."""
    town = world.build(families=arguments.families, seed=arguments.seed)
    now = localtime()
    month = date(school_year_start(now.date()).year, 11, 1)
    with in_town(town.town):
        _bill(month, now)
        draft = RunDraft("regie", month, "Factures du mois", month + timedelta(days=60))
        prepare, issue, publish = Step("préparer"), Step("numéroter et émettre"), Step("mettre en ligne")
        with _measured(prepare):
            found = prepare_run(draft=draft, by=CLERK, now=now)
        failed = _wrong_totals(found, month)
        with _measured(issue):
            issue_run(run=found.public_id, by=CLERK, now=now)
        with _measured(publish):
            publish_run(run=found.public_id, page_url="https://bench.example/factures/", by=CLERK, now=now)
        sizes = {"invoices": Invoice.objects.count(), "lines": InvoiceLine.objects.count()}
    steps = [prepare, issue, publish]
    failed += _failures(steps, arguments.families)
    print(_markdown(steps, sizes, arguments.families, failed))
    result: dict[str, Any] = {"at": now, "engine": engine_words(), "git": report.git_head(), **sizes}
    result |= {"families": arguments.families, "steps": [asdict(step) for step in steps], "failed": failed}
    report.write_json(result, f"{now:%Y%m%d-%H%M%S}-invoicing")
    return 1 if failed else 0


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
    begun = time.perf_counter()
    try:
        with connection.execute_wrapper(wrapper):
            yield
    finally:
        step.seconds = time.perf_counter() - begun
        connection.set_autocommit = real  # type: ignore[method-assign]


def _wrong_totals(found: InvoiceRun, month: date) -> list[str]:
    """The families, among the first ones, whose invoice is not what a plain loop finds."""
    wrong = 0
    for payer in Payer.objects.order_by("pk")[:SAMPLE]:
        quotient = _quotient(payer.pk)
        price = BRACKETS[-1][1] if quotient is None else max(cents for lower, cents in BRACKETS if lower <= quotient)
        days = sum(
            Presence.objects.filter(person_id=link.person_id, day__year=month.year, day__month=month.month).count()
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
    rate = families / steps[0].seconds
    if rate < FAMILIES_PER_SECOND / report.TOLERANCE:
        failed.append(f"{rate:.0f} familles par seconde, moins de la moitié de {FAMILIES_PER_SECOND}")
    return failed


def _markdown(steps: list[Step], sizes: dict[str, int], families: int, failed: list[str]) -> str:
    lines = [
        f"## {families} familles, {sizes['invoices']} factures, {sizes['lines']} lignes, {engine_words()}",
        "",
        "| étape | s | par seconde | requêtes SQL | par paquet | transactions | la plus longue, s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    chunks = -(-families // CHUNK)
    lines += [
        f"| {step.name} | {step.seconds:.1f} | {families / step.seconds:.0f} | {step.queries} "
        f"| {step.queries / chunks:.0f} | {step.transactions} | {step.longest:.2f} |"
        for step in steps
    ]
    return "\n".join([*lines, "", *(f"- ✗ {words}" for words in failed)]).rstrip() + "\n"
