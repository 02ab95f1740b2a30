"""Closures and events: the list, the act with its preview, its page, the way back."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.bookings.models import Closure, Event
from portail.bookings.operations.events import (
    EventDraft,
    HitsChangedError,
    announce_event,
    event_order,
    planned,
    reopen_event,
)
from portail.bookings.operations.offer import OfferError
from portail.bookings.queries.activities import in_order
from portail.bookings.queries.closing import Hit, cancelled_by, digest, event_mails, families_of, hits, persons_of
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.year import ClosedLine, event_history, places_of
from portail.families.models import Classroom, School
from portail.news.operations.outbox import is_address
from portail.office.calendar.event_forms import (
    BOOKED,
    HINTS,
    REASONS,
    EventForm,
    MessageForm,
    ReopenForm,
    reopened_words,
    words_for,
)
from portail.office.calendar.words import EVENTS, counted, days
from portail.office.lists import Column, export, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right
from portail.towns.operations.jobs import enqueue

NAMES_SHOWN = 500
MANY = 3000  # bookings: a page takes them away in three seconds, more are a work to follow


@allowed(Right.CALENDAR)
def events(request: OfficeRequest) -> HttpResponse:
    """Every closure, the latest first."""
    listing = listed(request, event_history(), COLUMNS, sort="", file_name="fermetures")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/events.html", {"listing": listing}, current="events")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def new_event(request: OfficeRequest) -> HttpResponse:
    """Which event; then what closes; then the preview; then it is done."""
    wanted = request.GET.get("nature", "")
    if wanted not in Event.Kind.values:
        kinds = [(kind, words, HINTS[kind]) for kind, words in EVENTS.items()]
        return show(request, "office/event_kinds.html", {"kinds": kinds, "day": _day(request)}, current="events")
    kind = Event.Kind(wanted)
    form = _event_form(request, kind)
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "words": EVENTS[kind],
        "hint": HINTS[kind],
        "preview": None,
        "message": None,
    }
    if form.is_valid():
        try:
            if request.POST.get("act") == "confirm":
                answer = _confirmed(request, form, kind, context)
                if answer is not None:
                    return answer
            else:
                _look(request, form, kind, context, None)
        except OfferError as refusal:
            form.add_error(None, str(refusal))
    return _event_page(request, form, context)


def _event_page(request: OfficeRequest, form: EventForm, context: dict[str, Any]) -> HttpResponse:
    message = context["message"]
    refused = form.errors or (message is not None and message.errors)
    return show(request, "office/event_new.html", context, current="events", status=400 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.CALENDAR)
def event(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What was closed, who was told, whom to call; the form of the way back."""
    one = Event.objects.filter(public_id=public_id).first()
    if one is None:
        raise Http404
    reopen = ReopenForm(request.POST or None, initial={"way": "all", "rebook": True})
    first = {"to": BOOKED, **reopened_words(one)}
    message = MessageForm(request.POST or None, initial=first)
    if request.method == "POST" and reopen.is_valid() and message.is_valid():
        values = reopen.cleaned_data
        keep = (values["first"], values["last"]) if values["way"] == "keep" else None
        try:
            back = reopen_event(
                event=one, keep=keep, rebook=values["rebook"], message=message.message(), by=actor(request),
                now=request.now,
            )  # fmt: skip
            said = f"Rouvert. {counted(back.rebooked, 'réservation remise', 'réservations remises')}, "
            said += f"{counted(back.told, 'famille prévenue', 'familles prévenues')}."
            return done(said, "office:event", public_id=one.public_id)
        except OfferError as refusal:
            reopen.add_error(None, str(refusal))
    found = cancelled_by(one)
    counts = _counts(found)
    if request.GET.get("export") in ("csv", "xlsx"):
        return export(request.GET["export"], TO_CALL, counts["to_call"], "familles-a-appeler")
    context = {
        "one": one, "words": EVENTS[Event.Kind(one.kind)], "when": days(one.first, one.last),
        "places": places_of(one.closures.select_related("school", "classroom", "activity").order_by("id")),
        "hits": found[:NAMES_SHOWN], **counts, "mails": event_mails(one), "reopen": reopen,
        "message": message,
    }  # fmt: skip
    refused = reopen.errors or message.errors
    return show(request, "office/event.html", context, current="events", status=400 if refused else 200)


def _event_form(request: OfficeRequest, kind: Event.Kind) -> EventForm:
    offered = [one for one in in_order() if one.active]
    asked = [one.code for one in offered if one.code == request.GET.get("activite")]
    outing = [one.code for one in offered if one.code.startswith("cantine")] if kind is Event.Kind.OUTING else []
    initial = {
        "reason": REASONS[kind], "first": _day(request), "token": uuid4(),
        "activities": asked or outing,
    }  # fmt: skip
    return EventForm(
        request.POST or None, initial=initial, schools=list(School.objects.order_by("name", "pk")),
        classrooms=list(Classroom.objects.order_by("name", "pk")), offered=offered,
    )  # fmt: skip


