"""Seal what the histories of a town have gained: the clock's work, outside the acts, which never wait for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from portail.rules.sealing import canonical, chained
from portail.towns.chain_queries import Stream, head_of_chain, unsealed
from portail.towns.models import Seal

DELAY = timedelta(minutes=1)  # lines that end together are sealed in the order they were written


def seal_new(*, streams: Sequence[Stream], limit: int, now: datetime) -> int:
    """Add up to `limit` lines, older than a minute, to the chain of the town in force; returns how many.

    0 when nothing waits, or when another process is sealing the same: the database keeps each place for one link, so
    whoever comes second writes nothing.
    """
    head = head_of_chain()
    place, digest = head.place, head.digest
    seals: list[Seal] = []
    for stream in streams:
        for row in unsealed(stream, now - DELAY).values()[: limit - len(seals)]:
            place, digest = place + 1, chained(digest, canonical(stream.name, row))
            seals.append(Seal(stream=stream.name, row=row["id"], place=place, digest=digest, at=now))
    if not seals:
        return 0
    try:
        with transaction.atomic():
            Seal.objects.bulk_create(seals)
    except IntegrityError:
        return 0
    return len(seals)
