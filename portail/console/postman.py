"""Sends the due mails of the town in force, one by one, each step committed before the next (docs/exploitation)."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from portail.billing.operations.papers import note_unprintable
from portail.console.chores import Render
from portail.console.command import ConsoleError
from portail.gateways.mail import (
    Attachment,
    FolderMailer,
    Letter,
    Mailer,
    MailError,
    MailRefusedError,
    MailServerError,
    MailUrlError,
    build,
    mailer_for,
)
from portail.gateways.pdf.press import PaperError
from portail.news.operations.outbox import (
    ClaimedMail,
    begin_sending,
    claim_mails,
    is_address,
    mark_failed,
    mark_sent,
    release,
)
from portail.news.queries import mails_are_due
from portail.towns.queries import canonical_host
from portail.towns.scope import current_town

LEASE = timedelta(minutes=5)  # three times what a mail can take: five exchanges of `gateways.mail.TIMEOUT` seconds
BATCH = 50  # mails of one town before the next town's turn
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)

UNPRINTED = "Une pièce jointe de ce message n'a pas pu être imprimée : nos services en sont avertis."

log = logging.getLogger("portail.worker")


def mailer_in_force() -> Mailer | None:
    """Where this installation sends its mails; None: nowhere, they wait. Raises ConsoleError for a wrong setting."""
    if settings.MAIL_FROM and not is_address(settings.MAIL_FROM):
        raise ConsoleError("PORTAIL_MAIL_FROM n'est pas une adresse de courriel.")
    if settings.SMTP_URL:
        try:
            return mailer_for(settings.SMTP_URL)
        except MailUrlError as error:
            raise ConsoleError(f"PORTAIL_SMTP_URL : {error}") from None
    return None if settings.MODE == "production" else FolderMailer(settings.VAR / "mail")


@dataclass(slots=True)
class Postman:
    """Sends through `mailer` as `worker`, a name that no other process bears."""

    mailer: Mailer
    documents: Mapping[str, Render]
    worker: str
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    _rest: timedelta = field(default=timedelta(), init=False)
    _rests_until: datetime | None = field(default=None, init=False)
    # What the server took while the database was away: told to it first, so that nobody sends it again.
    _untold: dict[int, list[tuple[UUID, datetime]]] = field(default_factory=dict, init=False)

    def send_due(self, most: int | None = BATCH) -> int:
        """Send up to `most` mails of the town in force, all of them if None; returns how many were dealt with."""
        self._tell()
        done = 0
        while not self.stopping() and not self._resting() and (most is None or done < most):
            if not mails_are_due(self.clock()):
                break
            claimed = claim_mails(limit=1, lease=LEASE, worker=self.worker, now=self.clock())
            if not claimed or not self._deal_with(claimed[0]):
                break
            done += 1
        return done

    def close(self) -> None:
        """Hang up: nothing to send for a while."""
        self.mailer.close()

    def _deal_with(self, mail: ClaimedMail) -> bool:
        """False when the server cannot be reached: the mail waits, and so do the others."""
        try:
            message = build(self._letter(mail))
        except MailRefusedError as error:
            self._failed(mail, str(error), permanent=True)
            return True
        except Exception as error:  # a document that cannot be made is that mail's misfortune, not the others'
            self._failed(mail, f"Une pièce jointe n'a pu être faite ({type(error).__name__} : {error}).")
            return True
        try:
            self.mailer.open()
        except MailServerError as error:
            self._take_a_rest(str(error))
            return False
        self._rest = timedelta()
        if mail.doubtful:
            log.warning("%s : courriel %s repris, son envoi avait été interrompu.", current_town().slug, mail.public_id)
        if begin_sending(public_id=mail.public_id, lease=LEASE, worker=self.worker, now=self.clock()):
            try:
                self.mailer.send(message)
            except MailError as error:
                self._failed(mail, str(error), permanent=isinstance(error, MailRefusedError))
            else:
                self._untold.setdefault(current_town().pk, []).append((mail.public_id, self.clock()))
                self._tell()
        return True

    def _tell(self) -> None:
        """Write down what has gone; what the database did not hear is told again at the next turn."""
        sent = self._untold.get(current_town().pk, [])
        while sent:
            public_id, at = sent[0]
            mark_sent(public_id=public_id, now=at)
            sent.pop(0)

    def _failed(self, mail: ClaimedMail, error: str, *, permanent: bool = False) -> None:
        log.warning("%s : courriel %s (%s) : %s", current_town().slug, mail.public_id, mail.kind, error)
        mark_failed(public_id=mail.public_id, error=error, permanent=permanent, worker=self.worker, now=self.clock())

    def _take_a_rest(self, error: str) -> None:
        self._rest = min(max(self._rest * 2, FIRST_REST), LONGEST_REST)
        self._rests_until = self.clock() + self._rest
        log.warning("%s Les courriels attendent ; nouvel essai dans %d s.", error, self._rest.total_seconds())
        release(worker=self.worker, error=error)

    def _resting(self) -> bool:
        return self._rests_until is not None and self.clock() < self._rests_until

    def _letter(self, mail: ClaimedMail) -> Letter:
        town = current_town()
        attachments = self._attachments(mail)
        missing = "" if len(attachments) == len(mail.attachments) else f"\n\n{UNPRINTED}\n"
        own = town.email if is_address(town.email) else ""
        return Letter(
            message_id=f"{mail.public_id}@{settings.DOMAIN}",
            sender_name=town.name,
            sender=settings.MAIL_FROM or own or f"ne-pas-repondre@{canonical_host(town)}",
            to=mail.to,
            subject=mail.subject,
            text=mail.text + missing,
            written_at=mail.created_at,
            html=mail.html,
            reply_to=own,
            unsubscribe=mail.unsubscribe,
            attachments=attachments,
        )

    def _attachments(self, mail: ClaimedMail) -> tuple[Attachment, ...]:
        """What the typesetter refuses will be refused again: the mail leaves without it, and the town hall knows."""
        made = []
        for one in mail.attachments:
            try:
                made.append(Attachment(*self.documents[one.document](one.id)))
            except PaperError as error:
                log.warning("%s : courriel %s sans sa pièce jointe : %s", current_town().slug, mail.public_id, error)
                note_unprintable(public_id=one.id, reason=str(error), now=self.clock())
        return tuple(made)
