"""Writes of the town's calendar: holidays, particular days, closures (which take the bookings they hit away)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from portail.bookings.models import Closure, DayOverride, HolidayPeriod, LateRequest
from portail.bookings.operations.changes import Submission, apply_submission
from portail.bookings.operations.offer import OfferError, activity_named, classroom_named, school_named
from portail.bookings.queries.closing import hits
from portail.bookings.queries.offer import offer_now
from portail.rules import calendar
from portail.rules.booking import Wish
from portail.towns.actors import Actor
from portail.towns.operations import Act, record, touch_rulebook


@transaction.atomic
def save_holidays(*, periods: Iterable[calendar.HolidayPeriod], by: Actor, now: datetime) -> int:
    """Enter school holidays, those of the zone or the town's own; one that begins the same day is replaced."""
    number = 0
    for period in periods:
        HolidayPeriod.objects.update_or_create(
            first=period.first, defaults={"name": period.name, "last": period.last, "summer": period.summer}
        )
        number += 1
    touch_rulebook()
    record(Act("save_holidays", f"{number} périodes"), by=by, now=now)
    return number


@transaction.atomic
def replace_holidays(*, periods: Sequence[calendar.HolidayPeriod], by: Actor, now: datetime) -> int:
    """Take up the published holidays of a zone: what the town had between the first and the last of them goes.

    Bookings stay as they are. Raises OfferError without any period. Returns how many there are now in that span.
    """
    if not periods:
        raise OfferError("Aucune date publiée pour cette zone : saisissez vos vacances une par une.")
    first, last = min(p.first for p in periods), max(p.last for p in periods)
    gone = HolidayPeriod.objects.filter(first__lte=last, last__gte=first)
    before = {"periods": [f"{p.name} {p.first} → {p.last}" for p in gone.order_by("first")]}
    gone.delete()
    HolidayPeriod.objects.bulk_create(
        HolidayPeriod(name=p.name, first=p.first, last=p.last, summer=p.summer) for p in periods
    )
    touch_rulebook()
    after = {"periods": [f"{p.name} {p.first} → {p.last}" for p in periods]}
    record(Act("replace_holidays", f"{first} → {last}", before, after), by=by, now=now)
    return len(periods)


@transaction.atomic
def set_holiday(
    *, holiday: HolidayPeriod | None, period: calendar.HolidayPeriod, by: Actor, now: datetime
) -> HolidayPeriod:
    """Enter one period of holidays, or change `holiday`. Raises OfferError."""
    if period.last < period.first:
        raise OfferError("Les vacances finissent avant de commencer.")
    others = HolidayPeriod.objects.filter(first__lte=period.last, last__gte=period.first)
    if holiday is not None:
        others = others.exclude(pk=holiday.pk)
    met = others.order_by("first").first()
    if met is not None:
        raise OfferError(f"Ces jours rencontrent « {met.name} », du {met.first:%d/%m/%Y} au {met.last:%d/%m/%Y}.")
    before = None if holiday is None else _told(holiday)
    found = holiday or HolidayPeriod()
    found.name, found.first, found.last, found.summer = period.name, period.first, period.last, period.summer
    found.save()
    touch_rulebook()
    record(Act("set_holiday", period.name, before, _told(found)), by=by, now=now)
    return found


@transaction.atomic
def remove_holiday(*, holiday: HolidayPeriod, by: Actor, now: datetime) -> None:
    """Take a period of holidays away: its days follow the week again."""
    before = _told(holiday)
    HolidayPeriod.objects.filter(pk=holiday.pk).delete()
    touch_rulebook()
    record(Act("remove_holiday", holiday.name, before=before), by=by, now=now)


def _told(holiday: HolidayPeriod) -> dict[str, Any]:
    return {
        "name": holiday.name,
        "first": str(holiday.first),
        "last": str(holiday.last),
        "summer": holiday.summer,
    }


