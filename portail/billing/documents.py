"""The papers about money, put into words for the press: invoice, credit note, receipt, tax certificate, reminder.

A paper is made when somebody asks for it, from rows that do not change; nothing is stored. The press works outside any
transaction. In French, whatever the reader's language: these are the town's official papers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from django.utils import translation

from portail.billing.models import Invoice, InvoiceLine, Payment, Regie
from portail.billing.queries.papers import certified_children, invoice_to_print, payment_to_print
from portail.billing.queries.regies import takes_online
from portail.families.models import Payer
from portail.gateways.pdf.papers import (
    Amount,
    CertificatePaper,
    CertifiedChild,
    ChildLines,
    InvoicePaper,
    Letterhead,
    Line,
    Logo,
    OnlinePayment,
    PaidInvoice,
    ReceiptPaper,
    Recipient,
    Talon,
)
from portail.gateways.pdf.press import print_pdf
from portail.rules.invoicing import InvoiceStatus
from portail.towns import wording
from portail.towns.models import Town
from portail.towns.queries import logo_of, public_origin, town_day
from portail.towns.scope import current_town

TEST = "Régie en mode test : aucun paiement réel"
CERTIFICATE_LAW = "Article 200 quater B du code général des impôts ; BOI-IR-RICI-300."
CERTIFICATE_AIDS = (
    "Les aides reçues pour la garde de ces enfants (CAF, employeur, part préfinancée des CESU) sont à déduire de ces "
    "montants dans la déclaration de revenus."
)

APPEAL = (
    "Titre exécutoire en application de l'article L. 252 A du livre des procédures fiscales, pris, émis et rendu "
    "exécutoire conformément aux articles L. 1617-5 et R. 1617-23 du code général des collectivités territoriales. "
    "Dans le délai de deux mois suivant la notification, cette créance peut être contestée devant la juridiction "
    "compétente."
)


@dataclass(frozen=True, slots=True)
class PdfFile:
    """A paper as it is handed over."""

    name: str
    content: bytes


def invoice_pdf(public_id: UUID, *, now: datetime) -> PdfFile:
    """An issued invoice or credit note. Raises Invoice.DoesNotExist, PaperError when it cannot be printed."""
    invoice = invoice_to_print(public_id)
    with translation.override("fr"):
        paper = invoice_paper(invoice)
    return PdfFile(
        f"{'avoir' if paper.credit_note else 'facture'}-{invoice.number}.pdf", print_pdf(paper, printed_at=now)
    )


def receipt_pdf(public_id: UUID, *, now: datetime) -> PdfFile:
    """The receipt of one payment. Raises Payment.DoesNotExist, PaperError."""
    payment = payment_to_print(public_id)
    with translation.override("fr"):
        paper = receipt_paper(payment)
    return PdfFile(f"recu-{payment.number}.pdf", print_pdf(paper, printed_at=now))


def certificate_pdf(payer: Payer, year: int, *, now: datetime) -> PdfFile | None:
    """The tax certificate of a year, of what was really paid for care; None when nothing was."""
    with translation.override("fr"):
        paper = certificate_paper(payer, year, town_day(now))
    if paper is None:
        return None
    return PdfFile(f"attestation-fiscale-{year}.pdf", print_pdf(paper, printed_at=now))


def letterhead(town: Town, siret: str = "") -> Letterhead:
    """The town at the top of a paper."""
    logo = logo_of(town) if town.logo_digest else None
    return Letterhead(
        town=town.name,
        address=tuple(line for line in town.address.splitlines() if line.strip()),
        phone=town.phone,
        email=town.email,
        website=town.website,
        siret=siret,
        logo=None if logo is None else Logo(bytes(logo.content), logo.content_type),
        colour=town.town_colour,
    )


def invoice_paper(invoice: Invoice) -> InvoicePaper:
    """The invoice in words; its régie, payer and lines are at hand."""
    lines, credit = list(invoice.lines.all()), invoice.kind == Invoice.Kind.CREDIT_NOTE
    own = [line for line in lines if line.person_id is not None]
    others = [line for line in lines if line.person_id is None]
    regie = invoice.regie
    return InvoicePaper(
        letterhead=letterhead(current_town(), siret_of(regie)),
        recipient=recipient(invoice.payer_name, invoice.payer_address),
        regie=regie.name,
        number=invoice.number or "",
        title=invoice.label,
        issued_on=wording.plain_day(invoice.issued_on) if invoice.issued_on else "",
        children=_children(own),
        total=wording.money(invoice.total_cents),
        left_to_pay=wording.money(max(0, invoice.left_cents)),
        due_on="" if credit else wording.plain_day(invoice.due_on),
        reference=invoice.reference,
        carried_over=tuple(
            Amount(one.label, wording.money(one.amount_cents)) for one in others if one.amount_cents >= 0
        ),
        credits=tuple(Amount(one.label, wording.money(one.amount_cents)) for one in others if one.amount_cents < 0),
        split=_split(lines),
        already_paid=wording.money(invoice.paid_cents + invoice.credited_cents)
        if invoice.paid_cents + invoice.credited_cents
        else "",
        online=_online(invoice),
        how_to_pay=_how_to_pay(invoice),
        talon=None if credit or invoice.left_cents <= 0 else _talon(invoice),
        mentions=_mentions(invoice),
        test_mention=TEST if regie.mode == Regie.Mode.TEST and _is_online(regie) else "",
        credit_note=credit,
        heading="Avis des sommes à payer" if regie.circuit == Regie.Circuit.TITRE and not credit else "",
    )


def _children(lines: Iterable[InvoiceLine]) -> tuple[ChildLines, ...]:
    found = []
    for _, group in groupby(lines, key=lambda line: line.person_id):
        rows = list(group)
        person = rows[0].person
        room = person.classroom if person else None
        place = " – ".join(part for part in (room.school.name, room.name) if part) if room else ""
        total = wording.money(sum(row.amount_cents for row in rows)) if len(rows) > 1 else ""
        found.append(ChildLines(str(person), tuple(_line(row) for row in rows), place, total))
    return tuple(found)


def _line(row: InvoiceLine) -> Line:
    days = [date.fromisoformat(day["day"]) for day in row.detail.get("days", ())]
    note = [f"quotient {row.detail['quotient']}" if row.detail.get("quotient") is not None else ""]
    note.append("quotient non communiqué" if row.detail.get("quotient_missing") else "")
    return Line(
        label=row.label,
        quantity=wording.number(row.quantity),
        unit_price=wording.money(row.unit_cents),
        amount=wording.money(row.amount_cents),
        days=days_in_words(days),
        note=", ".join(filter(None, note)),
    )


def days_in_words(days: Sequence[date]) -> str:
    """« Ma 3, Je 5, Ve 6 »; a day of another month carries it: « Lu 30/11 »."""
    if not days:
        return ""
    month = max({(d.year, d.month) for d in days}, key=lambda one: sum((d.year, d.month) == one for d in days))
    return ", ".join(
        wording.day_short(d) if (d.year, d.month) == month else f"{wording.weekday_short(d.weekday())} {d:%d/%m}"
        for d in sorted(days)
    )


def _split(lines: Sequence[InvoiceLine]) -> tuple[Amount, ...]:
    parts = (
        ("dont garde", sum(line.care_cents for line in lines)),
        ("dont repas", sum(line.food_cents for line in lines)),
        ("dont majorations", sum(line.extra_cents for line in lines)),
    )
    shown = [(label, cents) for label, cents in parts if cents]
    return tuple(Amount(label, wording.money(cents)) for label, cents in shown) if len(shown) > 1 else ()


def _is_online(regie: Regie) -> bool:
    return takes_online(regie.provider, regie.mode, active=regie.active)


def _online(invoice: Invoice) -> OnlinePayment | None:
    regie = invoice.regie
    payable = invoice.kind == Invoice.Kind.INVOICE and invoice.status == InvoiceStatus.ISSUED and invoice.left_cents > 0
    if not payable or not _is_online(regie) or invoice.remittance_id is not None:
        return None
    until = f" jusqu'au {wording.day(invoice.payable_until)} inclus" if invoice.payable_until else ""
    return OnlinePayment(
        url=f"{public_origin()}/factures/{invoice.public_id}/",
        caption="Payer en ligne",
        sentence=f"Par carte bancaire ou prélèvement, sur le site sécurisé PayFiP de l'État{until}.",
    )


def _how_to_pay(invoice: Invoice) -> tuple[str, ...]:
    if invoice.kind == Invoice.Kind.CREDIT_NOTE or invoice.left_cents <= 0:
        return ()
    if invoice.remittance_id is not None and invoice.remittance is not None:
        return (f"Cette facture sera prélevée le {wording.day(invoice.remittance.collected_on)}.",)
    regie, words = invoice.regie, dict(Payment.Means.choices)
    means = [str(words[one]) for one in regie.means if one in words]
    counter = f"À la régie : {wording.listing(means)}." if means else ""
    return tuple(filter(None, (counter, regie.after_deadline)))


def _talon(invoice: Invoice) -> Talon:
    return Talon(
        reference=invoice.reference or invoice.number or "",
        amount=wording.money(invoice.left_cents),
        payer=invoice.payer_name,
        regie=invoice.regie.name,
        instruction="À joindre à votre règlement par chèque.",
        due=wording.numeric(invoice.due_on),
    )


def _mentions(invoice: Invoice) -> tuple[str, ...]:
    regie = invoice.regie
    issuer = f"Émetteur : {regie.issuer}." if regie.issuer else ""
    if regie.circuit != Regie.Circuit.TITRE or invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return (issuer,) if issuer else ()
    return tuple(filter(None, (issuer, str(regie.treasury.get("mentions") or APPEAL))))


def receipt_paper(payment: Payment) -> ReceiptPaper:
    """The receipt in words; régie, payer, operation and allocations are at hand."""
    attempt, invoices = payment.attempt, [one.invoice for one in payment.allocations.all()]
    rest = payment.cents - sum(one.cents for one in payment.allocations.all())
    back = "Ce règlement a été annulé." if payment.reversals.all() else ""
    owed = rest > 0 and not back
    surplus = f"{wording.money(rest)} dépassent ce qui restait à payer : la régie vous les doit." if owed else ""
    return ReceiptPaper(
        letterhead=letterhead(current_town(), siret_of(payment.regie)),
        recipient=recipient(payment.payer_name, payment.payer.address),
        regie=payment.regie.name,
        number=payment.number,
        paid_on=wording.plain_day(payment.on),
        means=payment.get_means_display(),
        amount=wording.money(payment.cents),
        invoices=tuple(
            PaidInvoice(one.invoice.number or "", one.invoice.label, wording.money(one.cents))
            for one in payment.allocations.all()
        ),
        reference=invoices[0].reference if invoices else "",
        authorisation=attempt.authorisation if attempt else "",
        ticket=attempt.ticket if attempt else "",
        sentences=tuple(filter(None, (surplus, back, payment.comment))),
        test_mention=TEST if attempt is not None and attempt.mode == Regie.Mode.TEST else "",
    )


def certificate_paper(payer: Payer, year: int, on: date) -> CertificatePaper | None:
    """What was paid in the year for the care of children under six on its first of January (feature M5)."""
    children = certified_children(payer, year)
    if not children:
        return None
    return CertificatePaper(
        letterhead=letterhead(current_town(), children[0].siret),
        recipient=recipient(str(payer), payer.address),
        year=str(year),
        children=tuple(
            CertifiedChild(
                name=child.name,
                born_on=wording.numeric(child.birth_date),
                period=f"du 1er janvier au 31 décembre {year}",
                amount=wording.money(child.cents),
            )
            for child in children
        ),
        total=wording.money(sum(child.cents for child in children)),
        issued_on=wording.plain_day(on),
        sentence="Sommes effectivement payées dans l'année pour la garde des enfants, repas et majorations exclus.",
        aids=CERTIFICATE_AIDS,
        law=CERTIFICATE_LAW,
    )


def recipient(name: str, address: str) -> Recipient:
    """The payer, where the window of the envelope shows it."""
    return Recipient(name, tuple(line.strip() for line in address.splitlines() if line.strip())[:5])


def siret_of(regie: Regie) -> str:
    """The SIRET of the budget, when the régie's settings for the Treasury have it."""
    return str(regie.treasury.get("siret", ""))
