"""News, information and tips as the pages show them (feature A2), and the files that go with them."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from markupsafe import Markup

from portail.news.queries import NewsCard, board, file_named
from portail.towns import wording as say
from portail.web.requests import TownRequest, zone_of

KILO = 1024


@dataclass(frozen=True, slots=True)
class FileLink:
    """An attached file."""

    name: str
    url: str
    size_words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An attached picture, shown in the text."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class NewsView:
    """An item of the board."""

    title: str
    day: date
    html: Markup
    link: str
    files: list[FileLink]
    pictures: list[Picture]


def board_context(request: TownRequest) -> dict[str, Any]:
    """`news`, `info` and `tips` for a template. Two queries at the most."""
    found = board(request.now)
    return {
        "news": [_view(card, request) for card in found.news],
        "info": Markup("").join(card.body for card in found.information),
        "tips": [_view(card, request) for card in found.tips],
    }


@require_safe
def news_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A file of the news: pictures inline, anything else as a download. Never run by the browser."""
    file = file_named(public_id, cast(TownRequest, request).now)
    if file is None:
        raise Http404
    response = HttpResponse(bytes(file.content), content_type=file.content_type)
    as_download = not file.content_type.startswith("image/")
    response.headers["Content-Disposition"] = content_disposition_header(as_download, file.name) or "attachment"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def size_words(size: int) -> str:
    """« 230 ko », « 1,2 Mo »."""
    if size < KILO * KILO:
        return _("%(size)d ko") % {"size": max(1, round(size / KILO))}
    return _("%(size)s Mo") % {"size": number_format(f"{size / KILO / KILO:.1f}")}


def _view(card: NewsCard, request: TownRequest) -> NewsView:
    files, pictures = [], []
    for file in card.files:
        url = reverse("news_file", kwargs={"public_id": file.public_id})
        if file.content_type.startswith("image/"):
            pictures.append(Picture(url, file.alt))
        else:
            files.append(FileLink(file.name, url, size_words(file.size)))
    day = say.local(card.published_at, zone_of(request)).date()
    return NewsView(card.title, day, card.body, card.link, files, pictures)
