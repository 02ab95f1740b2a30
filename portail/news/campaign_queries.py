"""E-mails to many families and what became of them; the mails that were given up."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portail.news.models import Campaign, OutboxMail

_Status = OutboxMail.Status


def campaign_rows() -> QuerySet[Any]:
    """Every campaign with `sent`, `waiting` and `failed`: how many of its mails are so."""
    under_way = Q(mails__status__in=[_Status.WAITING, _Status.SENDING])
    return Campaign.objects.annotate(
        sent=Count("mails", filter=Q(mails__status=_Status.SENT)),
        waiting=Count("mails", filter=under_way),
        failed=Count("mails", filter=Q(mails__status=_Status.FAILED)),
    )


def campaign_with(public_id: UUID) -> Any:
    """The campaign of this identifier, with its counts, or None."""
    return campaign_rows().filter(public_id=public_id).first()


def abandoned_rows() -> QuerySet[OutboxMail]:
    """The mails that were given up, with their payer, without their text."""
    rows: QuerySet[OutboxMail] = OutboxMail.objects.filter(status=_Status.FAILED)
    return rows.select_related("payer").defer("text", "html", "attachments")
