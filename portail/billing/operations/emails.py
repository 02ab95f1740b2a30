"""Who hears of new invoices by e-mail (feature F7): the town hall's address, and up to three of the payer's own.

No notification goes to an address of one's own before somebody who reads it has pressed the button behind its link.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from portail.billing.letters import confirmation_mail
from portail.billing.models import InvoiceEmail
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.news.operations.outbox import is_address, queue_mail
from portail.towns.actors import Actor

OWN = (1, 2, 3)  # places of the payer's own addresses; 0 is the town hall's
MOST_LINKS_A_DAY = 10
LINK_LIVES = timedelta(days=7)
ASKED_AGAIN_AFTER = timedelta(minutes=10)  # the link is sent again at most so often: nobody's mailbox is flooded


@dataclass(frozen=True, slots=True)
class EmailsSaved:
    """What became of the form. `errors`: French sentence by place (1 to 3); when there is one, nothing was changed.

    `asked`: addresses to which a link has just been sent.
    """

    errors: dict[int, str]
    asked: tuple[str, ...] = ()


def set_invoice_emails(
    *, wanted: bool, addresses: Sequence[str], confirm_url: Callable[[str], str], by: Actor, now: datetime
) -> EmailsSaved:
    """Keep the payer's choice: `wanted` for the town hall's address, and up to three others; an emptied one is removed.

    `confirm_url(secret)`: the absolute address of the confirmation page.
    """
    typed = [address.strip() for address in [*addresses, "", "", ""][:3]]
    errors = _problems(typed)
    if errors:
        return EmailsSaved(errors)
    with transaction.atomic():
        payer = Payer.objects.select_for_update().get(pk=by.payer_id)
        known = {row.place: row for row in InvoiceEmail.objects.filter(payer=payer, place__in=OWN)}
        too_many = _too_many(payer, now)
        new = [place for place, address in zip(OWN, typed, strict=True) if address and not _same(known, place, address)]
        if too_many and new:
            return EmailsSaved({new[0]: "Trop d'adresses ont été essayées aujourd'hui : recommencez demain."})
        _town_halls(payer, wanted=wanted, now=now)
        asked = []
        for place, address in zip(OWN, typed, strict=True):
            if too_many and address:
                continue  # a link that was not pressed is not sent again either
            if _place(payer, place, address, known.get(place), confirm_url, now):
                asked.append(address)
    return EmailsSaved({}, tuple(asked))


@transaction.atomic
def confirm_invoice_email(*, secret: str, now: datetime) -> InvoiceEmail | None:
    """The button behind the link was pressed. None when the link is unknown, too old, or its address was removed."""
    digest = _digest(secret)
    row = InvoiceEmail.objects.select_for_update().filter(secret_hash=digest).first()
    if row is None or now - row.asked_at > LINK_LIVES:
        return None
    if row.confirmed_at is None:
        InvoiceEmail.objects.filter(pk=row.pk).update(confirmed_at=now)
        row.confirmed_at = now
    return row


def _too_many(payer: Payer, now: datetime) -> bool:
    """Has the payer had so many links sent since yesterday that other people's mailboxes may be suffering?"""
    sent = OutboxMail.objects.filter(payer=payer, kind="confirm", created_at__gt=now - timedelta(days=1))
    return sent.count() >= MOST_LINKS_A_DAY


def _same(known: Mapping[int, InvoiceEmail], place: int, address: str) -> bool:
    return place in known and known[place].address.casefold() == address.casefold()


def _town_halls(payer: Payer, *, wanted: bool, now: datetime) -> None:
    rows = InvoiceEmail.objects.filter(payer=payer, place=0)
    if not wanted or not payer.email:
        rows.delete()
    elif not rows.exists():
        # Given by the family to the town hall: the town answers for it.
        InvoiceEmail.objects.create(payer=payer, place=0, address=payer.email, asked_at=now, confirmed_at=now)


def _place(
    payer: Payer,
    place: int,
    address: str,
    known: InvoiceEmail | None,
    confirm_url: Callable[[str], str],
    now: datetime,
) -> bool:
    """Put an address at its place; True when a link was sent to it."""
    same = known is not None and known.address.casefold() == address.casefold()
    if known is not None and not same:
        InvoiceEmail.objects.filter(pk=known.pk).delete()
    if not address or (same and known is not None and not _ask_again(known, now)):
        return False
    secret = secrets.token_urlsafe(24)
    InvoiceEmail.objects.update_or_create(
        payer=payer,
        place=place,
        defaults={"address": address, "secret_hash": _digest(secret), "asked_at": now, "confirmed_at": None},
    )
    key = f"confirm/{_digest(secret)[:32]}"
    return queue_mail(confirmation_mail(payer, address, confirm_url(secret), key), now=now)


def _ask_again(known: InvoiceEmail, now: datetime) -> bool:
    return known.confirmed_at is None and now - known.asked_at > ASKED_AGAIN_AFTER


def _problems(typed: Sequence[str]) -> dict[int, str]:
    errors = {}
    for place, address in zip(OWN, typed, strict=True):
        if address and not is_address(address):
            errors[place] = "Cette adresse de courriel n'est pas complète : elle ressemble à nom@exemple.fr."
        elif address and address.casefold() in {other.casefold() for other in typed[: place - 1]}:
            errors[place] = "Cette adresse est déjà dans la liste."
    return errors


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
