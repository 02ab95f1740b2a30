"""Visitors of the parents' face. The clock stands at `tests.world.NOW` in every test of this folder."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import transaction

from portail.families.operations.register import PersonDraft
from portail.rules.booking import Right
from portail.towns.models import TownModel
from portail.towns.scope import in_town
from tests.web.browser import BUCHELAY, Browser
from tests.world import (
    BERTRAND,
    DENISE_CODE,
    JAMES,
    JAMIE_CODE,
    LEA_CODE,
    NOW,
    World,
    family,
)

PAUL_CODE = "PA0LA-1TRE2"
TOWN_MODELS = [model for model in apps.get_models() if issubclass(model, TownModel)]
Snapshot = Callable[[], dict[str, list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
def clock(frozen: time_machine.Traveller) -> time_machine.Traveller:
    """The frozen clock; `clock.move_to(…)` moves it."""
    return frozen


@pytest.fixture
def jamie(world: World) -> Browser:
    """Jamie BOND, logged in: James and Aline."""
    return Browser().enter(JAMES, JAMIE_CODE)


@pytest.fixture
def paul(world: World) -> Browser:
    """The other parent of James, who may only look, and has nothing to do with Aline."""
    with in_town(world.demo):
        family("Paul AUTRE", PAUL_CODE, [PersonDraft("James", "BOND", code=JAMES)], right=Right.READ_ONLY)
    return Browser().enter(JAMES, PAUL_CODE)


@pytest.fixture
def denise(world: World) -> Browser:
    """Another family of the same town."""
    return Browser().enter(BERTRAND, DENISE_CODE)


@pytest.fixture
def lea(world: World) -> Browser:
    """A parent of the other town, whose child also has the code 007."""
    return Browser(BUCHELAY).enter(JAMES, LEA_CODE)


@pytest.fixture
def snapshot(world: World) -> Snapshot:
    """Every row of both towns, as it is when called: what « nothing else changed » means."""

    def take() -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for town in (world.demo, world.buchelay):
            with in_town(town):
                for model in TOWN_MODELS:
                    found.setdefault(model._meta.label, []).extend(model.objects.order_by("pk").values())
        return found

    return take


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each outermost `transaction.atomic()` of the product, savepoints and the test's own apart."""
    opened: list[str] = []
    depth = 0
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__

    def entered(self: transaction.Atomic) -> None:
        nonlocal depth
        if depth == 0:
            opened.append("atomic")
        depth += 1
        enter(self)

    def left(self: transaction.Atomic, *error: Any) -> None:
        nonlocal depth
        depth -= 1
        leave(self, *error)

    monkeypatch.setattr(transaction.Atomic, "__enter__", entered)
    monkeypatch.setattr(transaction.Atomic, "__exit__", left)
    return opened


def moment(day: int, hour: int, minute: int = 0) -> Any:
    """A moment of November 2026, in Paris."""
    return NOW.replace(day=day, hour=hour, minute=minute)
