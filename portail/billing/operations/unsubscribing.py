"""The way out of the mails about invoices, in each of them: one page, one button, for whoever reads that mailbox.

A grandparent who confirmed an address has no code of the family's: the link alone lets them stop (feature F7). It names
the payer and a digest of the address, signed; it never grows old, and nothing else can be done with it.
"""

import hashlib

from django.core import signing
from django.db import transaction

from portail.billing.models import InvoiceEmail

SALT = "invoice-email-stop"
MARK = ":"  # in every signed token, in no secret of a confirmation


def stop_token(payer_id: int, address: str) -> str:
    """What the link of a mail to this address carries."""
    return signing.Signer(salt=SALT).sign_object([payer_id, _digest(address)])


def is_stop_token(token: str) -> bool:
    """Was it made here? Opening the link asks no more: mail scanners open links too."""
    return _read(token) is not None


@transaction.atomic
def stop_invoice_emails(*, token: str) -> bool:
    """The button was pressed: this payer's invoices are no longer told to that address. Pressed again, nothing more.

    False for a forged link. The payer may ask again for the address, which must then be confirmed anew.
    """
    read = _read(token)
    if read is None:
        return False
    payer_id, digest = read
    rows = InvoiceEmail.objects.select_for_update(of=("self",)).filter(payer_id=payer_id).select_related("payer")
    # The town hall's place is told at the address that the town hall has now.
    found = [row.pk for row in rows if _digest(row.address if row.place else row.payer.email) == digest]
    InvoiceEmail.objects.filter(pk__in=found).delete()
    return True


def _read(token: str) -> tuple[int, str] | None:
    try:
        payer_id, digest = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(payer_id), str(digest)


def _digest(address: str) -> str:
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()[:24]
