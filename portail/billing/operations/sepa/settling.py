"""What becomes of a remittance: debited, one debit rejected, or cancelled as a whole."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from portail.billing.models import Anomaly, Invoice, Mandate, Payment, Remittance
from portail.billing.operations.money import Receipt, locked, locked_keys, reverse_payment, share_out, take_in
from portail.billing.operations.sepa.remittances import content_of, end_to_end
from portail.billing.operations.setup import BillingError
from portail.rules.invoicing import InvoiceStatus
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

CHUNK = 100  # debits settled in one transaction
State = Remittance.State


@dataclass(frozen=True, slots=True)
class _File:
    """What the file says: its identifier, cents by reference of the debt."""

    identifier: str
    cents: Mapping[str, int]

    def receipt(self, invoice: Invoice) -> str:
        """The reference of the payment of this debit: what makes it happen once."""
        return f"{self.identifier} {end_to_end(invoice)}"[:60]


def settle_remittance(*, remittance: UUID, by: Actor, now: datetime) -> int:
    """The accountant or the bank has debited: a payment for each; returns how many. Raises BillingError.

    One transaction for each hundred: cut short, it is simply called again, and no debit counts twice.
    """
    found, first = _begin(remittance, by, now)
    file = _read(content_of(found))
    keys = sorted(Invoice.objects.filter(remittance=found).values_list("pk", flat=True))
    done = 0
    for start in range(0, len(keys), CHUNK):
        done += _settle(found, file, keys[start : start + CHUNK], now)
    if not done and not first:
        raise BillingError("Cette remise est déjà enregistrée comme prélevée.")
    return done


@transaction.atomic
def reject_debit(*, invoice: UUID, reason: str, by: Actor, now: datetime) -> Payment | None:
    """A debit came back: the debt is open again, payable online, and its payer is told.

    Before the remittance is settled, the debit only leaves it (None). Raises MoneyError, BillingError.
    """
    (debt,) = locked([invoice])
    if debt.remittance_id is None:
        raise BillingError(f"La facture {debt} n'est dans aucune remise de prélèvements.")
    found = Remittance.objects.get(pk=debt.remittance_id)
    reference = _read(content_of(found)).receipt(debt)
    paid = Payment.objects.filter(regie=debt.regie, means=Payment.Means.SEPA, reference=reference, cents__gt=0).first()
    back = None
    if paid is not None:
        words = f"Prélèvement rejeté : {reason}" if reason else "Prélèvement rejeté"
        back = reverse_payment(payment=paid.public_id, reason=words, by=by, now=now)
    Invoice.objects.filter(pk=debt.pk).update(remittance=None)
    after = {"file": found.file_name, "reason": reason[:200], "receipt": back.number if back else None}
    record(Act("reject_debit", f"facture {debt}", after=after), by=by, now=now)
    return back


@transaction.atomic
def cancel_remittance(*, remittance: UUID, reason: str, by: Actor, now: datetime) -> Remittance:
    """The file will not be handed over: its invoices are payable online again. Raises BillingError."""
    keys = list(Invoice.objects.filter(remittance__public_id=remittance).values_list("pk", flat=True))
    locked_keys(keys)
    found = _locked(remittance)
    if found.state != State.BUILT:
        raise BillingError("Seule une remise préparée, et pas encore prélevée, s'annule.")
    Invoice.objects.filter(pk__in=keys, remittance=found).update(remittance=None)
    found.state = State.CANCELLED
    found.save(update_fields=["state"])
    record(Act("cancel_remittance", found.file_name, after={"reason": reason[:200]}), by=by, now=now)
    return found


def _locked(remittance: UUID) -> Remittance:
    rows = Remittance.objects.select_for_update(of=("self",)).select_related("regie")
    found = rows.filter(public_id=remittance).first()
    if found is None:
        raise BillingError("Cette remise n'existe pas.")
    return found


@transaction.atomic
def _begin(remittance: UUID, by: Actor, now: datetime) -> tuple[Remittance, bool]:
    """From here on it may not be cancelled. True: nobody had said it before."""
    found = _locked(remittance)
    if found.state == State.CANCELLED:
        raise BillingError("Cette remise est annulée.")
    if town_day(now) < found.collected_on:
        raise BillingError(f"Cette remise n'est prélevée que le {found.collected_on:%d/%m/%Y}.")
    first = found.state == State.BUILT
    if first:
        found.state = State.SETTLED
        found.save(update_fields=["state"])
        record(Act("settle_remittance", found.file_name, after={"cents": found.cents}), by=by, now=now)
    return found, first


@transaction.atomic
def _settle(remittance: Remittance, file: _File, keys: Sequence[int], now: datetime) -> int:
    invoices = [one for one in locked_keys(keys).values() if one.remittance_id == remittance.pk]
    references = {invoice.pk: file.receipt(invoice) for invoice in invoices}
    rows = Payment.objects.filter(regie=remittance.regie, means=Payment.Means.SEPA, reference__in=references.values())
    known = set(rows.values_list("reference", flat=True))
    done = 0
    for invoice in invoices:
        cents = file.cents.get(end_to_end(invoice), 0)
        if references[invoice.pk] in known or not cents:
            continue
        shares, rest = share_out(cents, [invoice] if invoice.status == InvoiceStatus.ISSUED else [])
        payment = take_in(
            Receipt(
                remittance.regie,
                invoice.payer,
                Payment.Means.SEPA,
                cents,
                remittance.collected_on,
                shares,
                references[invoice.pk],
                comment=f"Prélèvement, fichier {remittance.file_name}",
            ),
            now=now,
        )
        if rest:
            _overpaid(invoice, payment, rest, now)
        done += 1
    _used(remittance, {invoice.payer_id for invoice in invoices}, remittance.collected_on)
    return done


def _overpaid(invoice: Invoice, payment: Payment, cents: int, now: datetime) -> None:
    """The debt was paid, wholly or in part, while the file was at the bank."""
    data = {"cents": cents, "receipt": payment.number}
    Anomaly.objects.create(invoice=invoice, payer=invoice.payer, kind="overpaid", data=data, at=now)


def _used(remittance: Remittance, payers: set[int], on: date) -> None:
    Mandate.objects.filter(regie=remittance.regie, payer_id__in=payers, signed_on__lte=on).exclude(
        last_used_on__gt=on
    ).filter(revoked_on__isnull=True).update(last_used_on=on)


def _read(content: bytes) -> _File:
    """The amounts that were really asked for: an invoice may have been paid in part since."""
    root = ET.fromstring(content)  # noqa: S314 -- our own bytes, sealed by us
    space = {"p": root.tag.partition("}")[0][1:]}
    cents = {}
    for debit in root.iterfind(".//p:DrctDbtTxInf", space):
        reference = debit.findtext("p:PmtId/p:EndToEndId", "", space)
        euros, _, rest = debit.findtext("p:InstdAmt", "0.00", space).partition(".")
        cents[reference] = int(euros) * 100 + int(rest)
    return _File(root.findtext(".//p:GrpHdr/p:MsgId", "", space), cents)
