"""Writes of the town's calendar: holidays, particular days, closures (which take the bookings they hit away)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from portail.bookings.models import Closure, DayOverride, HolidayPeriod, LateRequest, Presence
from portail.bookings.operations.changes import Submission, apply_submission
from portail.bookings.operations.offer import OfferError, activity_named, classroom_named, school_named
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
    _answer_requests(closure, draft.reason)
    after = {"first": str(draft.first), "last": str(draft.last), "reason": draft.reason, "bookings": len(hit)}
    record(Act("close_days", f"{draft.first} → {draft.last}", after=after), by=by, now=now)
    return closure, len(hit)


def bookings_hit(closure: Closure) -> list[tuple[str, str, date]]:
    """(child code, activity code, day) of what a closure takes away: also its preview, before it is saved.

    What requires a closed activity goes with it: its booking could not stand alone.
    """
    booked = Presence.objects.filter(day__range=(closure.first, closure.last))
    if closure.activity is not None:
        booked = booked.filter(activity__code__in=_with_what_needs_it(closure.activity.code))
    if closure.school_id:
        booked = booked.filter(person__classroom__school_id=closure.school_id)
    if closure.classroom_id:
        booked = booked.filter(person__classroom_id=closure.classroom_id)
    rows = booked.order_by("day", "person__sort_key", "id")
    return list(rows.values_list("person__code", "activity__code", "day"))


def _with_what_needs_it(activity: str) -> list[str]:
    needed_by = offer_now().rulebook.needed_by
    found = [activity]
    for code in found:
        found += [other for other in needed_by.get(code, ()) if other not in found]
    return found


def _answer_requests(closure: Closure, reason: str) -> None:
    waiting = LateRequest.objects.filter(status=LateRequest.Status.WAITING, day__range=(closure.first, closure.last))
    if closure.activity_id:
        waiting = waiting.filter(activity_id=closure.activity_id)
    if closure.school_id:
        waiting = waiting.filter(person__classroom__school_id=closure.school_id)
    if closure.classroom_id:
        waiting = waiting.filter(person__classroom_id=closure.classroom_id)
    waiting.update(status=LateRequest.Status.REFUSED, answer=reason[:300])
