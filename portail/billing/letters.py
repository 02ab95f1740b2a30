"""The e-mails about money. In French; they carry no child's name and no code: a mailbox is read by others."""

from collections.abc import Sequence

from django.utils import translation

from portail.billing.models import Attempt, Invoice, Payment
from portail.families.models import Payer
from portail.news.operations.outbox import Attached, MailDraft
from portail.rules.invoicing import InvoiceStatus
from portail.towns import wording
from portail.towns.scope import current_town


def ticket_mail(payment: Payment, attempt: Attempt, invoice: Invoice) -> MailDraft:
    """The ticket of an online payment (feature F6), to the address that the payer gave for it."""
    with translation.override("fr"):
        amount = wording.money(payment.cents)
        facts = [
            f"Facture : {invoice} – {invoice.label}",
            f"Référence de la dette : {invoice.reference or attempt.reference}",
            f"Montant : {amount}",
            f"Date : {wording.day(payment.on)}",
            f"N° d'autorisation : {attempt.authorisation}" if attempt.authorisation else "",
            f"Ticket LPS : {attempt.ticket}",
            f"Reçu n° : {payment.number}",
            f"Régie : {invoice.regie}",
        ]
        test = "Régie en mode test : aucune somme n'a été prélevée." if attempt.mode == "T" else ""
        body = ["Bonjour,", "Votre paiement est accepté. Votre reçu est joint.", "\n".join(filter(None, facts)), test]
        subject = f"Votre paiement de {amount} est accepté"
    return MailDraft(
        key=f"receipt/{payment.public_id}",
        kind="receipt",
        to=attempt.email,
        subject=subject,
        text=letter(body),
        attachments=(Attached("receipt", payment.public_id),),
        payer_id=attempt.payer_id,
    )


def reversal_mail(payment: Payment, reversal: Payment, invoices: Sequence[Invoice], reason: str) -> MailDraft:
    """« Prélèvement rejeté »: the debt is open again, and the payer must know."""
    with translation.override("fr"):
        amount = wording.money(payment.cents)
        owed = "\n".join(f"– facture {invoice}, {invoice.label}" for invoice in invoices)
        body = [
            "Bonjour,",
            f"Votre règlement de {amount} du {wording.day(payment.on)} (reçu n° {payment.number}) n'a pas abouti."
            + (f" Motif : {reason}." if reason else ""),
            f"Ces sommes sont de nouveau à payer :\n{owed}" if owed else "",
            "Le service comptable de la commune vous dira comment les régler."
            if any(invoice.status == InvoiceStatus.TRANSFERRED for invoice in invoices)
            else "Vous pouvez les régler sur le portail, rubrique « Facture », ou auprès de la régie.",
        ]
    return MailDraft(
        key=f"reversal/{reversal.public_id}",
        kind="reversal",
        to=payment.payer.email,
        subject=f"Votre règlement de {amount} n'a pas abouti",
        text=letter(body),
        payer_id=payment.payer_id,
    )


def confirmation_mail(payer: Payer, address: str, url: str, key: str) -> MailDraft:
    """Asks whoever reads this mailbox whether it may receive the payer's news of invoices (feature F7)."""
    body = [
        "Bonjour,",
        f"{payer} demande à recevoir à cette adresse un message à chaque nouvelle facture de {current_town().name}.",
        f"Pour accepter, ouvrez cette page et appuyez sur le bouton :\n{url}",
        "Si vous n'êtes pas concerné, ne faites rien : cette adresse ne recevra plus aucun message.",
    ]
    return MailDraft(
        key=key,
        kind="confirm",
        to=address,
        subject="Confirmez votre adresse de courriel",
        text=letter(body),
        payer_id=payer.pk,
    )


def letter(paragraphs: Sequence[str]) -> str:
    """Plain text: the paragraphs that are not empty, then who writes."""
    town = current_town()
    signature = "\n".join(part for part in (town.name, town.phone) if part)
    return "\n\n".join([*filter(None, paragraphs), f"-- \n{signature}"]) + "\n"
