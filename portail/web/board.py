"""News, information and tips as the pages show them (feature A2), and the files that go with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe
from markupsafe import Markup

from portail.news.menu_queries import menus_of_week
from portail.news.models import NewsItem
from portail.news.queries import NewsCard, board, file_named
from portail.rules.weeks import monday
from portail.towns import wording as say
from portail.web.requests import TownRequest, zone_of

KILO = 1024
ALLERGENS = {
    "gluten": gettext_noop("gluten"), "crustaceans": gettext_noop("crustacés"), "eggs": gettext_noop("œufs"),
    "fish": gettext_noop("poisson"), "peanuts": gettext_noop("arachides"), "soya": gettext_noop("soja"),
    "milk": gettext_noop("lait"), "nuts": gettext_noop("fruits à coque"), "celery": gettext_noop("céleri"),
    "mustard": gettext_noop("moutarde"), "sesame": gettext_noop("sésame"), "sulphites": gettext_noop("sulfites"),
    "lupin": gettext_noop("lupin"), "molluscs": gettext_noop("mollusques"),
}  # fmt: skip
TO_NEXT_WEEK = timedelta(days=2)  # a Saturday shows the week that comes


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


@dataclass(frozen=True, slots=True)
class MenuView:
    """What is served on a day, the allergens in words; `school` empty: everywhere; no course: no menu published."""

    day: date
    school: str
    courses: tuple[str, ...]
    allergens: list[str]


def board_context(request: TownRequest) -> dict[str, Any]:
    """`news`, `info` and `tips` for a template. Two queries at the most."""
    found = board(request.now, inside=request.family is not None)
    return {
        "news": [_view(card, request) for card in found.news],
        "info": Markup("").join(card.body for card in found.information),
        "tips": [_view(card, request) for card in found.tips],
    }


def menus_context(request: TownRequest) -> dict[str, Any]:
    """`menus` for a template: the week's days with what is served; the next week's from Saturday on. One query.

    Empty when nothing is published for the week. Who is logged in sees the schools of their own children.
    """
    today = say.local(request.now, zone_of(request)).date()
    schools = None
    if request.family is not None:
        schools = {child.school_id for child in request.family.children if child.school_id is not None}
    days = menus_of_week(monday(today + TO_NEXT_WEEK), schools)
    return {"menus": [MenuView(day.day, day.school, day.courses, _allergens(day.allergens)) for day in days]}


@require_safe
def news_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A file of the news: pictures inline, anything else as a download. Never run by the browser."""
    visitor = cast(TownRequest, request)
    file = file_named(public_id, visitor.now, inside=visitor.family is not None)
    if file is None:
        raise Http404
    response = HttpResponse(bytes(file.content), content_type=file.content_type)
    as_download = not file.content_type.startswith("image/")
    response.headers["Content-Disposition"] = content_disposition_header(as_download, file.name) or "attachment"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    whose = "private" if file.item.place == NewsItem.Place.AFTER else "public"
    response.headers["Cache-Control"] = f"{whose}, max-age=3600"
    return response


def _allergens(values: Iterable[str]) -> list[str]:
    return [_(ALLERGENS[value]) for value in values]


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
