"""An online operation and its invoice as the rules see them, and which device opened it."""

import hashlib

from portail.billing.models import Attempt, Invoice
from portail.billing.queries.regies import takes_online
from portail.rules.invoicing import Debt, InvoiceStatus
from portail.rules.paying import AttemptState, Operation

DEVICE = "device"  # what the first event of an operation keeps: a digest, never the cookie itself


def debt_of(invoice: Invoice) -> Debt:
    """The invoice as the rules see it; its régie is at hand."""
    regie = invoice.regie
    return Debt(
        InvoiceStatus(invoice.status),
        invoice.left_cents,
        invoice.payable_until,
        invoice.remittance_id is not None,
        takes_online(regie.provider, regie.mode, active=regie.active),
    )


def operation_of(attempt: Attempt) -> Operation:
    """The operation as the rules see it."""
    return Operation(AttemptState(attempt.state), attempt.created_at, attempt.silences)


def device_mark(device: str) -> dict[str, str]:
    """What is kept of the device that opens an operation; nothing of one without a name."""
    return {DEVICE: hashlib.sha256(device.encode()).hexdigest()[:16]} if device else {}


def opened_elsewhere(attempt: Attempt, device: str) -> bool:
    """Was it opened on another device than this one? Its page at the bank lets no other in. One query.

    False when it is not known which: the operation was not opened from a browser that had logged in.
    """
    rows = attempt.events.filter(trigger=Attempt.Trigger.CREATE).order_by("id").values_list("raw", flat=True)
    kept = (rows.first() or {}).get(DEVICE)
    return kept is not None and kept != device_mark(device).get(DEVICE)
