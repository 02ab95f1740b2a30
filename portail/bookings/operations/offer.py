"""Writes of the offer: activities and who may use them, places, périscotidien periods. Each raises the revision."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from portail.bookings.models import (
    Activity,
    ActivityAudience,
    ActivityDependency,
    ActivityGroup,
    Enrolment,
    Limit,
    Period,
    PeriodActivity,
    Stop,
)
from portail.bookings.operations.places import count_taken
from portail.families.models import Classroom, Person, School
from portail.rules.booking import DependencyKind, LatePolicy
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff
from portail.rules.weekdays import to_mask
from portail.towns.actors import Actor
from portail.towns.operations import Act, record, touch_rulebook


class OfferError(ValueError):
    """Something the town hall typed that cannot be; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class AudienceDraft:
    """Whom an activity is for: school code, class name within it, level; every part that is set must match."""

    school: str = ""
    classroom: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class ActivityDraft:
    """An activity as the town hall describes it. Weekdays: 0 = Monday. Times are minutes after local midnight."""

    code: str
    name: str
    group: str
    opens_on: Opening
    weekdays: frozenset[int]
    book: Cutoff
    cancel: Cutoff
    position: int = 0
    late: LatePolicy = LatePolicy.REFUSE
    late_until: int = 0
    weeks_ahead: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    min_age: int | None = None
    max_age: int | None = None
    enrolled_only: bool = False
    adults: bool = False
    audiences: Sequence[AudienceDraft] = field(default=())
    stops: Mapping[str, int] = field(default_factory=dict)  # name -> minutes


@transaction.atomic
def save_group(*, code: str, name: str, position: int, by: Actor, now: datetime) -> ActivityGroup:
    """Create a group of activities, or change its name and place."""
    group, _ = ActivityGroup.objects.update_or_create(code=code, defaults={"name": name, "position": position})
    touch_rulebook()
    record(Act("save_group", code, after={"name": name, "position": position}), by=by, now=now)
    return group


@transaction.atomic
def save_activity(*, draft: ActivityDraft, by: Actor, now: datetime) -> Activity:
    """Create an activity or replace its rules; bookings already made stay. Raises OfferError."""
    group = ActivityGroup.objects.filter(code=draft.group).first()
    if group is None:
        raise OfferError(f"Le groupe d'activités « {draft.group} » n'existe pas.")
    if not draft.weekdays:
        raise OfferError(f"« {draft.name} » n'est proposée aucun jour de la semaine.")
    activity, _ = Activity.objects.update_or_create(code=draft.code, defaults={**_columns(draft), "group": group})
    _replace_audiences(activity, draft.audiences)
    for name, at in draft.stops.items():
        Stop.objects.update_or_create(activity=activity, name=name, defaults={"at": at})
    touch_rulebook()
    record(Act("save_activity", draft.code, after={"name": draft.name}), by=by, now=now)
    return activity


@transaction.atomic
def save_dependency(*, activity: str, kind: DependencyKind, other: str, by: Actor, now: datetime) -> None:
    """Make an activity require, imply or exclude another one the same day."""
    ActivityDependency.objects.get_or_create(
        activity=activity_named(activity), kind=kind.value, other=activity_named(other)
    )
    touch_rulebook()
    record(Act("save_dependency", activity, after={"kind": kind.value, "other": other}), by=by, now=now)


@transaction.atomic
def set_limit(*, activity: str, school: str = "", seats: int, by: Actor, now: datetime) -> Limit:
    """Limit an activity to `seats` a day, for the town or for one school. Lowered, it puts nobody out. OfferError."""
    if seats < 1:
        raise OfferError("Une capacité est d'au moins une place ; pour fermer une activité, posez une fermeture.")
    limit, _ = Limit.objects.update_or_create(
        activity=activity_named(activity), school=school_named(school), defaults={"seats": seats}
    )
    touch_rulebook()  # waits for the submissions under way, so that the count below knows them all
    count_taken(limit)
    record(Act("set_limit", activity, after={"school": school, "seats": seats}), by=by, now=now)
    return limit


