"""The board as the office reads it: every item, shown or not, and what was done to it."""

from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from portail.news.models import NewsFile, NewsItem
from portail.towns.models import Audit

COMING, SHOWN, OVER = "coming", "shown", "over"
LAST_ACTS = 12


def news_rows(now: datetime, *, kind: str = "", state: str = "", words: str = "") -> QuerySet[NewsItem]:
    """The items of this kind (none: all), coming, shown or over at `now`, that bear each of these words."""
    rows: QuerySet[NewsItem] = NewsItem.objects.all()
    if kind:
        rows = rows.filter(kind=kind)
    for word in "".join(c if c.isprintable() else " " for c in words).split()[:5]:
        rows = rows.filter(Q(title__icontains=word) | Q(body__icontains=word))
    if state == COMING:
        return rows.filter(Q(published_at__gt=now) & (Q(until=None) | Q(until__gt=now)))
    if state == SHOWN:
        return rows.filter(Q(published_at__lte=now) & (Q(until=None) | Q(until__gt=now)))
    return rows.filter(until__lte=now) if state == OVER else rows


def state_of(item: NewsItem, now: datetime) -> str:
    """COMING, SHOWN or OVER at `now`."""
    if item.until is not None and item.until <= now:
        return OVER
    return COMING if item.published_at > now else SHOWN


def news_with(public_id: UUID) -> NewsItem | None:
    """The item of this identifier with its files, without what is in them. Two queries."""
    files = NewsFile.objects.defer("content").order_by("id")
    return NewsItem.objects.prefetch_related(Prefetch("files", files)).filter(public_id=public_id).first()


def file_with(public_id: UUID) -> NewsFile | None:
    """The file of this identifier with its item, shown or not."""
    return NewsFile.objects.select_related("item").filter(public_id=public_id).first()


def acts_on(item: NewsItem) -> list[Audit]:
    """What was done to an item, the latest first. One query."""
    named = str(item.public_id)
    rows: QuerySet[Audit] = Audit.objects.filter(Q(after__item=named) | Q(before__item=named))
    return list(rows.order_by("-at", "-id")[:LAST_ACTS])
