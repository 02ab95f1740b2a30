"""What families write to the town hall (feature A4), and what it answers (feature M6)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portail.news.models import ContactReply, ContactRequest
from portail.news.operations.lines import CONTROL, NewsError, one_line
from portail.news.operations.outbox import MailDraft, is_address, queue_mail
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.scope import current_town

LONGEST_MESSAGE = 4000
_Status = ContactRequest.Status


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """What a visitor wrote. An e-mail address or a telephone number is needed to answer.

    `payer_id`: whose session it was written in, None before login.
    """

    subject: str
    name: str
    email: str
    phone: str
    child: str
    message: str
    payer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the town hall answers; `token` makes a form sent twice one answer. Not `by_mail`: said on the telephone."""

    text: str
    token: UUID
    by_mail: bool = True


@transaction.atomic
def receive_contact(*, draft: ContactDraft, now: datetime) -> ContactRequest:
    """Keep a message to the town hall, which answers it in its office. Raises NewsError."""
    message = CONTROL.sub("", draft.message).strip()
    name, email = one_line(draft.name, "Le nom", 150), one_line(draft.email, "Le courriel", 254)
    phone = one_line(draft.phone, "Le téléphone", 30)
    if not name or not message:
        raise NewsError("Il faut votre nom et votre message.")
    if len(message) > LONGEST_MESSAGE:
        raise NewsError(f"Le message dépasse {LONGEST_MESSAGE} caractères : raccourcissez-le.")
    if not email and not phone:
        raise NewsError("Il faut un courriel ou un téléphone, pour vous répondre.")
    if email:
        _check_email(email)
    request: ContactRequest = ContactRequest.objects.create(
        at=now,
        subject=one_line(draft.subject, "L'objet", 20),
        name=name,
        email=email,
        phone=phone,
        child=one_line(draft.child, "Le nom de l'enfant", 150),
        message=message,
        payer_id=draft.payer_id,
    )
    return request


@transaction.atomic
def answer_contact(*, request: ContactRequest, answer: Answer, by: Actor, now: datetime) -> ContactReply:
    """Answer a message, by an e-mail that is queued here or by what was said; it is « répondue ». Raises NewsError."""
    text = CONTROL.sub("", answer.text.replace("\r\n", "\n")).strip()
    if not text:
        raise NewsError("Écrivez la réponse.")
    if len(text) > LONGEST_MESSAGE:
        raise NewsError(f"La réponse dépasse {LONGEST_MESSAGE} caractères : raccourcissez-la.")
    found = _locked(request)
    known: ContactReply | None = ContactReply.objects.filter(public_id=answer.token).first()
    if known is not None:
        return known
    if answer.by_mail and not is_address(found.email):
        raise NewsError("Cette personne n'a pas laissé de courriel : téléphonez-lui, puis notez ce qui a été dit.")
    to = found.email if answer.by_mail else ""
    reply: ContactReply = ContactReply.objects.create(
        public_id=answer.token, request=found, at=now, actor=by.name, text=text, to=to
    )
    if to:
        queue_mail(_mail(found, reply), now=now)
    _move(found, _Status.ANSWERED, "answer_contact", by, now)
    return reply


@transaction.atomic
def close_contact(*, request: ContactRequest, by: Actor, now: datetime) -> None:
    """« Classer »: nothing more is to be done about a message."""
    _move(_locked(request), _Status.DONE, "close_contact", by, now)


@transaction.atomic
def reopen_contact(*, request: ContactRequest, by: Actor, now: datetime) -> None:
    """« Remettre à traiter »."""
    _move(_locked(request), _Status.NEW, "reopen_contact", by, now)


def _locked(request: ContactRequest) -> ContactRequest:
    found: ContactRequest = ContactRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    return found


def _move(request: ContactRequest, status: ContactRequest.Status, verb: str, by: Actor, now: datetime) -> None:
    """Also when the state is the same already, for an answer; an act that changes nothing else leaves no line."""
    if request.status == status and verb != "answer_contact":
        return
    before, request.status = request.status, status.value
    request.save(update_fields=["status"])
    record(Act(verb, request.name, {"status": before}, {"status": request.status}), by=by, now=now)


def _mail(request: ContactRequest, reply: ContactReply) -> MailDraft:
    town = current_town().name
    quoted = "\n".join(f"> {line}" for line in request.message.splitlines())
    return MailDraft(
        key=f"contact/{reply.public_id}",
        kind="contact",
        to=reply.to,
        subject=f"{town} : réponse à votre message",
        text=f"{reply.text}\n\n{town}\n\nVotre message :\n{quoted}",
        payer_id=request.payer_id,
    )


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise NewsError(f"« {email[:80]} » n'est pas une adresse de courriel.") from None