@transaction.atomic
def enrol(*, person: str, activity: str, stop: str = "", by: Actor, now: datetime) -> Enrolment:
    """Enrol a person (by code) in an activity, with their transport stop. Raises OfferError."""
    found = Person.objects.filter(code=person).first()
    if found is None:
        raise OfferError(f"Aucun enfant n'a le code {person}.")
    where = activity_named(activity)
    at = Stop.objects.filter(activity=where, name=stop).first() if stop else None
    if stop and at is None:
        raise OfferError(f"« {where.name} » n'a pas d'arrêt « {stop} ».")
    enrolment, _ = Enrolment.objects.update_or_create(person=found, activity=where, defaults={"stop": at})
    record(Act("enrol", f"{person} {activity}", after={"stop": stop}), by=by, now=now)
    return enrolment


@dataclass(frozen=True, slots=True)
class PeriodDraft:
    """A périscotidien period: its days and, by activity, the weekdays offered."""

    first: date
    last: date
    weekdays: Mapping[str, frozenset[int]]
    name: str = ""
    freezes: bool = False


@transaction.atomic
def create_period(*, draft: PeriodDraft, by: Actor, now: datetime) -> Period:
    """Open a period of « périscotidien » to the families (feature P10). Raises OfferError."""
    if draft.last < draft.first:
        raise OfferError("La période finit avant de commencer.")
    period = Period.objects.create(first=draft.first, last=draft.last, name=draft.name, freezes=draft.freezes)
    PeriodActivity.objects.bulk_create(
        PeriodActivity(period=period, activity=activity_named(code), weekdays=to_mask(weekdays))
        for code, weekdays in draft.weekdays.items()
    )
    touch_rulebook()
    after = {"first": str(draft.first), "last": str(draft.last), "activities": sorted(draft.weekdays)}
    record(Act("create_period", str(period.public_id), after=after), by=by, now=now)
    return period


def activity_named(code: str) -> Activity:
    """The activity of this code. Raises OfferError."""
    activity = Activity.objects.filter(code=code).first()
    if activity is None:
        raise OfferError(f"L'activité « {code} » n'existe pas.")
    return activity


def cutoff_stored(cutoff: Cutoff) -> dict[str, Any]:
    """A cut-off as a column keeps it."""
    return {**asdict(cutoff), "kind": cutoff.kind.value, "on": cutoff.on.isoformat() if cutoff.on else None}


def _columns(draft: ActivityDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "position": draft.position,
        "opens_on": draft.opens_on.value,
        "weekdays": to_mask(draft.weekdays),
        "book_cutoff": cutoff_stored(draft.book),
        "cancel_cutoff": cutoff_stored(draft.cancel),
        "late_policy": draft.late.value,
        "late_until": draft.late_until,
        "weeks_ahead": draft.weeks_ahead,
        "first_day": draft.first_day,
        "last_day": draft.last_day,
        "min_age": draft.min_age,
        "max_age": draft.max_age,
        "enrolled_only": draft.enrolled_only,
        "adults": draft.adults,
    }


def _replace_audiences(activity: Activity, drafts: Sequence[AudienceDraft]) -> None:
    ActivityAudience.objects.filter(activity=activity).delete()
    ActivityAudience.objects.bulk_create(
        ActivityAudience(
            activity=activity,
            school=school_named(d.school),
            classroom=classroom_named(d.school, d.classroom),
            level=d.level,
        )
        for d in drafts
    )


def school_named(code: str) -> School | None:
    """The school of this code, None for an empty one. Raises OfferError."""
    if not code:
        return None
    school = School.objects.filter(code=code).first()
    if school is None:
        raise OfferError(f"L'école « {code} » n'existe pas.")
    return school


def classroom_named(school: str, name: str) -> Classroom | None:
    """The class of this name in that school, None for an empty name. Raises OfferError."""
    if not name:
        return None
    classroom = Classroom.objects.filter(school__code=school, name=name).first()
    if classroom is None:
        raise OfferError(f"L'école « {school} » n'a pas de classe « {name} ».")
    return classroom
