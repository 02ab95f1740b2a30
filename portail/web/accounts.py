"""What a payer owes, has paid and is owed, as the pages show it: rows already in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from portail.billing.models import Payment
from portail.billing.queries.cards import Account, Clock, InvoiceCard, PaidRow
from portail.rules.invoicing import InvoiceStatus
from portail.towns import wording as say
from portail.web.pages import Tab
from portail.web.words_billing import Speaker, State, deadline, means_words, state_of


@dataclass(frozen=True, slots=True)
class DueView:
    """An invoice to pay, as the list and its own page show it."""

    id: str
    number: str
    reference: str
    label: str
    regie: str
    amount: str
    paid: str  # « 10,00 € déjà réglés », "" when nothing was
    due: str
    deadline: str
    state: State
    payable: bool
    chosen: bool
    url: str
    pdf: str
    pay: str
    resume: str


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A line of « Mes factures déjà payées »: one payment of one invoice, or an invoice settled without money."""

    number: str
    reference: str
    label: str
    regie: str
    payer: str
    paid_on: str
    means: str
    amount: str
    due: str
    bank_on: str
    authorisation: str
    settlement: str
    back: str  # « rejeté le 12/11/2026 »: this payment no longer counts; "" when it does
    back_receipt: str
    url: str
    pdf: str
    receipt: str


def due_view(card: InvoiceCard, speaker: Speaker, chosen: str = "") -> DueView:
    """An invoice to pay, in words."""
    kwargs = {"public_id": card.public_id}
    settled = card.paid_cents + card.credited_cents
    attempt = card.attempt
    resumable = attempt is not None and attempt.resumable
    return DueView(
        id=str(card.public_id),
        number=card.number,
        reference=card.reference,
        label=card.label,
        regie=card.regie.name,
        amount=say.money(card.left_cents),
        paid=say.money(settled) if settled else "",
        due=say.numeric(card.due_on),
        deadline=deadline(card),
        state=state_of(card, speaker),
        payable=card.refusal is None,
        chosen=card.refusal is None and str(card.public_id) == chosen,
        url=reverse("invoice", kwargs=kwargs),
        pdf=reverse("invoice_pdf", kwargs=kwargs),
        pay=reverse("pay", kwargs=kwargs),
        resume=reverse("payment_resume", kwargs={"public_id": attempt.public_id}) if attempt and resumable else "",
    )


def years_of(account: Account, wanted: str) -> tuple[int | None, list[Tab]]:
    """The year shown, newest when the address names none that exists, and the chips of all of them."""
    found = {row.on.year for row, _back in with_reversals(account.paid)} | {
        (card.issued_on or card.due_on).year for card in account.settled if not _has_payment(account, card)
    }
    years = sorted(found, reverse=True)
    if not years:
        return None, []
    chosen = next((year for year in years if str(year) == wanted), years[0])
    address = reverse("invoices")
    return chosen, [Tab(str(year), f"{address}?annee={year}#payees", year == chosen) for year in years]


def _has_payment(account: Account, card: InvoiceCard) -> bool:
    return any(row.invoice_id == card.id for row in account.paid)


def settled_of(account: Account, year: int | None, clock: Clock) -> list[SettledRow]:
    cards = {card.id: card for card in account.invoices}
    rows = [
        settled_row(cards.get(row.invoice_id), row, clock, back)
        for row, back in with_reversals(account.paid)
        if row.on.year == year
    ]
    rows += [
        settled_row(card, None, clock)
        for card in account.settled
        if (card.issued_on or card.due_on).year == year and not _has_payment(account, card)
    ]
    return rows


def with_reversals(rows: Sequence[PaidRow]) -> list[tuple[PaidRow, PaidRow | None]]:
    """Each payment with the entry that took it back, if one did, in the order of the payments.

    Both stay in the books; a family is told of them together, since « −24,00 € » beside « 24,00 € » says nothing. An
    entry is that of the last payment before it of the same sum, by the same means, on the same invoice.
    """
    backs = {(row.receipt, row.invoice_id): row for row in rows if row.reverses}
    paired: dict[tuple[object, int], PaidRow] = {}
    for back in sorted(backs.values(), key=lambda row: (row.on, row.receipt_number)):
        mirrored = [
            row
            for row in rows
            if not row.reverses
            and (row.invoice_id, row.means, row.cents) == (back.invoice_id, back.means, -back.cents)
            and (row.on, row.receipt_number) < (back.on, back.receipt_number)
            and (row.receipt, row.invoice_id) not in paired
        ]
        if mirrored:
            last = max(mirrored, key=lambda row: (row.on, row.receipt_number))
            paired[last.receipt, last.invoice_id] = backs.pop((back.receipt, back.invoice_id))
    alone = [row for row in rows if not row.reverses or (row.receipt, row.invoice_id) in backs]
    return [(row, paired.get((row.receipt, row.invoice_id))) for row in alone]


REJECTED = frozenset({Payment.Means.CHEQUE, Payment.Means.DEBIT, Payment.Means.SEPA})  # by a bank; others by the régie


def _back_words(back: PaidRow) -> str:
    words = _("rejeté le %(day)s") if back.means in REJECTED else _("annulé le %(day)s")
    return words % {"day": say.numeric(back.on)}


def settled_row(card: InvoiceCard | None, row: PaidRow | None, clock: Clock, back: PaidRow | None = None) -> SettledRow:
    """One payment, or an invoice settled without one. `back`: the entry that took it back."""
    kwargs = {"public_id": card.public_id} if card else {}
    means = means_words(row.means) if row else _settled_by(card)
    return SettledRow(
        number=card.number if card else "",
        reference=card.reference if card else "",
        label=card.label if card else "",
        regie=card.regie.name if card else "",
        payer=row.payer_name if row else "",
        paid_on=say.numeric(row.on) if row else "",
        means=_("rejeté ou annulé (%(means)s)") % {"means": means} if row and row.reverses else means,
        amount=say.money(row.cents if row else card.total_cents if card else 0),
        due=say.numeric(card.due_on) if card else "",
        bank_on=f"{say.local(row.bank_at, clock.zone):%d/%m/%Y %H:%M}" if row and row.bank_at else "",
        authorisation=row.authorisation if row else "",
        settlement=row.receipt_number if row else "",
        back=_back_words(back) if back else "",
        back_receipt=reverse("receipt_pdf", kwargs={"public_id": back.receipt}) if back else "",
        url=reverse("invoice", kwargs=kwargs) if card else "",
        pdf=reverse("invoice_pdf", kwargs=kwargs) if card else "",
        receipt=reverse("receipt_pdf", kwargs={"public_id": row.receipt}) if row else "",
    )


def _settled_by(card: InvoiceCard | None) -> str:
    """What settled an invoice without money: undone by a credit note, or an earlier one came off it."""
    undone = card is None or card.status is InvoiceStatus.CANCELLED
    return _("annulée par un avoir") if undone else _("Avoir déduit")


def credit_view(card: InvoiceCard) -> dict[str, str]:
    return {
        "number": card.number,
        "label": card.label,
        "amount": say.money(card.total_cents),
        "left": say.money(card.left_cents) if card.left_cents else "",
        "pdf": reverse("invoice_pdf", kwargs={"public_id": card.public_id}),
    }


def certificate_of(account: Account, year: int | None, this_year: int) -> tuple[str, str] | None:
    """(year, address) of the tax certificate of the year shown, once it is over."""
    if year is None or year >= this_year or not any(row.on.year == year for row in account.paid):
        return None
    return str(year), reverse("certificate_pdf", kwargs={"year": str(year)})
