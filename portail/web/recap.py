"""« Modifications enregistrées »: what a submission did, cell by cell (feature P5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portail.bookings.models import ChangeSet
from portail.bookings.queries.history import change_set_of
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.verdicts import restored_all
from portail.families.queries import Family
from portail.rules.booking import Outcome, PersonFacts, Refusal, Verdict, deadline_of
from portail.rules.weeks import monday, week_slug
from portail.towns import wording as say
from portail.web.pages import show
from portail.web.planning import setting_of
from portail.web.requests import TownRequest, for_family
from portail.web.words import Setting, explain

DONE = {Outcome.BOOKED, Outcome.CANCELLED}


@dataclass(frozen=True, slots=True)
class Line:
    """One cell of a submission. `word`: inscription, annulation, demande; `reason` and `advice` when refused."""

    child: str
    activity: str
    day_words: str
    word: str
    present: bool
    late: bool = False
    cause: str = ""
    reason: str = ""
    advice: str = ""
    shown: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Recap:
    """The whole answer to a submission."""

    at: str
    saved: list[Line]
    unchanged: list[Line]
    requested: list[Line]
    refused: list[Line]
    meanwhile: list[Line]
    unreadable: int
    undone: bool
    is_undo: bool
    undo_until: str
    undo_url: str
    back_url: str
    several_children: bool


@require_safe
@for_family
def recap(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """The recap of one submission of this payer."""
    found = change_set_of(public_id, family.payer_id)
    if found is None:
        raise Http404
    change_set, undone = found
    setting = setting_of(request, offer_in_force())
    page = recap_of(change_set, undone, family, setting)
    return show(request, "web/recap.html", {"recap": page}, current="planning")


def recap_of(change_set: ChangeSet, undone: bool, family: Family, setting: Setting) -> Recap:
    """The answer in words, as it stands now (the « Annuler » button goes with its last instant)."""
    verdicts = restored_all(change_set.verdicts)
    by_kind = _by_kind(verdicts, family, setting)
    until = None if undone or change_set.undo_of_id else _undo_until(verdicts, family, setting)
    public_id: dict[str, Any] = {"public_id": change_set.public_id}
    return Recap(
        at=say.stamp(change_set.at, setting.zone),
        **by_kind,
        unreadable=len(change_set.verdicts) - len(verdicts),
        undone=undone,
        is_undo=change_set.undo_of_id is not None,
        undo_until=say.moment_near(until, setting.now, setting.zone) if until and until > setting.now else "",
        undo_url=reverse("undo", kwargs=public_id) if until and until > setting.now else "",
        back_url=_back_url(verdicts, family),
        several_children=len({v.wish.person for v in verdicts}) > 1,
    )


def _by_kind(verdicts: Iterable[Verdict], family: Family, setting: Setting) -> dict[str, list[Line]]:
    kinds: dict[str, list[Line]] = {"saved": [], "unchanged": [], "requested": [], "refused": [], "meanwhile": []}
    for verdict in sorted(verdicts, key=lambda v: (v.wish.day, v.wish.person)):
        line = _line(verdict, family, setting)
        if verdict.outcome in DONE:
            kinds["saved"].append(line)
        elif verdict.outcome is Outcome.REQUESTED:
            kinds["requested"].append(line)
        elif verdict.outcome is Outcome.UNCHANGED:
            kinds["unchanged"].append(line)
        else:
            kinds["meanwhile" if verdict.refusal is Refusal.CHANGED_MEANWHILE else "refused"].append(line)
    return kinds


def _line(verdict: Verdict, family: Family, setting: Setting) -> Line:
    wish = verdict.wish
    child = family.child(wish.person)
    reason, advice = explain(verdict, setting)
    states = {True: _("inscrit"), False: _("non inscrit")}
    return Line(
        child=(child.first_name if child else wish.person) if len(family.children) > 1 or not child else "",
        activity=setting.name_of(wish.activity),
        day_words=say.day(wish.day),
        word=_("inscription") if wish.present else _("annulation"),
        present=wish.present,
        late=verdict.late,
        cause=_cause(verdict),
        reason=reason,
        advice=advice,
        shown=states[bool(wish.seen)],
        now=states[bool(verdict.booked_now)],
    )


def _cause(verdict: Verdict) -> str:
    if verdict.late:
        return _("hors délai")
    return _("ajouté avec une autre activité du même jour") if verdict.implied else ""


def _undo_until(verdicts: Iterable[Verdict], family: Family, setting: Setting) -> datetime | None:
    """The first cut-off among the opposite changes; None when there is nothing to undo."""
    instants = []
    for verdict in verdicts:
        child = family.child(verdict.wish.person)
        known = verdict.wish.activity in setting.offer.rulebook.activities
        # A late change was granted after its cut-off: it does not shorten the time to undo the others.
        if verdict.outcome in DONE and not verdict.late and child is not None and known:
            facts = PersonFacts(child.code, school_id=child.school_id)
            wish = verdict.wish
            instants.append(deadline_of(wish.activity, wish.day, not wish.present, facts, setting.offer.rulebook))
    return min(instants, default=None)


def _back_url(verdicts: list[Verdict], family: Family) -> str:
    if not verdicts:
        return reverse("planning", kwargs={"code": family.children[0].code})
    first = min(verdicts, key=lambda v: v.wish.day).wish
    code = first.person if family.child(first.person) else family.children[0].code
    return reverse("planning", kwargs={"code": code}) + f"?semaine={week_slug(monday(first.day))}"
