"""Activities as the office reads them: all of them, withdrawn ones too, with what belongs to each."""

from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.text import slugify

from portail.bookings.models import (
    Activity,
    ActivityAudience,
    ActivityDependency,
    ActivityGroup,
    Enrolment,
    Limit,
    Period,
    Presence,
    Stop,
)
from portail.rules.weekdays import from_mask

LONGEST_CODE = 40


def activity_rows() -> QuerySet[Activity]:
    """Every activity with its group; `seats`: its places for the whole town or None, `schools_limited`, `enrolled`."""
    whole_town = Limit.objects.filter(activity=OuterRef("pk"), school__isnull=True).values("seats")[:1]
    rows: QuerySet[Activity] = Activity.objects.select_related("group").annotate(
        seats=Subquery(whole_town),
        schools_limited=Count("limits", filter=Q(limits__school__isnull=False), distinct=True),
        enrolled=Count("enrolments", distinct=True),
    )
    return rows


def in_order() -> list[Activity]:
    """Every activity in the order of the planning. One query."""
    rows = Activity.objects.select_related("group")
    return list(rows.order_by("group__position", "group__name", "position", "id"))


def groups() -> list[ActivityGroup]:
    """The groups in the order of the menu, with `number`, how many activities each holds."""
    rows = ActivityGroup.objects.annotate(number=Count("activities"))
    return list(rows.order_by("position", "name", "id"))


def free_code(name: str) -> str:
    """A code made from a name, that no activity has: « Étude du soir » -> « etude-du-soir »."""
    return _free(name, set(Activity.objects.values_list("code", flat=True)), "activite")


def free_group_code(name: str) -> str:
    """The same for a group."""
    return _free(name, set(ActivityGroup.objects.values_list("code", flat=True)), "groupe")


def _free(name: str, taken: set[str], otherwise: str) -> str:
    stem = slugify(name)[: LONGEST_CODE - 4].strip("-") or otherwise
    return next(code for n in range(1, len(taken) + 2) if (code := stem if n == 1 else f"{stem}-{n}") not in taken)


def bookings_ahead(activity: Activity, today: date) -> int:
    """How many bookings of an activity are for today or later."""
    return int(Presence.objects.filter(activity=activity, day__gte=today).count())


def plan_of(activity: Activity) -> dict[str, Any]:
    """All that an activity is, as JSON can say it: for the form and for the trail. Five queries."""
    audiences = ActivityAudience.objects.filter(activity=activity).order_by("id")
    return {
        "name": activity.name, "group": activity.group.code, "opens_on": activity.opens_on,
        "weekdays": sorted(from_mask(activity.weekdays)), "active": activity.active,
        "book": activity.book_cutoff, "cancel": activity.cancel_cutoff, "late": activity.late_policy,
        "late_until": activity.late_until, "weeks_ahead": activity.weeks_ahead, "min_age": activity.min_age,
        "max_age": activity.max_age, "enrolled_only": activity.enrolled_only, "adults": activity.adults,
        "first_day": activity.first_day and activity.first_day.isoformat(),
        "last_day": activity.last_day and activity.last_day.isoformat(),
        "audiences": [
            [school or "", classroom or "", level]
            for school, classroom, level in audiences.values_list("school__code", "classroom__name", "level")
        ],
        "stops": dict(Stop.objects.filter(activity=activity).order_by("at", "id").values_list("name", "at")),
        "seats": {
            school or "": seats
            for school, seats in Limit.objects.filter(activity=activity).values_list("school__code", "seats")
        },
        "links": [
            [kind, other] for kind, other in ActivityDependency.objects.filter(activity=activity).order_by("id")
            .values_list("kind", "other__code")
        ],
    }  # fmt: skip


def enrolment_rows(activity: Activity) -> QuerySet[Enrolment]:
    """Who is enrolled in an activity, with class, school and stop."""
    rows: QuerySet[Enrolment] = Enrolment.objects.filter(activity=activity).select_related(
        "person__classroom__school", "stop", "activity"
    )
    return rows


def stops_of(activity: Activity) -> list[Stop]:
    """The stops of a transport, by time."""
    return list(Stop.objects.filter(activity=activity).order_by("at", "name"))


def period_rows() -> QuerySet[Any]:
    """Every périscotidien period, with `families`: for how many children it was validated, and its activities."""
    counted: QuerySet[Any] = Period.objects.annotate(families=Count("choices__person", distinct=True))
    return counted.prefetch_related("offers__activity")
