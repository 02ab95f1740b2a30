"""A whole submission: what was seen, what is wished, and the dependencies between activities of one day.

What comes out does not depend on the order of the wishes. For each person and day:
1. cancellations first: one falls as long as a booking that stays needs that activity (REQUIRED_BY);
2. then bookings, in display order, each with all that it needs: it stands if every piece is booked or may be booked,
   and none meets what it excludes (REQUIRES, EXCLUDES). Of two new ones that exclude each other the later falls.
   What an IMPLIES brings comes with the booking that brings it, never alone.
A refusal is never taken back, so the final state breaks no dependency that was not broken before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from portail.rules.booking.reasons import refusal_of
from portail.rules.booking.values import (
    Cell,
    Channel,
    Known,
    Outcome,
    PersonFacts,
    Refusal,
    Rulebook,
    Verdict,
    Wish,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Judging:
    """What stays the same from one wish to the next."""

    persons: Mapping[str, PersonFacts]
    rules: Rulebook
    known: Known
    channel: Channel
    now: datetime

    def alone(self, wish: Wish) -> Verdict:
        """The verdict on a change, dependencies aside."""
        person = self.persons.get(wish.person)
        if person is None:
            return Verdict(wish, Outcome.REFUSED, Refusal.UNKNOWN_CHILD)
        return refusal_of(wish, person, self.rules, known=self.known, channel=self.channel, now=self.now)

    def first_look(self, wish: Wish) -> Verdict | None:
        """None for a wish that asks nothing: an untouched cell, or a state that already is."""
        booked = wish.cell in self.known.booked
        untouched = wish.seen == wish.present
        if untouched and booked == wish.seen:
            return None
        if wish.person not in self.persons or wish.activity not in self.rules.activities:
            return self.alone(wish)
        if untouched:
            return Verdict(wish, Outcome.REFUSED, Refusal.CHANGED_MEANWHILE, booked_now=booked)
        if booked != wish.present:
            return self.alone(wish)
        return None if wish.seen is None else Verdict(wish, Outcome.UNCHANGED)


def judge(
    wishes: Iterable[Wish],
    persons: Mapping[str, PersonFacts],
    rules: Rulebook,
    *,
    known: Known,
    channel: Channel,
    now: datetime,
) -> list[Verdict]:
    """One verdict per wish that would change something, or that differs from what the page showed.

    Of two wishes for one cell the last counts. Wishes added by an IMPLIES come last, with `implied` set; one that was
    itself refused is told only when it explains why the wish that implied it fell.
    A cell that someone wished empty, or that changed meanwhile, is never filled by an implied wish.
    """
    cells = {wish.cell: wish for wish in wishes}
    known = replace(known, booked=_as_set(known.booked), waiting=_as_set(known.waiting), full=_as_set(known.full))
    judging = _Judging(persons, rules, known, channel, now)
    verdicts: dict[Cell, Verdict] = {}
    spoken: set[Cell] = set()  # cells about which something was said: nothing is implied there
    for cell, wish in cells.items():
        verdict = judging.first_look(wish)
        if verdict is not None:
            verdicts[cell] = verdict
        if verdict is not None or wish.seen is None:
            spoken.add(cell)
    verdicts.update({v.wish.cell: v for v in _implied(verdicts.values(), spoken, judging)})
    return _with_dependencies(verdicts, rules, known.booked)


def settle(
    verdicts: Iterable[Verdict], refused: Mapping[Wish, Verdict], rules: Rulebook, booked: Collection[Cell]
) -> list[Verdict]:
    """The verdicts of `judge` once the operation had to refuse some (days found FULL), less what falls with them.

    `booked`: the bookings before the submission. Nothing refused becomes granted: places are already being counted.
    """
    final: dict[Cell, Verdict] = {}
    for verdict in verdicts:
        answer = refused.get(verdict.wish)
        final[verdict.wish.cell] = verdict if answer is None else replace(answer, implied=verdict.implied)
    return _with_dependencies(final, rules, booked)


def _as_set(items: Collection[_T]) -> AbstractSet[_T]:
    return items if isinstance(items, AbstractSet) else frozenset(items)


def _implied(verdicts: Iterable[Verdict], spoken: set[Cell], judging: _Judging) -> Iterator[Verdict]:
    """Verdicts on the wishes that granted bookings bring along, one after the other."""
    implies = judging.rules.implies
    todo = [v.wish for v in verdicts if v.outcome is Outcome.BOOKED and v.wish.activity in implies]
    for wish in todo:
        for other in implies.get(wish.activity, ()):
            added = Wish(wish.person, other, wish.day, present=True)
            if added.cell in spoken or added.cell in judging.known.booked:
                continue
            spoken.add(added.cell)
            verdict = replace(judging.alone(added), implied=True)
            if verdict.outcome is Outcome.BOOKED:
                todo.append(added)
            yield verdict


def _with_dependencies(verdicts: Mapping[Cell, Verdict], rules: Rulebook, booked: Collection[Cell]) -> list[Verdict]:
    """The same verdicts in the same order, less what the dependencies refuse or no longer imply."""
    days: dict[tuple[str, date], dict[str, Verdict]] = {}
    for (person, activity, day), verdict in verdicts.items():
        days.setdefault((person, day), {})[activity] = verdict
    for (person, day), found in days.items():
        if any(code in rules.needs or code in rules.needed_by or code in rules.excludes for code in found):
            _PersonDay(person, day, found, rules, booked).resolve()
    kept = (days[person, day].get(activity) for person, activity, day in verdicts)
    return [verdict for verdict in kept if verdict is not None]


class _PersonDay:
    """One person on one day: all that dependencies look at."""

    def __init__(
        self, person: str, day: date, verdicts: dict[str, Verdict], rules: Rulebook, booked: Collection[Cell]
    ) -> None:
        self.verdicts = verdicts
        self.rules = rules
        self.before = {code for code in rules.activities if (person, code, day) in booked}
        self.cancelled = {code for code, v in verdicts.items() if v.outcome is Outcome.CANCELLED}
        self.added: set[str] = set()

    def resolve(self) -> None:
        """Leave in `verdicts` what stands, refuse the rest."""
        while any(self._keep_what_is_needed(code) for code in self._ordered(self.cancelled)):
            pass  # a booking that is kept may need another one
        wished = [code for code, v in self.verdicts.items() if v.outcome is Outcome.BOOKED and not v.implied]
        self._add_all(self._ordered(wished))
        explained = {v.other for v in self.verdicts.values() if v.refusal is Refusal.REQUIRES and not v.implied}
        for code in [code for code, v in self.verdicts.items() if v.implied]:
            refused = self.verdicts[code].outcome is Outcome.REFUSED
            if code not in self.added and not (refused and code in explained):
                del self.verdicts[code]

    def _ordered(self, codes: Iterable[str]) -> list[str]:
        return sorted((code for code in codes if code in self.rules.order), key=self.rules.order.__getitem__)

    def _booked(self, code: str) -> bool:
        return code in self.added or (code in self.before and code not in self.cancelled)

    def _may_be_added(self, code: str) -> bool:
        return code in self.verdicts and self.verdicts[code].outcome is Outcome.BOOKED

    def _keep_what_is_needed(self, code: str) -> bool:
        holder = next((other for other in self.rules.needed_by.get(code, ()) if self._booked(other)), "")
        if holder:
            self.cancelled.discard(code)
            self._refuse(code, Refusal.REQUIRED_BY, holder)
        return bool(holder)

    def _add_all(self, codes: list[str]) -> None:
        """Book in display order; what leans on a piece that another booking brings waits until that one stands."""
        while codes:
            waiting = {code: piece for code in codes if code not in self.added and (piece := self._add(code))}
            if len(waiting) == len(codes):
                for code, piece in waiting.items():
                    self._refuse(code, Refusal.REQUIRES, piece)
                return
            codes = list(waiting)

    def _add(self, code: str) -> str:
        """Book `code` with all that it needs, refuse it for the first piece that fails, or name what it waits for."""
        together = self._together(code)
        for piece in together:
            if not self._may_be_added(piece):
                self._refuse(code, Refusal.REQUIRES, piece)
                return ""
        for piece in together:
            rival = next((o for o in self.rules.excludes.get(piece, ()) if self._booked(o) or o in together), "")
            if rival:
                self._clash(code, piece, rival)
                return ""
        if piece := self._not_brought(together):
            return piece
        self.added.update(together)
        return ""

    def _together(self, code: str) -> list[str]:
        """`code` and what must be booked with it, nearest first."""
        found = [code]
        for piece in found:
            found += [o for o in self.rules.needs.get(piece, ()) if o not in found and not self._booked(o)]
        return found

    def _not_brought(self, together: list[str]) -> str:
        """An implied piece that nothing here implies: it may only come with the booking that does."""
        brought = [piece for piece in together if not self.verdicts[piece].implied]
        for piece in brought:
            brought += [o for o in self.rules.implies.get(piece, ()) if o in together and o not in brought]
        return next((piece for piece in together if piece not in brought), "")

    def _clash(self, code: str, piece: str, rival: str) -> None:
        if self.verdicts[piece].implied and self._booked(rival):
            self._refuse(piece, Refusal.EXCLUDES, rival)
        if piece == code:
            self._refuse(code, Refusal.EXCLUDES, rival)
        else:
            self._refuse(code, Refusal.REQUIRES, piece)

    def _refuse(self, code: str, refusal: Refusal, other: str) -> None:
        old = self.verdicts[code]
        self.verdicts[code] = Verdict(old.wish, Outcome.REFUSED, refusal, other=other, implied=old.implied)
