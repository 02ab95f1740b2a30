"""Runs, check lists, invoices and payments as lines of a terminal."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from portail.billing.models import Invoice, Payment
from portail.billing.queries.runs import AnomalyRow, RunRow
from portail.billing.wording import RUN_ANOMALIES, STATUSES, month
from portail.console.billing_lookups import shown_id
from portail.console.command import counted
from portail.rules.invoicing import InvoiceStatus
from portail.towns import wording

_WORDS = {kind.value: words for kind, words in RUN_ANOMALIES.items()}


def run_name(regie: object, first_day: date, rank: int) -> str:
    """« REGIE PERISCOLAIRE, octobre 2026, rang 1 »."""
    return f"{regie}, {month(first_day)}, rang {rank}"


def run_lines(run: RunRow) -> Iterator[str]:
    """A run in a few lines: its state, totals and dates, then what is still to look at."""
    lot = f", lot {run.lot}" if run.lot else ""
    yield f"{run_name(run.regie, run.month, run.rank)} – {run.label} : {run.state.label}{lot}"
    totals = f"{counted(run.invoices, 'facture', 'factures')}, {wording.money(run.cents)}"
    parts = [
        totals,
        f"{wording.money(run.paid_cents)} réglés" if run.paid_cents else "",
        f"{wording.money(run.credited_cents)} d'avoirs" if run.credited_cents else "",
        f"{counted(run.carried, 'reportée', 'reportées')} ({wording.money(run.carried_cents)})" if run.carried else "",
        f"échéance {wording.numeric(run.due_on)}",
        f"payable en ligne jusqu'au {wording.numeric(run.payable_until)}" if run.payable_until else "",
    ]
    yield f"    {' ; '.join(filter(None, parts))}"
    for kind, number in run.anomalies.items():
        yield f"    à voir : {_WORDS.get(kind, kind)} ({number})"


def entry_lines(entry: AnomalyRow) -> Iterator[str]:
    """An entry of the check list, with the children and days concerned."""
    held = " – empêche l'émission" if entry.blocking else ""
    who = f"{entry.payer} : " if entry.payer else ""
    yield f"[{shown_id(entry.public_id)}] {who}{entry.words}{held}"
    for item in entry.items:
        line = _item(item)
        if line:
            yield f"    {line}"


def _item(item: dict[str, Any]) -> str:
    days = [date.fromisoformat(day) for day in item.get("days", ())]
    parts = [
        str(item.get("name", "")),
        str(item.get("activity", "")),
        wording.money(item["cents"]) if "cents" in item else "",
        " ".join(f"{day:%d/%m}" for day in days),
    ]
    return ", ".join(filter(None, parts))


def invoice_line(invoice: Invoice) -> str:
    """« 2026-026-000335  Jamie BOND  7,77 €, reste 7,77 €  émise, échéance 31/12/2026 – libellé »."""
    status = STATUSES[InvoiceStatus(invoice.status)]
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        amounts = f"avoir de {wording.money(invoice.total_cents)}, non utilisé {wording.money(invoice.left_cents)}"
        return f"{invoice.number}  {invoice.payer_name}  {amounts} – {invoice.label}"
    amounts = f"{wording.money(invoice.total_cents)}, reste {wording.money(invoice.left_cents)}"
    due = f"échéance {wording.numeric(invoice.due_on)}"
    return f"{invoice.number or '(sans numéro)'}  {invoice.payer_name}  {amounts}  {status}, {due} – {invoice.label}"


def payment_line(payment: Payment) -> str:
    """« 12/11/2026  periscolaire  reçu 2026-000012  Jamie BOND  espèces  7,77 €  pour 2026-026-000335 »."""
    shares = payment.allocations.all()
    paid = ", ".join(f"{share.invoice} ({wording.money(share.cents)})" for share in shares)
    rest = payment.cents - sum(share.cents for share in shares)
    words = [
        wording.numeric(payment.on),
        payment.regie.code,
        f"reçu {payment.number}",
        payment.payer_name,
        str(payment.get_means_display()),
        wording.money(payment.cents),
        f"pour {paid}" if paid else "",
        f"annule le reçu {payment.reverses.number}" if payment.reverses else "",
        f"hors facture {wording.money(rest)}" if rest else "",
        payment.reference,
        payment.comment,
    ]
    return "  ".join(filter(None, words))


def totals_by_means(payments: Sequence[Payment]) -> Iterator[str]:
    """« Total : 12,34 € (espèces 10,00 €, CESU 2,34 €) »."""
    by_means: dict[str, int] = {}
    for payment in payments:
        name = str(payment.get_means_display())
        by_means[name] = by_means.get(name, 0) + payment.cents
    detail = ", ".join(f"{name} {wording.money(cents)}" for name, cents in sorted(by_means.items()))
    if by_means:
        yield f"Total : {wording.money(sum(by_means.values()))} ({detail})."
