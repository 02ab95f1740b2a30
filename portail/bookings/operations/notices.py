"""What families are told when days close or open again: one mail per payer, queued in the transaction of the act."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portail.bookings.operations.offer import OfferError
from portail.bookings.queries.closing import FamilyToTell, Hit, families_of
from portail.news.operations.outbox import LONGEST_SUBJECT, MailDraft, is_address, queue_mails
from portail.towns.scope import current_town
from portail.towns.wording import day as day_words

LONGEST_TEXT = 5000


@dataclass(frozen=True, slots=True)
class Message:
    """What the town hall writes. `booked_only`: to the families whose bookings change, else to all those concerned."""

    subject: str
    text: str
    booked_only: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """Why families are written to: `key` makes each mail unique, `kind` is for lists, `hits` the bookings that changed.

    `booked`: they were booked again; else they were cancelled.
    """

    key: str
    kind: str
    hits: Sequence[Hit]
    booked: bool = False


def check_message(message: Message) -> None:
    """Raises OfferError for a message that cannot be sent."""
    if not message.subject.strip() or not message.text.strip():
        raise OfferError("Il faut un objet et un texte, ou ne prévenir personne.")
    if len(message.subject) > LONGEST_SUBJECT or len(message.text) > LONGEST_TEXT:
        raise OfferError(f"L'objet tient en {LONGEST_SUBJECT} caractères, le texte en {LONGEST_TEXT}.")


def tell(message: Message, persons: Collection[str], reason: Reason, *, now: datetime) -> int:
    """Queue a mail for each payer of these persons who has an address; returns how many. The caller's transaction."""
    families = [family for family in families_of(persons) if is_address(family.email)]
    return queue_mails(_mails(message, families, reason), now=now)


def bookings_told(hits: Sequence[Hit], children: Collection[str]) -> list[str]:
    """« mardi 24 novembre 2026 : Accueil soir, Cantine » for each day, no child's name: a mailbox is read by others."""
    days: dict[date, set[str]] = {}
    for hit in hits:
        if hit.person in children:
            days.setdefault(hit.day, set()).add(hit.activity_name)
    return [f"{day_words(day)} : {', '.join(sorted(names))}" for day, names in sorted(days.items())]


def _mails(message: Message, families: Sequence[FamilyToTell], reason: Reason) -> Iterator[MailDraft]:
    town = current_town().name
    title = "Réservations rétablies :" if reason.booked else "Réservations annulées :"
    of_child: dict[str, list[Hit]] = {}
    for hit in reason.hits:
        of_child.setdefault(hit.person, []).append(hit)
    for family in families:
        own = sorted((hit for code in family.children for hit in of_child.get(code, ())), key=lambda hit: hit.day)
        lines = bookings_told(own, family.children)
        told = ["", title, *(f"– {line}" for line in lines)] if lines else []
        yield MailDraft(
            key=f"{reason.key}/{family.public_id}",
            kind=reason.kind,
            to=family.email,
            subject=message.subject,
            text="\n".join([message.text.strip(), *told, "", town]),
            payer_id=family.payer_id,
        )
