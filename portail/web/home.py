"""The first page after login: what needs doing, one card per child, the last changes; and the list of the children."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portail.billing.queries.cards import Clock
from portail.billing.queries.invoices import due_of
from portail.bookings.queries.history import latest_changes
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.records import Span, facts_of, known
from portail.families.queries import ChildRow, Family
from portail.rules.booking import Known, PersonFacts
from portail.rules.weeks import history_floor, monday
from portail.towns import wording as say
from portail.web.board import board_context, menus_context
from portail.web.grid import NOTHING_TO_TICK, Grid, Strip
from portail.web.history import change_line
from portail.web.pages import ChildCard, child_card, labels_of, show
from portail.web.planning import Window, local_today, setting_of
from portail.web.requests import TownRequest, for_family, zone_of
from portail.web.words import Setting

AHEAD = timedelta(days=14)  # how far the next cut-off is looked for
CARD_DAYS = 5
LAST_CHANGES = 3
LAST_NEWS = 3


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that needs doing, with its only action."""

    title: str
    words: str
    url: str
    action: str
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayLine:
    """A day of a child's card: what is booked, or a word that says why nothing is."""

    words: str
    entries: list[str]
    note: str
    today: bool


@dataclass(frozen=True, slots=True)
class HomeCard:
    """A child with today and the next days."""

    child: ChildCard
    days: list[DayLine]


@require_safe
@for_family
def home(request: TownRequest, family: Family) -> HttpResponse:
    """« Accueil »: nine queries at the most whatever the family."""
    board = board_context(request) | menus_context(request)
    offer, today = offer_in_force(), local_today(request)
    span = Span(today, today + AHEAD)
    facts, booked = facts_of(family.children, offer), known(family.children, offer, span)
    setting = setting_of(request, offer)
    grids = [_grid(child, facts[child.code], booked, setting) for child in family.children]
    changes = latest_changes(family.children, history_floor(today), LAST_CHANGES)
    context = {
        **board,
        "news": board["news"][:LAST_NEWS],
        "banners": [],
        "todo": [*_to_pay(request, family), *_code_to_renew(request, family), *_cutoffs(grids, span)],
        "children": [HomeCard(child_card(grid.child), _days(grid, today)) for grid in grids],
        "changes": [change_line(request, row) for row in changes],
    }
    return show(request, "web/home.html", context, current="home")


@require_safe
@for_family
def children(request: TownRequest, family: Family) -> HttpResponse:
    """« Choisir un autre enfant »: the family's children with their codes (feature P8)."""
    return show(
        request, "web/children.html", {"children": [child_card(c) for c in family.children]}, current="planning"
    )


def _grid(child: ChildRow, facts: PersonFacts, booked: Known, setting: Setting) -> Grid:
    return Grid(child, facts, booked, setting, list(setting.offer.rulebook.activities.values()))


def _to_pay(request: TownRequest, family: Family) -> list[Todo]:
    """« Facture de novembre, 56,87 €, échéance 30/11/2026, Payer »; several invoices are one card."""
    payable = [card for card in due_of(family.payer_id, Clock(request.now, zone_of(request))) if card.refusal is None]
    if not payable:
        return []
    first = payable[0]
    amount = say.money(sum(card.left_cents for card in payable))
    if len(payable) > 1:
        words = _("%(amount)s en tout, première échéance le %(day)s.")
        title = _("%(number)d factures à payer") % {"number": len(payable)}
        url, action = reverse("invoices"), _("Voir mes factures")
    else:
        words, title = _("%(amount)s, échéance le %(day)s."), _("Facture : %(label)s") % {"label": first.label}
        url, action = reverse("pay", kwargs={"public_id": first.public_id}), _("Payer")
    return [Todo(title, words % {"amount": amount, "day": say.numeric(first.due_on)}, url, action)]


def _code_to_renew(request: TownRequest, family: Family) -> list[Todo]:
    """A code imported from an older product is short: invite its owner to ask for a new one."""
    if not family.weak_code:
        return []
    label = labels_of(request.town)("payer_code")
    words = _("Votre %(payer_code)s est ancien et court. Demandez-en un nouveau, plus sûr, %(to_town_hall)s.") % {
        "payer_code": label,
        "to_town_hall": labels_of(request.town)("to_town_hall"),
    }
    return [Todo(_("%(payer_code)s à renouveler") % {"payer_code": label}, words, reverse("contact"), _("Demander"))]


def _cutoffs(grids: Iterable[Grid], span: Span) -> list[Todo]:
    """The next cut-off of each child, said once for those who share it: the last moment to change something."""
    start = monday(span.first)
    shared: dict[Strip, list[Grid]] = {}
    for grid in grids:
        strip = grid.strip_of_days(start, 21)
        if strip is not None:
            shared.setdefault(strip, []).append(grid)
    return [
        Todo(
            title=say.listing([grid.child.first_name for grid in shared[strip]]),
            words=strip.words,
            url=Window(shared[strip][0].child.code, start, "").url(),
            action=_("Ouvrir le planning"),
            deadline=strip.deadline,
        )
        for strip in sorted(shared, key=lambda strip: strip.deadline)
    ]


def _days(grid: Grid, today: date) -> list[DayLine]:
    lines: list[DayLine] = []
    day = today
    while len(lines) < CARD_DAYS and day <= today + AHEAD:
        offered = any(grid.verdict(a, day)[1].refusal not in NOTHING_TO_TICK for a in grid.activities)
        entries = [a.name for a in grid.activities if (grid.child.code, a.code, day) in grid.known.booked]
        if offered or entries or day == today:
            note = "" if entries else _("rien de réservé") if offered else _("rien ce jour-là")
            lines.append(DayLine(_day_words(day, today), entries, note, day == today))
        day += timedelta(days=1)
    return lines


def _day_words(day: date, today: date) -> str:
    near = {0: _("Aujourd'hui"), 1: _("Demain")}.get((day - today).days)
    words = say.day_without_year(day)
    return f"{near}, {words}" if near else words[:1].upper() + words[1:]
