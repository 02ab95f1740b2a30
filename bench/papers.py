"""`python -m bench papers`: invoices on paper, one by one as a parent asks for them, and many in one compilation.

Every figure is CPU time of this process, all its threads: « par cœur ». Two floors: an empty page by typst itself, and
the constant grid of `floors.calibration`, measured between the papers.
"""

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import pikepdf
import typst
from django.utils.timezone import localtime

from bench import report, world
from bench.counting import counted
from bench.floors import calibration, cpu_of, tenth
from bench.offer import ACTIVITIES, CLERK
from bench.place import engine_words
from portail.billing.documents import invoice_paper, invoice_pdf
from portail.billing.models import Invoice, Regie
from portail.billing.operations.runs import RunDraft, issue_run, prepare_run, publish_run
from portail.billing.operations.setup import (
    BillingDraft,
    RegieDraft,
    TariffDraft,
    bill_activity,
    save_regie,
    save_tariff,
)
from portail.billing.queries.papers import invoice_to_print
from portail.gateways.pdf.papers import InvoicePaper
from portail.gateways.pdf.press import STANDARDS, print_many, print_pdf
from portail.rules.weeks import school_year_start
from portail.towns.scope import in_town

MOST_FAMILIES = 200
SINGLES, BATCHES, BATCH = 40, 3, 50
WARM_UP = 3  # papers not kept: typst and its fonts are loaded by the first
EMPTY = '#set document(title: "Vide")\n#set text(lang: "fr")\n#set page(paper: "a4")\n.\n'
PRICE = {"price": {"care": 120, "food": 240}}  # cents a day
QUERIES = 3  # of one invoice as a PDF
SINGLE, BATCHED = 6, 4  # calibrations that a page may cost; the run fails beyond report.TOLERANCE times as many


@dataclass
class Papers:
    """What was printed. `cpu`: milliseconds of each call; `octets`: of all the files."""

    name: str
    cpu: list[float] = field(default_factory=list)
    pages: int = 0
    octets: int = 0

    def add(self, act: Callable[[], bytes]) -> None:
        """Print once; reading the file back does not count."""
        started = time.process_time()
        content = act()
        self.cpu.append((time.process_time() - started) * 1000)
        with pikepdf.open(io.BytesIO(content)) as file:
            self.pages += len(file.pages)
        self.octets += len(content)

    @property
    def page_ms(self) -> float:
        """CPU milliseconds of a page, in the median call."""
        return median(self.cpu) * len(self.cpu) / self.pages


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """1 when a promise is broken."""
    now = localtime()
    town = billed_town(min(arguments.families, MOST_FAMILIES), arguments.seed, now)
    with in_town(town.town):
        keys = list(Invoice.objects.order_by("pk").values_list("public_id", flat=True))
        for key in keys[:WARM_UP]:
            invoice_pdf(key, now=now)
        with counted() as count:
            invoice_pdf(keys[-1], now=now)
        papers = [invoice_paper(invoice_to_print(key)) for key in keys]
    printed, grid = _print(papers, _empty_page(folder), now)
    failed = _failures(printed, grid, count.queries)
    print(_markdown(printed, grid, count.queries, failed))
    result: dict[str, Any] = {"at": now, "engine": engine_words(), "git": report.git_head(), "typst": version("typst")}
    result |= {"grid_ms": grid, "queries": count.queries, "failed": failed}
    result["papers"] = [{"name": one.name, "page_ms": one.page_ms, "pages": one.pages} for one in printed]
    report.write_json(result, f"{now:%Y%m%d-%H%M%S}-papers")
    return 1 if failed else 0


def billed_town(families: int, seed: int, now: datetime) -> world.World:
    """The town of the bench with the invoices of a month, online, payable by PayFiP in test mode."""
    town = world.build(families=families, seed=seed)
    month = date(school_year_start(now.date()).year, 11, 1)
    regie = RegieDraft(
        "regie",
        "Régie du banc d'essai",
        provider=Regie.Provider.PAYFIP_WS,
        numcli="000123",
        recette="B1",
        means=("cash", "cheque"),
    )
    with in_town(town.town):
        save_regie(draft=regie, by=CLERK, now=now)
        for activity in ACTIVITIES:
            bill_activity(draft=BillingDraft(activity.code, "regie"), by=CLERK, now=now)
            save_tariff(draft=TariffDraft(activity.code, activity.name, month, PRICE), by=CLERK, now=now)
        draft = RunDraft("regie", month, "Factures du mois", month + timedelta(days=60))
        found = prepare_run(draft=draft, by=CLERK, now=now)
        issue_run(run=found.public_id, by=CLERK, now=now)
        publish_run(run=found.public_id, page_url="https://bench.example/factures/", by=CLERK, now=now)
    return town


def _empty_page(folder: Path) -> Callable[[], bytes]:
    """An empty tagged page by typst alone."""
    source = folder / "empty.typ"
    source.write_text(EMPTY)
    compiler = typst.Compiler(str(source), root=str(folder), ignore_system_fonts=True)

    def compiled() -> bytes:
        content = compiler.compile(format="pdf", pdf_standards=STANDARDS)
        assert isinstance(content, bytes)
        return content

    return compiled


def _print(papers: list[InvoicePaper], empty: Callable[[], bytes], now: datetime) -> tuple[list[Papers], float]:
    """(empty pages, single invoices, batches), and the calibration in milliseconds."""
    floor, singles = Papers("page vide, typst seul"), Papers("une facture par fichier")
    batches, render = Papers(f"{BATCH} factures en un fichier"), calibration()
    grids = []
    for place in range(SINGLES):
        floor.add(empty)
        singles.add(partial(print_pdf, papers[place % len(papers)], printed_at=now + timedelta(seconds=place)))
        grids.append(cpu_of(render))
    for place in range(BATCHES):
        many = [papers[(place * BATCH + number) % len(papers)] for number in range(BATCH)]
        batches.add(partial(print_many, many, printed_at=now))
        grids += [cpu_of(render) for _ in range(10)]
    return [floor, singles, batches], tenth(grids)


def _failures(printed: list[Papers], grid: float, queries: int) -> list[str]:
    failed = [f"une facture en PDF : {queries} requêtes SQL, {QUERIES} au plus"] if queries > QUERIES else []
    for one, budget in zip(printed[1:], (SINGLE, BATCHED), strict=True):
        ratio = one.page_ms / grid
        if ratio > report.TOLERANCE * budget:
            failed.append(f"{one.name} : {ratio:.1f} × calibrage la page, plus du double de {budget}")
    return failed


def _markdown(printed: list[Papers], grid: float, queries: int, failed: list[str]) -> str:
    floor = printed[0].page_ms
    lines = [
        f"## Papiers : typst {version('typst')}, calibrage {grid:.2f} ms, {queries} requêtes SQL par facture",
        "",
        "| papier | CPU ms la page | pages par seconde et par cœur | × calibrage | × page vide | ko la page |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.name} | {one.page_ms:.1f} | {1000 / one.page_ms:.0f} | {one.page_ms / grid:.1f} "
        f"| {one.page_ms / floor:.1f} | {one.octets / one.pages / 1000:.0f} |"
        for one in printed
    ]
    return "\n".join([*lines, "", *(f"- ✗ {words}" for words in failed)]).rstrip() + "\n"
