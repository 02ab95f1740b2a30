"""What families wrote: the list, one thread with the family behind it, the answer (feature M6)."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.news.contact_queries import contact_rows, contact_with, payers_behind
from portail.news.models import ContactRequest
from portail.news.operations.contact import LONGEST_MESSAGE, Answer, answer_contact, close_contact, reopen_contact
from portail.news.operations.lines import NewsError
from portail.news.operations.outbox import is_address
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed, zone_of
from portail.rules.staff import Right
from portail.towns.wording import moment_near

Status = ContactRequest.Status
TONES: dict[str, str] = {Status.NEW: "warn", Status.ANSWERED: "good", Status.DONE: ""}
SUBJECTS = {
    "login": "Connexion impossible",
    "code": "Codes perdus",
    "planning": "Question sur le planning",
    "other": "Autre chose",
}
ALL = "toutes"
SHOWN = 90  # characters of a message in the list


class FilterForm(OfficeForm):
    """Which messages."""

    q = forms.CharField(label="Nom, courriel, mots du message", required=False, max_length=100)
    etat = forms.ChoiceField(
        label="État", required=False,
        choices=[("", "à traiter"), (Status.ANSWERED.value, "répondues"), (Status.DONE.value, "classées"),
                 (ALL, "toutes")],
    )  # fmt: skip


class AnswerForm(OfficeForm):
    """The answer, and how it was given."""

    way = forms.ChoiceField(
        label="Comment", widget=forms.RadioSelect,
        choices=[("mail", "par courriel"), ("said", "de vive voix : noter ce qui a été dit")],
    )  # fmt: skip
    text = forms.CharField(label="Réponse", max_length=LONGEST_MESSAGE, widget=forms.Textarea(attrs={"rows": 8}))
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)


@allowed(Right.MESSAGES)
def contacts(request: OfficeRequest) -> HttpResponse:
    """The messages, those to deal with unless the address says otherwise."""
    form = FilterForm(request.GET)
    values = form.cleaned_data if form.is_valid() else {}
    wanted = values.get("etat", "") or Status.NEW.value
    rows = contact_rows(status="" if wanted == ALL else wanted, words=values.get("q", ""))
    zone = zone_of(request)
    columns = [
        Column("name", "De", lambda one: one.name, sort=("name",), link=lambda one: f"{one.public_id}/"),
        Column("subject", "Objet", subject_words, sort=("subject",)),
        Column("message", "Message", _beginning),
        Column("at", "Reçue", lambda one: moment_near(one.at, request.now, zone), sort=("at",)),
        Column("status", "État", lambda one: one.get_status_display(), sort=("status", "at"), kind="tag",
               tone=lambda one: TONES.get(one.status, "")),
    ]  # fmt: skip
    listing = listed(request, rows, columns, sort="at" if wanted == Status.NEW else "-at", filters=form,
                     file_name="demandes")  # fmt: skip
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/messages/contacts.html", {"listing": listing}, current="contacts")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MESSAGES)
def contact(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """One message, its answers, the family behind it, and the box to answer."""
    one = _one(public_id)
    can_write = is_address(one.email)
    form = AnswerForm(request.POST or None, initial={"token": uuid4(), "way": "mail" if can_write else "said"})
    if form.is_valid():
        values = form.cleaned_data
        answer = Answer(values["text"], values["token"] or uuid4(), by_mail=values["way"] == "mail")
        try:
            answer_contact(request=one, answer=answer, by=actor(request), now=request.now)
            words = f"La réponse part à {one.email}." if answer.by_mail else "La réponse est notée."
            return done(words, "office:contact", public_id=public_id)
        except NewsError as refusal:
            form.add_error("text", str(refusal))
    context = {
        "one": one,
        "form": form,
        "subject": subject_words(one),
        "tone": TONES.get(one.status, ""),
        "can_write": can_write,
        "families": _families(request, one),
        "replies": sorted(one.replies.all(), key=lambda reply: (reply.at, reply.pk)),
    }
    status = 400 if form.errors else 200
    return show(request, "office/messages/contact.html", context, current="contacts", status=status)


@require_POST
@allowed(Right.MESSAGES)
def contact_state(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """« Classer » or « Remettre à traiter »."""
    one = _one(public_id)
    if request.POST.get("act") == "reopen":
        reopen_contact(request=one, by=actor(request), now=request.now)
        return done("La demande est de nouveau à traiter.", "office:contact", public_id=public_id)
    close_contact(request=one, by=actor(request), now=request.now)
    return done(f"La demande de {one.name} est classée.", "office:contacts")


def subject_words(one: ContactRequest) -> str:
    """« Codes perdus »."""
    return SUBJECTS.get(one.subject, "Autre chose")


def _families(request: OfficeRequest, one: ContactRequest) -> list[Any]:
    return payers_behind(one) if Right.FAMILIES in agent_of(request).rights else []


def _beginning(one: ContactRequest) -> str:
    flat = " ".join(one.message.split())
    return flat if len(flat) <= SHOWN else f"{flat[: SHOWN - 1]}…"


def _one(public_id: UUID) -> ContactRequest:
    found = contact_with(public_id)
    if found is None:
        raise Http404
    return found
