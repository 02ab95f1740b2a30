"""A statement imported: its lines kept as they were read, then each one answered by a payment, or listed apart.

The same door takes the régisseur's statement and the payments made elsewhere (« reprise »). Imported twice, a file
brings nothing new; a line that found no answer is tried again by each import.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from portail.billing.models import Attempt, Invoice, Payment, Regie, StatementLayout, StatementLine
from portail.billing.operations.money import Receipt, locked_keys, take_in
from portail.billing.operations.setup import BillingError, regie_named
from portail.billing.operations.statements.deciding import Proof, conclude_paid
from portail.billing.queries.statements import (
    Alone,
    Decision,
    Known,
    compared,
    decide,
    invoices_by_reference,
    is_asked,
    payments_with_debts,
    unsettled,
)
from portail.gateways.spreadsheet import SpreadsheetError
from portail.gateways.statements.mapping import MappingError, from_json, to_json
from portail.gateways.statements.reading import Statement, StatementError, read_statement
from portail.gateways.statements.reading import StatementLine as ReadLine
from portail.rules.names import sort_key
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

WORDS = "means_words"  # beside the columns in the layout: what the file calls our means
CHUNK = 100  # references settled in one transaction
LONGEST_NAME = 80
_M = Payment.Means
USUAL_WORDS = {
    "carte": _M.CARD, "carte bancaire": _M.CARD, "cb": _M.CARD, "paiement par carte": _M.CARD,
    "prelevement en ligne": _M.DEBIT, "prelevement": _M.DEBIT, "prelevement unique": _M.DEBIT,
    "especes": _M.CASH, "numeraire": _M.CASH, "cheque": _M.CHEQUE, "cheque bancaire": _M.CHEQUE, "cesu": _M.CESU,
    "virement": _M.TRANSFER, "prelevement automatique": _M.SEPA, "prelevement sepa": _M.SEPA,
    "tresorerie": _M.TREASURY, "titre": _M.TREASURY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatementDraft:
    """A file to import. `regie` is a code, `layout` the name of a saved layout."""

    regie: str
    layout: str
    file_name: str
    content: bytes


@dataclass(slots=True)
class Settled:
    """What became of the lines: paired with known payments, recorded as payments, confirming operations."""

    paired: int = 0
    recorded: int = 0
    confirmed: int = 0

    def add(self, other: "Settled") -> None:
        """Count both."""
        self.paired += other.paired
        self.recorded += other.recorded
        self.confirmed += other.confirmed


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `read`: payments in the file; `new`: never seen before; `statement`: what was left aside."""

    read: int
    new: int
    settled: Settled
    statement: Statement


@transaction.atomic
def save_layout(
    *, name: str, columns: Mapping[str, Any], means: Mapping[str, str] | None = None, by: Actor, now: datetime
) -> StatementLayout:
    """Save or replace how a kind of file is read: `columns` as `gateways.statements.mapping.from_json` takes them.

    `means`: word of the file -> one of our means, beside the usual ones. Raises BillingError.
    """
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise BillingError(f"Le nom d'un format de relevé a de 1 à {LONGEST_NAME} caractères.")
    try:
        mapping = from_json(columns)
    except MappingError as error:
        raise BillingError(str(error)) from None
    wrong = sorted(set((means or {}).values()) - set(Payment.Means.values))
    if wrong:
        known = ", ".join(Payment.Means.values)
        raise BillingError(f"Moyen de paiement inconnu : {', '.join(wrong)} ; au choix : {known}.")
    words = {sort_key(word): value for word, value in (means or {}).items()}
    if mapping.means is None and _means_of(mapping.means_constant, words) is None:
        raise BillingError(f"Le moyen « {mapping.means_constant} » n'est pas connu : dites lequel des nôtres il est.")
    saved = {**to_json(mapping), WORDS: words}
    layout, _ = StatementLayout.objects.update_or_create(name=name.strip(), defaults={"mapping": saved})
    record(Act("save_layout", name.strip(), after=saved), by=by, now=now)
    return layout


def import_statement(*, draft: StatementDraft, by: Actor, now: datetime) -> Imported:
    """Keep the new lines of a file, then settle whatever can be. Raises BillingError, nothing being written.

    Lines first, in one transaction; then one for each hundred references: cut short, it is simply run again.
    """
    regie = regie_named(draft.regie)
    statement, words = _read(draft)
    rows = _rows(regie, draft, statement.lines, words, now)
    new = _keep(regie, draft, rows, by, now)
    settled = settle_statements(regie=regie, by=by, now=now)
    return Imported(len(rows), new, settled, statement)


def settle_statements(*, regie: Regie, by: Actor, now: datetime) -> Settled:
    """Try again every line of the régie that nothing answers."""
    references = sorted(set(unsettled(regie).values_list("reference", flat=True)) - {""})
    done = Settled()
    for start in range(0, len(references), CHUNK):
        done.add(_settle(regie, references[start : start + CHUNK], by, now))
    return done


def _read(draft: StatementDraft) -> tuple[Statement, Mapping[str, str]]:
    layout = StatementLayout.objects.filter(name=draft.layout).first()
    if layout is None:
        raise BillingError(f"Le format de relevé « {draft.layout} » n'existe pas.")
    columns = dict(layout.mapping)
    words = columns.pop(WORDS, {})
    try:
        statement = read_statement(draft.content, from_json(columns))
    except (MappingError, StatementError, SpreadsheetError) as error:
        raise BillingError(str(error)) from None
    unknown = sorted({line.means for line in statement.lines if _means_of(line.means, words) is None})
    if unknown:
        listed = ", ".join(f"« {word} »" for word in unknown[:10])
        raise BillingError(f"Moyens de paiement inconnus dans ce relevé : {listed}. Ajoutez-les au format.")
    return statement, words


