"""The board: what families read before and after login, written, previewed, scheduled, withdrawn (feature M6)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST

from portail.news.board_queries import COMING, OVER, SHOWN, acts_on, file_with, news_rows, news_with, state_of
from portail.news.models import NewsItem
from portail.news.operations.board import (
    FILE_BYTES,
    MAGIC,
    FileDraft,
    attach_file,
    change_news,
    check_news,
    post_news,
    remove_file,
    remove_news,
    withdraw_news,
)
from portail.news.operations.lines import NewsError
from portail.news.plain_text import html_of
from portail.news.queries import cleaned
from portail.office.acts import act_words
from portail.office.lists import Column, listed
from portail.office.messages.news_forms import FileForm, NewsFilterForm, NewsForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, zone_of
from portail.rules.staff import Right
from portail.towns.wording import moment

STATES = {COMING: ("à venir", "info"), SHOWN: ("en ligne", "good"), OVER: ("retirée", "")}


@allowed(Right.MESSAGES)
def news(request: OfficeRequest) -> HttpResponse:
    """Every item, the latest first."""
    form = NewsFilterForm(request.GET)
    values = form.cleaned_data if form.is_valid() else {}
    rows = news_rows(
        request.now, kind=values.get("kind", ""), state=values.get("state", ""), words=values.get("q", "")
    ).defer("body")  # fmt: skip
    listing = listed(request, rows, _columns(request), sort="-from", filters=form, file_name="actualites")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/messages/news.html", {"listing": listing}, current="news")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MESSAGES)
def new_news(request: OfficeRequest) -> HttpResponse:
    """A new item; files are attached once it is saved."""
    form = NewsForm(request.POST or None, initial={"token": uuid4()})
    preview = None
    if form.is_valid():
        if request.POST.get("act") == "preview":
            preview = _preview(request, form)
        else:
            try:
                draft = form.draft(zone_of(request), request.now)
                token = form.cleaned_data["token"] or uuid4()
                item = post_news(draft=draft, token=token, by=actor(request), now=request.now)
                return done(f"« {item.title} » est enregistrée. Joignez ici un fichier ou une image, si besoin.",
                            "office:edit_news", public_id=item.public_id)  # fmt: skip
            except NewsError as refusal:
                form.refuse(refusal)
    context = {"form": form, "one": None, "preview": preview}
    return show(request, "office/messages/news_edit.html", context, current="news", status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MESSAGES)
def edit_news(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """An item: its text, its hours, its files, what was done to it."""
    one, zone = _one(public_id), zone_of(request)
    form = NewsForm(request.POST or None, initial=NewsForm.initial_of(one, zone))
    preview = None
    if form.is_valid():
        if request.POST.get("act") == "preview":
            preview = _preview(request, form)
        else:
            try:
                draft = form.draft(zone, one.published_at)
                change_news(item=one, draft=draft, by=actor(request), now=request.now)
                return done("C'est enregistré.", "office:edit_news", public_id=public_id)
            except NewsError as refusal:
                form.refuse(refusal)
    return _edit_page(request, one, form, preview, FileForm())


@require_POST
@allowed(Right.MESSAGES)
def attach(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A PDF or a picture for an item."""
    one = _one(public_id)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            content = upload.read(FILE_BYTES + 1)  # more is refused whatever it is
            kind = next((kind for kind, magic in MAGIC.items() if content.startswith(magic)), "")
            draft = FileDraft(upload.name, content, kind, form.cleaned_data["alt"])
            attach_file(item=one, draft=draft, by=actor(request), now=request.now)
            return done("Le fichier est joint.", "office:edit_news", public_id=public_id)
        except NewsError as refusal:
            form.refuse(refusal)
    return _edit_page(request, one, NewsForm(initial=NewsForm.initial_of(one, zone_of(request))), None, form)


