"""What families wrote to the town hall, as its office reads it: the list, one thread, who may be behind it."""

import re
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from portail.families.models import Payer
from portail.families.queries.search import LEAST_PHONE, Wanted, payers_wanted
from portail.news.models import ContactRequest

MOST_LIKE = 5
_CODE = re.compile(r"(?<!\d)\d{3,8}(?!\d)")


def contact_rows(*, status: str = "", words: str = "") -> QuerySet[ContactRequest]:
    """The messages in this state (none: all) that bear each of these words somewhere."""
    rows: QuerySet[ContactRequest] = ContactRequest.objects.select_related("payer")
    if status:
        rows = rows.filter(status=status)
    for word in "".join(c if c.isprintable() else " " for c in words).split()[:5]:
        rows = rows.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(phone__icontains=word)
            | Q(child__icontains=word) | Q(message__icontains=word)
        )  # fmt: skip
    return rows


def contact_with(public_id: UUID) -> ContactRequest | None:
    """The message of this identifier with its answers, oldest first. Two queries."""
    rows = ContactRequest.objects.select_related("payer").prefetch_related("replies")
    return rows.filter(public_id=public_id).first()


def contacts_waiting() -> int:
    """How many messages wait for an answer. One query."""
    return ContactRequest.objects.filter(status=ContactRequest.Status.NEW).count()


def payers_behind(request: ContactRequest) -> list[Payer]:
    """Who may have written, with their children: the payer of the session, else those who share something with it.

    What was typed before login proves nothing: the same e-mail, telephone or child's code only suggests. Three queries
    at most.
    """
    everybody: QuerySet[Payer] = Payer.objects.prefetch_related("links__person__classroom__school").order_by("sort_key")
    if request.payer_id is not None:
        return list(everybody.filter(pk=request.payer_id))
    like = Q(pk__in=[])
    if request.email:
        like |= Q(email__iexact=request.email)
    if len(re.sub(r"\D", "", request.phone)) >= LEAST_PHONE:
        like |= Q(pk__in=payers_wanted(Wanted(words=request.phone)).values("pk"))
    codes: Sequence[str] = _CODE.findall(request.child)
    if codes:
        like |= Q(links__person__code__in=codes)
    return list(everybody.filter(like, active=True).distinct()[:MOST_LIKE])
