"""Put an issued run online, and tell the families who asked for it: the mail is queued with the invoice it tells of."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from portail.billing.models import Invoice, InvoiceEmail, InvoiceRun
from portail.billing.operations.runs.preparing import locked_run
from portail.billing.operations.setup import BillingError
from portail.billing.operations.unsubscribing import stop_token
from portail.news.operations.outbox import LONGEST_KEY, MailDraft, is_address, queue_mails
from portail.rules.invoicing import InvoiceStatus
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.scope import current_town
from portail.towns.wording import money

CHUNK = 500  # invoices of one transaction
State = InvoiceRun.State


def publish_run(*, run: UUID, page_url: str, by: Actor, now: datetime) -> int:
    """Show the invoices of an issued run to their families; returns how many mails were queued. Raises BillingError.

    `page_url`: the address of the families' invoices on the town's canonical host. Only confirmed addresses are written
    to, once each, also when it is called again after being cut short.
    """
    queued = 0
    while (mails := _publish_chunk(run, page_url, now)) is not None:
        queued += mails
    _end(run, by=by, now=now)
    return queued


@transaction.atomic
def _publish_chunk(run: UUID, page_url: str, now: datetime) -> int | None:
    """Publish the next invoices and queue their mails; None when none is left."""
    found = locked_run(run)
    if found.state not in (State.ISSUED, State.PUBLISHED):
        raise BillingError("Émettez la campagne avant de mettre ses factures en ligne.")
    hidden = Invoice.objects.filter(run=found, published_at__isnull=True, number__isnull=False)
    invoices = list(hidden.order_by("id")[:CHUNK])
    if not invoices:
        return None
    keys = [invoice.pk for invoice in invoices]
    Invoice.objects.filter(pk__in=keys).update(published_at=now)
    # After the invoices, whose lock a credit note is made under: it is either found here, or finds its invoice online.
    Invoice.objects.filter(corrects__in=keys, published_at__isnull=True).update(published_at=now)
    return queue_mails(_mails(invoices, page_url), now=now)


@transaction.atomic
def _end(run: UUID, *, by: Actor, now: datetime) -> None:
    found = locked_run(run)
    if found.state == State.ISSUED:
        found.state, found.published_at = State.PUBLISHED, now
        found.save(update_fields=["state", "published_at"])
        record(Act("publish_run", str(found)), by=by, now=now)


def _mails(invoices: Sequence[Invoice], page_url: str) -> Iterator[MailDraft]:
    addresses: dict[int, set[str]] = {}
    rows = InvoiceEmail.objects.filter(
        payer_id__in={invoice.payer_id for invoice in invoices}, confirmed_at__isnull=False
    )
    for payer, place, address, town_halls in rows.values_list("payer_id", "place", "address", "payer__email"):
        # The town hall's address is the one it has now, not the one it had when the payer ticked the box.
        addresses.setdefault(payer, set()).add((address if place else town_halls).strip())
    for invoice in invoices:
        if invoice.status == InvoiceStatus.ISSUED.value:
            for address in sorted(filter(is_address, addresses.get(invoice.payer_id, ()))):
                yield _mail(invoice, address, page_url)


def _mail(invoice: Invoice, address: str, page_url: str) -> MailDraft:
    """No child's name: a mailbox is read by others."""
    town = current_town().name
    # Whoever reads this mailbox may have no code of the family's: the link alone lets them stop.
    stop = f"Ne plus recevoir ces messages : {page_url}courriel/{stop_token(invoice.payer_id, address)}/"
    key = f"invoice/{invoice.public_id}/{address}"
    if len(key) > LONGEST_KEY:
        key = f"invoice/{invoice.public_id}/{hashlib.sha256(address.encode()).hexdigest()}"
    return MailDraft(
        key=key,
        kind="invoice",
        to=address,
        subject=f"{town} : votre facture n° {invoice.number}",
        text="\n".join(["Bonjour,", "", *_facts(invoice), "", f"Vos factures : {page_url}", stop, "", town]),
        payer_id=invoice.payer_id,
    )


def _facts(invoice: Invoice) -> Iterator[str]:
    yield f"La facture n° {invoice.number} est en ligne : {invoice.label}."
    if not invoice.total_cents:
        yield "Vous n'avez rien à payer : elle est réglée par un avoir."
        return
    yield f"Montant : {money(invoice.total_cents)} ; échéance : {invoice.due_on:%d/%m/%Y}."
    if invoice.payable_until is not None:
        yield f"Elle est payable en ligne jusqu'au {invoice.payable_until:%d/%m/%Y} inclus."
