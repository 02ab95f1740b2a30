"""Steps 3 and 4 of a payment as pages: waiting for the bank, and what became of it; which device may go to the bank."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from portail.billing.models import Attempt, Regie
from portail.billing.operations.attempts import opened_elsewhere
from portail.billing.operations.paying import resume_url
from portail.billing.providers import comes_back
from portail.billing.queries.invoices import due_of, receipt_of
from portail.families.queries import Family
from portail.rules.paying import ANOTHER_AFTER, ENDED_UNPAID, AttemptState
from portail.towns import wording as say
from portail.web.invoices import clock_of, speaker_of
from portail.web.pages import show
from portail.web.requests import TownRequest
from portail.web.session import read_device
from portail.web.words_billing import Outcome, Speaker, Wait, outcome_of, waiting

WAITING = {AttemptState.CREATED, AttemptState.WAITING}
ABANDONED = "A"  # what the bank says of a payment that was abandoned there


def device_of(request: TownRequest, family: Family) -> str:
    """The browser, as it is known since this payer logged in there; "" for one that keeps no cookies."""
    device = read_device(request)
    return device.id if device is not None and device.payer == family.payer_public_id else ""


def bank_page(request: TownRequest, family: Family, attempt: Attempt) -> str:
    """The bank's page of an operation, for the device that opened it: the bank lets no other in. "" for all others."""
    url = resume_url(attempt, now=request.now)
    return "" if url and opened_elsewhere(attempt, device_of(request, family)) else url


def standing(attempt: Attempt, now: datetime) -> str:
    """Where a payment stands for whoever looks at its page: its state, or « abandoned », or « asked ».

    « asked »: it ended unpaid, and something has been heard since that the worker has yet to look into. The payer may
    have tried again on the bank's own page, with success: « Paiement refusé » would make them pay twice.
    """
    if attempt.state in WAITING:
        return "abandoned" if attempt.result == ABANDONED else attempt.state
    asked = attempt.next_check_at is not None and attempt.next_check_at <= now
    return "asked" if asked and attempt.state in ENDED_UNPAID else attempt.state


def waits(attempt: Attempt, now: datetime) -> bool:
    """Is an answer of the bank to be waited for?"""
    return attempt.state in WAITING or standing(attempt, now) == "asked"


def _watched(attempt: Attempt, now: datetime) -> dict[str, Any]:
    """What the page asks for, how often, and what it knows already."""
    kwargs = {"public_id": attempt.public_id}
    watched = attempt.state in WAITING | ENDED_UNPAID
    return {
        "page_url": reverse("payment", kwargs=kwargs),
        "state_url": reverse("payment_state", kwargs=kwargs),
        "known": standing(attempt, now),
        "every": _pause(now - attempt.created_at) if watched else 0,
    }


def _operation(attempt: Attempt, outcome: Outcome, speaker: Speaker) -> dict[str, Any]:
    return {
        "attempt": attempt,
        "invoice": attempt.invoice,
        "amount": say.money(attempt.cents),
        "outcome": outcome,
        "fake": attempt.mode == Regie.Mode.TEST,
        "opened": speaker.near(attempt.created_at),
        "invoice_url": reverse("invoice", kwargs={"public_id": attempt.invoice.public_id}),
        "returns": comes_back(attempt.provider),
    }


def waiting_page(request: TownRequest, family: Family, attempt: Attempt, bank_url: str = "") -> HttpResponse:
    """Step 3. `bank_url`: the bank's page, when the parent has still to open it by a link."""
    speaker = speaker_of(request)
    elsewhere = attempt.state in WAITING and opened_elsewhere(attempt, device_of(request, family))
    resumable = not elsewhere and bool(resume_url(attempt, now=request.now))
    until = attempt.created_at + ANOTHER_AFTER
    wait = Wait(
        opened_at=attempt.created_at,
        until=until if request.now < until and attempt.state in WAITING else None,
        abandoned=standing(attempt, request.now) == "abandoned",
        resumable=resumable,
        elsewhere=elsewhere,
    )
    context = _operation(attempt, waiting(wait, speaker), speaker) | {
        "bank_url": bank_url,
        "resume": reverse("payment_resume", kwargs={"public_id": attempt.public_id}) if resumable else "",
        **_watched(attempt, request.now),
    }
    return show(request, "web/pay_waiting.html", context, current="invoices")


def _pause(age: timedelta) -> int:
    """Seconds before the page looks again: often while the parent is paying, then less and less, then never (0)."""
    if age < timedelta(minutes=5):
        return 5
    return 20 if age < timedelta(minutes=30) else 0


def ended_page(request: TownRequest, family: Family, attempt: Attempt) -> HttpResponse:
    """Step 4, and every other end."""
    speaker = speaker_of(request)
    context = _operation(attempt, outcome_of(AttemptState(attempt.state), speaker), speaker)
    context |= _ending(request, family, attempt) | _watched(attempt, request.now)
    return show(request, "web/pay_done.html", context, current="invoices")


def _ending(request: TownRequest, family: Family, attempt: Attempt) -> dict[str, Any]:
    paid = attempt.state == AttemptState.PAID
    receipt = receipt_of(attempt) if paid else None
    clock = clock_of(request)
    at = attempt.bank_at or attempt.settled_at
    due = due_of(family.payer_id, clock)
    own = next((card for card in due if card.id == attempt.invoice_id), None)
    following = next((card for card in due if card.refusal is None and card.id != attempt.invoice_id), None)
    return {
        "paid": paid,
        "at": f"{say.local(at, clock.zone):%d/%m/%Y %H:%M}" if at else "",
        "receipt": reverse("receipt_pdf", kwargs={"public_id": receipt.public_id}) if receipt else "",
        "receipt_number": receipt.number if receipt else "",
        "again": reverse("pay", kwargs={"public_id": own.public_id}) if own and own.refusal is None else "",
        "following": reverse("pay", kwargs={"public_id": following.public_id}) if following else "",
        "following_words": f"{following.label}, {say.money(following.left_cents)}" if following else "",
    }
