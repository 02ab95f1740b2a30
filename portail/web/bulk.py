"""Many cells at once: copy a week, « Semaine type », absence, brothers and sisters.

Each form leads to a preview that writes nothing, judged by the rules themselves; « Appliquer » then posts the cells of
that preview, each with the state it had, exactly as the planning would: same operation, recap and undo.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.preview import Snapshot, snapshot
from portail.bookings.queries.records import Span, facts_of
from portail.families.queries import ChildRow, Family
from portail.rules.booking import Outcome, Refusal, Verdict, Wish
from portail.rules.recurrence import copy_days, expand
from portail.rules.weeks import iso_week, monday, parse_week, week_slug
from portail.towns import wording as say
from portail.web.pages import child_card, show
from portail.web.planning import Window, child_or_404, local_today, setting_of, validate
from portail.web.requests import TownRequest, for_family
from portail.web.spans import (
    Problem,
    coming_span,
    error_at,
    read_date,
    read_span,
    span_form,
    span_words,
    weeks_until_holidays,
)
from portail.web.weekdays import heads, read_days, rows
from portail.web.words import Setting, explain

COPY_WEEKS = 12
SILENT = {Refusal.NOT_OFFERED}  # a day on which the activity does not exist is no news


@dataclass(frozen=True, slots=True)
class Line:
    """A cell of a preview."""

    activity: str
    day_words: str
    child: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen."""

    add: list[Line]
    cancel: list[Line]
    requested: list[Line]
    skipped: list[Line]