@transaction.atomic
def remove_school_day(*, override: DayOverride, by: Actor, now: datetime) -> None:
    """A particular day becomes an ordinary one again."""
    before = {"day": str(override.day), "has_school": override.has_school, "reason": override.reason}
    DayOverride.objects.filter(pk=override.pk).delete()
    touch_rulebook()
    record(Act("remove_school_day", str(override.day), before=before), by=by, now=now)


@transaction.atomic
def set_school_day(
    *, day: date, has_school: bool, reason: str, school: str = "", by: Actor, now: datetime
) -> DayOverride:
    """« Il y aura école mercredi 13 novembre », or a « pont » without school. Raises OfferError."""
    found = school_named(school)
    override, _ = DayOverride.objects.update_or_create(
        day=day, school=found, defaults={"has_school": has_school, "reason": reason}
    )
    touch_rulebook()
    after = {"day": str(day), "has_school": has_school, "reason": reason, "school": school}
    record(Act("set_school_day", str(day), after=after), by=by, now=now)
    return override


@dataclass(frozen=True, slots=True)
class ClosureDraft:
    """Days to close, both included; for the whole town, or for the school, class and activity that are named."""

    first: date
    last: date
    reason: str
    school: str = ""
    classroom: str = ""
    activity: str = ""


@transaction.atomic
def close_days(*, draft: ClosureDraft, by: Actor, now: datetime) -> tuple[Closure, int]:
    """Close days and cancel what was booked on them, with a line « par la Mairie » in each family's history.

    Returns the closure and the number of bookings taken away. Raises OfferError.
    """
    if draft.last < draft.first:
        raise OfferError("La fermeture finit avant de commencer.")
    school, activity = school_named(draft.school), activity_named(draft.activity) if draft.activity else None
    closure = Closure.objects.create(
        first=draft.first,
        last=draft.last,
        reason=draft.reason,
        school=school,
        classroom=classroom_named(draft.school, draft.classroom),
        activity=activity,
    )
    touch_rulebook()
    hit = bookings_hit(closure)
    wishes = [Wish(person, code, day, present=False) for person, code, day in hit]
    if wishes:
        apply_submission(Submission(wishes, reason=draft.reason[:150]), by=by, now=now)
    answer_requests([closure], draft.reason)
    after = {"first": str(draft.first), "last": str(draft.last), "reason": draft.reason, "bookings": len(hit)}
    record(Act("close_days", f"{draft.first} → {draft.last}", after=after), by=by, now=now)
    return closure, len(hit)


def bookings_hit(closure: Closure) -> list[tuple[str, str, date]]:
    """(child code, activity code, day) of what a closure takes away: also its preview, before it is saved.

    What requires a closed activity goes with it: its booking could not stand alone.
    """
    return [hit.cell for hit in hits([closure], offer_now().rulebook.needed_by)]


def answer_requests(closures: Iterable[Closure], reason: str) -> None:
    """Refuse what families were still waiting for on days now closed; inside the transaction that closes them."""
    for closure in closures:
        waiting = LateRequest.objects.filter(
            status=LateRequest.Status.WAITING, day__range=(closure.first, closure.last)
        )
        if closure.activity_id:
            waiting = waiting.filter(activity_id=closure.activity_id)
        if closure.school_id:
            waiting = waiting.filter(person__classroom__school_id=closure.school_id)
        if closure.classroom_id:
            waiting = waiting.filter(person__classroom_id=closure.classroom_id)
        waiting.update(status=LateRequest.Status.REFUSED, answer=reason[:300])


@transaction.atomic
def remove_closure(*, closure: Closure, by: Actor, now: datetime) -> None:
    """Reopen the days of a closure that belongs to no event; what it cancelled stays so. Raises OfferError."""
    found = Closure.objects.select_for_update(of=("self",)).filter(pk=closure.pk).first()
    if found is None:
        raise OfferError("Cette fermeture est déjà retirée.")
    if found.event_id is not None:
        raise OfferError("Cette fermeture fait partie d'un évènement : retirez l'évènement.")
    found.delete()
    touch_rulebook()
    before = {"first": str(found.first), "last": str(found.last), "reason": found.reason}
    record(Act("remove_closure", f"{found.first} → {found.last}", before=before), by=by, now=now)
