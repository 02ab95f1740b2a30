"""Codes by the pile, for the letters, and brakes lifted for a family that calls (feature A5)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F

from portail.families.hashing import hash_code
from portail.families.models import ParentSession, Payer, Person, Throttle
from portail.families.operations.register import RegisterError
from portail.rules.codes import FAILURES_TO_DISABLE, normalise_payer_code
from portail.towns.actors import Actor
from portail.towns.operations import Act, record


def hashed(codes: Mapping[int, str]) -> dict[int, str]:
    """What is kept of the codes of these payers, by key. Slow on purpose: to be called outside any transaction."""
    return {payer: hash_code(normalise_payer_code(code), weak=False) for payer, code in codes.items()}


@transaction.atomic
def replace_codes(*, hashes: Mapping[int, str], by: Actor, now: datetime) -> int:
    """Give each payer the code of this hash, whose letter is printed; returns how many there were.

    As for one alone (`reissue_code`), the old codes and every session they opened die at once.
    """
    payers = Payer.objects.select_for_update(no_key=True).filter(pk__in=hashes).order_by("pk")
    found = list(payers)
    for payer in found:
        Payer.objects.filter(pk=payer.pk).update(
            code_hash=hashes[payer.pk],
            weak_code=False,
            disabled=False,
            letter_at=now,
            credential_version=F("credential_version") + 1,
        )
        record(Act("reissue_code", str(payer), after={"letter": True}), by=by, now=now)
    _forget([payer.pk for payer in found])
    return len(found)


@transaction.atomic
def lift_brakes(*, payer: Payer, by: Actor, now: datetime) -> int:
    """Let a family try again at once after too many wrong codes; returns how many brakes there were.

    Raises RegisterError when a code was tried so often that only a new one is safe.
    """
    keys = _bucket_keys([payer.pk])
    rows = Throttle.objects.select_for_update().filter(key__in=keys, tries__gt=0)
    if any(row.in_a_row >= FAILURES_TO_DISABLE for row in rows):
        raise RegisterError("Trop de codes faux ont été essayés : il faut un nouveau code.")
    lifted = Throttle.objects.filter(key__in=keys, tries__gt=0).delete()[0]
    if lifted:
        record(Act("lift_brakes", str(payer), after={"lifted": lifted}), by=by, now=now)
    return lifted


def _forget(payers: Collection[int]) -> None:
    """The sessions of the old codes, and the failures counted against them."""
    ParentSession.objects.filter(payer__in=payers).delete()
    Throttle.objects.filter(key__in=_bucket_keys(payers)).delete()


def _bucket_keys(payers: Collection[int]) -> list[str]:
    codes = Person.objects.filter(links__payer__in=payers).values_list("code", flat=True)
    return [f"code:{code}" for code in codes]
