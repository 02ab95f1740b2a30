"""The outbox: an e-mail is queued in the transaction of what it tells, then leaves once (docs/exploitation/taches.md).

Three steps, each a short transaction, none around the network: `claim_mails` (a lease: a worker that dies gives back
what it held), `begin_sending` just before the server hears of the mail, `mark_sent` or `mark_failed` after it answered.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from portail.news.models import OutboxMail
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

# Minutes before each new try: three days in all, as mail servers do, then the mail is given up.
DELAYS = (1, 5, 15, 60, 240, 480, 720, 1440, 1440)
MOST_TRIES = len(DELAYS) + 1
LONGEST_ADDRESS, LONGEST_SUBJECT, LONGEST_KEY, LONGEST_KIND, LONGEST_ERROR = 254, 200, 150, 30, 300
LONGEST_LINK = 500
QUEUED_AT_ONCE = 500  # rows of one INSERT
# A mail names people and debts, and is no proof of anything: the invoice and the receipt are. A year answers a family
# that asks whether it was told, and the town hall that prepares the same month again (choice of the product).
KEPT = timedelta(days=365)
PURGED_AT_ONCE = 1000  # rows of one transaction

_Status = OutboxMail.Status
_NOT_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f\"(),:;<>\[\]\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINK = re.compile(r"(https?://|mailto:)[\x21-\x3b\x3d\x3f-\x7e]+")  # neither blank, nor < >, nor anything above ASCII


class MailDraftError(ValueError):
    """An e-mail that cannot be sent to anybody; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A document to attach, made when the mail leaves: `document` is its kind, `id` its public identifier."""

    document: str
    id: UUID


@dataclass(frozen=True, slots=True)
class MailDraft:
    """An e-mail to one address. `key` (« receipt/<uuid> ») makes it unique: the same key is never queued twice.

    `kind` is a short code, for lists; `html` is optional beside the plain text; it leaves from `due_at` on, at once if
    None; `unsubscribe` is an https: or mailto: address for the List-Unsubscribe header, empty for none.
    """

    key: str
    kind: str
    to: str
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[Attached] = ()
    payer_id: int | None = None
    campaign_id: int | None = None
    due_at: datetime | None = None
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that this worker holds until its lease ends. `tries` counts this one.

    `doubtful`: an earlier try was cut short while the server was being told; it may have gone.
    """

    public_id: UUID
    kind: str
    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attached, ...]
    unsubscribe: str
    created_at: datetime
    tries: int
    doubtful: bool


def is_address(text: str) -> bool:
    """Can the portal write to this e-mail address? Plain `name@domain` only: nothing quoted, no blank, no control."""
    if len(text) > LONGEST_ADDRESS or _NOT_IN_AN_ADDRESS.search(text):
        return False
    try:
        validate_email(text)
        text.rpartition("@")[2].encode("idna")
    except (ValidationError, UnicodeError):
        return False
    return True


def queue_mail(draft: MailDraft, *, now: datetime) -> bool:
    """Queue a mail of the town in force, inside the caller's transaction. False: a mail of this key was queued before.

    Raises MailDraftError; look at the address with `is_address` first where a wrong one must not stop the rest.
    """
    return queue_mails([draft], now=now) == 1


def queue_mails(drafts: Iterable[MailDraft], *, now: datetime) -> int:
    """Queue many mails; returns how many were not queued before. Two queries for each 500. Raises MailDraftError."""
    # In the order of the keys: two transactions that queue the same mails must not wait for each other in a ring.
    rows = iter(sorted((_row(draft, now) for draft in drafts), key=attrgetter("key")))
    queued = 0
    with transaction.atomic():
        for chunk in _chunks(rows):
            OutboxMail.objects.bulk_create(chunk, ignore_conflicts=True)
            queued += OutboxMail.objects.filter(public_id__in=[row.public_id for row in chunk]).count()
    return queued


def drop_mails(*, keys: Sequence[str], now: datetime) -> int:
    """Take back mails that have no more reason (a reminder of what was just paid); those that are leaving do leave."""
    waiting = OutboxMail.objects.filter(_unclaimed(now), key__in=keys, status=_Status.WAITING)
    return waiting.update(status=_Status.DROPPED)


