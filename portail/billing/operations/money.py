"""Money in and out of a régie: every payment is a numbered receipt, shared over the invoices, and is never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from portail.billing.letters import reversal_mail
from portail.billing.models import (
    Allocation,
    Anomaly,
    Attempt,
    Invoice,
    Payment,
    ReceiptCounter,
    Regie,
    Remittance,
    StatementLine,
)
from portail.billing.queries.cesu import cesu_left
from portail.families.models import Payer
from portail.gateways.payfip.values import clean_text
from portail.news.operations.outbox import is_address, queue_mail
from portail.rules.invoicing import InvoiceStatus
from portail.towns import wording
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

ONLINE = (Payment.Means.CARD, Payment.Means.DEBIT)
AT_THE_COUNTER = (Payment.Means.CASH, Payment.Means.CHEQUE, Payment.Means.CESU, Payment.Means.TRANSFER)
MOST_CENTS = 999_999_999  # ten million euros, less one cent: more is a slip of the keyboard


class MoneyError(ValueError):
    """A payment that cannot be recorded as asked; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment to take in, in cents. `on`: the day it was paid. `shares`: cents by invoice key, at most `cents`."""

    regie: Regie
    payer: Payer
    means: Payment.Means
    cents: int
    on: date
    shares: Mapping[int, int] = field(default_factory=dict)
    reference: str = ""
    comment: str = ""
    attempt: Attempt | None = None
    statement_line: StatementLine | None = None
    payer_name: str = ""
    reverses: Payment | None = None


def take_in(receipt: Receipt, *, now: datetime) -> Payment:
    """Number and record a payment and its shares, inside the caller's transaction.

    The caller holds the locks of the invoices and has checked that no share exceeds what is left of its invoice.
    """
    payment = Payment.objects.create(
        regie=receipt.regie,
        payer=receipt.payer,
        number=_receipt_number(receipt.regie, receipt.on.year),
        means=receipt.means,
        cents=receipt.cents,
        on=receipt.on,
        at=now,
        payer_name=receipt.payer_name or str(receipt.payer),
        reference=receipt.reference,
        comment=receipt.comment,
        attempt=receipt.attempt,
        statement_line=receipt.statement_line,
        reverses=receipt.reverses,
    )
    shares = [(invoice, cents) for invoice, cents in sorted(receipt.shares.items()) if cents]
    Allocation.objects.bulk_create(Allocation(payment=payment, invoice_id=key, cents=cents) for key, cents in shares)
    for key, cents in shares:
        Invoice.objects.filter(pk=key).update(paid_cents=F("paid_cents") + cents)
    return payment


@dataclass(frozen=True, slots=True)
class CounterDraft:
    """A payment at the counter. `invoices`: what it pays, in this order; the last one may stay partly unpaid.

    `reference`: number of the cheque, of the CESU (with its issuer), of the transfer. `keep_change`: what exceeds the
    invoices is kept for the payer as « trop-perçu »; otherwise it is refused. `shown_cents`: what the page showed as
    still owed on these invoices, so that a form sent twice pays once.
    """

    invoices: Sequence[UUID]
    means: Payment.Means
    cents: int
    on: date
    reference: str = ""
    comment: str = ""
    keep_change: bool = False
    shown_cents: int | None = None


@transaction.atomic
def record_payment(*, draft: CounterDraft, by: Actor, now: datetime) -> Payment:
    """Record cash, a cheque, CESU or a transfer, for one payer's invoices of one régie. Raises MoneyError."""
    invoices = locked(draft.invoices)
    first = invoices[0]
    if draft.shown_cents is not None and draft.shown_cents != sum(invoice.left_cents for invoice in invoices):
        raise MoneyError(
            "Un règlement vient d'être enregistré sur ces factures : regardez-les avant d'en saisir un autre."
        )
    _check_counter(draft, invoices, now)
    able = _check_cesu(draft, invoices) if draft.means == Payment.Means.CESU else {}
    shares, rest = share_out(draft.cents, invoices, able)
    if rest and (draft.means == Payment.Means.CESU or not draft.keep_change):
        raise MoneyError("Ce règlement dépasse ce qui reste à payer." + _no_change(draft.means))
    reference = clean_text(draft.reference)[:60]
    receipt = Receipt(
        first.regie, first.payer, draft.means, draft.cents, draft.on, shares, reference, clean_text(draft.comment)[:200]
    )
    payment = take_in(receipt, now=now)
    numbers = ", ".join(str(invoice) for invoice in invoices)
    after = {"means": str(draft.means), "cents": draft.cents, "invoices": numbers, "reference": reference}
    record(Act("record_payment", f"{first.regie}, reçu {payment.number}", after=after), by=by, now=now)
    return payment


