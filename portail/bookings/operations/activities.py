"""Activities as the office edits them: a whole form at once, their order, what is withdrawn; and who is enrolled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from portail.bookings.models import Activity, ActivityDependency, ActivityGroup, Enrolment, Limit, Stop
from portail.bookings.operations.offer import (
    ActivityDraft,
    OfferError,
    activity_named,
    save_activity,
    save_group,
    set_limit,
)
from portail.bookings.queries.activities import plan_of
from portail.families.models import Person
from portail.rules.booking import DependencyKind
from portail.towns.actors import Actor
from portail.towns.operations import Act, record, touch_rulebook

Link = tuple[DependencyKind, str]
"""(how, code of the other activity)"""


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    """An activity with all that belongs to it: what is not there any more is taken away.

    `seats`: school code ("" for the whole town) -> places a day. The stops are those of the draft. `new_group`: the
    name of a group to create for it, under the code that the draft gives.
    """

    draft: ActivityDraft
    seats: Mapping[str, int]
    links: frozenset[Link] = frozenset()
    new_group: str = ""


@dataclass(frozen=True, slots=True)
class EnrolmentDraft:
    """A person (by code) who may use an activity reserved for the enrolled, between two days if they are set."""

    person: str
    activity: str
    stop: str = ""
    first_day: date | None = None
    last_day: date | None = None


@transaction.atomic
def save_plan(*, plan: ActivityPlan, new: bool, by: Actor, now: datetime) -> Activity:
    """Create an activity or change it whole; bookings already made stay. Raises OfferError."""
    draft = plan.draft
    _check(draft, new)
    touch_rulebook()
    if plan.new_group:
        last = ActivityGroup.objects.count()
        save_group(code=draft.group, name=plan.new_group, position=last, by=by, now=now)
    existing = Activity.objects.filter(code=draft.code).first()
    before = None if existing is None else plan_of(existing)
    activity = save_activity(draft=draft, by=by, now=now)
    _replace_stops(activity, draft.stops)
    _replace_links(activity, plan.links)
    _replace_limits(activity, plan.seats, by, now)
    touch_rulebook()
    record(Act("save_plan", draft.code, before=before, after=plan_of(activity)), by=by, now=now)
    return activity


@transaction.atomic
def set_activity_state(*, code: str, active: bool, by: Actor, now: datetime) -> None:
    """Withdraw an activity from the planning, or show it again. Records and bookings stay. Raises OfferError."""
    activity = activity_named(code)
    Activity.objects.filter(pk=activity.pk).update(active=active)
    touch_rulebook()
    record(Act("set_activity_state", code, {"active": activity.active}, {"active": active}), by=by, now=now)


@transaction.atomic
def order_activities(*, codes: Sequence[str], by: Actor, now: datetime) -> None:
    """Put activities in this order on the planning; codes that do not exist are passed over."""
    for position, code in enumerate(codes):
        Activity.objects.filter(code=code).update(position=position)
    touch_rulebook()
    record(Act("order_activities", "ordre du planning", after={"codes": list(codes)}), by=by, now=now)


@transaction.atomic
def order_groups(*, codes: Sequence[str], by: Actor, now: datetime) -> None:
    """Put the groups in this order in the menu of the planning."""
    for position, code in enumerate(codes):
        ActivityGroup.objects.filter(code=code).update(position=position)
    touch_rulebook()
    record(Act("order_groups", "ordre des groupes", after={"codes": list(codes)}), by=by, now=now)


@transaction.atomic
def remove_group(*, code: str, by: Actor, now: datetime) -> None:
    """Take an empty group away. Raises OfferError when activities are in it."""
    group = ActivityGroup.objects.select_for_update().filter(code=code).first()
    if group is None:
        raise OfferError("Ce groupe n'existe plus.")
    if group.activities.exists():
        raise OfferError(f"« {group.name} » contient des activités : rangez-les d'abord dans un autre groupe.")
    group.delete()
    touch_rulebook()
    record(Act("remove_group", code, before={"name": group.name}), by=by, now=now)


@transaction.atomic
def set_enrolment(*, draft: EnrolmentDraft, by: Actor, now: datetime) -> Enrolment:
    """Enrol a person, or change their stop and days. Raises OfferError."""
    person = Person.objects.filter(code=draft.person, active=True).first()
    if person is None:
        raise OfferError(f"Aucun enfant n'a le code « {draft.person[:20]} ».")
    activity = activity_named(draft.activity)
    stop = Stop.objects.filter(activity=activity, name=draft.stop).first() if draft.stop else None
    if draft.stop and stop is None:
        raise OfferError(f"« {activity.name} » n'a pas d'arrêt « {draft.stop} ».")
    if draft.first_day and draft.last_day and draft.last_day < draft.first_day:
        raise OfferError("L'inscription finit avant de commencer.")
    values = {"stop": stop, "first_day": draft.first_day, "last_day": draft.last_day}
    enrolment, _ = Enrolment.objects.update_or_create(person=person, activity=activity, defaults=values)
    after = {"stop": draft.stop, "first_day": _iso(draft.first_day), "last_day": _iso(draft.last_day)}
    record(Act("set_enrolment", f"{person.code} {activity.code}", after=after), by=by, now=now)
    return enrolment


@transaction.atomic
def unenrol(*, enrolment: Enrolment, by: Actor, now: datetime) -> None:
    """End an enrolment; bookings already made stay."""
    subject = f"{enrolment.person.code} {enrolment.activity.code}"
    before = {"stop": enrolment.stop.name if enrolment.stop else "", "first_day": _iso(enrolment.first_day)}
    Enrolment.objects.filter(pk=enrolment.pk).delete()
    record(Act("unenrol", subject, before=before), by=by, now=now)


def _check(draft: ActivityDraft, new: bool) -> None:
    same = Activity.objects.filter(group__code=draft.group, name__iexact=draft.name).exclude(code=draft.code)
    if same.exists():
        raise OfferError(f"Il y a déjà une activité « {draft.name} » dans ce groupe.")
    if new and Activity.objects.filter(code=draft.code).exists():
        raise OfferError(f"Il y a déjà une activité « {draft.code} ».")
    if draft.first_day and draft.last_day and draft.last_day < draft.first_day:
        raise OfferError("L'activité finit avant de commencer.")
    if draft.min_age is not None and draft.max_age is not None and draft.max_age < draft.min_age:
        raise OfferError("L'âge maximal est plus petit que l'âge minimal.")


def _replace_stops(activity: Activity, stops: Mapping[str, int]) -> None:
    gone = Stop.objects.filter(activity=activity).exclude(name__in=stops)
    used = Enrolment.objects.filter(stop__in=gone).select_related("stop").first()
    if used is not None and used.stop is not None:
        raise OfferError(f"Des enfants montent encore à l'arrêt « {used.stop.name} » : changez d'abord leur arrêt.")
    gone.delete()


def _replace_links(activity: Activity, links: frozenset[Link]) -> None:
    ActivityDependency.objects.filter(activity=activity).delete()
    others = {other: activity_named(other) for _, other in links}
    if activity.code in others:
        raise OfferError(f"« {activity.name} » ne peut pas dépendre d'elle-même.")
    if len(others) < len(links):
        raise OfferError("Une autre activité ne peut être à la fois demandée, ajoutée ou exclue.")
    ActivityDependency.objects.bulk_create(
        ActivityDependency(activity=activity, kind=kind.value, other=others[other]) for kind, other in sorted(links)
    )


def _replace_limits(activity: Activity, seats: Mapping[str, int], by: Actor, now: datetime) -> None:
    known = {
        limit.school.code if limit.school else "": limit
        for limit in Limit.objects.filter(activity=activity).select_related("school")
    }
    for school, limit in known.items():
        if school not in seats:
            limit.delete()
    for school, number in seats.items():
        if school not in known or known[school].seats != number:
            set_limit(activity=activity.code, school=school, seats=number, by=by, now=now)


def _iso(day: date | None) -> Any:
    return day.isoformat() if day else None