def claim_mails(*, limit: int, lease: timedelta, worker: str, now: datetime) -> list[ClaimedMail]:
    """Take up to `limit` mails that are due, for `lease`, which must be longer than one mail can take to leave.

    `worker` names this process and no other. Mails cut short while they were leaving come first. One transaction;
    several workers never get the same mail.
    """
    with transaction.atomic():
        rows = list(_cut_short(now).order_by("claimed_until", "id").select_for_update(skip_locked=True)[:limit])
        if len(rows) < limit:
            waiting = _due(now).order_by("due_at", "id").select_for_update(skip_locked=True)
            rows += waiting[: limit - len(rows)]
        hopeless = [row.pk for row in rows if row.tries >= MOST_TRIES]
        taken = [row for row in rows if row.tries < MOST_TRIES]
        if hopeless:
            _end(OutboxMail.objects.filter(pk__in=hopeless), _Status.FAILED, "Chaque essai d'envoi a été interrompu.")
        OutboxMail.objects.filter(pk__in=[row.pk for row in taken]).update(
            claimed_by=worker, claimed_until=now + lease, tries=F("tries") + 1
        )
    return [_claimed(row) for row in taken]


def begin_sending(*, public_id: UUID, lease: timedelta, worker: str, now: datetime) -> bool:
    """Say that the mail is leaving, just before it does. False: it is no longer this worker's, and must not be sent."""
    held = _held(public_id, worker)
    return held.update(status=_Status.SENDING, claimed_until=now + lease) == 1


def mark_sent(*, public_id: UUID, now: datetime) -> None:
    """The server has taken the mail. True whoever holds the claim by now: nobody needs to send it again."""
    mail = OutboxMail.objects.filter(public_id=public_id).exclude(status=_Status.SENT)
    mail.update(status=_Status.SENT, sent_at=now, claimed_until=None, claimed_by="", last_error="")


def mark_failed(*, public_id: UUID, error: str, permanent: bool, worker: str, now: datetime) -> None:
    """The mail did not leave: again later (1 min, 5, 15, 60, 4 h…), never when `permanent` or after three days.

    `error` is a French sentence. Nothing happens when the mail is no longer this worker's.
    """
    with transaction.atomic():
        mail = _held(public_id, worker).select_for_update().first()
        if mail is None:
            return
        row = OutboxMail.objects.filter(pk=mail.pk)
        if permanent or mail.tries > len(DELAYS):
            _end(row, _Status.FAILED, error)
            return
        row.update(
            status=_Status.WAITING,
            due_at=now + timedelta(minutes=DELAYS[max(mail.tries, 1) - 1]),
            claimed_until=None,
            claimed_by="",
            last_error=_clean(error)[:LONGEST_ERROR],
        )


def release(*, worker: str, error: str = "") -> int:
    """Give back every mail that this worker holds and has not sent, as if never tried; says why in `last_error`."""
    return OutboxMail.objects.filter(claimed_by=worker, status__in=[_Status.WAITING, _Status.SENDING]).update(
        status=_Status.WAITING,
        claimed_until=None,
        claimed_by="",
        tries=Greatest(F("tries") - 1, 0),
        last_error=_clean(error)[:LONGEST_ERROR],
    )


@transaction.atomic
def retry_failed(*, by: Actor, now: datetime) -> int:
    """Queue again every mail that was given up, once its cause is mended; returns how many."""
    failed = OutboxMail.objects.filter(status=_Status.FAILED)
    found = failed.update(status=_Status.WAITING, due_at=now, tries=0, claimed_until=None, claimed_by="")
    record(Act("retry_failed_mails", "courriels", after={"mails": found}), by=by, now=now)
    return found


@transaction.atomic
def retry_mail(*, public_id: UUID, by: Actor, now: datetime) -> bool:
    """Queue again one mail that was given up. False: there is none, or it is under way already."""
    failed = OutboxMail.objects.filter(public_id=public_id, status=_Status.FAILED)
    row = failed.select_for_update(of=("self",)).first()
    if row is None:
        return False
    failed.update(status=_Status.WAITING, due_at=now, tries=0, claimed_until=None, claimed_by="")
    record(Act("retry_mail", row.to, after={"mail": str(public_id), "kind": row.kind}), by=by, now=now)
    return True


