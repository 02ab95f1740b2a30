"""Quotients familiaux, as CAF or the town hall gives them: a history, since a day is priced by that of its date."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from portail.families.models import Payer, Quotient
from portail.families.operations.register import RegisterError
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

HIGHEST = 100_000


@dataclass(frozen=True, slots=True)
class QuotientDraft:
    """A quotient in whole euros, from a day on, to another included (None: until told otherwise)."""

    value: int
    first_day: date
    last_day: date | None = None
    source: str = ""


@transaction.atomic
def set_quotient(*, payer: Payer, draft: QuotientDraft, by: Actor, now: datetime) -> Quotient:
    """Enter a payer's quotient. The one in force is closed the day before; one that begins the same day is replaced.

    Without a last day, it ends the day before the next one already known. Raises RegisterError.
    """
    _check(draft)
    Payer.objects.select_for_update(no_key=True).get(pk=payer.pk)  # two entries at once would overlap
    known = Quotient.objects.filter(payer=payer)
    following = known.filter(first_day__gt=draft.first_day).order_by("first_day").first()
    last_day = draft.last_day
    if following is not None:
        if last_day is not None and last_day >= following.first_day:
            raise RegisterError(f"Un autre quotient commence le {following.first_day:%d/%m/%Y} : finissez avant.")
        last_day = last_day or following.first_day - timedelta(days=1)
    eve = draft.first_day - timedelta(days=1)
    before = known.filter(first_day__lt=draft.first_day)
    before.filter(last_day__isnull=True).update(last_day=eve)
    before.filter(last_day__gt=eve).update(last_day=eve)
    columns = {"value": draft.value, "last_day": last_day, "source": draft.source}
    quotient, _ = Quotient.objects.update_or_create(payer=payer, first_day=draft.first_day, defaults=columns)
    after = {"first": str(draft.first_day), **columns, "last_day": None if last_day is None else str(last_day)}
    record(Act("set_quotient", str(payer), after=after), by=by, now=now)
    return quotient


def _check(draft: QuotientDraft) -> None:
    if not 0 <= draft.value <= HIGHEST:
        raise RegisterError(f"Un quotient familial est un nombre entier d'euros, de 0 à {HIGHEST}.")
    if draft.last_day is not None and draft.last_day < draft.first_day:
        raise RegisterError("Le quotient finit avant de commencer.")
    if len(draft.source) > 60:
        raise RegisterError("L'origine du quotient a 60 caractères au plus.")
