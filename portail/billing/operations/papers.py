"""A document that cannot be printed is an anomaly of that document alone: the town hall finds it « à vérifier »."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from portail.billing.models import Anomaly, Invoice, Payment
from portail.families.models import Payer

UNPRINTABLE = "unprintable"


@transaction.atomic
def note_unprintable(*, public_id: UUID, reason: str, now: datetime) -> None:
    """Tell the town hall, once, that a paper could not be printed. `reason`: the typesetter's words.

    `public_id`: of the invoice or of the payment; of the payer, for a tax certificate.
    """
    invoice = Invoice.objects.filter(public_id=public_id).first()
    payment = Payment.objects.filter(public_id=public_id).first() if invoice is None else None
    found = invoice or payment
    payer = found.payer_id if found else Payer.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    known = Anomaly.objects.filter(kind=UNPRINTABLE, data__document=str(public_id), solved_at__isnull=True)
    if payer is not None and not known.exists():
        data = {"document": str(public_id), "reason": reason[:300]}
        Anomaly.objects.create(invoice=invoice, payer_id=payer, kind=UNPRINTABLE, data=data, at=now)