def purge_mails(*, now: datetime, most: int = PURGED_AT_ONCE) -> int:
    """Forget up to `most` mails that ended more than `KEPT` ago; returns how many. What still has to leave stays.

    Their keys are free again: whoever queues a mail does so once, with what it tells of, and not a year later.
    """
    old = now - KEPT
    sent = Q(status=_Status.SENT, sent_at__lt=old)
    ended = Q(status__in=[_Status.FAILED, _Status.DROPPED], created_at__lt=old)
    with transaction.atomic():
        keys = list(OutboxMail.objects.filter(sent | ended).order_by("id").values_list("pk", flat=True)[:most])
        # Asked again: the town hall may just have had the given-up ones sent once more.
        done, _ = OutboxMail.objects.filter(sent | ended, pk__in=keys).delete()
    return done


def _row(draft: MailDraft, now: datetime) -> OutboxMail:
    """Checked here: SQLite's way to skip what is queued already would also skip, in silence, what breaks a rule."""
    if not is_address(draft.to):
        raise MailDraftError(f"« {_one_line(draft.to)[:80]} » n'est pas une adresse de courriel.")
    subject = _one_line(draft.subject)
    if not subject or not draft.text.strip():
        raise MailDraftError("Il faut un objet et un texte.")
    if not 0 < len(draft.key) <= LONGEST_KEY or not 0 < len(draft.kind) <= LONGEST_KIND:
        raise MailDraftError("La clé ou la nature du courriel est vide ou trop longue.")
    if draft.unsubscribe and (len(draft.unsubscribe) > LONGEST_LINK or not _LINK.fullmatch(draft.unsubscribe)):
        raise MailDraftError("L'adresse de désabonnement n'est ni https:, ni mailto:.")
    return OutboxMail(
        public_id=uuid4(),
        key=draft.key,
        kind=draft.kind,
        to=draft.to,
        subject=subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1]}…",
        text=_clean(draft.text),
        html=_clean(draft.html),
        attachments=[{"document": one.document, "id": str(one.id)} for one in draft.attachments],
        unsubscribe=draft.unsubscribe,
        payer_id=draft.payer_id,
        campaign_id=draft.campaign_id,
        created_at=now,
        due_at=draft.due_at or now,
    )


def _chunks(rows: Iterator[OutboxMail]) -> Iterator[list[OutboxMail]]:
    while chunk := list(islice(rows, QUEUED_AT_ONCE)):
        yield chunk


def _unclaimed(now: datetime) -> Q:
    return Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)


def _due(now: datetime) -> QuerySet[OutboxMail]:
    return OutboxMail.objects.filter(_unclaimed(now), status=_Status.WAITING, due_at__lte=now)


def _cut_short(now: datetime) -> QuerySet[OutboxMail]:
    return OutboxMail.objects.filter(status=_Status.SENDING, claimed_until__lte=now)


def _held(public_id: UUID, worker: str) -> QuerySet[OutboxMail]:
    unsent = OutboxMail.objects.filter(status__in=[_Status.WAITING, _Status.SENDING])
    return unsent.filter(public_id=public_id, claimed_by=worker)


def _end(mails: QuerySet[OutboxMail], status: OutboxMail.Status, error: str) -> None:
    mails.update(status=status, claimed_until=None, claimed_by="", last_error=_clean(error)[:LONGEST_ERROR])


def _claimed(row: OutboxMail) -> ClaimedMail:
    return ClaimedMail(
        public_id=row.public_id,
        kind=row.kind,
        to=row.to,
        subject=row.subject,
        text=row.text,
        html=row.html,
        attachments=tuple(Attached(one["document"], UUID(one["id"])) for one in row.attachments),
        unsubscribe=row.unsubscribe,
        created_at=row.created_at,
        tries=row.tries + 1,
        doubtful=row.status == _Status.SENDING,
    )


def _one_line(text: str) -> str:
    """A header's worth of text: whatever could end the line is a blank."""
    return " ".join(_CONTROL.sub(" ", _clean(text)).split())


def _clean(text: str) -> str:
    """A text that every database takes: no NUL, no half of a character."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
