"""What the town hall posts (feature A2)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from portail.news.models import NewsFile, NewsItem
from portail.news.operations.lines import CONTROL, NewsError, one_line
from portail.news.queries import cleaned
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

FILE_BYTES = 10 * 1024 * 1024
# The first bytes say what a file is; its name and what the browser claims do not.
MAGIC = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
EXTENSIONS = {"application/pdf": ("pdf",), "image/png": ("png",), "image/jpeg": ("jpg", "jpeg")}
LONGEST_NAME = 150
LONGEST_BODY = 50_000  # characters of HTML
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]+')

_is_link = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, slots=True)
class NewsDraft:
    """An item to post; `body` is HTML, cleaned at save. Shown from `published_at` until `until` (None: for good)."""

    kind: NewsItem.Kind
    title: str
    body: str
    link: str
    published_at: datetime
    until: datetime | None = None
    place: NewsItem.Place = NewsItem.Place.EVERYWHERE


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A file to attach. `alt` describes a picture to those who do not see it."""

    name: str
    content: bytes
    content_type: str
    alt: str = ""


def check_news(draft: NewsDraft) -> None:
    """Raises NewsError for what could not be posted: for a preview."""
    _checked(draft)


@transaction.atomic
def post_news(*, draft: NewsDraft, token: UUID | None = None, by: Actor, now: datetime) -> NewsItem:
    """Post an item on the board of the town in force; a `token` makes a form sent twice one item. Raises NewsError."""
    values = _checked(draft)
    item: NewsItem
    item, is_new = NewsItem.objects.get_or_create(public_id=token or uuid4(), defaults=values)
    if is_new:
        record(Act("post_news", item.title, after=_told(item)), by=by, now=now)
    return item


@transaction.atomic
def change_news(*, item: NewsItem, draft: NewsDraft, by: Actor, now: datetime) -> NewsItem:
    """Replace what an item says, when and where. Raises NewsError."""
    values = _checked(draft)
    found = _locked(item)
    if all(getattr(found, name) == value for name, value in values.items()):
        return found
    before = _told(found)
    for name, value in values.items():
        setattr(found, name, value)
    found.save(update_fields=list(values))
    record(Act("change_news", found.title, before, _told(found)), by=by, now=now)
    return found


@transaction.atomic
def withdraw_news(*, item: NewsItem, by: Actor, now: datetime) -> None:
    """« Retirer »: shown no more from now on, and kept. Nothing happens to what is withdrawn already."""
    found = _locked(item)
    if found.until is not None and found.until <= now:
        return
    before, found.until = _told(found), now
    found.save(update_fields=["until"])
    record(Act("withdraw_news", found.title, before, _told(found)), by=by, now=now)


@transaction.atomic
def remove_news(*, item: NewsItem, by: Actor, now: datetime) -> None:
    """« Supprimer », with its files, for good: only what families do not see at the moment. Raises NewsError."""
    found = NewsItem.objects.select_for_update(of=("self",)).filter(pk=item.pk).first()
    if found is None:
        return
    if found.published_at <= now and (found.until is None or found.until > now):
        raise NewsError("Cette actualité est en ligne : retirez-la d'abord.")
    record(Act("remove_news", found.title, before={**_told(found), "body": found.body}), by=by, now=now)
    found.delete()


@transaction.atomic
def remove_file(*, file: NewsFile, by: Actor, now: datetime) -> None:
    """Take a file off its item, for good."""
    before = {"name": file.name, "size": file.size, "item": str(file.item.public_id)}
    if NewsFile.objects.filter(pk=file.pk).delete()[0]:
        record(Act("remove_file", file.item.title, before=before), by=by, now=now)


@transaction.atomic
def attach_file(*, item: NewsItem, draft: FileDraft, by: Actor, now: datetime) -> NewsFile:
    """Attach a PDF or a picture to an item. Raises NewsError."""
    content_type = _content_type(draft)
    alt = one_line(draft.alt, "Le texte de remplacement", 200)
    if content_type.startswith("image/") and not alt:
        raise NewsError("Décrivez l'image en quelques mots, pour ceux qui ne la voient pas.", "alt")
    file: NewsFile = NewsFile.objects.create(
        item=item,
        name=_file_name(draft.name, content_type),
        alt=alt,
        content_type=content_type,
        size=len(draft.content),
        content=draft.content,
    )
    after = {"name": file.name, "size": file.size, "item": str(item.public_id)}
    record(Act("attach_file", item.title, after=after), by=by, now=now)
    return file


def _checked(draft: NewsDraft) -> dict[str, Any]:
    """The columns of a draft that may be saved. Raises NewsError."""
    title = one_line(draft.title, "Le titre", 150)
    if not title:
        raise NewsError("Il faut un titre.", "title")
    if len(draft.body) > LONGEST_BODY:
        raise NewsError(f"Le texte dépasse {LONGEST_BODY} caractères : joignez plutôt un document.", "text")
    if draft.until is not None and draft.until <= draft.published_at:
        raise NewsError("L'actualité serait retirée avant d'être publiée.", "last")
    return {
        "kind": draft.kind.value,
        "title": title,
        "body": str(cleaned(CONTROL.sub("", draft.body))),
        "link": _link(draft.link),
        "published_at": draft.published_at,
        "until": draft.until,
        "place": draft.place.value,
    }


def _told(item: NewsItem) -> dict[str, str]:
    """What the trail says of an item; `item` finds its lines again."""
    return {
        "item": str(item.public_id),
        "kind": str(item.kind),
        "title": item.title,
        "published_at": item.published_at.isoformat(),
        "until": item.until.isoformat() if item.until else "",
        "place": str(item.place),
    }


def _locked(item: NewsItem) -> NewsItem:
    found: NewsItem = NewsItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    return found


def _link(text: str) -> str:
    link = text.strip()
    if not link:
        return ""
    try:
        _is_link(link)
    except ValidationError:
        raise NewsError(f"« {link[:80]} » n'est pas une adresse de page web (https://…).", "link") from None
    if len(link) > 200:
        raise NewsError("L'adresse du lien dépasse 200 caractères.", "link")
    return link


def _content_type(draft: FileDraft) -> str:
    if not draft.content:
        raise NewsError(f"Le fichier « {draft.name[:80]} » est vide.")
    if len(draft.content) > FILE_BYTES:
        raise NewsError(f"Le fichier « {draft.name[:80]} » dépasse 10 Mo.")
    found = next((kind for kind, magic in MAGIC.items() if draft.content.startswith(magic)), None)
    if found is None or found != draft.content_type:
        raise NewsError(f"Le fichier « {draft.name[:80]} » n'est ni un PDF, ni une image PNG ou JPEG.")
    return found


def _file_name(name: str, content_type: str) -> str:
    """A name that any system can save: no path, no control or direction character, the extension of what it is."""
    bare = _NOT_IN_A_NAME.sub(" ", name.replace("\\", "/").rsplit("/", 1)[-1])
    stem, _, extension = " ".join(bare.split()).strip(". ").rpartition(".")
    if extension.lower() not in EXTENSIONS[content_type]:
        stem, extension = (f"{stem}.{extension}" if stem else extension), EXTENSIONS[content_type][0]
    stem = stem.strip(". ")[: LONGEST_NAME - 1 - len(extension)] or "fichier"
    return f"{stem}.{extension}"
