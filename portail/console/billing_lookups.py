"""What the commands about money are told by name: a run, an invoice, a receipt, an operation. Raise ConsoleError."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from portail.billing.models import Anomaly, Attempt, Invoice, InvoiceRun, Payment, Regie
from portail.console.command import ConsoleError
from portail.families.models import Payer

SHORTEST_ID = 4  # characters of a public identifier that are enough to name it, when it is the only one


@dataclass(frozen=True, slots=True)
class Period:
    """The days between two, both included."""

    first: date
    last: date


def regies() -> list[Regie]:
    """Every régie, in the order of their names."""
    return list(Regie.objects.order_by("name", "pk"))


def regie_coded(code: str) -> Regie:
    """The régie of this code."""
    found = {regie.code: regie for regie in regies()}
    if code not in found:
        raise ConsoleError(
            f"La régie « {code} » n'existe pas ; régies connues : {', '.join(sorted(found)) or 'aucune'}."
        )
    return found[code]


def run_of(regie: str, month: date, rank: int) -> InvoiceRun:
    """The run of this régie (its code), month and rank."""
    place = regie_coded(regie)
    found = InvoiceRun.objects.select_related("regie").filter(regie=place, month=month, rank=rank).first()
    if found is None:
        raise ConsoleError(f"Aucune campagne de rang {rank} n'est préparée pour {month:%m/%Y} à la régie « {place} ».")
    return found


def latest_run(regie: str) -> InvoiceRun:
    """The last run of this régie (its code): of its last month, the last rank."""
    place = regie_coded(regie)
    found = InvoiceRun.objects.select_related("regie").filter(regie=place).order_by("-month", "-rank").first()
    if found is None:
        raise ConsoleError(f"Aucune campagne n'est préparée à la régie « {place} ».")
    return found


def invoice_numbered(number: str) -> Invoice:
    """The invoice, or the credit note, of this number."""
    found = Invoice.objects.select_related("regie", "payer").filter(number=number.strip()).first()
    if found is None:
        raise ConsoleError(f"Aucune facture ne porte le numéro « {number} ».")
    return found


def invoices_of(*, run: InvoiceRun | None = None, payer: Payer | None = None) -> list[Invoice]:
    """The invoices and credit notes of a run or of a payer, in the order of their numbers; drafts last."""
    found = Invoice.objects.select_related("regie", "payer")
    found = found.filter(run=run) if run else found.filter(payer=payer)
    return sorted(found, key=lambda invoice: (invoice.number is None, invoice.number or "", invoice.pk))


def payment_numbered(number: str, regie: str) -> Payment:
    """The payment of this receipt number; `regie` (a code) when several régies gave the same number, else ""."""
    found = Payment.objects.select_related("regie", "payer").filter(number=number.strip()).order_by("pk")
    if regie:
        found = found.filter(regie=regie_coded(regie))
    if len(found) > 1:
        codes = ", ".join(sorted(payment.regie.code for payment in found))
        raise ConsoleError(f"Le reçu {number} existe dans plusieurs régies, ajoutez --regie : {codes}.")
    if not found:
        raise ConsoleError(f"Aucun règlement n'a le reçu « {number} ».")
    return found[0]


def payments_of(days: Period, *, regie: str = "", payer: Payer | None = None) -> list[Payment]:
    """Payments of these days with what they pay, in the order of their days; `regie` is a code, "" for all."""
    where = Q(on__range=(days.first, days.last))
    if regie:
        where &= Q(regie=regie_coded(regie))
    if payer is not None:
        where &= Q(payer=payer)
    rows = Payment.objects.filter(where).select_related("regie", "payer", "reverses")
    return list(rows.prefetch_related("allocations__invoice").order_by("on", "pk"))


def doubts() -> list[Anomaly]:
    """« À vérifier »: what payments and papers left to look at, the oldest first; runs have a list of their own."""
    open_ones = Anomaly.objects.filter(run__isnull=True, solved_at__isnull=True)
    known = open_ones.select_related("attempt__invoice__regie", "attempt__payer", "invoice", "payer")
    return list(known.order_by("at", "pk"))


def attempt_with(ticket: str) -> Attempt:
    """The operation of this « Ticket LPS »."""
    found = Attempt.objects.select_related("invoice").filter(ticket=ticket.strip().upper()).first()
    if found is None:
        raise ConsoleError(f"Aucune opération de paiement n'a le ticket « {ticket} ».")
    return found


def entry(beginning: str, entries: Sequence[Anomaly]) -> Anomaly:
    """The only entry of « à vérifier » whose identifier begins so."""
    found = [one for one in entries if str(one.public_id).startswith(beginning.strip().lower())]
    if len(beginning.strip()) < SHORTEST_ID or len(found) != 1:
        raise ConsoleError(f"« {beginning} » ne désigne pas une seule ligne de la liste à vérifier.")
    return found[0]


def run_entries(run: InvoiceRun) -> list[Anomaly]:
    """What is still to look at in a run."""
    return list(Anomaly.objects.filter(run=run, solved_at__isnull=True).order_by("pk"))


def shown_id(anomaly_id: object) -> str:
    """What the lists show of an entry's identifier: enough to name it."""
    return str(anomaly_id)[:8]