def _confirmed(
    request: OfficeRequest, form: EventForm, kind: Event.Kind, context: dict[str, Any]
) -> HttpResponse | None:
    """Do it; None when the message is refused or something changed since the preview, which is then shown again."""
    message = MessageForm(request.POST)
    if not message.is_valid():
        _look(request, form, kind, context, message)
        return None
    draft = form.draft(kind, message.message(), form.cleaned_data["shown"] or "-")
    found = hits(planned(draft), offer_in_force().rulebook.needed_by)
    if len(found) > MANY and digest(found) == draft.shown:
        return _as_job(request, draft)
    try:
        made = announce_event(draft=draft, by=actor(request), now=request.now)
    except HitsChangedError as refusal:
        _look(request, form, kind, context, message)
        form.add_error(None, str(refusal))
        return None
    said = f"C'est fait : {counted(made.told, 'famille prévenue par courriel', 'familles prévenues par courriel')}."
    return done(said, "office:event", public_id=made.public_id)


def _as_job(request: OfficeRequest, draft: EventDraft) -> HttpResponse:
    """A page does not wait for thousands of cancellations."""
    order = {**event_order(draft), "next": reverse("office:event", args=[draft.token])}
    job = enqueue(
        kind="close_days", label=f"Fermeture : {draft.reason}", order=order, key=f"event/{draft.token}",
        by=actor(request), now=request.now,
    )  # fmt: skip
    return done("La fermeture est demandée.", "office:job", public_id=job.public_id)


def _look(
    request: OfficeRequest, form: EventForm, kind: Event.Kind, context: dict[str, Any], message: MessageForm | None
) -> None:
    """Put in the context what the event would do: bookings, families, the message proposed."""
    draft = form.draft(kind, None, "")
    closures = planned(draft)
    found = hits(closures, offer_in_force().rulebook.needed_by)
    proposed = _proposed(draft, closures)
    context.update({
        "preview": _counts(found), "hits": found[:NAMES_SHOWN], "shown": digest(found), "token": draft.token,
        "message": message or MessageForm(initial=_kept(request, proposed)),
        "proposed": _plain(proposed["subject"], proposed["text"]), "past": draft.first < today(request),
        "concerned": sum(1 for one in families_of(persons_of(closures)) if is_address(one.email)),
        "when": days(draft.first, draft.last), "places": places_of(closures),
    })  # fmt: skip


def _proposed(draft: EventDraft, closures: Sequence[Closure]) -> dict[str, str]:
    names = list(dict.fromkeys(one.activity.name for one in closures if one.activity))
    somewhere = [Closure(school=one.school, classroom=one.classroom) for one in closures if one.school]
    return words_for(draft, places_of(somewhere), names)


def _kept(request: OfficeRequest, proposed: dict[str, str]) -> dict[str, str]:
    """The message proposed, or what was typed over an earlier proposal."""
    typed = {name: request.POST.get(name, "") for name in ("subject", "text")}
    earlier = request.POST.get("proposed", "").replace("\r\n", "\n")
    untouched = not earlier or _plain(typed["subject"], typed["text"]) == earlier
    return {**(proposed if untouched else typed), "to": request.POST.get("to") or BOOKED}


def _plain(subject: str, text: str) -> str:
    """As it comes back from a browser, so that two of them compare."""
    return f"{subject}\n{text}".replace("\r\n", "\n")


def _counts(found: Sequence[Hit]) -> dict[str, Any]:
    """How many bookings, children and families; by activity; whom no mail can reach. One query."""
    families = families_of({hit.person for hit in found})
    return {
        "bookings": len(found),
        "children": len({hit.person for hit in found}),
        "by_activity": sorted(Counter(hit.activity_name for hit in found).items()),
        "reached": sum(1 for one in families if is_address(one.email)),
        "to_call": [one for one in families if not is_address(one.email)],
    }


def _day(request: OfficeRequest) -> str:
    return request.GET.get("jour", "")[:10]


def _line_address(line: ClosedLine) -> str:
    if line.event is None:
        return reverse("office:end_closure", args=[line.closure])
    return reverse("office:event", args=[line.event])


COLUMNS = [
    Column("reason", "Motif", lambda line: line.reason or "Fermeture", sort=("reason",), link=_line_address),
    Column("kind", "Nature", lambda line: EVENTS[Event.Kind(line.kind)], sort=("kind",)),
    Column("first", "Du", lambda line: line.first, sort=("first",)),
    Column("last", "Au", lambda line: line.last, sort=("last",)),
    Column("where", "Où", lambda line: " ; ".join(line.places)),
    Column("actor", "Par", lambda line: line.actor, sort=("actor",)),
    Column(
        "state",
        "État",
        lambda line: "retirée" if line.undone else "fermé",
        kind="tag",
        tone=lambda line: "" if line.undone else "bad",
    ),
]
TO_CALL = [
    Column("name", "Famille", lambda family: family.name),
    Column("phone", "Téléphone", lambda family: family.phone),
]