@require_POST
@allowed(Right.MESSAGES)
def drop_file(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Take a file off its item."""
    file = file_with(public_id)
    if file is None:
        raise Http404
    remove_file(file=file, by=actor(request), now=request.now)
    return done(f"« {file.name} » est retiré.", "office:edit_news", public_id=file.item.public_id)


@allowed(Right.MESSAGES)
def office_file(_request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A file of an item that is shown or not; never run by the browser."""
    file = file_with(public_id)
    if file is None:
        raise Http404
    response = HttpResponse(bytes(file.content), content_type=file.content_type)
    as_download = not file.content_type.startswith("image/")
    response.headers["Content-Disposition"] = content_disposition_header(as_download, file.name) or "attachment"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@allowed(Right.MESSAGES)
def news_out(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """« Retirer », or « Supprimer » what is not shown."""
    one = _one(public_id)
    if request.POST.get("act") != "remove":
        withdraw_news(item=one, by=actor(request), now=request.now)
        return done(f"« {one.title} » n'est plus affichée.", "office:edit_news", public_id=public_id)
    try:
        remove_news(item=one, by=actor(request), now=request.now)
    except NewsError as refusal:
        form = NewsForm(initial=NewsForm.initial_of(one, zone_of(request)))
        return _edit_page(request, one, form, None, FileForm(), refused=str(refusal))
    return done(f"« {one.title} » est supprimée.", "office:news")


def _edit_page(
    request: OfficeRequest, one: NewsItem, form: NewsForm, preview: Any, file_form: FileForm, refused: str = ""
) -> HttpResponse:
    state = state_of(one, request.now)
    zone = zone_of(request)
    context = {
        "form": form,
        "one": one,
        "preview": preview,
        "file_form": file_form,
        "refused": refused,
        "state": state,
        "state_words": STATES[state][0],
        "acts": [(act_words(line.verb), line.actor, moment(line.at, zone)) for line in acts_on(one)],
    }
    status = 400 if form.errors or file_form.errors or refused else 200
    return show(request, "office/messages/news_edit.html", context, current="news", status=status)


def _preview(request: OfficeRequest, form: NewsForm) -> dict[str, Any] | None:
    """What families will read, or None when the draft itself is refused."""
    values, zone = form.cleaned_data, zone_of(request)
    try:
        draft = form.draft(zone, request.now)
        check_news(draft)
    except NewsError as refusal:
        form.refuse(refusal)
        return None
    return {
        "title": values["title"],
        "html": cleaned(html_of(values["text"])),
        "link": values["link"],
        "tip": draft.kind == NewsItem.Kind.TIP,
        "information": draft.kind == NewsItem.Kind.INFORMATION,
        "day": draft.published_at.astimezone(zone).date(),
        "when": _when(draft.published_at, draft.until, request),
    }


def _when(published_at: datetime, until: datetime | None, request: OfficeRequest) -> str:
    zone = zone_of(request)
    start = "dès maintenant" if published_at <= request.now else f"à partir du {moment(published_at, zone)}"
    return start if until is None else f"{start}, jusqu'au {moment(until, zone)}"


def _columns(request: OfficeRequest) -> list[Column]:
    zone = zone_of(request)
    return [
        Column("title", "Titre", lambda one: one.title, sort=("title",), link=lambda one: f"{one.public_id}/"),
        Column("kind", "Rubrique", lambda one: one.get_kind_display(), sort=("kind", "-published_at")),
        Column("state", "État", lambda one: STATES[state_of(one, request.now)][0], kind="tag",
               tone=lambda one: STATES[state_of(one, request.now)][1]),
        Column("from", "Du", lambda one: one.published_at.astimezone(zone).date(), sort=("published_at",)),
        Column("until", "Au", lambda one: _last_day(one, request) or "sans fin", sort=("until",)),
        Column("place", "Où", lambda one: one.get_place_display(), sort=("place", "-published_at")),
    ]  # fmt: skip


def _last_day(one: NewsItem, request: OfficeRequest) -> Any:
    """The last day on which it is shown: a midnight belongs to the day before."""
    return None if one.until is None else (one.until - timedelta(microseconds=1)).astimezone(zone_of(request)).date()


def _one(public_id: UUID) -> NewsItem:
    found = news_with(public_id)
    if found is None:
        raise Http404
    return found
