"""« Voir comme la famille »: the ticket by which an agent reads the parents' site as one family sees it, and no more.

It is a signed cookie of its own: it carries no key of the family's, lives half an hour at most, and dies with the
session of the agent. Every page it opens says so; nothing can be sent from there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

COOKIE = f"{settings.PREFIX}vue"
LONGEST = timedelta(minutes=30)
_SALT = "view-as"


@dataclass(frozen=True, slots=True)
class View:
    """Which payer's site an agent reads, by which session of the office, until when."""

    payer: UUID
    session_id: int
    ends_at: datetime


def ticket(view: View) -> str:
    """The value of the cookie. Signed, not sealed: it holds no secret."""
    return Signer(salt=_SALT).sign(f"{view.payer}.{view.session_id}.{int(view.ends_at.timestamp())}")


def read_ticket(value: str, now: datetime) -> View | None:
    """The view that a cookie opens; None when there is none, it was tampered with, or it is over."""
    try:
        payer, session_id, ends_at = Signer(salt=_SALT).unsign(value).split(".")
        left = timedelta(seconds=int(ends_at) - int(now.timestamp()))
        return View(UUID(payer), int(session_id), now + left) if timedelta() < left <= LONGEST else None
    except (BadSignature, ValueError):
        return None
