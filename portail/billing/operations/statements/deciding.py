"""« À vérifier »: an operation that nobody could verify is concluded, by the statement or by the régisseur's word."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from portail.billing.letters import ticket_mail
from portail.billing.models import Anomaly, Attempt, AttemptEvent, Invoice, Payment, StatementLine
from portail.billing.operations.money import Receipt, locked_keys, raise_anomaly, share_out, take_in
from portail.billing.operations.setup import BillingError
from portail.billing.providers import provider_named
from portail.news.operations.outbox import is_address, queue_mail
from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import AttemptState, next_check
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

TO_DECIDE = frozenset({AttemptState.ANNOUNCED, AttemptState.REVIEW})
KINDS = ("to_reconcile", "answer_differs")  # anomalies that such an operation raised
LONGEST_REASON = 150
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """Why an operation is held for paid, and what really came, in cents. `code`: of the event written down."""

    cents: int
    means: Payment.Means
    on: date
    code: str
    words: str
    authorisation: str = ""
    line: StatementLine | None = None


@transaction.atomic
def confirm_attempt(
    *, attempt: UUID, reason: str, cents: int | None = None, on: date | None = None, by: Actor, now: datetime
) -> Payment:
    """The régisseur says that the money of a doubtful operation has come: a receipt, and its ticket by e-mail.

    `cents`: what really came, when it is not what was asked. `on`: the bank's day, today if nobody said one. Raises
    BillingError.
    """
    found, invoice = _to_decide(attempt, reason)
    came = found.cents if cents is None else cents
    day = on or (town_day(found.bank_at) if found.bank_at else town_day(now))
    if came <= 0 or day > town_day(now):
        raise BillingError("Le montant doit être plus grand que zéro, et le jour ne peut être dans l'avenir.")
    if day < town_day(found.created_at) - ONE_DAY:  # the bank's midnight is not always the town's
        raise BillingError("Ce jour vient avant l'opération elle-même : donnez le jour que dit la banque.")
    means = Payment.Means.DEBIT if found.result == "V" else Payment.Means.CARD
    payment = conclude_paid(found, invoice, Proof(came, means, day, "confirmed", reason), now=now)
    after = {"cents": came, "receipt": payment.number, "reason": reason}
    record(Act("confirm_attempt", f"opération {found.ticket}, facture {invoice}", after=after), by=by, now=now)
    return payment


@transaction.atomic
def dismiss_attempt(*, attempt: UUID, reason: str, by: Actor, now: datetime) -> Attempt:
    """The régisseur says that a doubtful operation brought nothing: the invoice may be paid again. Raises BillingError.

    If the statement shows the money later, the operation is paid all the same.
    """
    found, invoice = _to_decide(attempt, reason)
    state = AttemptState.CANCELLED
    # The payer may still be at the bank: whoever can be asked is asked again, as after any other end without payment.
    check = next_check(state, found.created_at, now) if provider_named(found.provider).asks else None
    Attempt.objects.filter(pk=found.pk).update(state=state.value, next_check_at=check, settled_at=now)
    _event(found, "dismissed", {"reason": reason}, now)
    _solve(found, reason, now)
    record(
        Act("dismiss_attempt", f"opération {found.ticket}, facture {invoice}", after={"reason": reason}), by=by, now=now
    )
    found.refresh_from_db()
    return found


def conclude_paid(attempt: Attempt, invoice: Invoice, proof: Proof, *, now: datetime) -> Payment:
    """Hold an operation for paid, inside the caller's transaction, which has locked the invoice and the operation."""
    open_debt = invoice.status in {InvoiceStatus.ISSUED.value, InvoiceStatus.TRANSFERRED.value}
    shares, rest = share_out(proof.cents, [invoice] if open_debt else [])
    authorisation = attempt.authorisation or proof.authorisation[:40]
    receipt = Receipt(
        invoice.regie,
        invoice.payer,
        proof.means,
        proof.cents,
        proof.on,
        shares,
        authorisation,
        comment=proof.words[:200],
        attempt=attempt,
        statement_line=proof.line,
    )
    payment = take_in(receipt, now=now)
    Attempt.objects.filter(pk=attempt.pk).update(
        state=AttemptState.PAID.value, next_check_at=None, settled_at=now, authorisation=authorisation
    )
    attempt.refresh_from_db()
    _event(attempt, proof.code, {"reason": proof.words, "cents": proof.cents}, now)
    _solve(attempt, proof.words, now)
    if rest:
        raise_anomaly("overpaid", attempt=attempt, now=now, cents=rest, receipt=payment.number)
    if is_address(attempt.email):
        queue_mail(ticket_mail(payment, attempt, invoice), now=now)
    return payment


def _to_decide(attempt: UUID, reason: str) -> tuple[Attempt, Invoice]:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise BillingError(f"Dites pourquoi, en {LONGEST_REASON} caractères au plus.")
    known = Attempt.objects.filter(public_id=attempt).values_list("pk", "invoice_id").first()
    if known is None:
        raise BillingError("Cette opération de paiement n'existe pas.")
    key, invoice_id = known
    invoice = locked_keys([invoice_id])[invoice_id]
    found = Attempt.objects.select_for_update(of=("self",)).get(pk=key)
    if found.state not in TO_DECIDE:
        raise BillingError("Cette opération n'est pas, ou plus, à vérifier.")
    return found, invoice


def _event(attempt: Attempt, code: str, raw: dict[str, Any], now: datetime) -> None:
    AttemptEvent.objects.create(attempt=attempt, trigger=Attempt.Trigger.MANUAL, code=code, raw=raw, at=now)


def _solve(attempt: Attempt, words: str, now: datetime) -> None:
    doubts = Anomaly.objects.filter(attempt=attempt, kind__in=KINDS, solved_at__isnull=True)
    doubts.update(solved_at=now, answer=words[:200])
