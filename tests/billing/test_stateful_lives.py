"""Lives worth keeping: those that once went wrong, and those that chance seldom finds. See `tests.billing.machine`.

A failing life of `tests/billing/test_stateful.py` is printed as such steps: it comes here as it is.
"""

from typing import Any

import pytest

from portail.billing.models import Attempt, Payment
from portail.billing.queries.statements import Differences, differences
from tests.billing.life import Step
from tests.billing.machine import Payments
from tests.billing.payfip import DAY, regie, simulated_bank
from tests.billing.test_stateful import lived
from tests.world import NOW, World

WEB: Step = ("start", 0, True)
FORM: Step = ("start", 3, True)
FORGED: Step = ("forge_a_call_back", 0, "P", "")
STATEMENT: Step = ("import_the_statement",)
LIVES: dict[str, tuple[Step, ...]] = {
    "dismissed by the town hall, then paid on the page that was still open, and nobody told": (
        WEB, ("fail", 0, "A", "drop", False), ("tamper", 0, "montant"), ("wait", 21, True), ("decide", 0),
        ("tamper", 0, ""), ("pay", 0, "P", "drop", True),
    ),
    "paid in two windows of the older form": (
        FORM, ("open_page", 0), ("pay", 0, "P", "send", False), ("pay", 0, "P", "send", False),
        ("call_back", 0, False), ("call_back", 0, False), STATEMENT,
    ),
    "announced by a forger, dismissed, then really paid, the call-back lost": (
        FORM, FORGED, ("decide", 0), ("pay", 0, "P", "drop", False), STATEMENT,
    ),
    "confirmed under a forged authorisation, rejected, and the statement imported again": (
        FORM, FORGED, ("pay", 0, "P", "send", False), ("call_back", 0, False), ("decide", 0), STATEMENT,
        ("reject_a_payment", 0), STATEMENT,
    ),
    "shown by the statement, rejected, imported again": (
        FORM, ("pay", 0, "P", "drop", False), STATEMENT, ("reject_a_payment", 0), STATEMENT,
    ),
    "a call-back that differs, though it was paid": (
        FORM, ("pay", 0, "P", "drop", False), ("forge_a_call_back", 0, "P", "montant"), STATEMENT, ("decide", 0),
        STATEMENT,
    ),
    "handed over when the operation had expired, then paid late": (
        WEB, ("wait", 121, True), ("hand_over", 0), ("pay", 0, "P", "drop", True), ("wait", 1440, True),
    ),
    "handed over when the older form had expired, then found in the statement": (
        FORM, ("pay", 0, "P", "drop", False), ("wait", 121, True), ("hand_over", 3), STATEMENT,
    ),
    "opened before the deadline, paid after it": (
        ("start", 1, True), ("wait", 1440, False), ("wait", 1440, False), ("wait", 1440, False),
        ("pay", 0, "P", "drop", True), ("wait", 5, True), ("start", 1, False),
    ),
    "the bank opened it, and its answer came too late for us": (
        ("cut_the_line", "late"), WEB, ("late_requests_arrive",), ("mend",), WEB, ("pay", 0, "P", "send", False),
    ),
    "paid by a transfer while the payer was at the bank": (
        WEB, ("pay_at_the_counter", 0, 777, "transfer", False), ("pay", 0, "V", "drop", False), ("wait", 2, True),
        ("use_what_was_too_much", 1, 0, True),
    ),
    "a credit note between the summary and the bank": (
        WEB, ("credit", 0), ("pay", 0, "P", "drop", False), ("wait", 2, True), ("reject_a_payment", 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_a_life_worth_keeping_is_a_good_one(demo: World, settings: Any, life: tuple[Step, ...]):
    before = Payments.lives
    with simulated_bank(settings) as bank:
        Payments.among(demo, bank)
        lived(life)
    assert Payments.lives == before + 1


def test_what_a_forger_said_does_not_part_a_payment_from_its_line(demo: World, settings: Any):
    with simulated_bank(settings) as bank:
        Payments.among(demo, bank)
        life = Payments()
        try:
            for name, *arguments in LIVES[
                "confirmed under a forged authorisation, rejected, and the statement imported again"
            ][:6]:
                getattr(life, name)(*arguments)
            assert Attempt.objects.get().authorisation == "394492"
            assert Payment.objects.get().statement_line is not None
            place = regie("titre", provider="payfip_redirect")
            assert differences(place, NOW.date(), NOW.date() + DAY, NOW.date()) == Differences([], [])
        finally:
            life.teardown()