@transaction.atomic
def reverse_payment(*, payment: UUID, reason: str, by: Actor, now: datetime) -> Payment:
    """« Prélèvement rejeté », cheque unpaid, entry made by mistake: the debt is open again, both entries stay.

    The payer is told by e-mail. Raises MoneyError when it was reversed before, or is itself a reversal.
    """
    reason = clean_text(reason)
    first = Payment.objects.select_related("regie", "payer").filter(public_id=payment).first()
    if first is None:
        raise MoneyError("Ce règlement n'existe pas.")
    invoices = locked_keys(list(first.allocations.values_list("invoice_id", flat=True)))
    first = Payment.objects.select_for_update(of=("self",)).select_related("regie", "payer").get(pk=first.pk)
    if first.reverses_id is not None or first.cents < 0 or first.reversals.exists():
        raise MoneyError("Ce règlement est déjà annulé.")
    back = {share.invoice_id: -share.cents for share in first.allocations.all()}
    receipt = Receipt(
        first.regie,
        first.payer,
        Payment.Means(first.means),
        -first.cents,
        town_day(now),
        back,
        comment=reason[:200],
        payer_name=first.payer_name,
        reverses=first,
    )
    reversal = take_in(receipt, now=now)
    if first.means == Payment.Means.SEPA:
        # Still held by the file that was debited, nobody could ever pay it again.
        Invoice.objects.filter(pk__in=back, remittance__state=Remittance.State.SETTLED).update(remittance=None)
    _note_reopened(invoices.values(), reversal, now)
    _note_given_back(reversal, now)
    if is_address(first.payer.email):
        queue_mail(reversal_mail(first, reversal, list(invoices.values()), reason), now=now)
    after = {"cents": -first.cents, "reason": reason[:200], "receipt": reversal.number}
    record(Act("reverse_payment", f"{first.regie}, reçu {first.number}", after=after), by=by, now=now)
    return reversal


def _note_reopened(invoices: Iterable[Invoice], reversal: Payment, now: datetime) -> None:
    """What opens again of an invoice that is a titre already is in nobody's accounts: the town hall must see it."""
    for invoice in invoices:
        if invoice.status == InvoiceStatus.TRANSFERRED:
            data = {"facture": str(invoice), "reçu": reversal.number, "centimes": -reversal.cents}
            Anomaly.objects.create(invoice=invoice, payer_id=invoice.payer_id, kind="reopened_titre", data=data, at=now)


def _note_given_back(reversal: Payment, now: datetime) -> None:
    """A « trop-perçu » given back before the payment fell away came from nobody: the payer owes it, on no invoice."""
    missing = -credit_of(reversal.payer, reversal.regie)
    if missing > 0:
        data = {"reçu": reversal.number, "centimes": missing}
        Anomaly.objects.create(payer=reversal.payer, kind="given_back_in_vain", data=data, at=now)


@transaction.atomic
def allocate_credit(*, payment: UUID, invoice: UUID, by: Actor, now: datetime) -> int:
    """Use what is left of a payment (« trop-perçu ») for another invoice of the same payer and régie; returns cents."""
    (target,) = locked([invoice])
    paid = _locked_payment(payment)
    if paid is None or (paid.payer_id, paid.regie_id) != (target.payer_id, target.regie_id):
        raise MoneyError("Ce règlement n'est pas de ce payeur et de cette régie.")
    _check_open([target])
    cents = min(available(paid), target.left_cents)
    if cents <= 0:
        raise MoneyError("Il ne reste rien à imputer de ce règlement sur cette facture.")
    if paid.allocations.filter(invoice=target).exists():
        raise MoneyError("Ce règlement est déjà imputé sur cette facture.")
    Allocation.objects.create(payment=paid, invoice=target, cents=cents)
    Invoice.objects.filter(pk=target.pk).update(paid_cents=F("paid_cents") + cents)
    record(
        Act("allocate_credit", f"reçu {paid.number}", after={"invoice": str(target), "cents": cents}), by=by, now=now
    )
    return cents


