"""What an imported statement says against what the portal knows: where a line goes, and the two difference lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Replace, Upper

from portail.billing.models import Attempt, Invoice, Payment, Regie, StatementLine
from portail.gateways.statements.comparing import Comparison, Recorded, compare
from portail.gateways.statements.reading import StatementLine as ReadLine
from portail.gateways.statements.reading import normalised
from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import AttemptState

ONLINE = frozenset({Payment.Means.CARD.value, Payment.Means.DEBIT.value})
# Of the older form, what a line of the statement may still prove paid: nobody can ask the provider.
PROVABLE = frozenset(AttemptState) - {AttemptState.PAID, AttemptState.FAILED, AttemptState.REVIEW}
BUNCH = 500


class Alone(StrEnum):
    """Why a line of the statement brought no payment."""

    UNKNOWN = "unknown"
    SEVERAL = "several"
    CLOSED = "closed"
    REJECT = "reject"
    FUTURE = "future"
    REVIEW = "review"
    UNDER_WAY = "under_way"
    REMITTED = "remitted"
    TOO_MUCH = "too_much"
    AMOUNT = "amount"
    READY = "ready"


ALONE = {
    Alone.UNKNOWN: "aucune facture de la régie n'a cette référence",
    Alone.SEVERAL: "plusieurs factures ont cette référence",
    Alone.CLOSED: "la facture est annulée ou pas encore émise",
    Alone.REJECT: "un rejet : à enregistrer sur le règlement qu'il annule",
    Alone.FUTURE: "sa date est dans l'avenir",
    Alone.REVIEW: "une opération à vérifier porte sur cette facture : décidez-en d'abord",
    Alone.UNDER_WAY: "une opération en ligne n'est pas conclue : PayFiP est interrogé, importez de nouveau plus tard",
    Alone.REMITTED: "la facture est dans une remise de prélèvements",
    Alone.TOO_MUCH: "elle dépasse ce qui reste à payer",
    Alone.AMOUNT: "le portail connaît ce paiement pour un autre montant",
    Alone.READY: "elle peut être enregistrée : importez de nouveau le relevé",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do of a line: a payment of `invoice`, which concludes `attempt` if any; or why nothing (`alone`)."""

    alone: Alone | None = None
    invoice: Invoice | None = None
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the portal has for a few references: invoices by reference, operations by invoice key."""

    invoices: Mapping[str, Sequence[Invoice]]
    attempts: Mapping[int, Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class OnlyInStatement:
    """A line of the statement that no payment of the portal answers; `why` in French."""

    on: date
    reference: str
    cents: int
    means: str
    file_name: str
    why: str


@dataclass(frozen=True, slots=True)
class OnlyInPortal:
    """An online payment of the portal that no statement has; `reference` is that of the debt."""

    on: date
    receipt: str
    reference: str
    cents: int
    means: str
    payer: str


@dataclass(frozen=True, slots=True)
class Differences:
    """The two lists of a period."""

    only_in_statement: list[OnlyInStatement]
    only_in_portal: list[OnlyInPortal]


def unsettled(regie: Regie) -> QuerySet[StatementLine]:
    """The lines of the régie's statements that no payment answers yet."""
    answered = Payment.objects.filter(statement_line=OuterRef("pk"))
    return StatementLine.objects.filter(~Exists(answered), regie=regie)


def invoices_by_reference(regie: Regie, references: Iterable[str]) -> dict[str, list[int]]:
    """Keys of the régie's invoices by reference as statements write it: capitals and digits. One query for each 500."""
    found: dict[str, list[int]] = defaultdict(list)
    wanted = sorted(set(references) - {""})
    for start in range(0, len(wanted), BUNCH):
        rows = Invoice.objects.filter(regie=regie, kind=Invoice.Kind.INVOICE, number__isnull=False)
        rows = rows.annotate(sent=_bare("reference"))
        some = rows.filter(sent__in=wanted[start : start + BUNCH]).order_by("pk")
        for reference, key in some.values_list("sent", "pk"):
            found[reference].append(key)
    return found


def _bare(column: str) -> Upper:
    """`normalised`, for the signs that references are written with; those sent to PayFiP only have hyphens."""
    bare: Replace | str = column
    for sign in "-/ ._":
        bare = Replace(bare, Value(sign), Value(""))
    return Upper(bare)


def decide(line: StatementLine, known: Known, today: date) -> Decision:
    """Where a line that answers no payment goes. Amounts that do not agree are never forced."""
    if line.cents < 0:
        return Decision(Alone.REJECT)
    invoices = known.invoices.get(line.reference, ())
    if len(invoices) != 1:
        return Decision(Alone.SEVERAL if invoices else Alone.UNKNOWN)
    (invoice,) = invoices
    if line.on > today or invoice.status not in {InvoiceStatus.ISSUED.value, InvoiceStatus.TRANSFERRED.value}:
        return Decision(Alone.FUTURE if line.on > today else Alone.CLOSED, invoice)
    return _of_open_invoice(line, invoice, known.attempts.get(invoice.pk, ()))


