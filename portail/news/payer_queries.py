"""What the portal sent to a payer, and what they wrote to the town hall."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from portail.families.models import Payer
from portail.news.models import ContactRequest, OutboxMail


@dataclass(frozen=True, slots=True)
class MailRow:
    """An e-mail to a payer. `sent_at`: None while it waits or when it was given up."""

    created_at: datetime
    sent_at: datetime | None
    to: str
    subject: str
    status: str
    status_words: str


def mails_to(payer_id: int, limit: int) -> list[MailRow]:
    """The last e-mails to a payer, the newest first. One query."""
    rows = OutboxMail.objects.filter(payer_id=payer_id).order_by("-created_at", "-id")
    words = dict(OutboxMail.Status.choices)
    columns = rows.values_list("created_at", "sent_at", "to", "subject", "status")[:limit]
    return [
        MailRow(created_at, sent_at, to, subject, status, str(words.get(status, "")))
        for created_at, sent_at, to, subject, status in columns
    ]


def contacts_from(payer: Payer, limit: int) -> list[ContactRequest]:
    """The last messages that a payer wrote from inside, or that bear their e-mail or telephone, the newest first.

    One query.
    """
    same = Q(payer_id=payer.pk)
    if payer.email:
        same |= Q(email__iexact=payer.email)
    if payer.phone:
        same |= Q(phone=payer.phone)
    return list(ContactRequest.objects.filter(same).order_by("-at", "-id")[:limit])
