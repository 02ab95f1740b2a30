"""Payments that did not come to anything: the page says only what is known."""

import pytest

from portail.billing.operations.statements import dismiss_attempt
from portail.rules.paying import AttemptState
from portail.towns.scope import in_town
from tests.web.bills import bills_of
from tests.web.browser import Browser
from tests.world import CLERK, NOW, World


@pytest.mark.parametrize("dismissed", [True, False])
def test_nobody_is_said_to_have_left_the_bank_when_the_town_hall_dismissed_the_payment(
    jamie: Browser, world: World, dismissed: bool
):
    with in_town(world.demo):
        bills = bills_of(world.jamie)
        state = AttemptState.REVIEW if dismissed else AttemptState.CANCELLED
        attempt = bills.attempt(bills.invoice(777), state, settled_at=NOW)
        if dismissed:
            dismiss_attempt(attempt=attempt.public_id, reason="Rien au relevé", by=CLERK, now=NOW)
    text = jamie.page(f"/paiement/{attempt.public_id}/").text
    assert "quitté" not in text
    assert "Ce paiement n'a pas abouti : rien n'a été débité." in text
    assert "Si votre compte montre pourtant un débit, ne payez pas une seconde fois." in text
