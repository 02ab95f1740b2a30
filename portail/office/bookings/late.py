"""Late requests: what families asked after the cut-off, and the town hall's answer."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.bookings.models import LateRequest
from portail.bookings.operations.requests import (
    LONGEST_REASON,
    Answer,
    NotGrantedError,
    RequestError,
    answer_request,
)
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.records import Span, facts_of, known
from portail.bookings.queries.requests import WantedRequests, request_named, requests_wanted
from portail.families.queries import children_of
from portail.news.operations.outbox import is_address
from portail.office.bookings.words import REFUSAL_REASONS, explain
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.booking import Channel, Outcome, Wish, refusal_of
from portail.rules.staff import Right
from portail.towns import wording as say
from portail.towns.scope import current_town

STATES = {"": True, "answered": False, "all": None}
TONES = {"waiting": "warn", "accepted": "good", "refused": "bad"}
WORDS = {"waiting": "en attente", "accepted": "acceptée", "refused": "refusée"}


class RequestsForm(OfficeForm):
    """Which requests."""

    etat = forms.ChoiceField(
        label="État", required=False,
        choices=[("", "En attente"), ("answered", "Avec une réponse"), ("all", "Toutes")],
    )  # fmt: skip
    activite = forms.ChoiceField(label="Activité", required=False)
    du = forms.DateField(label="Du", required=False)
    au = forms.DateField(label="Au", required=False)

    def __init__(self, offer: Offer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(code, rules.name) for code, rules in offer.rulebook.activities.items()]
        self.fields["activite"].choices = [("", "Toutes"), *named]  # type: ignore[attr-defined]

    def wanted(self) -> WantedRequests:
        """What a form, even with a mistake, asks for."""
        self.is_valid()
        values = self.cleaned_data if self.is_bound else {}
        return WantedRequests(
            STATES[values.get("etat", "")], values.get("du"), values.get("au"), values.get("activite", "")
        )


class AnswerForm(OfficeForm):
    """The answer and its reason: one to choose, or words of one's own."""

    decision = forms.ChoiceField(
        label="Réponse", choices=[("accept", "Accepter"), ("refuse", "Refuser")], widget=forms.RadioSelect
    )
    preset = forms.ChoiceField(
        label="Motif", required=False, choices=[("", "–"), *((words, words) for words in REFUSAL_REASONS)]
    )
    reason = forms.CharField(
        label="Précision", required=False, max_length=LONGEST_REASON,
        help_text="La famille lit le motif et la précision. Le motif est nécessaire pour refuser.",
    )  # fmt: skip

    def answer(self) -> Answer:
        """What a valid form says."""
        values = self.cleaned_data
        words = " : ".join(part for part in (values["preset"], values["reason"]) if part)
        return Answer(accept=values["decision"] == "accept", reason=words)


@allowed(Right.BOOKINGS)
def late_requests(request: OfficeRequest) -> HttpResponse:
    """What waits for an answer, the nearest day first; by filters, what had one."""
    form = RequestsForm(offer_in_force(), request.GET or None)
    rows = requests_wanted(form.wanted())
    listing = listed(request, rows, _columns(form.wanted()), sort="day", filters=form, file_name="demandes-tardives")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/bookings/requests.html", {"listing": listing}, current="late_requests")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.BOOKINGS)
def late_request(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """One request: what it asks, what the rules say, accept or refuse."""
    asked = request_named(public_id)
    if asked is None:
        raise Http404
    form = AnswerForm(request.POST or None)
    if form.is_valid():
        try:
            answered = answer_request(public_id=public_id, answer=form.answer(), by=actor(request), now=request.now)
            return done(_said(answered), "office:late_requests")
        except NotGrantedError as refusal:
            form.add_error(None, f"{refusal} {explain(refusal.verdict, offer_in_force())}")
        except RequestError as refusal:
            form.add_error("preset", str(refusal))
    context = {
        "asked": asked, "form": form, "tone": TONES[asked.status], "state": WORDS[asked.status],
        "obstacle": _obstacle(request, asked), "past": asked.day < today(request), "mailed": _reached(asked),
    }  # fmt: skip
    status = 400 if form.errors else 200
    return show(request, "office/bookings/request.html", context, current="late_requests", status=status)


def _obstacle(request: OfficeRequest, asked: LateRequest) -> str:
    """Why accepting would be refused, told before the click; "" when it would not be, or nothing waits."""
    if asked.status != LateRequest.Status.WAITING:
        return ""
    offer = offer_in_force()
    children = children_of(actor(request), [asked.person.code])
    wish = Wish(asked.person.code, asked.activity.code, asked.day, present=asked.present)
    held = known(children, offer, Span(asked.day, asked.day))
    if (wish.cell in held.booked) == asked.present:
        return "" if asked.present else "L'enfant n'est plus inscrit ce jour-là : accepter ne changera rien."
    facts = facts_of(children, offer)[asked.person.code]
    verdict = refusal_of(wish, facts, offer.rulebook, known=held, channel=Channel.TOWN_HALL, now=request.now)
    return explain(verdict, offer) if verdict.outcome is Outcome.REFUSED else ""


def _reached(asked: LateRequest) -> bool:
    payer = asked.change_set.payer
    return payer is not None and is_address(payer.email.strip())


def _said(asked: LateRequest) -> str:
    told = (
        "la famille est prévenue par courriel." if _reached(asked) else "la famille n'a pas de courriel : appelez-la."
    )
    return f"{asked.person}, {say.day_without_year(asked.day)} : demande {WORDS[asked.status]} ; {told}"


def _columns(wanted: WantedRequests) -> list[Column]:
    """What tells something: a class to know who asks, or the answer once there are some."""
    left_out = ("state", "answer") if wanted.waiting else ("classroom",)
    return [column for column in COLUMNS if column.name not in left_out]


def _at(row: LateRequest) -> str:
    return f"{row.at.astimezone(ZoneInfo(current_town().time_zone)):%d/%m/%Y %H:%M}"


def _place(row: LateRequest) -> str:
    room = row.person.classroom
    return "" if room is None else f"{room.school} · {room}"


def _payer(row: LateRequest) -> str:
    return "" if row.change_set.payer is None else str(row.change_set.payer)


COLUMNS = [
    Column("day", "Jour", lambda row: row.day, sort=("day", "at")),
    Column(
        "child", "Enfant", lambda row: f"{row.person.last_name} {row.person.first_name}",
        sort=("person__sort_key", "day"),
        link=lambda row: reverse("office:late_request", kwargs={"public_id": row.public_id}),
    ),
    Column("activity", "Activité", lambda row: row.activity.name, sort=("activity__position", "day")),
    Column("asked", "Demande", lambda row: "inscription" if row.present else "annulation", sort=("present", "day")),
    Column("classroom", "Classe", _place, sort=("person__classroom__school__name", "person__classroom__name")),
    Column("payer", "Famille", _payer),
    Column("at", "Demandée le", _at, sort=("at",)),
    Column(
        "state", "État", lambda row: WORDS[row.status], sort=("status", "day"), kind="tag",
        tone=lambda row: TONES[row.status],
    ),
    Column("answer", "Réponse", lambda row: row.answer),
]  # fmt: skip
