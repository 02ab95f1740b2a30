"""A run that stops anywhere goes on where it stopped, without a gap; one family or sixty take as many queries."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portail.billing.models import Anomaly, Invoice, InvoiceEmail, InvoiceLine, InvoiceRun, LotCounter
from portail.billing.operations.runs import issue_run, issuing, prepare_run, preparing, publish_run, publishing
from portail.billing.operations.runs.preparing import RunDraft
from portail.families.models import Payer
from portail.families.operations.register import PersonDraft
from portail.news.models import OutboxMail
from tests.billing.build import DECEMBER_3, DUE, NOVEMBER, PAGE, SCHOOL_DAYS, book
from tests.world import CLERK, JAMES, NOW, World, family

DRAFT = RunDraft("peri", NOVEMBER, "Novembre 2026", DUE)
FAMILIES = 7


class CutError(Exception):
    """The machine stops here."""


@contextmanager
def cut_at(number: int) -> Iterator[list[str]]:
    """The `number`-th statement fails; the list tells what was executed."""
    seen: list[str] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(sql)
            if len(seen) >= number:
                raise CutError(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield seen


def every_cut(act: Callable[[], object]) -> int:
    """Do it again and again, cut one statement later each time, until it ends; how many cuts that took."""
    for number in range(1, 400):
        with cut_at(number) as seen, suppress(CutError):
            act()
        if len(seen) < number:
            return number
    raise AssertionError("it never ends")


@pytest.fixture
def small_chunks() -> Iterator[None]:
    with (
        mock.patch.multiple(preparing, CHUNK=2),
        mock.patch.multiple(issuing, CHUNK=2),
        mock.patch.multiple(publishing, CHUNK=2),
    ):
        yield


@pytest.fixture
def families(billing: World, small_chunks: None) -> World:
    """Seven families more, with an address each, one of whom owes too little."""
    for place in range(FAMILIES):
        payer, (child,) = family(f"Parent FAMILLE{place}", "", [PersonDraft(f"Enfant{place}", f"FAMILLE{place}")])
        InvoiceEmail.objects.create(
            payer=payer, place=1, address=f"f{place}@example.org", asked_at=NOW, confirmed_at=NOW
        )
        book(child.code, "soir", SCHOOL_DAYS[: place + 1])
    return billing


def state() -> list[tuple]:
    """What a run that was never cut leaves."""
    return list(
        Invoice.objects.order_by("number").values_list(
            "number", "reference", "status", "payer__sort_key", "total_cents", "issued_on", "published_at"
        )
    )


def issue() -> None:
    issue_run(run=InvoiceRun.objects.get().public_id, despite=True, by=CLERK, now=DECEMBER_3)


def prepare() -> None:
    prepare_run(draft=DRAFT, by=CLERK, now=DECEMBER_3)


def publish() -> None:
    publish_run(run=InvoiceRun.objects.get().public_id, page_url=PAGE, by=CLERK, now=DECEMBER_3)


def test_cut_anywhere_it_ends_as_if_never_cut(families: World):
    assert every_cut(prepare) > 25
    assert (Invoice.objects.count(), InvoiceLine.objects.count()) == (FAMILIES, FAMILIES)
    assert Counter(Anomaly.objects.values_list("kind", flat=True)) == Counter()
    assert every_cut(issue) > 10
    assert every_cut(publish) > 8
    found = state()
    assert [row[0] for row in found] == [f"2026-001-{number:06}" for number in range(1, FAMILIES + 1)]
    assert [row[3] for row in found] == sorted(row[3] for row in found)
    assert [row[4] for row in found] == [120 * (place + 1) for place in range(FAMILIES)]
    assert OutboxMail.objects.count() == FAMILIES
    assert (LotCounter.objects.get().last, InvoiceRun.objects.get().state) == (1, "published")


def test_the_day_of_issue_is_the_one_on_which_numbering_began(families: World):
    prepare()
    with cut_at(25), suppress(CutError):
        issue()
    assert 0 < Invoice.objects.filter(number__isnull=False).count() < FAMILIES
    run = InvoiceRun.objects.get()
    issue_run(run=run.public_id, by=CLERK, now=DECEMBER_3.replace(day=9))
    assert set(Invoice.objects.values_list("issued_on", flat=True)) == {date(2026, 12, 3)}


def test_prepared_in_part_it_goes_on(families: World):
    prepare()
    before = dict(Invoice.objects.values_list("payer_id", "public_id"))
    half = sorted(before)[3]
    InvoiceRun.objects.update(state="preparing", prepared_up_to=half)
    prepare()
    after = dict(Invoice.objects.values_list("payer_id", "public_id"))
    assert {payer for payer in before if before[payer] == after[payer]} == {payer for payer in before if payer <= half}


def test_asked_for_something_else_it_begins_again(families: World):
    prepare()
    InvoiceRun.objects.update(state="preparing", prepared_up_to=10**9)
    prepare_run(draft=RunDraft("peri", NOVEMBER, "Autre libellé", DUE), by=CLERK, now=DECEMBER_3)
    assert set(Invoice.objects.values_list("label", flat=True)) == {"Autre libellé"}


# --- Queries --------------------------------------------------------------------------------------------------------


def statements(act: Callable[[], object]) -> list[str]:
    """The statements of an act, in order; the batches of one INSERT or UPDATE count for one (SQLite cuts them)."""
    with CaptureQueriesContext(
        connection,
    ) as context:
        act()
    words = [" ".join(query["sql"].split()[:3]) for query in context.captured_queries]
    return [word for place, word in enumerate(words) if place == 0 or word != words[place - 1]]


def counted() -> list[int]:
    """How many statements it takes to prepare, issue and publish one chunk."""
    found = [len(statements(act)) for act in (prepare, issue, publish)]
    InvoiceRun.objects.get()
    return found


@pytest.mark.parametrize("number", [60])
def test_one_family_or_sixty_take_as_many_queries(billing: World, number: int):
    Payer.objects.filter(pk=billing.denise.pk).update(email="x@example.org")
    InvoiceEmail.objects.create(payer=billing.jamie, place=1, address="j@example.org", asked_at=NOW, confirmed_at=NOW)
    book(JAMES, "cantine", SCHOOL_DAYS)
    one = counted()
    assert Invoice.objects.count() == 1
    _forget()
    for place in range(number):
        drafts = [PersonDraft(f"Enfant{child}", f"FAMILLE{place}") for child in range(2)]
        payer, children = family(f"Parent FAMILLE{place}", "", drafts)
        InvoiceEmail.objects.create(
            payer=payer, place=0, address=f"{place}@example.org", asked_at=NOW, confirmed_at=NOW
        )
        for child in children:
            book(child.code, "cantine", SCHOOL_DAYS)
            book(child.code, "soir", SCHOOL_DAYS)
    many = counted()
    assert Invoice.objects.count() == number + 1
    assert many == one
    assert sum(one) < 110


def _forget() -> None:
    """The run never was."""
    for model in (OutboxMail, InvoiceLine, Anomaly, Invoice, InvoiceRun, LotCounter):
        model.objects.all().delete()
