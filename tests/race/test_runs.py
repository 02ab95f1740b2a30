"""Several processes number the same run, or are killed while they do: every number is there, and there once."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.db import connection

from portail.billing.models import Invoice, InvoiceLine, InvoiceRun, LotCounter
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.runs import issue_run, issuing, prepare_run, preparing
from portail.billing.operations.runs.preparing import RunDraft
from portail.families.operations.register import PersonDraft
from portail.towns.models import Town
from portail.towns.scope import in_town
from tests.billing import build
from tests.race.crowd import PATIENCE, SIZE, Crowd, Task
from tests.world import CLERK, World, family

pytestmark = pytest.mark.django_db(transaction=True)

FAMILIES = 30
DRAFT = RunDraft("peri", build.NOVEMBER, "Novembre 2026", build.DUE)


def issue(run: UUID, chunk: int = 3) -> int:
    """Number and issue the run by small chunks; the last number."""
    with mock.patch.multiple(issuing, CHUNK=chunk):
        return issue_run(run=run, despite=True, by=CLERK, now=build.DECEMBER_3).numbered


def prepare(chunk: int = 3) -> str:
    with mock.patch.multiple(preparing, CHUNK=chunk):
        return prepare_run(draft=DRAFT, by=CLERK, now=build.DECEMBER_3).state


def give_back(invoice: UUID) -> str | None:
    """The number of a credit note of one line."""
    draft = CreditDraft(invoice, "Course", {1: 10})
    return credit_note(draft=draft, by=CLERK, now=build.DECEMBER_3).number


def die_at(statement: int, act: Callable[..., Any], town: int, arguments: tuple, database: dict) -> None:
    """Run in a process of its own, which is killed before its `statement`-th statement."""
    connection.settings_dict.update(database)
    seen = 0

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with in_town(Town.objects.get(pk=town)), connection.execute_wrapper(wrapper):
        act(*arguments)


def killed(statement: int, act: Callable[..., Any], town: int, *arguments: Any) -> bool:
    """Was it killed before it ended?"""
    context = multiprocessing.get_context("forkserver")
    database = {**connection.settings_dict}
    process = context.Process(target=die_at, args=(statement, act, town, arguments, database))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


@pytest.fixture
def town(world: World) -> int:
    """Thirty families who each had one evening; the key of their town."""
    with in_town(world.demo):
        build.setup()
        for place in range(FAMILIES):
            _, (child,) = family(f"Parent FAMILLE{place:02}", "", [PersonDraft(f"Enfant{place}", f"FAMILLE{place:02}")])
            build.book(child.code, "soir", build.SCHOOL_DAYS[:1])
    return world.demo.pk


def numbers() -> list[str]:
    rows = Invoice.objects.filter(kind="invoice", number__isnull=False)
    return sorted(rows.values_list("number", flat=True))


WANTED = [f"2026-001-{number:06}" for number in range(1, FAMILIES + 1)]


def test_many_at_once_number_each_invoice_once(world: World, town: int, crowd: Crowd):
    with in_town(world.demo):
        prepare(500)
        run = InvoiceRun.objects.get().public_id
    assert crowd.run(*[Task(town, issue, (run,))] * SIZE) == [FAMILIES] * SIZE
    with in_town(world.demo):
        assert numbers() == WANTED
        assert (LotCounter.objects.get().last, InvoiceRun.objects.get().state) == (1, "issued")


def test_many_at_once_prepare_each_family_once(world: World, town: int, crowd: Crowd):
    assert set(crowd.run(*[Task(town, prepare)] * SIZE)) == {"prepared"}
    with in_town(world.demo):
        assert Invoice.objects.count() == InvoiceLine.objects.count() == FAMILIES
        assert InvoiceRun.objects.count() == 1


def test_killed_again_and_again_it_leaves_neither_gap_nor_double(world: World, town: int, crowd: Crowd):
    assert killed(30, prepare, town)
    assert crowd.run(Task(town, prepare)) == ["prepared"]
    with in_town(world.demo):
        assert Invoice.objects.count() == FAMILIES
        run = InvoiceRun.objects.get().public_id
    reached = []
    for statement in (6, *range(10, 19)):
        assert killed(statement, issue, town, run, 1)
        with in_town(world.demo):
            partly = numbers()
            assert partly == WANTED[: len(partly)]
            reached.append(len(partly))
    assert 0 < reached[-1] < FAMILIES
    assert len(set(reached)) > 3
    assert crowd.run(Task(town, issue, (run,))) == [FAMILIES]
    with in_town(world.demo):
        assert numbers() == WANTED
        assert LotCounter.objects.get().last == 1


def test_credit_notes_at_once_follow_each_other(world: World, town: int, crowd: Crowd):
    with in_town(world.demo):
        prepare(500)
        issue(InvoiceRun.objects.get().public_id, 500)
        invoices = list(Invoice.objects.order_by("id").values_list("public_id", flat=True)[:SIZE])
    # Each process gives something back of its own invoice, and all of them of the same one.
    tasks = [[Task(town, give_back, (one,)), Task(town, give_back, (invoices[0],))] for one in invoices]
    found = sorted(number for answers in crowd.run(*tasks) for number in answers)
    assert found == [f"2026-002-{number:06}" for number in range(1, 2 * SIZE + 1)]
    with in_town(world.demo):
        assert Invoice.objects.get(public_id=invoices[0]).credited_cents == 10 * (SIZE + 1)
