"""An e-mail to many families (feature M6): asked for here, queued slice by slice by a job, one row for each payer.

These are messages of the service, about the children's days: nobody can unsubscribe from them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from portail.families.models import Payer
from portail.news.models import Campaign
from portail.news.operations.lines import CONTROL, NewsError, one_line
from portail.news.operations.outbox import LONGEST_SUBJECT, MailDraft, is_address, queue_mail, queue_mails
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.operations.jobs import enqueue
from portail.towns.scope import current_town

LONGEST_TEXT = 5000
LONGEST_AUDIENCE = 300
KIND = "families"  # of the mails
JOB = "family_mails"


@dataclass(frozen=True, slots=True)
class Letter:
    """What families read."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Recipients:
    """To whom: keys of payers with an address, how many have none, and the whole in French words."""

    payers: Sequence[int]
    without_address: int
    words: str


def checked(letter: Letter) -> Letter:
    """The letter that would leave. Raises NewsError, which says the field."""
    subject = one_line(letter.subject, "L'objet", LONGEST_SUBJECT)
    text = CONTROL.sub("", letter.text.replace("\r\n", "\n")).strip()
    if not subject:
        raise NewsError("Il faut un objet.", "subject")
    if not text:
        raise NewsError("Écrivez le message.", "text")
    if len(text) > LONGEST_TEXT:
        raise NewsError(f"Le message dépasse {LONGEST_TEXT} caractères : joignez-le plutôt à une actualité.", "text")
    return Letter(subject, text)


@transaction.atomic
def write_families(*, letter: Letter, to: Recipients, token: UUID, by: Actor, now: datetime) -> Campaign:
    """Ask for the mails to leave; a `token` makes a form sent twice one campaign. Raises NewsError."""
    kept = checked(letter)
    if not to.payers:
        raise NewsError("Aucune de ces familles n'a d'adresse de courriel.")
    campaign: Campaign
    campaign, is_new = Campaign.objects.get_or_create(
        public_id=token,
        defaults={
            "at": now, "actor": by.name, "subject": kept.subject, "text": kept.text,
            "audience": to.words[:LONGEST_AUDIENCE], "recipients": len(to.payers),
            "without_address": to.without_address, "job": uuid4(),
        },
    )  # fmt: skip
    if not is_new:
        return campaign
    order = {"campaign": str(token), "payers": sorted(to.payers)}
    job = enqueue(kind=JOB, label=f"Courriel : {kept.subject}", order=order, by=by, now=now)
    campaign.job = job.public_id
    campaign.save(update_fields=["job"])
    after = {"campaign": str(token), "to": campaign.audience, "recipients": campaign.recipients}
    record(Act("write_families", kept.subject, after=after), by=by, now=now)
    return campaign


def queue_campaign(*, campaign: Campaign, payers: Collection[int], now: datetime) -> int:
    """Queue the mails of these payers, in the caller's transaction; returns how many were not queued before.

    The address is that of this moment: who has none any more, or has left, is passed over.
    """
    rows = Payer.objects.filter(pk__in=payers, active=True).order_by("id").values_list("pk", "public_id", "email")
    letter = Letter(campaign.subject, campaign.text)
    return queue_mails(
        [
            _mail(f"campaign/{campaign.public_id}/{public_id}", letter, email.strip(), pk, campaign.pk)
            for pk, public_id, email in rows
            if is_address(email.strip())
        ],
        now=now,
    )


@transaction.atomic
def send_test(*, letter: Letter, to: str, now: datetime) -> None:
    """« M'envoyer un essai »: the very mail that families would get. Raises NewsError."""
    if not is_address(to):
        raise NewsError("Ce n'est pas une adresse de courriel.", "test_to")
    kept = checked(letter)
    queue_mail(_mail(f"campaign-test/{uuid4()}", Letter(f"[essai] {kept.subject}", kept.text), to, None, None), now=now)


def _mail(key: str, letter: Letter, to: str, payer: int | None, campaign: int | None) -> MailDraft:
    text = f"{letter.text}\n\n{current_town().name}"
    return MailDraft(key=key, kind=KIND, to=to, subject=letter.subject, text=text, payer_id=payer, campaign_id=campaign)
