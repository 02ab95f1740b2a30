"""`judge` and `settle` against a slow, obvious oracle, on worlds small enough to collide at every turn."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, combinations
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from portail.rules.booking import (
    Audience,
    Channel,
    Dependency,
    DependencyKind,
    Known,
    LatePolicy,
    Outcome,
    Refusal,
    Rulebook,
    Verdict,
    Wish,
    judge,
    refusal_of,
    settle,
)
from tests.rules.test_booking import CALENDAR, CANTEEN, JAMES, NOW, PARIS, TUESDAY
from tests.rules.test_booking_judge import SHUT

CODES = "abcde"
BY_DEPENDENCY = {Refusal.REQUIRES, Refusal.REQUIRED_BY, Refusal.EXCLUDES}
KINDS = list(DependencyKind)
LATE: dict[str, object] = {"book": SHUT, "cancel": SHUT}
STANDINGS: list[dict[str, object]] = [{}, {}, {}, LATE, {**LATE, "late": LatePolicy.ASK}, {"audiences": (Audience(9),)}]


@dataclass
class World:
    """One person, one day, five activities."""

    rules: Rulebook
    known: Known
    channel: Channel
    wishes: list[Wish]

    @property
    def before(self) -> set[str]:
        return {code for _, code, _ in self.known.booked}

    def judge(self, wishes: Iterable[Wish] | None = None, known: Known | None = None) -> list[Verdict]:
        return judge(
            self.wishes if wishes is None else wishes,
            {"007": JAMES},
            self.rules,
            known=known or self.known,
            channel=self.channel,
            now=NOW,
        )


def cell(code: str) -> tuple[str, str, date]:
    return ("007", code, TUESDAY)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    activities = {
        code: replace(CANTEEN, code=code, **draw(st.sampled_from(STANDINGS)))  # type: ignore[arg-type]
        for code in draw(st.permutations(CODES))
    }
    code = st.sampled_from(CODES)
    dependencies = draw(st.lists(st.builds(Dependency, code, st.sampled_from(KINDS), code), max_size=7))
    known = Known(
        booked={cell(c) for c in draw(st.sets(code))},
        waiting={cell(c) for c in draw(st.sets(code, max_size=1))},
        full={(c, TUESDAY, None) for c in draw(st.sets(code, max_size=1))},
    )
    seen = st.sampled_from([None, False, True])
    wishes = draw(st.lists(st.builds(Wish, st.just("007"), code, st.just(TUESDAY), st.booleans(), seen), max_size=8))
    rules = Rulebook(activities, tuple(dependencies), CALENDAR, PARIS)
    return World(rules, known, draw(st.sampled_from([Channel.WEB, Channel.TOWN_HALL])), wishes)


def after(before: Collection[str], verdicts: Iterable[Verdict]) -> set[str]:
    final = set(before)
    for verdict in verdicts:
        if verdict.outcome is Outcome.BOOKED:
            final.add(verdict.wish.activity)
        if verdict.outcome is Outcome.CANCELLED:
            final.discard(verdict.wish.activity)
    return final


def broken(rules: Rulebook, state: Collection[str]) -> set[Dependency]:
    return {
        d
        for d in rules.dependencies
        if d.activity in state and d.activity != d.other and (d.other in state) == (d.kind is DependencyKind.EXCLUDES)
    }


def last_wishes(wishes: Iterable[Wish]) -> dict[str, Wish]:
    return {wish.activity: wish for wish in wishes}


# --- What always holds


@given(worlds())
def test_no_dependency_is_broken_that_was_not_before(world: World) -> None:
    verdicts = world.judge()
    assert broken(world.rules, after(world.before, verdicts)) <= broken(world.rules, world.before)


@given(worlds(), st.sets(st.sampled_from(CODES)))
def test_nor_once_the_operation_found_days_full(world: World, lost: set[str]) -> None:
    verdicts = world.judge()
    refused = {v.wish: Verdict(v.wish, Outcome.REFUSED, Refusal.FULL) for v in verdicts if v.wish.activity in lost}
    booked = world.known.booked
    final = settle(verdicts, refused, world.rules, booked)
    assert broken(world.rules, after(world.before, final)) <= broken(world.rules, world.before)
    assert settle(final, {}, world.rules, booked) == final
    assert settle(verdicts, {}, world.rules, booked) == verdicts
    granted = {v.wish for v in verdicts if v.outcome is not Outcome.REFUSED}
    assert {v.wish for v in final if v.outcome is not Outcome.REFUSED} <= granted - refused.keys()
    assert {v.wish for v in final if not v.implied} == {v.wish for v in verdicts if not v.implied}


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_wishes_is_nothing(world: World, random) -> None:
    wishes = list(last_wishes(world.wishes).values())
    expected = set(world.judge(wishes))
    assert set(world.judge()) == expected  # duplicates: the last
    random.shuffle(wishes)
    assert set(world.judge(wishes)) == expected


@given(worlds())
def test_sending_again_changes_nothing_more(world: World) -> None:
    verdicts = world.judge()
    known = replace(
        world.known,
        booked={cell(code) for code in after(world.before, verdicts)},
        waiting={*world.known.waiting, *(v.wish.cell for v in verdicts if v.outcome is Outcome.REQUESTED)},
    )
    again = world.judge(known=known)
    assert {v.outcome for v in again} <= {Outcome.UNCHANGED, Outcome.REFUSED}


@given(worlds())
def test_every_refusal_by_dependency_is_true_of_what_was_saved(world: World) -> None:
    verdicts = world.judge()
    final = after(world.before, verdicts)
    bare = Rulebook(world.rules.activities, (), CALENDAR, PARIS)
    for verdict in verdicts:
        code, other = verdict.wish.activity, verdict.other
        alone = refusal_of(verdict.wish, JAMES, bare, known=world.known, channel=world.channel, now=NOW)
        if verdict.refusal not in BY_DEPENDENCY:
            assert verdict.other == ""
            if verdict.outcome is not Outcome.UNCHANGED and verdict.refusal is not Refusal.CHANGED_MEANWHILE:
                assert replace(verdict, implied=False) == alone  # the page's « Pourquoi ? » says the same
            continue
        assert alone.outcome in (Outcome.BOOKED, Outcome.CANCELLED)
        if verdict.refusal is Refusal.REQUIRED_BY:
            assert other in final
            assert (
                Dependency(other, DependencyKind.REQUIRES, code) in world.rules.dependencies
                or Dependency(other, DependencyKind.IMPLIES, code) in world.rules.dependencies
            )
        elif not contradictory(world.rules, code):
            assert (other in final) == (verdict.refusal is Refusal.EXCLUDES)


def contradictory(rules: Rulebook, code: str) -> bool:
    """Does the town's own setting forbid `code` for ever (it needs what it excludes)?"""
    needs = closure(rules, code)
    return any(other in needs for piece in needs for other in rules.excludes.get(piece, ()))


