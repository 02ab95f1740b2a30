"""The town hall answers families: a late request accepted or refused, a change made for them on the telephone.

Whatever answers a request tells the family that asked, by a mail queued in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from portail.bookings.models import Change, ChangeSet, LateRequest
from portail.bookings.operations.changes import Submission, apply_submission, change_presences
from portail.bookings.queries.offer import offer_now
from portail.bookings.verdicts import restored_all
from portail.families.queries import children_of
from portail.news.operations.outbox import MailDraft, is_address, queue_mails
from portail.rules.booking import Outcome, Verdict, Wish
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.scope import current_town
from portail.towns.wording import day as day_words

LONGEST_REASON = Change._meta.get_field("reason").max_length or 0  # the history keeps it with the change
_Status = LateRequest.Status


class RequestError(ValueError):
    """An answer that cannot be given; the message is a French sentence."""


class NotGrantedError(RequestError):
    """The rules that bind even the town hall refuse what was to be accepted: `verdict` says which."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("Cette demande ne peut pas être acceptée.")
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What the town hall answers; the family reads `reason`, needed to refuse."""

    accept: bool
    reason: str = ""


@transaction.atomic
def answer_request(*, public_id: UUID, answer: Answer, by: Actor, now: datetime) -> LateRequest:
    """Accept a late request, which books or cancels, or refuse it, which changes nothing; the family is told.

    The same answer twice is one. Raises RequestError (no reason, answered otherwise meanwhile), NotGrantedError, and
    LateRequest.DoesNotExist for none of this town.
    """
    reason = _checked_reason(answer.reason)
    if not answer.accept and not reason:
        raise RequestError("Indiquez le motif du refus : la famille le lit.")
    found = _locked(public_id, by)
    wanted = _Status.ACCEPTED if answer.accept else _Status.REFUSED
    if found.status == wanted:
        return found
    if found.status != _Status.WAITING:
        raise RequestError(f"Cette demande a déjà une réponse : {found.get_status_display()}.")
    if answer.accept:
        _grant(found, reason, by, now)
    _keep(found, wanted, reason)
    _tell([found], now)
    after = {"status": found.status, "reason": reason, "present": found.present}
    about = f"{found.person.code}, {found.activity.code}, {found.day}"
    record(Act("answer_late_request", about, before={"status": _Status.WAITING.value}, after=after), by=by, now=now)
    return found


def book_for_family(*, submission: Submission, by: Actor, now: datetime) -> ChangeSet:
    """`change_presences` in the town hall's name: what it thereby answers is answered with its reason, and told.

    Raises RequestError for a reason that is too long.
    """
    _checked_reason(submission.reason)
    try:
        with transaction.atomic():
            return _book_and_answer(submission, by=by, now=now)
    except IntegrityError:
        return change_presences(submission=submission, by=by, now=now)  # the same form, received meanwhile


def _book_and_answer(submission: Submission, *, by: Actor, now: datetime) -> ChangeSet:
    offer_now()
    persons = children_of(by, {wish.person for wish in submission.wishes}, lock=True)
    cells = {wish.cell for wish in submission.wishes}
    waiting = LateRequest.objects.filter(
        person_id__in=[person.id for person in persons], day__in={day for _, _, day in cells}, status=_Status.WAITING
    ).select_related("person", "activity", "change_set__payer")
    asked = [one for one in waiting if (one.person.code, one.activity.code, one.day) in cells]
    change_set = apply_submission(submission, by=by, now=now)
    done = {v.wish.cell: v.wish.present for v in restored_all(change_set.verdicts) if v.outcome in _GRANTED}
    answered = []
    for one in asked:
        present = done.get((one.person.code, one.activity.code, one.day))
        if present is not None and one.at <= change_set.at:  # not by the answer of a form sent before it
            _keep(one, _Status.ACCEPTED if present == one.present else _Status.REFUSED, submission.reason)
            answered.append(one)
    _tell(answered, now)
    return change_set


_GRANTED = (Outcome.BOOKED, Outcome.CANCELLED)


def _checked_reason(text: str) -> str:
    reason = text.strip()
    if len(reason) > LONGEST_REASON:
        raise RequestError(f"Le motif tient en {LONGEST_REASON} caractères.")
    if "\0" in reason:
        raise RequestError("Le motif contient un caractère illisible.")
    return reason


def _locked(public_id: UUID, by: Actor) -> LateRequest:
    """The request, locked as a submission locks: the offer, the child, then what is the child's."""
    offer_now()
    person = LateRequest.objects.select_related("person").get(public_id=public_id).person
    children_of(by, [person.code], lock=True)
    rows = LateRequest.objects.select_for_update(of=("self",)).select_related("person", "activity", "change_set__payer")
    found: LateRequest = rows.get(public_id=public_id)
    return found


def _grant(asked: LateRequest, reason: str, by: Actor, now: datetime) -> None:
    wish = Wish(asked.person.code, asked.activity.code, asked.day, present=asked.present)
    change_set = apply_submission(Submission([wish], reason=reason), by=by, now=now)
    for verdict in restored_all(change_set.verdicts):  # none when it is so already: somebody else did it meanwhile
        if verdict.wish.cell == wish.cell and verdict.outcome is Outcome.REFUSED:
            raise NotGrantedError(verdict)


def _keep(asked: LateRequest, status: LateRequest.Status, reason: str) -> None:
    asked.status, asked.answer = status.value, reason
    asked.save(update_fields=["status", "answer"])


def _tell(answered: Sequence[LateRequest], now: datetime) -> None:
    queue_mails(_mails(answered), now=now)


def _mails(answered: Iterable[LateRequest]) -> Iterable[MailDraft]:
    """One mail for each request whose author has an address. No child's name: a mailbox is read by others."""
    for one in answered:
        payer = one.change_set.payer
        if payer is None or not is_address(payer.email.strip()):
            continue
        accepted = one.status == _Status.ACCEPTED
        asked = "d'inscription à" if one.present else "d'annulation de"
        word = "acceptée" if accepted else "refusée"
        lines = ["Bonjour,", "", f"Votre demande {asked} « {one.activity.name} » du {day_words(one.day)} est {word}."]
        if one.answer:
            lines += ["", f"Motif : {one.answer}"]
        lines += ["", _then(one, accepted=accepted), "", current_town().name]
        yield MailDraft(
            key=f"late_request/{one.public_id}",
            kind="late_request",
            to=payer.email.strip(),
            subject=f"Demande {word} : {one.activity.name}, {day_words(one.day)}",
            text="\n".join(lines),
            payer_id=payer.pk,
        )


def _then(asked: LateRequest, *, accepted: bool) -> str:
    if accepted:
        return "C'est réservé." if asked.present else "La réservation est annulée."
    return "Rien n'est réservé." if asked.present else "La réservation est maintenue."
