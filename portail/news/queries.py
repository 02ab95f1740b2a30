"""Reads of the news: what a page shows before login and its files (feature A2), the state of the outbox."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import nh3
from django.db.models import Q, QuerySet
from markupsafe import Markup

from portail.news.models import NewsFile, NewsItem, OutboxMail

LONGEST_BOARD = 50  # items on one page: a town that never retires its news does not slow its login page down
MOST_ABANDONED = 100  # mails of one list
LATE = timedelta(hours=1)  # after which an e-mail that has not left is worth a word

TAGS = {"a", "b", "blockquote", "br", "em", "h3", "h4", "i", "li", "ol", "p", "strong", "u", "ul"}
ATTRIBUTES = {"a": {"href", "title"}}
SCHEMES = {"http", "https", "mailto", "tel"}
DROPPED_WHOLE = {"script", "style", "title", "template"}  # of any other tag the words stay


@dataclass(frozen=True, slots=True)
class FileCard:
    """An attached file or picture, without its content. `size` in bytes."""

    public_id: UUID
    name: str
    size: int
    content_type: str
    alt: str


@dataclass(frozen=True, slots=True)
class NewsCard:
    """An item as a page shows it; `body` may be written out as it is."""

    title: str
    published_at: datetime
    body: Markup
    link: str
    files: tuple[FileCard, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything published now, the newest first."""

    news: tuple[NewsCard, ...]
    information: tuple[NewsCard, ...]
    tips: tuple[NewsCard, ...]


@dataclass(frozen=True, slots=True)
class AbandonedMail:
    """An e-mail that was given up. `last_error`: a French sentence."""

    created_at: datetime
    kind: str
    to: str
    subject: str
    last_error: str


def cleaned(body: str) -> Markup:
    """HTML reduced to a few harmless tags: at save and again at render, so that old rows obey the rules of today."""
    return Markup(  # noqa: S704  the cleaner's output is what may be trusted
        nh3.clean(
            body,
            tags=TAGS,
            clean_content_tags=DROPPED_WHOLE,
            attributes=ATTRIBUTES,
            url_schemes=SCHEMES,
            link_rel="noopener noreferrer",
        )
    )


def board(now: datetime, *, inside: bool = False) -> Board:
    """What the town in force shows at `now`, before login or `inside`. Two queries, one when there is nothing."""
    items = list(_published(now, inside=inside).order_by("-published_at", "-id")[:LONGEST_BOARD])
    files: dict[int, list[FileCard]] = {}
    if items:
        rows = NewsFile.objects.filter(item__in=[item.pk for item in items]).order_by("id")
        for item_id, *file in rows.values_list("item_id", "public_id", "name", "size", "content_type", "alt"):
            files.setdefault(item_id, []).append(FileCard(*file))
    cards: dict[str, list[NewsCard]] = {kind: [] for kind in NewsItem.Kind}
    for item in items:
        found = tuple(files.get(item.pk, ()))
        cards[item.kind].append(NewsCard(item.title, item.published_at, cleaned(item.body), item.link, found))
    return Board(
        news=tuple(cards[NewsItem.Kind.NEWS]),
        information=tuple(cards[NewsItem.Kind.INFORMATION]),
        tips=tuple(cards[NewsItem.Kind.TIP]),
    )


def file_named(public_id: UUID, now: datetime, *, inside: bool = False) -> NewsFile | None:
    """The file of this public identifier, with its content and item, if the item is shown at `now` to this visitor.

    Who is `inside` may fetch what is shown before login too: the page may still be open.
    """
    everywhere = _published(now, inside=False) | _published(now, inside=True)
    shown = everywhere if inside else _published(now, inside=False)
    return NewsFile.objects.select_related("item").filter(public_id=public_id, item__in=shown).first()


def item_titled(kind: str, title: str) -> NewsItem | None:
    """The latest item of this kind and title, shown or not: how a command sees that it was posted already."""
    return NewsItem.objects.filter(kind=kind, title=title).order_by("-published_at", "-id").first()


def _published(now: datetime, *, inside: bool) -> QuerySet[NewsItem]:
    places = [NewsItem.Place.EVERYWHERE, NewsItem.Place.AFTER if inside else NewsItem.Place.BEFORE]
    shown: QuerySet[NewsItem] = NewsItem.objects.filter(published_at__lte=now, place__in=places)
    return shown.filter(Q(until__isnull=True) | Q(until__gt=now))


def mails_are_due(now: datetime) -> bool:
    """Is there an e-mail to send, or one that was cut short while it left? For the worker's every second: one query."""
    unclaimed = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    waiting = Q(unclaimed, status=OutboxMail.Status.WAITING, due_at__lte=now)
    return OutboxMail.objects.filter(waiting | Q(status=OutboxMail.Status.SENDING, claimed_until__lte=now)).exists()


def outbox_counts(now: datetime) -> tuple[int, int]:
    """(mails that should have left an hour ago, mails given up) of the town in force. Two queries."""
    waiting = OutboxMail.objects.filter(status=OutboxMail.Status.WAITING, created_at__lte=now - LATE)
    late = waiting.filter(Q(tries__gt=0) | Q(due_at__lte=now - LATE))  # not those asked for a later day
    return late.count(), OutboxMail.objects.filter(status=OutboxMail.Status.FAILED).count()


def abandoned_mails() -> list[AbandonedMail]:
    """The last mails of the town in force that were given up, the newest first. One query."""
    rows = OutboxMail.objects.filter(status=OutboxMail.Status.FAILED).order_by("-created_at", "-id")
    columns = rows.values_list("created_at", "kind", "to", "subject", "last_error")[:MOST_ABANDONED]
    return [AbandonedMail(*row) for row in columns]


def failed_mails() -> int:
    """How many mails were given up. One query."""
    return OutboxMail.objects.filter(status=OutboxMail.Status.FAILED).count()