@dataclass(frozen=True, slots=True)
class ChildChoice:
    """A child to tick in a form."""

    code: str
    full_name: str
    checked: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """A tool about to be previewed: its title, the form to come back to, and who may be concerned."""

    title: str
    sub: str
    back_url: str
    family: Family
    setting: Setting


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def copy(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """« Copier cette semaine → semaines suivantes, jusqu'aux vacances, choisir »."""
    child, offer = child_or_404(family, code), offer_in_force()
    if request.POST.get("step") == "apply":
        return validate(request, family)
    source = parse_week(request.GET.get("semaine", "")) or monday(local_today(request))
    until = request.POST.get("until", "next")
    chosen = [m for m in map(parse_week, request.POST.getlist("weeks")[:COPY_WEEKS]) if m]
    errors = []
    if request.method == "POST":
        targets = _targets(source, until, chosen, offer)
        if targets:
            act = Act(
                _("Copier cette semaine"),
                _week_words(source),
                request.get_full_path(),
                family,
                setting_of(request, offer),
            )
            return _preview(request, act, _copy_wishes(child, source, targets, offer))
        errors = [Problem(_("Choisissez au moins une semaine."), "weeks")]
    held = snapshot([child], offer, Span(source, source + timedelta(days=6)))
    week = {
        "title": _("Semaine %(number)d") % {"number": iso_week(source)[1]},
        "range_words": f"{source:%d/%m} → {source + timedelta(days=6):%d/%m}",
        "entries": _entries(held, offer),
    }
    context = {
        "child": child_card(child),
        "back_url": Window(code, source, "").url(),
        "errors": errors,
        "week": week,
        "until": _until_choices(until, source, offer),
        "weeks": _week_choices(source, chosen),
    }
    return show(request, "web/bulk_copy.html", context, current="planning", status=400 if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def pattern(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """« Semaine type »: the same weekdays over a period, every week or one in two from a date."""
    child, offer = child_or_404(family, code), offer_in_force()
    if request.POST.get("step") == "apply":
        return validate(request, family)
    days = read_days(request.POST, offer)
    every_other = request.POST.get("every_other") == "1"
    span, errors = read_span(request) if request.method == "POST" else (None, [])
    anchor = read_date(request.POST.get("anchor", ""))
    if request.method == "POST" and not days:
        errors.append(Problem(_("Cochez au moins un jour de la semaine type."), "main"))
    if every_other and anchor is None:
        errors.append(Problem(_("Donnez une date de la semaine où votre enfant vient."), "anchor"))
    if span and not errors:
        wanted = expand(days, span.first, span.last, every_other, anchor)
        wishes = [Wish(code, activity, day, present=True) for activity, day in wanted]
        act = Act(_("Semaine type"), span_words(span), request.path, family, setting_of(request, offer))
        return _preview(request, act, wishes)
    context = {
        "child": child_card(child),
        "back_url": child_card(child).url_planning,
        "errors": errors,
        "rows": rows(offer, days, _weekdays_for(child, offer)),
        "heads": heads(offer),
        "form": span_form(request, errors, coming_span(local_today(request), offer)) | {
            "every_other": every_other,
            "anchor": request.POST.get("anchor", ""),
            "error_anchor": error_at(errors, "anchor"),
        },
    }  # fmt: skip
    return show(request, "web/bulk_week.html", context, current="planning", status=400 if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def absence(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """« Absent du … au … »: cancel all that may be, for this child or several; say what is too late."""
    child, offer = child_or_404(family, code), offer_in_force()
    if request.POST.get("step") == "apply":
        return validate(request, family)
    chosen = _chosen(request, family, default=[child])
    span, errors = read_span(request) if request.method == "POST" else (None, [])
    if request.method == "POST" and not chosen:
        errors.append(Problem(_("Cochez au moins un enfant."), "child"))
    if span and not errors:
        held = snapshot(chosen, offer, span)
        wishes = [Wish(person, activity, day, present=False) for person, activity, day in sorted(held.known.booked)]
        act = Act(_("Absence"), span_words(span), request.path, family, setting_of(request, offer))
        return _preview(request, act, wishes)
    context = {
        "child": child_card(child),
        "back_url": child_card(child).url_planning,
        "errors": errors,
        "form": span_form(request, errors),
        "children": [ChildChoice(c.code, c.full_name, c in chosen) for c in family.children],
    }
    return show(request, "web/bulk_absence.html", context, current="planning", status=400 if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def siblings(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """« Appliquer aussi à … »: the same bookings for brothers and sisters."""
    child, offer = child_or_404(family, code), offer_in_force()
    if request.POST.get("step") == "apply":
        return validate(request, family)
    others = [c for c in family.children if c.code != code]
    chosen = [c for c in _chosen(request, family, default=others) if c.code != code]
    span, errors = read_span(request) if request.method == "POST" else (None, [])
    if request.method == "POST" and not chosen:
        errors.append(Problem(_("Cochez au moins un enfant."), "child"))
    if span and not errors:
        held = snapshot([child], offer, span)
        wishes = [
            Wish(other.code, activity, day, present=True)
            for other in chosen
            for _person, activity, day in sorted(held.known.booked)
        ]
        act = Act(_("Appliquer aussi à…"), span_words(span), request.path, family, setting_of(request, offer))
        return _preview(request, act, wishes)
    context = {
        "child": child_card(child),
        "back_url": child_card(child).url_planning,
        "errors": errors,
        "form": span_form(request, errors, coming_span(local_today(request), offer)),
        "children": [ChildChoice(c.code, c.full_name, c in chosen, c.classroom) for c in others],
    }
    return show(request, "web/bulk_siblings.html", context, current="planning", status=400 if errors else 200)


def _preview(request: TownRequest, act: Act, wishes: list[Wish]) -> HttpResponse:
    """Judge the wishes against what is booked now, write nothing, and show what « Appliquer » would send."""
    people = [c for c in act.family.children if c.code in {wish.person for wish in wishes}]
    span = Span.of(wish.day for wish in wishes)
    verdicts, held = [], None
    if span is not None:
        held = snapshot(people, act.setting.offer, span)
        asked = [w for w in wishes if (w.cell in held.known.booked) != w.present and _exists(w, held, request.now)]
        verdicts = held.judge([Wish(w.person, w.activity, w.day, w.present, not w.present) for w in asked], request.now)
    context = {
        "title": act.title,
        "sub": act.sub,
        "back_url": act.back_url,
        "token": secrets.token_urlsafe(16),
        "preview": _sorted_out(verdicts, act, several=len(people) > 1),
        "hidden": list(_fields(verdicts)),
    }
    return show(request, "web/bulk_preview.html", context, current="planning")


def _exists(wish: Wish, held: Snapshot, now: datetime) -> bool:
    """Is the activity something for this child at all on that kind of day? The rest is not worth a line."""
    verdict = held.alone(wish, now)
    return verdict.refusal not in SILENT and verdict.refusal is not Refusal.NOT_FOR_THIS_CHILD


def _sorted_out(verdicts: Iterable[Verdict], act: Act, *, several: bool) -> Preview:
    preview = Preview([], [], [], [])
    for verdict in sorted(verdicts, key=lambda v: (v.wish.day, v.wish.person)):
        wish = verdict.wish
        child = act.family.child(wish.person)
        line = Line(
            activity=act.setting.name_of(wish.activity),
            day_words=say.day(wish.day),
            child=child.first_name if child and several else "",
            reason=explain(verdict, act.setting)[0],
        )
        match verdict.outcome:
            case Outcome.BOOKED:
                preview.add.append(line)
            case Outcome.CANCELLED:
                preview.cancel.append(line)
            case Outcome.REQUESTED:
                preview.requested.append(line)
            case Outcome.REFUSED:
                preview.skipped.append(line)
    return preview


def _fields(verdicts: Iterable[Verdict]) -> Iterable[tuple[str, str]]:
    """The cells to send: those that would change, each with the state it was previewed in."""
    for verdict in verdicts:
        wish = verdict.wish
        if verdict.outcome not in (Outcome.REFUSED, Outcome.UNCHANGED) and not verdict.implied:
            key = f"{wish.person}/{wish.activity}/{wish.day}"
            yield "shown", f"{key}/{0 if wish.present else 1}"
            if wish.present:
                yield "ticked", key


def _copy_wishes(child: ChildRow, source: date, targets: list[date], offer: Offer) -> list[Wish]:
    """Make each target day like the source day, for the activities that were open on it."""
    held = snapshot([child], offer, Span(source, source + timedelta(days=6)))
    wishes = []
    for code, activity in offer.rulebook.activities.items():
        for read, write in copy_days(source, targets):
            booked = (child.code, code, read) in held.known.booked
            opened = offer.rulebook.calendar.opening(activity.opens_on, activity.weekdays, read, child.school_id).open
            if booked or opened:
                wishes.append(Wish(child.code, code, write, present=booked))
    return wishes


def _weekdays_for(child: ChildRow, offer: Offer) -> dict[str, frozenset[int]]:
    """The weekdays of each activity that this child may be booked for at all."""
    enrolled = {activity for activity, _first, _last in facts_of([child], offer)[child.code].enrolled}
    return {
        activity.code: activity.weekdays
        for activity in offer.rulebook.activities.values()
        if activity.adults == child.adult and (not activity.enrolled_only or activity.code in enrolled)
    }


def _targets(source: date, until: str, chosen: list[date], offer: Offer) -> list[date]:
    if until == "choose":
        return sorted(set(chosen) - {source})
    if until == "holidays":
        return weeks_until_holidays(source, offer)
    return [source + timedelta(weeks=1)]


def _until_choices(until: str, source: date, offer: Offer) -> list[tuple[str, str, bool]]:
    weeks = weeks_until_holidays(source, offer)
    after = offer.rulebook.calendar.holiday(weeks[-1] + timedelta(weeks=1)) if weeks else None
    choices = [("next", _("la semaine suivante"), until == "next")]
    if after is not None:
        words = _("chaque semaine jusqu'aux vacances (%(name)s)") % {"name": after.name}
        choices.append(("holidays", words, until == "holidays"))
    return [*choices, ("choose", _("choisir les semaines"), until == "choose")]


def _week_choices(source: date, chosen: list[date]) -> list[dict[str, Any]]:
    weeks = [source + timedelta(weeks=n) for n in range(1, COPY_WEEKS + 1)]
    return [
        {
            "slug": week_slug(week),
            "title": _("Semaine %(number)d") % {"number": iso_week(week)[1]},
            "range_words": f"{week:%d/%m} → {week + timedelta(days=6):%d/%m}",
            "checked": week in chosen,
            "note": "",
        }
        for week in weeks
    ]


def _entries(held: Snapshot, offer: Offer) -> list[str]:
    found: dict[str, list[str]] = {}
    for _person, activity, day in sorted(held.known.booked, key=lambda cell: cell[2]):
        found.setdefault(activity, []).append(say.weekday(day.weekday()))
    names = {code: rules.name for code, rules in offer.rulebook.activities.items()}
    return [_("%(name)s : %(days)s") % {"name": names[code], "days": say.listing(days)} for code, days in found.items()]


def _chosen(request: TownRequest, family: Family, *, default: list[ChildRow]) -> list[ChildRow]:
    if request.method != "POST":
        return default
    codes = set(request.POST.getlist("child"))
    return [child for child in family.children if child.code in codes]


def _week_words(source: date) -> str:
    return _("Semaine %(number)d") % {"number": iso_week(source)[1]}
