"""« Voir mes dernières modifications » (feature P9)."""

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portail.bookings.queries.history import ChangeRow, history_of
from portail.bookings.queries.requests import refused_requests
from portail.families.queries import Family
from portail.rules.booking import Channel
from portail.rules.weeks import history_floor
from portail.towns import wording as say
from portail.web.pages import Tab, child_card, labels_of, show
from portail.web.planning import child_or_404, local_today
from portail.web.requests import TownRequest, for_family, zone_of


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """« Je 24-12-2015 annulé, par internet le Ma 22-12-2015 à 15:52 »."""

    child: str
    activity: str
    day_words: str
    present: bool
    word: str
    by_words: str
    at_words: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActivityHistory:
    """The changes of one activity, newest first."""

    name: str
    lines: list[ChangeLine]


@require_safe
@for_family
def history(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """The movements of a child, by activity."""
    child = child_or_404(family, code)
    floor = history_floor(local_today(request))
    rows = history_of(child, floor)
    groups = [
        ActivityHistory(name, [change_line(request, row) for row in found])
        for name, found in groupby(rows, key=lambda row: row.activity_name)
    ]
    context = {
        "child": child_card(child),
        "children": [Tab(c.first_name, history_url(c.code), c.code == code) for c in family.children],
        "groups": groups,
        "refused": [
            (one.activity.name, say.day_stamp(one.day), one.answer) for one in refused_requests([child.id], floor)
        ],
        "floor_words": _("Les modifications sont montrées pour les jours à partir du %(day)s.")
        % {"day": say.day(floor)},
        "back_url": child_card(child).url_planning,
    }
    return show(request, "web/history.html", context, current="planning")


@require_safe
@for_family
def latest(request: TownRequest, family: Family) -> HttpResponse:
    """`/modifications/`: the history of the first child, where the others are one tap away."""
    return redirect("history", code=family.children[0].code)


def history_url(code: str) -> str:
    """The address of a child's history."""
    return reverse("history", kwargs={"code": code})


def change_line(request: TownRequest, row: ChangeRow) -> ChangeLine:
    """A change in words."""
    child = request.family.child(row.person) if request.family else None
    return ChangeLine(
        child=child.first_name if child else row.person,
        activity=row.activity_name,
        day_words=say.day_stamp(row.day),
        present=row.present,
        word=_("inscrit") if row.present else _("annulé"),
        by_words=channel_words(request, row.channel),
        at_words=_("le %(stamp)s") % {"stamp": say.stamp(row.at, zone_of(request))},
        reason=row.reason,
    )


def channel_words(request: TownRequest, channel: Channel) -> str:
    """« par internet », « par la mairie », « par le serveur vocal »."""
    words = {
        Channel.WEB: _("par internet"),
        Channel.PHONE: _("par le serveur vocal"),
        Channel.API: _("par un logiciel"),
    }
    return words.get(channel) or _("par %(town_hall)s") % {"town_hall": labels_of(request.town)("town_hall")}
