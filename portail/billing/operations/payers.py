"""A payer's details, where money follows them: the notices of invoices go to the address that the town hall knows."""

from datetime import datetime

from django.db import transaction

from portail.billing.models import InvoiceEmail
from portail.families.models import Payer
from portail.families.operations.people import PayerDetails, change_payer
from portail.towns.actors import Actor


@transaction.atomic
def change_payer_details(*, payer: Payer, details: PayerDetails, by: Actor, now: datetime) -> Payer:
    """Correct a payer; a family that asked for notices at the town hall's address gets them at the new one.

    Without an address any more, they stop. Raises RegisterError.
    """
    changed = change_payer(payer=payer, details=details, by=by, now=now)
    notices = InvoiceEmail.objects.filter(payer=changed, place=0)
    if changed.email:
        notices.exclude(address=changed.email).update(address=changed.email)
    else:
        notices.delete()
    return changed
