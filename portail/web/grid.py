"""The planning as the page shows it: weeks, rows and cells, each with the very verdict that saving would give."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

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
NOTHING_TO_TICK = (Refusal.CLOSED, Refusal.NOT_OFFERED, Refusal.NOT_ENROLLED, Refusal.NOT_FOR_THIS_CHILD)
SHORT_WEEK = 7  # rows


@dataclass(frozen=True, slots=True)
class Cell:
    """One box. `kind` "open": it can be ticked; `mark`: what ticking it after the cut-off means, else "".

    `mark_word` is the same for a narrow cell.
    """

    key: str
    id: str
    kind: str
    booked: bool
    word: str
    short: str
    state: str = ""
    mark: str = ""
    mark_word: str = ""
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
    cell: str  # « Ma 24 », the words of its cells


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
    unfolded: bool = True


@dataclass(frozen=True, slots=True)
class Strip:
    """The nearest cut-off among the boxes shown."""

    words: str
    deadline: datetime


Judged = tuple[Day, bool, Verdict]
"""A cell before it has words: its day, whether it is booked, and what toggling it would give."""


@dataclass(frozen=True)
class Grid:
    """What a grid is made from: one child, the town's offer, what is booked, and the moment.

    A page has hundreds of cells and few different words: what several cells say is translated once, and a row that is
    folded away gets no cells at all.
    """

    child: ChildRow
    facts: PersonFacts
    known: Known
    setting: Setting
    activities: Sequence[ActivityRules]
    stops: dict[str, str] = field(default_factory=dict)

    @property
    def offer(self) -> Offer:
        return self.setting.offer

    @cached_property
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
        return _unfold([self._week(first + timedelta(weeks=n), width) for n in range(number)])

    def _week(self, start: date, width: int) -> Week:
        days = [self._day(start + timedelta(days=n)) for n in range(width)]
        rows, folded = [], []
        for activity in self.activities:
            judged = [(day, *self.verdict(activity, day.day)) for day in days]
            if all(v.refusal is Refusal.NOT_FOR_THIS_CHILD and not booked for _day, booked, v in judged):
                continue
            if all(_shut(verdict, booked) for _day, booked, verdict in judged):
                folded.append(Folded(activity.name, self._common_reason(judged)))
            else:
                rows.append(self._row(activity, judged))
        last = start + timedelta(days=6)
        copy = f"{self._copy_url}?semaine={week_slug(start)}"
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
        short = say.weekday_short(day.weekday())
        return Day(day, short, f"{day.day:02}", say.day(day), day == self.today, cell=say.day_short(day))

    def _common_reason(self, judged: Iterable[Judged]) -> str:
        """Why all these days are closed, when one reason says it."""
        telling = (Refusal.CLOSED, Refusal.NOT_ENROLLED)
        closed = {(v.why, v.name): v for _day, _booked, v in judged if v.refusal in telling}
        for key, verdict in closed.items():
            if key not in self._reasons:
                self._reasons[key] = explain(verdict, self.setting)[0].rstrip(".")
        reasons = {self._reasons[key] for key in closed}
        return reasons.pop() if len(reasons) == 1 else ""

    def _row(self, activity: ActivityRules, judged: Iterable[Judged]) -> Row:
        cells = [self._cell(activity, day, booked, verdict) for day, booked, verdict in judged]
        return Row(activity.code, activity.name, self._rules[activity.code], cells)

    def _cell(self, activity: ActivityRules, day: Day, booked: bool, verdict: Verdict) -> Cell:
        code = self.child.code
        key, id_ = f"{code}/{activity.code}/{day.day}", f"c-{code}-{activity.code}-{day.day}"
        on, off = self._on_off
        if verdict.refusal is None:
            word = on if booked else "—"
            mark, mark_word = self._mark(verdict)
            return Cell(key, id_, "open", booked, word, day.cell, mark=mark, mark_word=mark_word, deadline=verdict.when)
        word = self._short(verdict.refusal)
        kind = KINDS.get(verdict.refusal, "locked")
        if kind == "not_offered" and not booked:  # a dot: nothing to explain
            return Cell(key, id_, kind, booked, word, day.cell, word)
        if kind == "not_offered":
            kind = "locked"
        state = word if kind in SHUT and not booked else f"{on if booked else off}, {word}"
        why = reverse("why", kwargs={"code": code, "activity": activity.code, "day": day.day.isoformat()})
        return Cell(key, id_, kind, booked, on if booked else word, day.cell, state, why_url=why)

    def _mark(self, verdict: Verdict) -> tuple[str, str]:
        if verdict.outcome is Outcome.REQUESTED:
            return _("sur demande"), _("sur de\u00admande")  # a soft hyphen: half of a phone's cells are 45 px wide
        return (_("hors délai"), _("hors délai")) if verdict.late else ("", "")

    def _short(self, refusal: Refusal) -> str:
        if refusal not in self._words:
            self._words[refusal] = short(refusal)
        return self._words[refusal]

    @cached_property
    def _on_off(self) -> tuple[str, str]:
        return _("inscrit"), _("non inscrit")

    @cached_property
    def _words(self) -> dict[Refusal, str]:
        return {}

    @cached_property
    def _reasons(self) -> dict[tuple[str, str], str]:
        return {}

    @cached_property
    def _rules(self) -> dict[str, str]:
        """The few words under the name of each activity."""
        return {a.code: self.stops.get(a.code) or cutoff_short(a.book) for a in self.activities}

    @cached_property
    def _copy_url(self) -> str:
        return reverse("copy", kwargs={"code": self.child.code})

    def strip(self, weeks: Iterable[Week]) -> Strip | None:
        """« Cantine de mardi 24 : à modifier avant lundi à 10 h », the nearest of what is shown."""
        deadlines = (
            (cell.deadline, row.name, day.day)
            for week in weeks
            for row in week.rows
            for day, cell in zip(week.days, row.cells, strict=True)
            if cell.deadline is not None
        )
        return self._nearest(deadlines)

    def strip_of_days(self, first: date, number: int) -> Strip | None:
        """The same over `number` days from `first`, without making a grid of them: for a page that shows none."""
        days = [first + timedelta(days=n) for n in range(number)]
        return self._nearest(self._deadlines(days))

    def _deadlines(self, days: Sequence[date]) -> Iterator[tuple[datetime, str, date]]:
        for activity in self.activities:
            for day in days:
                _booked, verdict = self.verdict(activity, day)
                if verdict.refusal is None and verdict.when is not None:
                    yield verdict.when, activity.name, day

    def _nearest(self, deadlines: Iterable[tuple[datetime, str, date]]) -> Strip | None:
        ahead = (found for found in deadlines if found[0] > self.setting.now)
        nearest = min(ahead, key=lambda found: found[0], default=None)
        if nearest is None:
            return None
        deadline, name, on = nearest
        when = say.moment_near(deadline, self.setting.now, self.setting.zone)
        words = _("%(activity)s de %(day)s : à modifier avant %(when)s") % {
            "activity": name, "day": f"{say.weekday(on.weekday())} {on.day}", "when": when
        }  # fmt: skip
        return Strip(words, deadline)


def _shut(verdict: Verdict, booked: bool) -> bool:
    """Is it a cell with nothing to tick and nothing to tell?"""
    return not booked and verdict.refusal in NOTHING_TO_TICK


def _unfold(weeks: list[Week]) -> list[Week]:
    """Open the first weeks where something can be ticked: all of them when they are short, else two."""
    longest = max((len(week.rows) for week in weeks), default=0)
    left = len(weeks) if longest <= SHORT_WEEK else 2
    lively = [week for week in weeks if any(cell.kind == "open" for row in week.rows for cell in row.cells)]
    opened = {week.slug for week in (lively or weeks)[:left]}
    return [replace(week, unfolded=week.slug in opened) for week in weeks]