@transaction.atomic
def refund(*, payment: UUID, cents: int, on: date, reason: str, by: Actor, now: datetime) -> Payment:
    """Give back, by transfer, what of a payment falls on no invoice. Raises MoneyError."""
    reason, paid = clean_text(reason), _locked_payment(payment)
    if paid is None or cents <= 0 or cents > available(paid):
        raise MoneyError("Ce montant n'est pas disponible : seul un trop-perçu se rembourse.")
    if not paid.on <= on <= town_day(now):
        raise MoneyError("La date du remboursement vient avant le règlement, ou est dans l'avenir.")
    receipt = Receipt(paid.regie, paid.payer, Payment.Means.TRANSFER, -cents, on, comment=reason[:200])
    back = take_in(receipt, now=now)
    after = {"cents": cents, "reason": reason[:200], "receipt": back.number}
    record(Act("refund", f"{paid.regie}, reçu {paid.number}", after=after), by=by, now=now)
    return back


def share_out(
    cents: int, invoices: Sequence[Invoice], able: Mapping[int, int] | None = None
) -> tuple[dict[int, int], int]:
    """(cents by invoice key, in the order given; cents that no invoice takes). `able`: the most of some of them."""
    shares = {}
    for invoice in invoices:
        most = max(0, invoice.left_cents)
        shares[invoice.pk] = min(cents, most, (able or {}).get(invoice.pk, most))
        cents -= shares[invoice.pk]
    return shares, cents


def locked(public_ids: Sequence[UUID]) -> list[Invoice]:
    """The invoices, in the order given, locked in the order of their keys. Raises MoneyError for an unknown one."""
    keys = dict(Invoice.objects.filter(public_id__in=public_ids).values_list("public_id", "pk"))
    if not public_ids or len(keys) != len(set(public_ids)):
        raise MoneyError("Cette facture n'existe pas.")
    found = locked_keys(list(keys.values()))
    return [found[keys[public_id]] for public_id in dict.fromkeys(public_ids)]


def locked_keys(keys: Sequence[int]) -> dict[int, Invoice]:
    """Invoices by key, locked in one order for everybody: an invoice always before its operations."""
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("regie", "payer")
    return {invoice.pk: invoice for invoice in rows.filter(pk__in=keys).order_by("pk")}


def unallocated(payment: Payment) -> int:
    """What of a payment falls on no invoice, in cents."""
    used = payment.allocations.aggregate(cents=Sum("cents"))["cents"] or 0
    return payment.cents - used


def available(payment: Payment) -> int:
    """What of a payment may still be used or given back, in cents: neither rejected nor given back already."""
    if payment.cents < 0 or payment.reversals.exists():
        return 0
    return max(0, min(unallocated(payment), credit_of(payment.payer, payment.regie)))


def credit_of(payer: Payer, regie: Regie) -> int:
    """What the régie owes back to the payer, in cents: payments less refunds and allocations."""
    paid = Payment.objects.filter(payer=payer, regie=regie).aggregate(cents=Sum("cents"))["cents"] or 0
    used = Allocation.objects.filter(payment__payer=payer, payment__regie=regie).aggregate(cents=Sum("cents"))["cents"]
    return paid - (used or 0)


def raise_anomaly(kind: str, *, attempt: Attempt, now: datetime, **data: str | int) -> None:
    """Tell the town hall, once, that an operation needs somebody to look at it."""
    open_one = Anomaly.objects.filter(attempt=attempt, kind=kind, solved_at__isnull=True)
    if not open_one.exists():
        Anomaly.objects.create(
            attempt=attempt, invoice_id=attempt.invoice_id, payer_id=attempt.payer_id, kind=kind, data=data, at=now
        )


