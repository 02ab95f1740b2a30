"""The planning page, its form, the recap, and « Pourquoi ? » (features P1 to P8, P11)."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portail.bookings.models import ChangeSet
from portail.bookings.operations.changes import Submission, UndoneAlreadyError, change_presences, undo
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.records import Span, facts_and_stops, known
from portail.bookings.queries.wished import read_wishes
from portail.bookings.wording import rule_sentences
from portail.families.queries import ChildRow, Family
from portail.rules.booking import ActivityRules, Right
from portail.rules.weeks import history_floor, monday, parse_week, week_slug
from portail.towns import wording as say
from portail.web.grid import Grid, Strip, Week
from portail.web.pages import ChildCard, Tab, child_card, labels_of, show
from portail.web.requests import TownRequest, actor, for_family, zone_of
from portail.web.words import Setting, explain

FURTHEST = timedelta(weeks=60)
EVERYTHING = ""


@dataclass(frozen=True, slots=True)
class Planning:
    """The planning page of one child."""

    child: ChildCard
    code_words: str
    children: list[Tab]
    groups: list[Tab]
    previous: str | None
    today: str | None
    next: str | None
    strip: Strip | None
    weeks: list[Week]
    window_words: str
    tools: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence on top of the page; `kind`: info, good, warn or bad."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Window:
    """What the address asks for: a child, a first week, a group of activities."""

    code: str
    start: date
    group: str

    def url(self, *, code: str = "", start: date | None = None, group: str | None = None) -> str:
        """The address of the planning with something else changed."""
        params = {"semaine": week_slug(start or self.start)}
        chosen = self.group if group is None else group
        if chosen:
            params["groupe"] = chosen
        return reverse("planning", kwargs={"code": code or self.code}) + "?" + urlencode(params)


def child_or_404(family: Family, code: str) -> ChildRow:
    """The child of this code, if the family has one."""
    child = family.child(code)
    if child is None:
        raise Http404
    return child


def setting_of(request: TownRequest, offer: Offer) -> Setting:
    """What the sentences of this request need."""
    return Setting(request.town, offer, request.now, labels_of(request.town)("town_hall"))


def local_today(request: TownRequest) -> date:
    """Today in the town."""
    return say.local(request.now, zone_of(request)).date()


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def planning(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """The grid; POST is « VALIDER MES MODIFICATIONS »."""
    child = child_or_404(family, code)
    if request.method == "POST":
        return validate(request, family)
    offer = offer_in_force()
    window = _window(request, child)
    page = _planning(request, family, child, window, offer)
    context = {
        "page": page,
        "token": secrets.token_urlsafe(16),
        "errors": [],
        "notices": _notices(child, setting_of(request, offer)),
    }
    return show(request, "web/planning.html", context, current="planning")


@require_safe
@for_family
def why(request: TownRequest, family: Family, *, code: str, activity: str, day: str) -> HttpResponse:
    """« Pourquoi ? »: the reason that the rules return for a cell, and what can still be done."""
    child, offer = child_or_404(family, code), offer_in_force()
    rules = offer.rulebook.activities.get(activity)
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    if rules is None:
        raise Http404
    grid = grid_of(request, child, offer, Span(on, on), [rules])
    booked, verdict = grid.verdict(rules, on)
    reason, advice = explain(verdict, grid.setting)
    context = {
        "cell": {
            "title": f"{rules.name}, {say.day(on)}",
            "child": child.full_name,
            "word": _("inscrit") if booked else _("non inscrit"),
        },
        "reasons": [reason] if reason else [_("Cette case peut être changée.")],
        "advice": [advice] if advice else [],
        "rule": " ".join(rule_sentences(rules)),
        "back_url": Window(code, monday(on), EVERYTHING).url(),
    }
    return show(request, "web/why.html", context, current="planning")


@require_POST
@for_family
def undo_changes(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """« Annuler ces modifications »."""
    try:
        undone = undo(public_id=public_id, by=actor(family), now=request.now)
    except ChangeSet.DoesNotExist:
        raise Http404 from None
    except UndoneAlreadyError:
        return redirect(reverse("recap", kwargs={"public_id": public_id}))
    return redirect(reverse("recap", kwargs={"public_id": undone.public_id}))


def grid_of(request: TownRequest, child: ChildRow, offer: Offer, span: Span, activities: list[ActivityRules]) -> Grid:
    """The grid of a child over a span: three queries at the most, whatever its size."""
    facts, stops = facts_and_stops(child, offer)
    return Grid(
        child=child,
        facts=facts,
        known=known([child], offer, span),
        setting=setting_of(request, offer),
        activities=activities,
        stops=stops,
    )


def validate(request: TownRequest, family: Family) -> HttpResponse:
    """Send the cells of a form to the one operation, and lead to the recap."""
    wishes, unreadable = read_wishes(request.POST.getlist("shown"), request.POST.getlist("ticked"))
    token = request.POST.get("token", "")[:64]
    # Marked as ours: a forged one must not stand in for an undoing or a period, which have tokens of their own.
    submission = Submission(wishes, token=f"form-{token}" if token else "", unreadable=unreadable)
    change_set = change_presences(submission=submission, by=actor(family), now=request.now)
    return redirect(f"{reverse('recap', kwargs={'public_id': change_set.public_id})}#recap")


def _notices(child: ChildRow, setting: Setting) -> list[Notice]:
    """Why nothing, or not everything, can be changed here: said once on top, not only cell by cell."""
    if child.occasional:
        words = _("%(name)s vient de façon occasionnelle : ses jours ne se changent pas sur ce site.")
    elif child.right is Right.READ_ONLY:
        words = _("Vous pouvez voir le planning de %(name)s, pas le changer.")
    elif child.right is Right.WEEKS:
        return [Notice("info", _("Vous pouvez changer vos semaines ; les autres sont celles de l'autre parent."))]
    else:
        return []
    return [Notice("info", f"{words % {'name': child.first_name}} {setting.call}")]


def _window(request: TownRequest, child: ChildRow) -> Window:
    start = parse_week(request.GET.get("semaine", "")) or monday(local_today(request))
    first, last = _bounds(local_today(request))
    return Window(child.code, min(max(start, first), last), request.GET.get("groupe", EVERYTHING))


def _bounds(today: date) -> tuple[date, date]:
    return monday(history_floor(today)), monday(today + FURTHEST)


def _planning(request: TownRequest, family: Family, child: ChildRow, window: Window, offer: Offer) -> Planning:
    number = request.town.weeks_shown
    activities = [a for a in offer.rulebook.activities.values() if window.group in (EVERYTHING, offer.group_of[a.code])]
    span = Span(window.start, window.start + timedelta(weeks=number, days=-1))
    grid = grid_of(request, child, offer, span, activities)
    weeks = grid.weeks(window.start, number)
    first, last = _bounds(local_today(request))
    before, after = window.start - timedelta(weeks=number), window.start + timedelta(weeks=number)
    here = monday(local_today(request))
    return Planning(
        child=child_card(child),
        # The login page calls every code « Code enfant », but nobody is a child at thirty.
        code_words=(_("Code adulte") if child.adult else _("Code enfant")) + f" {child.code}",
        children=[Tab(c.first_name, window.url(code=c.code), c.code == child.code) for c in family.children],
        groups=_groups(window, offer),
        previous=window.url(start=max(before, first)) if window.start > first else None,
        today=window.url(start=here) if window.start != here else None,
        next=window.url(start=min(after, last)) if window.start < last else None,
        strip=grid.strip(weeks),
        weeks=weeks,
        window_words=_window_words(span),
        tools=_tools(child, family, offer),
    )


def _groups(window: Window, offer: Offer) -> list[Tab]:
    tabs = [Tab(_("◆ TOUTES LES ACTIVITÉS ◆"), window.url(group=EVERYTHING), window.group == EVERYTHING)]
    return tabs + [Tab(g.name, window.url(group=g.code), window.group == g.code) for g in offer.groups]


def _window_words(span: Span) -> str:
    return _("Vous voyez les semaines du %(first)s au %(last)s.") % {
        "first": say.day_without_year(span.first), "last": say.day(span.last)
    }  # fmt: skip


def _tools(child: ChildRow, family: Family, offer: Offer) -> list[tuple[str, str, str]]:
    here = {"code": child.code}
    tools = [(_("Voir mes dernières modifications"), reverse("history", kwargs=here), "history")]
    if len(family.children) > 1:
        tools.append((_("Choisir un autre enfant"), reverse("children"), "children"))
    if not child.occasional:
        tools.append((_("Semaine type"), reverse("pattern", kwargs=here), "repeat"))
        tools.append((_("Absent du … au …"), reverse("absence", kwargs=here), "absence"))
    if len(family.children) > 1 and not child.occasional:
        tools.append((_("Appliquer aussi à un autre enfant"), reverse("siblings", kwargs=here), "copy"))
    if offer.periods:
        tools.append((_("Périscotidien"), reverse("periods", kwargs=here), "calendar"))
    tools.append((_("Mettre ce planning dans mon agenda"), reverse("feed_page", kwargs=here), "feed"))
    return tools
