"""Aujourd'hui: how many are expected, what was ordered, and what moved since."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from portail.bookings.models import Change
from portail.bookings.operations.kitchen import MEALS, KitchenError, place_order
from portail.bookings.queries.headcounts import HeadCount, changes_since, head_counts, unmarked, week_counts
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.records import Span
from portail.gateways.spreadsheet import Value
from portail.office.lists import Column, export
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed
from portail.office.requests import today as today_of
from portail.office.today.days import asked_day, read_day
from portail.rules.staff import Right
from portail.rules.weeks import monday, week_days

LOOKED_BACK = 31  # days about which « réservé, pas de pointage » is asked


@allowed(Right.HEADCOUNTS)
def today(request: OfficeRequest) -> HttpResponse:
    """The head-counts of a day."""
    day, offer = asked_day(request), offer_in_force()
    lines = head_counts(day, offer)
    if (kind := request.GET.get("export", "")) in ("csv", "xlsx"):
        return export(kind, _columns(day), lines, f"effectifs-{day}")
    may_name = Right.LISTS in agent_of(request).rights
    context = {
        "day": day, "today": today_of(request), "before": day - timedelta(days=1), "after": day + timedelta(days=1),
        "groups": grouped(lines), "words": MEALS,
        "moves": _moves(changes_since(day, lines)) if may_name else [],
        "forgotten": _forgotten(request) if may_name else 0,
    }  # fmt: skip
    return show(request, "office/today.html", context, current="today")


@allowed(Right.HEADCOUNTS)
def week_of_counts(request: OfficeRequest) -> HttpResponse:
    """The head-counts of a week, for whoever cooks."""
    first = monday(asked_day(request))
    days = [day for day in week_days(first) if day.weekday() < 6]
    lines = week_counts(days, offer_in_force())
    days = [day for day in days if day.weekday() < 5 or any(line.total(day) for line in lines)]
    if (kind := request.GET.get("export", "")) in ("csv", "xlsx"):
        columns = [Column("activity", "Activité", lambda line: line.activity_name),
                   Column("school", "École", lambda line: line.school or "Sans école")]  # fmt: skip
        columns += [_of_day(day) for day in days]
        return export(kind, columns, lines, f"effectifs-semaine-{first}")
    context = {
        "first": first, "days": days, "lines": lines, "words": MEALS, "today": today_of(request),
        "before": first - timedelta(days=7), "after": first + timedelta(days=7),
    }  # fmt: skip
    return show(request, "office/today_week.html", context, current="today")


@require_POST
@allowed(Right.HEADCOUNTS)
def order(request: OfficeRequest) -> HttpResponse:
    """« Commande passée »: the head-counts as they are now are kept."""
    day = read_day(request.POST.get("jour", ""), request)
    if day is None:
        return redirect("office:today")
    try:
        place_order(activity=request.POST.get("activite", ""), day=day, by=actor(request), now=request.now)
    except KitchenError as refusal:
        return error(request, 400, "La commande n'est pas notée", str(refusal))
    return done("La commande est notée : les changements à venir s'affichent en orange.",
                f"{reverse('office:today')}?jour={day}")  # fmt: skip


def grouped(lines: Sequence[HeadCount]) -> list[tuple[HeadCount, list[HeadCount], list[str]]]:
    """By activity: (its first line, all its lines, the meal types to show)."""
    found: dict[str, list[HeadCount]] = {}
    for line in lines:
        found.setdefault(line.activity, []).append(line)
    return [(rows[0], rows, shown_meals(rows)) for rows in found.values()]


def shown_meals(lines: Sequence[HeadCount]) -> list[str]:
    """The meal types that somebody eats or was ordered for, in their order; the ordinary one always."""
    there = {meal for line in lines for meal in (*line.counts, *(line.ordered.counts if line.ordered else ()))}
    return [meal for meal in MEALS if meal in there or meal == "standard"]


def _forgotten(request: OfficeRequest) -> int:
    """How many bookings of the last weeks nobody ticked."""
    last = today_of(request) - timedelta(days=1)
    return unmarked(Span(last - timedelta(days=LOOKED_BACK), last)).count()


def _moves(changes: Sequence[Change]) -> list[dict[str, str]]:
    return [
        {
            "sign": "+" if change.present else "−",
            "name": str(change.person),
            "where": change.person.classroom.school.name if change.person.classroom else "Sans école",
            "activity": change.activity.name,
        }
        for change in changes
    ]


def _of_day(day: date) -> Column:
    return Column(str(day), f"{day:%d/%m/%Y}", lambda line: line.total(day))


def _columns(day: date) -> list[Column]:
    def of_meal(meal: str) -> Column:
        return Column(meal, MEALS[meal].capitalize(), lambda line: line.counts.get(meal, 0))

    def since_order(line: HeadCount) -> Value:
        return line.moved_total if line.ordered else ""

    return [
        Column("day", "Jour", lambda _line: day),
        Column("activity", "Activité", lambda line: line.activity_name),
        Column("school", "École", lambda line: line.school or "Sans école"),
        *[of_meal(meal) for meal in MEALS],
        Column("total", "Total", lambda line: line.total),
        Column("before", "Fois précédente", lambda line: "" if line.before is None else line.before),
        Column("week_ago", "Semaine précédente", lambda line: line.week_ago),
        Column("moved", "Depuis la commande", since_order),
    ]
