"""Thousands of random interleavings of create, pay, notify, return, sweep, expire and purge (`tests.billing.machine`).

`PAYING_LIVES=2000 pytest tests/billing/test_stateful.py` runs so many, drawn at random; without it, a few that never
change. The mistakes that they must notice are in `tests.billing.mistakes`.
"""

import os
from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.billing.life import Life, Step
from tests.billing.machine import Payments
from tests.billing.mistakes import MISTAKES, Mistake
from tests.billing.payfip import broken, simulated_bank
from tests.world import World

LIVES = int(os.environ.get("PAYING_LIVES", "0"))
USUAL, STEPS = 20, 40
NOTICED = (AssertionError, IntegrityError, ExceptionGroup)
BY_CHANCE = ("credit without looking at the state", "believe notifications", "let a second operation be opened at once")


def live(world: World, django: Any, **chosen: Any) -> None:
    """So many lives, each of so many steps."""
    with simulated_bank(django) as bank:
        Payments.among(world, bank)
        run_state_machine_as_test(Payments, settings=settings(stateful_step_count=STEPS, **chosen))


def test_the_portal_credits_what_the_bank_took_whatever_happens(demo: World, settings: Any):
    before = Life.lives
    chosen = {"max_examples": LIVES, "derandomize": False, "database": None} if LIVES else {"max_examples": USUAL}
    live(demo, settings, **chosen)
    assert Life.lives - before >= (LIVES or USUAL)


# --- The controls: each of these mistakes must be noticed -----------------------------------------------------------


def lived(life: tuple[Step, ...]) -> None:
    """One life that is written down, with the invariants after each step and what must hold at its end."""
    machine = Payments()
    try:
        for name, *arguments in life:
            getattr(machine, name)(*arguments)
            machine.what_always_holds()
    finally:
        machine.teardown()


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_noticed(demo: World, settings: Any, mistake: Mistake):
    with simulated_bank(settings) as bank:
        Payments.among(demo, bank)
        lived(mistake.life)  # without the mistake, this life is a good one
        with broken(mistake.where, mistake.name, mistake.act), pytest.raises(NOTICED):
            lived(mistake.life)


@pytest.mark.parametrize("name", BY_CHANCE)
def test_chance_finds_a_mistake_too(demo: World, settings: Any, name: str):
    mistake = MISTAKES[name]
    chosen = {"max_examples": 200, "phases": (Phase.generate,), "report_multiple_bugs": False}
    with broken(mistake.where, mistake.name, mistake.act), pytest.raises(NOTICED):
        live(demo, settings, **chosen)
