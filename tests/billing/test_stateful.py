"""Thousands of random interleavings of create, pay, notify, return, sweep, expire and purge (`tests.billing.machine`).

`PAYING_LIVES=2000 pytest tests/billing/test_stateful.py` runs so many, drawn at random; without it, a few that never
change.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from portail.billing import providers
from portail.billing.models import Attempt
from portail.billing.operations import paying
from portail.billing.operations.money import locked_keys
from portail.billing.providers import Told
from portail.rules import paying as rules
from portail.rules.paying import ENDED_UNPAID, AttemptState, next_check
from tests.billing.machine import Payments
from tests.billing.payfip import broken, regie, simulated_bank, told
from tests.world import World

LIVES = int(os.environ.get("PAYING_LIVES", "0"))
USUAL, STEPS = 20, 40


def live(world: World, django: Any, **chosen: Any) -> None:
    """So many lives, each of so many steps."""
    with simulated_bank(django) as bank:
        regie()
        Payments.bank, Payments.payers = bank, (world.jamie, world.denise)
        run_state_machine_as_test(Payments, settings=settings(stateful_step_count=STEPS, **chosen))


def test_the_portal_credits_what_the_bank_took_whatever_happens(demo: World, settings: Any):
    before = Payments.lives
    chosen = {"max_examples": LIVES, "derandomize": False, "database": None} if LIVES else {"max_examples": USUAL}
    live(demo, settings, **chosen)
    assert Payments.lives - before >= (LIVES or USUAL)


# --- The controls: each of these mistakes must be noticed -----------------------------------------------------------


def without_the_guard(*, attempt: int, told: Told, trigger: Attempt.Trigger, now: Any) -> Attempt:
    """Credits each time that it hears « paid »."""
    found = Attempt.objects.get(pk=attempt)
    if told.answer.letter in ("P", "V"):
        paying._credit(found, locked_keys([found.invoice_id])[found.invoice_id], told.answer.letter, now)
    return found


def believing(*, idop: str, trigger: Attempt.Trigger, raw: Any, now: Any) -> Attempt | None:
    """Takes a notification for a payment."""
    attempt = Attempt.objects.filter(idop=idop).first()
    if attempt is None or attempt.state == "paid":
        return attempt
    return paying.settle(attempt=attempt.pk, told=told(at=now), trigger=trigger, now=now)


def forgetful(state: AttemptState, created_at: Any, now: Any) -> Any:
    """Never asks again about what ended without a payment."""
    return None if state in ENDED_UNPAID else next_check(state, created_at, now)


# (where, what, the mistake, a life in which it shows: rules of the machine with their arguments)
BEGIN = [("start", 0), ("open_page", 0)]
PAID = [*BEGIN, ("pay", 0, "P", "send", False)]
MISTAKES: dict[str, tuple[Any, str, Callable[..., Any], list[tuple[Any, ...]]]] = {
    "credit without looking at the state": (
        paying, "settle", without_the_guard, [*PAID, ("notify", 0, True), ("sweep",), ("notify", 0, True), ("sweep",)],
    ),
    "believe notifications": (paying, "hear", believing, [*BEGIN, ("forge_a_notification", 0)]),
    "believe an answer that differs": (
        providers, "is_faithful", lambda *_: True, [*PAID, ("tamper", 0, "montant"), ("wait", 2, True)],
    ),
    "forget what was abandoned": (
        rules, "next_check", forgetful,
        [*BEGIN, ("pay", 0, "A", "drop", False), ("wait", 3, True), ("pay", 0, "P", "drop", False)],
    ),
    "let a second operation be opened at once": (paying, "blocked_by", lambda *_: None, [*BEGIN, ("start", 0)]),
    "let what exceeds the debt go unseen": (
        paying, "raise_anomaly", lambda *_, **__: None,
        [*PAID, ("pay_at_the_counter", 0, 777, False), ("wait", 2, True)],
    ),
}  # fmt: skip


def lived(life: list[tuple[Any, ...]]) -> None:
    """One life that is written down, with the invariants after each step and what must hold at its end."""
    machine = Payments()
    try:
        machine.two_families()
        for name, *arguments in life:
            getattr(machine, name)(*arguments)
            machine.credited_once_if_the_bank_took_it()
            machine.every_cent_has_its_place()
            machine.the_town_hall_knows_what_is_wrong()
    finally:
        machine.teardown()


@pytest.mark.parametrize(("where", "name", "mistake", "life"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_noticed(demo: World, settings: Any, where, name, mistake, life):
    with simulated_bank(settings) as bank:
        regie()
        Payments.bank, Payments.payers = bank, (demo.jamie, demo.denise)
        lived(life)  # without the mistake, this life is a good one
        with broken(where, name, mistake), pytest.raises((AssertionError, IntegrityError, ExceptionGroup)):
            lived(life)


def test_chance_finds_a_mistake_too(demo: World, settings: Any):
    chosen = {"max_examples": 200, "phases": (Phase.generate,), "report_multiple_bugs": False}
    with broken(paying, "settle", without_the_guard), pytest.raises((AssertionError, IntegrityError, ExceptionGroup)):
        live(demo, settings, **chosen)