def closure(rules: Rulebook, code: str) -> set[str]:
    found = {code}
    while more := {other for piece in found for other in rules.needs.get(piece, ())} - found:
        found |= more
    return found


@given(worlds())
def test_implied_wishes_come_with_one_that_implies_them(world: World) -> None:
    verdicts = world.judge()
    granted = {v.wish.activity for v in verdicts if v.outcome is Outcome.BOOKED and not v.implied}
    while more := {other for code in granted for other in world.rules.implies.get(code, ())} - granted:
        granted |= more
    explained = {v.other for v in verdicts if v.refusal is Refusal.REQUIRES and not v.implied}
    for verdict in verdicts:
        if verdict.implied and verdict.outcome is Outcome.REFUSED:
            assert verdict.wish.activity in explained
        elif verdict.implied:
            assert verdict.outcome is Outcome.BOOKED
            assert verdict.wish.activity in granted - world.before


# --- The oracle


def subsets(codes: Collection[str]) -> Iterable[set[str]]:
    return (set(c) for c in chain.from_iterable(combinations(sorted(codes), n) for n in range(len(codes) + 1)))


def oracle(world: World) -> set[str]:
    """Try every set of cancellations and of bookings: the most cancellations, then the best bookings by rank."""
    bare = Rulebook(world.rules.activities, (), CALENDAR, PARIS)
    alone = {v.wish.activity: v for v in judge(
        world.wishes, {"007": JAMES}, bare, known=world.known, channel=world.channel, now=NOW
    )}  # fmt: skip
    binding = broken(world.rules, world.before)

    def stands(state: set[str]) -> bool:
        return broken(world.rules, state) <= binding

    leaving = {code for code, v in alone.items() if v.outcome is Outcome.CANCELLED}
    gone = max((s for s in subsets(leaving) if stands(world.before - s)), key=len)
    base = world.before - gone
    explicit = {code for code, v in alone.items() if v.outcome is Outcome.BOOKED}
    silent = set(CODES) - alone.keys() - {w.activity for w in last_wishes(world.wishes).values() if w.seen is None}
    addable = {
        code for code in silent - world.before
        if refusal_of(
            Wish("007", code, TUESDAY, True), JAMES, bare, known=world.known, channel=world.channel, now=NOW
        ).outcome is Outcome.BOOKED
    }  # fmt: skip
    best: tuple[list[bool], int, set[str]] = ([], 0, base)
    for added in subsets(explicit | addable):
        if stands(base | added) and added - explicit <= brought(world.rules, added & explicit):
            rank = [code in added for code in world.rules.activities if code in explicit]
            best = max(best, (rank, -len(added), base | added), key=lambda found: found[:2])
    return best[2]


def brought(rules: Rulebook, codes: set[str]) -> set[str]:
    found = set(codes)
    while (
        more := {d.other for d in rules.dependencies if d.kind is DependencyKind.IMPLIES and d.activity in found}
        - found
    ):
        found |= more
    return found


@settings(max_examples=300)
@given(worlds())
def test_judge_saves_what_trying_everything_would_save(world: World) -> None:
    implied = {d.other for d in world.rules.dependencies if d.kind is DependencyKind.IMPLIES}
    mixed = any(d.kind is DependencyKind.REQUIRES and d.other in implied for d in world.rules.dependencies)
    if not mixed:  # leaning on what another booking brings costs one's rank: see the next test
        assert after(world.before, world.judge()) == oracle(world)


@given(worlds())
def test_cancellations_are_always_as_many_as_can_be(world: World) -> None:
    gone = world.before - after(world.before, world.judge())
    assert gone == world.before - oracle(world)


# --- A page asks for every cell


def test_a_cell_is_cheap() -> None:
    """The page asks for each of its cells. Generous: the point is to notice a lookup that grew with the calendar."""
    rules = Rulebook({c: replace(CANTEEN, code=c, weeks_ahead=9) for c in CODES}, (), CALENDAR, PARIS)
    wishes = [Wish("007", c, TUESDAY, True) for c in CODES] * 50

    def once() -> float:
        start = perf_counter()
        for wish in wishes:
            refusal_of(wish, JAMES, rules, known=Known(), channel=Channel.WEB, now=NOW)
        return (perf_counter() - start) / len(wishes)

    assert min(once() for _ in range(5)) < 100e-6
