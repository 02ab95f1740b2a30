"""How SQLite answers what a chunk asks: by the payers of the chunk, never by reading the town again for each of them.

Twenty thousand families make a hundred chunks: what reads the town once a chunk reads it a hundred times.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from portail.billing.models import Invoice
from portail.billing.operations.runs.reading import of_payers, read_book, read_chunk
from portail.billing.operations.runs.writing import forget
from portail.families.models import Link, Payer
from tests.billing.build import SCHOOL_DAYS, book, prepared
from tests.world import JAMES, World

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows how large a town is")

WHOLE = re.compile(
    r"SCAN (families|billing)_"
    r"|(families|billing)_\w+ USING [A-Z ]*INDEX \w+ \((town_id=\?|run_id=\?|town_id=\? AND regie_id=.*)\)"
)
"""A step that reads all the rows of a town, of a régie or of a run."""


def plans(act: Callable[[], object]) -> Iterator[str]:
    """The way that SQLite takes for each SELECT of an act."""
    asked: list[tuple[str, Any]] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        act()
    for sql, params in asked:
        if sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                yield from (row[3] for row in cursor.fetchall())


def test_what_a_chunk_reads_is_found_by_its_payers(billing: World):
    book(JAMES, "cantine", SCHOOL_DAYS[:4])
    run, payers = prepared(), list(Payer.objects.order_by("pk"))
    ledger = read_book(run.regie, run.month)
    with transaction.atomic():
        steps = [*plans(lambda: read_chunk(run, payers, ledger)), *plans(lambda: forget(run, of_payers(payers)))]
    assert len(steps) > 10
    assert [step for step in steps if WHOLE.search(step)] == []


@pytest.mark.parametrize(
    "naive",
    [
        lambda: list(Link.objects.filter(person_id__in=range(400)).order_by("id")),
        lambda: list(Invoice.objects.filter(run=1, payer_id__in=range(200), status="draft")),
        lambda: list(Invoice.objects.filter(regie=1, status="issued", payer_id__in=range(200))),
    ],
    ids=["the ties of some children", "the drafts of some payers", "the credits of some payers"],
)
def test_the_control_what_seems_natural_reads_the_whole_town(billing: World, naive: Callable[[], object]):
    assert any(WHOLE.search(step) for step in plans(naive))