def _locked_payment(public_id: UUID) -> Payment | None:
    """A payment; with it are locked all of its payer to its régie, since they share one credit."""
    one = Payment.objects.filter(public_id=public_id).first()
    if one is None:
        return None
    rows = Payment.objects.select_for_update(of=("self",)).select_related("regie", "payer")
    every = {row.pk: row for row in rows.filter(payer=one.payer_id, regie=one.regie_id).order_by("pk")}
    return every[one.pk]


def _receipt_number(regie: Regie, year: int) -> str:
    """« 2026-000123 »: the next of the régie's year. The counter is locked until the transaction ends."""
    ReceiptCounter.objects.bulk_create([ReceiptCounter(regie=regie, year=year)], ignore_conflicts=True)
    ReceiptCounter.objects.filter(regie=regie, year=year).update(last=F("last") + 1)
    last = ReceiptCounter.objects.values_list("last", flat=True).get(regie=regie, year=year)
    return f"{year}-{last:06}"


def _check_counter(draft: CounterDraft, invoices: Sequence[Invoice], now: datetime) -> None:
    first = invoices[0]
    if draft.means not in AT_THE_COUNTER:
        raise MoneyError("Ce moyen de paiement ne se reçoit pas au guichet.")
    if first.regie.means and draft.means not in first.regie.means:
        raise MoneyError(f"La régie {first.regie} n'accepte pas ce moyen de paiement.")
    if not 0 < draft.cents <= MOST_CENTS:
        raise MoneyError(
            "Le montant doit être plus grand que zéro." if draft.cents <= 0 else "Ce montant est trop grand."
        )
    _check_day(draft.on, invoices, now)
    if {(i.payer_id, i.regie_id) for i in invoices} != {(first.payer_id, first.regie_id)}:
        raise MoneyError("Un règlement ne paie que les factures d'un seul payeur et d'une seule régie.")
    _check_open(invoices)


def _check_day(on: date, invoices: Sequence[Invoice], now: datetime) -> None:
    """« 26 » typed for « 2026 » would take a receipt number of the year 26, and stand in no book that anybody opens.

    An advance may be some months older than its invoice, and an old invoice was paid long ago: from the year before
    the oldest of them on, a day is believed.
    """
    if on > town_day(now):
        raise MoneyError("La date du règlement est dans l'avenir.")
    first_year = min((one.issued_on or town_day(now)).year for one in invoices) - 1
    if on.year < first_year:
        raise MoneyError(
            f"La date du règlement ({on:%d/%m}/{on.year:04}) est trop ancienne pour cette facture : au plus tôt le "
            f"01/01/{first_year}. Écrivez l'année en quatre chiffres."
        )


def _check_open(invoices: Sequence[Invoice]) -> None:
    closed = [i for i in invoices if i.status != InvoiceStatus.ISSUED or i.kind != Invoice.Kind.INVOICE]
    if closed:
        raise MoneyError(f"La facture {closed[0]} ne peut plus être payée à la régie.")
    remitted = [i for i in invoices if i.remittance_id is not None]
    if remitted:
        raise MoneyError(f"La facture {remitted[0]} est dans une remise de prélèvements : elle serait payée deux fois.")


def _check_cesu(draft: CounterDraft, invoices: Sequence[Invoice]) -> dict[int, int]:
    """A CESU pays only what its act allows (no meals), gives no change, and has a number; cents by invoice."""
    if not draft.reference.strip():
        raise MoneyError("Indiquez l'émetteur et le numéro du CESU.")
    able = {invoice.pk: cesu_left(invoice) for invoice in invoices}
    most = sum(able.values())
    if draft.cents > most:
        raise MoneyError(f"Seuls {wording.money(most)} de ces factures peuvent être payés en CESU.")
    return able


def _no_change(means: Payment.Means) -> str:
    return " Un CESU ne donne pas lieu à un rendu." if means == Payment.Means.CESU else ""
