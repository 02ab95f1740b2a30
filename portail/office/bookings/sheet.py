"""A child's planning as the town hall sees it: weeks, rows and boxes, each with both verdicts.

The town hall may pass what only binds families (cut-offs, requests, past days); a box then says what the family meets,
and changing it asks for a reason.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from portail.bookings.queries.offer import Offer
from portail.bookings.queries.records import Span, facts_of, known
from portail.bookings.queries.wished import box_key
from portail.bookings.wording import cutoff_short
from portail.families.queries import ChildRow
from portail.office.bookings.words import SHORT, explain, parent_word
from portail.rules.booking import ActivityRules, Channel, Known, PersonFacts, Refusal, Verdict, Wish, refusal_of
from portail.rules.weeks import iso_week, week_slug
from portail.towns import wording as say


@dataclass(frozen=True, slots=True)
class Box:
    """One box. `open`: it may be ticked; `seen`: the state to send back with it; `mark`: what the family meets."""

    key: str
    seen: bool
    ticked: bool
    open: bool
    word: str = ""
    mark: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A day of a week."""

    day: date
    short: str
    full: str
    today: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An activity over one week."""

    name: str
    rule: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """A table of the planning; `shut`: the activities with nothing to tick that week."""

    slug: str
    title: str
    words: str
    current: bool
    days: tuple[Column, ...]
    rows: tuple[Row, ...]
    shut: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """What a planning is made from. `sent`: a form to be shown again, each key with (state shown, ticked)."""

    child: ChildRow
    offer: Offer
    facts: PersonFacts
    known: Known
    now: datetime
    sent: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)

    def verdict(self, wish: Wish, channel: Channel) -> Verdict:
        """What would become of this change, asked by that door."""
        return refusal_of(wish, self.facts, self.offer.rulebook, known=self.known, channel=channel, now=self.now)

    def passes_a_limit(self, wishes: Iterable[Wish]) -> bool:
        """Does one of these changes, which the town hall may make, go past what binds families?"""
        return any(
            self.verdict(wish, Channel.TOWN_HALL).refusal is None and parent_word(self.verdict(wish, Channel.WEB))
            for wish in wishes
            if wish.present != wish.seen
        )

    def weeks(self, first: date, number: int) -> list[Week]:
        """`number` weeks from the Monday `first`."""
        activities = list(self.offer.rulebook.activities.values())
        days = [first + timedelta(days=n) for n in range(7 * number)]
        rows = {one.code: [self._box(one, day) for day in days] for one in activities if self._concerns(one, days)}
        width = 7 if any(self.offer.rulebook.activities[code].weekdays & {5, 6} for code in rows) else 5
        return [self._week(first + timedelta(weeks=n), width, rows, 7 * n) for n in range(number)]

    def _concerns(self, activity: ActivityRules, days: Sequence[date]) -> bool:
        """An activity for others is not shown, unless the child has something booked there."""
        own = [Wish(self.child.code, activity.code, day, present=True) for day in days]
        return any(
            wish.cell in self.known.booked
            or self.verdict(wish, Channel.TOWN_HALL).refusal is not Refusal.NOT_FOR_THIS_CHILD
            for wish in own
        )

    def _week(self, start: date, width: int, rows: Mapping[str, Sequence[Box]], offset: int) -> Week:
        today = self.now.astimezone(self.offer.rulebook.zone).date()
        days = [start + timedelta(days=n) for n in range(width)]
        shown, shut = [], []
        for code, boxes in rows.items():
            rules, own = self.offer.rulebook.activities[code], tuple(boxes[offset : offset + width])
            if any(box.open or box.seen for box in own):
                shown.append(Row(rules.name, cutoff_short(rules.book), own))
            else:
                shut.append(_shut_words(rules.name, own))
        return Week(
            slug=week_slug(start),
            title=f"Semaine {iso_week(start)[1]}",
            words=f"{start:%d/%m} → {start + timedelta(days=6):%d/%m}",
            current=start <= today <= start + timedelta(days=6),
            days=tuple(Column(day, say.day_short(day), say.day(day), day == today) for day in days),
            rows=tuple(shown),
            shut=tuple(shut),
        )

    def _box(self, activity: ActivityRules, day: date) -> Box:
        code = self.child.code
        booked = (code, activity.code, day) in self.known.booked
        key = box_key(code, activity.code, day)
        wish = Wish(code, activity.code, day, present=not booked)
        verdict = self.verdict(wish, Channel.TOWN_HALL)
        seen, ticked = self.sent.get(key, (booked, booked))
        if verdict.refusal is None or key in self.sent:
            return Box(key, seen, ticked, open=True, mark=parent_word(self.verdict(wish, Channel.WEB)))
        return Box(key, booked, booked, open=False, word=SHORT[verdict.refusal], why=explain(verdict, self.offer))


def sheet_of(child: ChildRow, offer: Offer, span: Span, now: datetime, sent: Collection[Wish] = ()) -> Sheet:
    """The planning of a child over a span; three queries at the most."""
    facts = facts_of([child], offer)[child.code]
    boxes = {box_key(*wish.cell): (bool(wish.seen), wish.present) for wish in sent}
    return Sheet(child, offer, facts, known([child], offer, span), now, boxes)


def _shut_words(name: str, boxes: Sequence[Box]) -> str:
    """« Mercredi (Vacances scolaires : Noël) » when one reason tells it."""
    reasons = {box.why.rstrip(".") for box in boxes if box.word != SHORT[Refusal.NOT_OFFERED]}
    return f"{name} ({reasons.pop()})" if len(reasons) == 1 else name
