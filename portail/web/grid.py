"""The planning as the page shows it: weeks, rows and cells, each with the very verdict that saving would give."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from portail.bookings.queries.offer import Offer
from portail.bookings.wording import cutoff_short
from portail.families.queries import ChildRow
from portail.rules.booking import (
    ActivityRules,
    Channel,
    Known,
    Outcome,
    PersonFacts,
    Refusal,
    Verdict,
    Wish,
    refusal_of,
)
from portail.rules.weeks import iso_week, week_slug
from portail.towns import wording as say
from portail.web.words import Setting, explain, short

KINDS = {
    Refusal.NOT_OFFERED: "not_offered",
    Refusal.CLOSED: "closed",
    Refusal.PAST: "past",
    Refusal.FULL: "full",
    Refusal.WAITING: "waiting",
}
SHUT = {"closed", "not_offered"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One box. `kind` "open": it can be ticked; `ask`: ticking sends a request to the town hall."""

    key: str
    id: str
    kind: str
    booked: bool
    word: str
    short: str
    state: str = ""
    ask: bool = False
    why_url: str = ""
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A column."""

    day: date
    short: str
    number: str
    full: str
    today: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An activity over one week."""

    code: str
    name: str
    rule_words: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Folded:
    """An activity with nothing to tick this week, and why when one reason says it."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Week:
    """A card of the planning."""

    slug: str
    title: str
    range_words: str
    long_words: str
    is_current: bool
    days: list[Day]
    rows: list[Row]
    folded: list[Folded]
    copy_url: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The nearest cut-off among the boxes shown."""

    words: str
    deadline: datetime


@dataclass(frozen=True)
class Grid:
    """What a grid is made from: one child, the town's offer, what is booked, and the moment."""

    child: ChildRow
    facts: PersonFacts
    known: Known
    setting: Setting
    activities: Sequence[ActivityRules]
    stops: dict[str, str] = field(default_factory=dict)

    @property
    def offer(self) -> Offer:
        return self.setting.offer

    @property
    def today(self) -> date:
        return say.local(self.setting.now, self.setting.zone).date()

    def verdict(self, activity: ActivityRules, day: date) -> tuple[bool, Verdict]:
        """Is the cell booked, and what would become of it if it were toggled?"""
        booked = (self.child.code, activity.code, day) in self.known.booked
        wish = Wish(self.child.code, activity.code, day, present=not booked, seen=booked)
        return booked, refusal_of(
            wish, self.facts, self.offer.rulebook, known=self.known, channel=Channel.WEB, now=self.setting.now
        )

    def weeks(self, first: date, number: int) -> list[Week]:
        """`number` weeks from the Monday `first`."""
        width = 7 if any(activity.weekdays & {5, 6} for activity in self.activities) else 5
        return [self._week(first + timedelta(weeks=n), width) for n in range(number)]

    def _week(self, start: date, width: int) -> Week:
        days = [self._day(start + timedelta(days=n)) for n in range(width)]
        rows, folded = [], []
        for activity in self.activities:
            row, reasons = self._row(activity, days)
            if row is None:
                continue
            if all(cell.kind in SHUT and not cell.booked for cell in row.cells):
                folded.append(Folded(activity.name, reasons.pop().rstrip(".") if len(reasons) == 1 else ""))
            else:
                rows.append(row)
        last = start + timedelta(days=6)
        copy = reverse("copy", kwargs={"code": self.child.code}) + f"?semaine={week_slug(start)}"
        return Week(
            slug=week_slug(start),
            title=_("Semaine %(number)d") % {"number": iso_week(start)[1]},
            range_words=f"{start:%d/%m} → {last:%d/%m}",
            long_words=_("du %(first)s au %(last)s") % {
                "first": say.day_without_year(start), "last": say.day(last)
            },
            is_current=start <= self.today <= last,
            days=days,
            rows=rows,
            folded=folded,
            copy_url="" if self.facts.occasional else copy,
        )  # fmt: skip

    def _day(self, day: date) -> Day:
        return Day(day, say.weekday_short(day.weekday()), f"{day.day:02}", say.day(day), day == self.today)

    def _row(self, activity: ActivityRules, days: Iterable[Day]) -> tuple[Row | None, set[str]]:
        """The row and the reasons of its closed days; no row for what is not for this child at all."""
        verdicts = [(day, *self.verdict(activity, day.day)) for day in days]
        if all(v.refusal is Refusal.NOT_FOR_THIS_CHILD and not booked for _day, booked, v in verdicts):
            return None, set()
        reasons = {explain(v, self.setting)[0] for _day, _booked, v in verdicts if v.refusal is Refusal.CLOSED}
        cells = [self._cell(activity, day, booked, verdict) for day, booked, verdict in verdicts]
        rule = self.stops.get(activity.code) or cutoff_short(activity.book)
        return Row(activity.code, activity.name, rule, cells), reasons

    def _cell(self, activity: ActivityRules, day: Day, booked: bool, verdict: Verdict) -> Cell:
        code = self.child.code
        key, id_ = f"{code}/{activity.code}/{day.day}", f"c-{code}-{activity.code}-{day.day}"
        shown = say.day_short(day.day)
        if verdict.refusal is None:
            ask = verdict.outcome is Outcome.REQUESTED
            word = _("inscrit") if booked else "—"
            return Cell(key, id_, "open", booked, word, shown, ask=ask, deadline=verdict.when)
        word = short(verdict.refusal)
        state = ", ".join([_("inscrit") if booked else _("non inscrit"), word])
        kind = KINDS.get(verdict.refusal, "locked")
        if kind == "not_offered" and booked:
            kind = "locked"
        if kind in SHUT and not booked:
            state = word
        why = reverse("why", kwargs={"code": code, "activity": activity.code, "day": day.day.isoformat()})
        return Cell(key, id_, kind, booked, _("inscrit") if booked else word, shown, state, why_url=why)

    def strip(self, weeks: Iterable[Week]) -> Strip | None:
        """« Cantine de mardi 24 : à modifier avant lundi à 10 h », the nearest of what is shown."""
        nearest: tuple[datetime, str, date] | None = None
        for week in weeks:
            for row in week.rows:
                for day, cell in zip(week.days, row.cells, strict=True):
                    if cell.deadline is None or cell.deadline <= self.setting.now:
                        continue
                    if nearest is None or cell.deadline < nearest[0]:
                        nearest = (cell.deadline, row.name, day.day)
        if nearest is None:
            return None
        deadline, name, on = nearest
        when = say.moment_near(deadline, self.setting.now, self.setting.zone)
        words = _("%(activity)s de %(day)s : à modifier avant %(when)s") % {
            "activity": name, "day": f"{say.weekday(on.weekday())} {on.day}", "when": when
        }  # fmt: skip
        return Strip(words, deadline)
