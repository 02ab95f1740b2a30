"""Dunning: marks the invoices, queues the e-mails; the letters are printed afterwards, outside any transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from portail.billing.models import Attempt, Invoice, Regie
from portail.billing.operations.money import locked_keys
from portail.billing.operations.setup import BillingError, regie_named
from portail.billing.operations.treasury import REMITTED, UNDER_WAY, LeftOut
from portail.billing.queries.reminders import by_payer, late
from portail.billing.reminder_letters import reminder_mail
from portail.news.operations.outbox import is_address, queue_mails
from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import OPEN
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import public_origin, town_day

LEVELS = (1, 2, 3)
MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class ReminderDraft:
    """Whom to remind: invoices due for at least `min_days` and never reminded at this level (1, 2, or 3, the last)."""

    regie: str
    level: int = 1
    min_days: int = 15


@dataclass(frozen=True, slots=True)
class Reminded:
    """What was done. `on`: the day that names the letters; `letters`: payers; `mails`: those of them with an e-mail."""

    on: date
    letters: int
    invoices: int
    cents: int
    mails: int
    left_out: tuple[LeftOut, ...]


@transaction.atomic
def remind(*, draft: ReminderDraft, by: Actor, now: datetime) -> Reminded:
    """Remind once; called again the same day, only what became late is added. Raises BillingError.

    Left out: an operation under way or doubtful (the family may have paid), a debit that is coming.
    """
    regie, today = regie_named(draft.regie), town_day(now)
    if draft.level not in LEVELS or not 1 <= draft.min_days <= MOST_DAYS:
        raise BillingError("Une relance est de niveau 1, 2 ou 3, et vient au moins un jour après l'échéance.")
    if regie.circuit == Regie.Circuit.TITRE:
        raise BillingError(f"La régie « {regie} » émet des titres : c'est le comptable qui relance.")
    keys = list(late(regie, draft.level, draft.min_days, today).values_list("pk", flat=True))
    taken, left_out = _sorted_out(list(locked_keys(keys).values()), draft.level)
    if not taken:
        raise BillingError("Aucune facture n'est à relancer." + _also(left_out))
    Invoice.objects.filter(pk__in=[invoice.pk for invoice in taken]).update(reminders=draft.level, reminded_on=today)
    letters = by_payer(sorted(taken, key=lambda one: (one.payer.sort_key, one.payer_id, one.due_on, one.number)))
    written = [letter for letter in letters if is_address(letter.payer.email)]
    origin = public_origin()
    mails = queue_mails([reminder_mail(regie, letter, draft.level, today, origin) for letter in written], now=now)
    cents = sum(letter.cents for letter in letters)
    after = {"level": draft.level, "letters": len(letters), "invoices": len(taken), "cents": cents, "mails": mails}
    record(Act("remind", f"régie {regie}", after=after), by=by, now=now)
    return Reminded(today, len(letters), len(taken), cents, mails, tuple(left_out))


def _sorted_out(invoices: Sequence[Invoice], level: int) -> tuple[list[Invoice], list[LeftOut]]:
    """What may be reminded of; locked, so what was paid meanwhile simply goes."""
    states = [state.value for state in OPEN]
    rows = Attempt.objects.filter(invoice__in=[invoice.pk for invoice in invoices], state__in=states)
    busy = set(rows.values_list("invoice_id", flat=True))
    taken, left_out = [], []
    for invoice in invoices:
        if invoice.status != InvoiceStatus.ISSUED or invoice.left_cents <= 0 or invoice.reminders >= level:
            continue
        if invoice.pk in busy or invoice.remittance_id is not None:
            why = UNDER_WAY if invoice.pk in busy else REMITTED
            left_out.append(LeftOut(invoice.number or "", invoice.payer_name, invoice.left_cents, why))
        else:
            taken.append(invoice)
    return taken, left_out


def _also(left_out: Sequence[LeftOut]) -> str:
    return f" {len(left_out)} ne le sont pas : paiement ou prélèvement en cours." if left_out else ""