def _of_open_invoice(line: StatementLine, invoice: Invoice, attempts: Sequence[Attempt]) -> Decision:
    states = {AttemptState(attempt.state) for attempt in attempts}
    online = line.means in ONLINE
    proved = _proved(line, attempts) if online else None
    if proved is not None:
        return Decision(None, invoice, proved)
    reasons = (
        (bool(states & {AttemptState.REVIEW, AttemptState.ANNOUNCED}), Alone.REVIEW),
        (online and any(is_asked(attempt) for attempt in attempts), Alone.UNDER_WAY),
        (invoice.remittance_id is not None and invoice.left_cents > 0, Alone.REMITTED),
        (line.cents > invoice.left_cents, Alone.TOO_MUCH),
    )
    return Decision(next((alone for found, alone in reasons if found), None), invoice)


def _proved(line: StatementLine, attempts: Sequence[Attempt]) -> Attempt | None:
    """The operation of the older form that this line proves: the same amount, no other authorisation."""
    able = [
        attempt
        for attempt in attempts
        if attempt.provider == Regie.Provider.PAYFIP_REDIRECT
        and attempt.state in PROVABLE
        and attempt.cents == line.cents
        and (not attempt.authorisation or not line.authorisation or attempt.authorisation == line.authorisation)
    ]
    same = line.authorisation
    best = sorted(
        able,
        key=lambda one: (one.authorisation != same or not same, one.state != AttemptState.ANNOUNCED, -one.pk),
    )
    return best[0] if best else None


def is_asked(attempt: Attempt) -> bool:
    """Will the provider still be asked about it, so that it may yet bring this very payment?"""
    ours = attempt.provider == Regie.Provider.PAYFIP_WS
    return ours and attempt.state != AttemptState.PAID and attempt.next_check_at is not None


def compared(lines: Sequence[StatementLine], payments: Sequence[Payment]) -> list[Comparison]:
    """Lines against payments, each sign and each kind of means apart: cash never answers a card.

    The payments come with their operation and allocations.
    """
    left: dict[tuple[bool, str], list[ReadLine]] = defaultdict(list)
    right: dict[tuple[bool, str], list[Recorded]] = defaultdict(list)
    for place, line in enumerate(lines):
        read = ReadLine(line.on, line.reference, line.cents, line.means, line.authorisation, "", place, ())
        left[line.cents > 0, _family(line.means)].append(read)
    for payment in payments:
        recorded = Recorded(payment.pk, debt_reference(payment), payment.cents, _authorisation(payment))
        right[payment.cents > 0, _family(payment.means)].append(recorded)
    return [compare(some, right.get(kind, [])) for kind, some in left.items()]


def debt_reference(payment: Payment) -> str:
    """The reference of what it paid, as statements write it; "" for a payment that pays nothing."""
    if payment.attempt is not None:
        return normalised(payment.attempt.reference)
    shares = sorted(payment.allocations.all(), key=lambda share: share.pk)
    return normalised(shares[0].invoice.reference) if shares else ""


def _authorisation(payment: Payment) -> str:
    """That of the bank, "" when nobody knows it: what the older form's call-back said may have been forged."""
    if payment.attempt is None or payment.attempt.provider == Regie.Provider.PAYFIP_REDIRECT:
        return ""
    return payment.attempt.authorisation


def _family(means: str) -> str:
    return "online" if means in ONLINE else means


def differences(regie: Regie, first: date, last: date, today: date) -> Differences:
    """Both lists between two days, included. Seven queries, whatever the number of lines (one more for each 500)."""
    lines = list(unsettled(regie).filter(on__range=(first, last)).order_by("on", "pk"))
    unanswered = payments_with_debts().filter(regie=regie, statement_line__isnull=True)
    period = list(unanswered.filter(on__range=(first, last), means__in=ONLINE).order_by("on", "number"))
    known = known_for(regie, lines)
    why: dict[int, Alone] = {}
    for comparison in compared(lines, period):
        why |= {pair.line.line_number: Alone.AMOUNT for pair in comparison.amount_differs}
        why |= {pair.line.line_number: Alone.READY for pair in comparison.in_both}
    left = [
        OnlyInStatement(
            on=line.on,
            reference=line.reference,
            cents=line.cents,
            means=line.means,
            file_name=line.file_name,
            why=ALONE[why.get(place) or decide(line, known, today).alone or Alone.READY],
        )
        for place, line in enumerate(lines)
    ]
    right = [OnlyInPortal(p.on, p.number, debt_reference(p), p.cents, p.means, p.payer_name) for p in period]
    return Differences(left, right)


def known_for(regie: Regie, lines: Sequence[StatementLine]) -> Known:
    """What the portal has for these lines; nothing is locked."""
    keys = invoices_by_reference(regie, (line.reference for line in lines))
    flat = [key for some in keys.values() for key in some]
    rows: dict[int, Invoice] = {}
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    for start in range(0, len(flat), BUNCH):
        some = flat[start : start + BUNCH]
        rows |= {invoice.pk: invoice for invoice in Invoice.objects.filter(pk__in=some)}
        for attempt in Attempt.objects.filter(invoice_id__in=some).order_by("pk"):
            attempts[attempt.invoice_id].append(attempt)
    return Known({reference: [rows[key] for key in some] for reference, some in keys.items()}, attempts)


def payments_with_debts() -> QuerySet[Payment]:
    """Payments with their operation and the invoices they pay. Three queries."""
    return Payment.objects.select_related("attempt").prefetch_related("allocations__invoice")