def _means_of(word: str, words: Mapping[str, str]) -> str | None:
    key = sort_key(word)
    if key in words:
        return words[key]
    return USUAL_WORDS.get(key) or (word if word in Payment.Means.values else None)


def _rows(
    regie: Regie, draft: StatementDraft, lines: Iterable[ReadLine], words: Mapping[str, str], now: datetime
) -> list[StatementLine]:
    """Two identical lines of one file are two payments: they differ by their rank among their likes."""
    seen: Counter[str] = Counter()
    rows = []
    for line in lines:
        means = _means_of(line.means, words) or ""
        said = "\x1f".join((str(line.date), line.reference, str(line.cents), means, line.authorisation))
        seen[said] += 1
        rows.append(
            StatementLine(
                regie=regie,
                fingerprint=hashlib.sha256(f"{said}\x1f{seen[said]}".encode()).hexdigest(),
                on=line.date,
                reference=line.reference[:80],
                cents=line.cents,
                means=means,
                authorisation=line.authorisation[:40],
                raw=" ; ".join(line.raw),
                file_name=draft.file_name[-150:],
                imported_at=now,
            )
        )
    return rows


@transaction.atomic
def _keep(regie: Regie, draft: StatementDraft, rows: Sequence[StatementLine], by: Actor, now: datetime) -> int:
    """Insert the lines never seen; returns how many they were."""
    # Two imports of one file at once: the second waits here, then finds every line known.
    Regie.objects.select_for_update(no_key=True).get(pk=regie.pk)
    known: set[str] = set()
    for start in range(0, len(rows), 500):
        prints = [row.fingerprint for row in rows[start : start + 500]]
        same = StatementLine.objects.filter(regie=regie, fingerprint__in=prints)
        known.update(same.values_list("fingerprint", flat=True))
    new = [row for row in rows if row.fingerprint not in known]
    StatementLine.objects.bulk_create(new, batch_size=500)
    digest = hashlib.sha256(draft.content).hexdigest()
    after = {"file": draft.file_name[-150:], "sha256": digest, "read": len(rows), "new": len(new)}
    record(Act("import_statement", f"régie {regie}", after=after), by=by, now=now)
    return len(new)


@transaction.atomic
def _settle(regie: Regie, references: Sequence[str], by: Actor, now: datetime) -> Settled:
    keys = invoices_by_reference(regie, references)
    invoices = locked_keys([key for some in keys.values() for key in some])
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.select_for_update(of=("self",)).filter(invoice_id__in=invoices).order_by("pk"):
        attempts[attempt.invoice_id].append(attempt)
    # Only now: whoever held these invoices may have answered some lines.
    lines = list(unsettled(regie).filter(reference__in=references).order_by("on", "pk"))
    found = Known({ref: [invoices[key] for key in some] for ref, some in keys.items()}, attempts)
    done = Settled()
    rest = _pair(regie, lines, list(invoices), done)
    for line in rest:
        _answer(line, decide(line, found, town_day(now)), found, done, now)
    if done != Settled():
        after = {"paired": done.paired, "recorded": done.recorded, "confirmed": done.confirmed}
        record(Act("settle_statement", f"régie {regie}", after=after), by=by, now=now)
    return done


def _pair(regie: Regie, lines: Sequence[StatementLine], invoices: Sequence[int], done: Settled) -> list[StatementLine]:
    """Point the payments that the portal knows to their line; returns the lines that answer none at all."""
    about = Q(allocations__invoice__in=invoices) | Q(attempt__invoice__in=invoices)
    keys = Payment.objects.filter(about, regie=regie, statement_line__isnull=True).values("pk")
    payments = list(payments_with_debts().filter(pk__in=keys).order_by("on", "pk"))
    alone: list[int] = []
    paired: dict[Hashable, StatementLine] = {}
    for comparison in compared(lines, payments):
        paired |= {pair.recorded.key: lines[pair.line.line_number] for pair in comparison.in_both}
        alone += [line.line_number for line in comparison.only_in_statement]
    for key in sorted(payment.pk for payment in payments if payment.pk in paired):  # as all who lock several payments
        Payment.objects.filter(pk=key, statement_line__isnull=True).update(statement_line=paired[key])
    done.paired += len(paired)
    return [lines[place] for place in sorted(alone)]


def _answer(line: StatementLine, decision: Decision, found: Known, done: Settled, now: datetime) -> None:
    invoice = decision.invoice
    if invoice is None or decision.alone is not None:
        if decision.alone is Alone.UNDER_WAY and invoice is not None:
            _ask_now(found.attempts.get(invoice.pk, ()), now)
        return
    means, words = Payment.Means(line.means), f"Relevé {line.file_name}"[:200]
    if decision.attempt is not None:
        proof = Proof(line.cents, means, line.on, "statement", words, line.authorisation, line)
        conclude_paid(decision.attempt, invoice, proof, now=now)
        done.confirmed += 1
    else:
        receipt = Receipt(
            invoice.regie, invoice.payer, means, line.cents, line.on, {invoice.pk: line.cents}, line.authorisation,
            comment=words, statement_line=line,
        )  # fmt: skip
        take_in(receipt, now=now)
        done.recorded += 1
    _fresh(invoice)


def _fresh(invoice: Invoice) -> None:
    """The next line of the same invoice must see what is left of it."""
    invoice.refresh_from_db(fields=["paid_cents"])


def _ask_now(attempts: Iterable[Attempt], now: datetime) -> None:
    """The bank has been paid: have the worker ask PayFiP about the operations that may be this payment."""
    keys = [attempt.pk for attempt in attempts if is_asked(attempt)]
    Attempt.objects.filter(pk__in=keys, next_check_at__gt=now).update(next_check_at=now)
