"""A whole submission: what the page showed, dependencies, swaps, and places lost at the last moment."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

import pytest

from portail.rules.booking import (
    Audience,
    Channel,
    Dependency,
    DependencyKind,
    Known,
    LatePolicy,
    Outcome,
    PersonFacts,
    Refusal,
    Rulebook,
    Verdict,
    Wish,
    judge,
    settle,
)
from portail.rules.cutoffs import Cutoff, CutoffKind
from tests.rules.test_booking import CALENDAR, CANTEEN, JAMES, NOW, PARIS, TUESDAY

ALINE = replace(JAMES, code="008", school_id=2)
SHUT = Cutoff(CutoffKind.FIXED_DATE, at=0, on=date(2026, 1, 1))
REQUIRES, IMPLIES, EXCLUDES = DependencyKind.REQUIRES, DependencyKind.IMPLIES, DependencyKind.EXCLUDES


def rules_of(*dependencies: tuple[str, DependencyKind, str], **changes: dict[str, object]) -> Rulebook:
    """Activities a, b, c, d in that order on the screen."""
    activities = {
        code: replace(CANTEEN, code=code, **changes.get(code, {}))  # type: ignore[arg-type]
        for code in "abcd"
    }
    return Rulebook(activities, tuple(Dependency(*d) for d in dependencies), CALENDAR, PARIS)


def cells(codes: Iterable[str], person: PersonFacts = JAMES) -> set[tuple[str, str, date]]:
    return {(person.code, code, TUESDAY) for code in codes}


def tick(code: str, *, seen: bool | None = False) -> Wish:
    return Wish("007", code, TUESDAY, True, seen)


def untick(code: str, *, seen: bool | None = True) -> Wish:
    return Wish("007", code, TUESDAY, False, seen)


def run(
    rules: Rulebook, *wishes: Wish, booked: str = "", known: Known | None = None, channel: Channel = Channel.WEB
) -> list[Verdict]:
    known = replace(known or Known(), booked=cells(booked))
    return judge(wishes, {"007": JAMES, "008": ALINE}, rules, known=known, channel=channel, now=NOW)


def brief(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """{"a": "booked", "b": "requires c", "c": "full (implied)"}"""
    return {
        v.wish.activity: " ".join(filter(None, [v.refusal or v.outcome, v.other, "(implied)" if v.implied else ""]))
        for v in verdicts
    }


# --- What the page showed


@pytest.mark.parametrize(
    ("seen", "present", "state", "answer"),
    [
        (None, True, True, None),
        (None, False, False, None),
        (None, True, False, "booked"),
        (None, False, True, "cancelled"),
        (False, False, False, None),
        (True, True, True, None),
        (False, False, True, "changed_meanwhile"),
        (True, True, False, "changed_meanwhile"),
        (False, True, False, "booked"),
        (True, False, True, "cancelled"),
        (False, True, True, "unchanged"),
        (True, False, False, "unchanged"),
    ],
)
@pytest.mark.parametrize("channel", list(Channel))
def test_an_old_page_never_overwrites(seen, present, state, answer, channel: Channel) -> None:
    wish = Wish("007", "a", TUESDAY, present, seen)
    verdicts = run(rules_of(), wish, booked="a" if state else "", channel=channel)
    assert brief(verdicts) == ({"a": answer} if answer else {})
    if answer == "changed_meanwhile":
        assert verdicts == [Verdict(wish, Outcome.REFUSED, Refusal.CHANGED_MEANWHILE, booked_now=state)]


def test_a_day_already_as_wished_is_no_matter_for_the_rules() -> None:
    late = rules_of(a={"book": SHUT, "cancel": SHUT})
    assert brief(run(late, tick("a"), booked="a")) == {"a": "unchanged"}
    assert brief(run(late, untick("a"))) == {"a": "unchanged"}
    assert brief(run(late, untick("a"), booked="a")) == {"a": "too_late"}


def test_forged_cells_are_refused_one_by_one_and_untouched_ones_ignored() -> None:
    forged = [
        Wish("666", "a", TUESDAY, True, False),
        Wish("007", "zzz", TUESDAY, True, False),
        Wish("007", "zzz", TUESDAY, False, False),  # an activity withdrawn since: nothing asked, nothing said
        Wish("666", "b", TUESDAY, False),
        Wish("007", "b", date(9999, 12, 31), True),
        tick("c"),
    ]
    assert [(v.outcome, v.refusal) for v in run(rules_of(), *forged[:2], *forged[3:])] == [
        (Outcome.REFUSED, Refusal.UNKNOWN_CHILD),
        (Outcome.REFUSED, Refusal.UNKNOWN_ACTIVITY),
        (Outcome.REFUSED, Refusal.UNKNOWN_CHILD),
        (Outcome.REFUSED, Refusal.UNREADABLE),
        (Outcome.BOOKED, None),
    ]
    assert run(rules_of(), forged[2]) == []


def test_of_two_wishes_for_one_cell_the_last_counts() -> None:
    assert run(rules_of(), tick("a", seen=None), untick("a", seen=None)) == []
    assert brief(run(rules_of(), untick("a", seen=None), tick("a", seen=None))) == {"a": "booked"}


def test_lists_will_do_where_sets_are_better() -> None:
    known = Known(booked=[("007", "a", TUESDAY)], waiting=[("007", "b", TUESDAY)], full=[("c", TUESDAY, None)])
    wishes = [untick("a"), tick("b"), tick("c")]
    verdicts = judge(wishes, {"007": JAMES}, rules_of(), known=known, channel=Channel.WEB, now=NOW)
    assert brief(verdicts) == {"a": "cancelled", "b": "waiting", "c": "full"}


# --- Dependencies

NEEDS = ("a", REQUIRES, "b")
THEN = ("b", REQUIRES, "c")
BRINGS = ("a", IMPLIES, "b")
AGAINST = ("a", EXCLUDES, "b")
FULL_B = Known(full={("b", TUESDAY, None)})


@pytest.mark.parametrize(
    ("dependencies", "booked", "wishes", "answer"),
    [
        # requires
        ([NEEDS], "", [tick("a")], {"a": "requires b"}),
        ([NEEDS], "b", [tick("a")], {"a": "booked"}),
        ([NEEDS], "", [tick("a"), tick("b")], {"a": "booked", "b": "booked"}),
        ([NEEDS], "ab", [untick("b")], {"b": "required_by a"}),
        ([NEEDS], "ab", [untick("b"), untick("a")], {"a": "cancelled", "b": "cancelled"}),
        ([NEEDS], "ab", [untick("a")], {"a": "cancelled"}),
        ([NEEDS], "b", [untick("b"), tick("a")], {"a": "requires b", "b": "cancelled"}),
        ([NEEDS], "a", [tick("c")], {"c": "booked"}),  # broken before, none of our doing
        ([NEEDS, THEN], "", [tick("a"), tick("b")], {"a": "requires c", "b": "requires c"}),
        ([NEEDS, THEN], "abc", [untick("c"), untick("b")], {"b": "required_by a", "c": "required_by b"}),
        # the cancellation that falls comes back in time for the booking that needs it
        ([NEEDS, ("c", REQUIRES, "b")], "bc", [untick("b"), tick("a")], {"a": "booked", "b": "required_by c"}),
        # implies
        ([BRINGS], "", [tick("a")], {"a": "booked", "b": "booked (implied)"}),
        ([BRINGS], "", [tick("a"), untick("b", seen=False)], {"a": "booked", "b": "booked (implied)"}),  # untouched
        ([BRINGS], "", [tick("a"), tick("b")], {"a": "booked", "b": "booked"}),
        ([BRINGS], "b", [tick("a")], {"a": "booked"}),
        ([BRINGS], "b", [tick("a"), untick("b")], {"a": "requires b", "b": "cancelled"}),
        ([BRINGS], "", [tick("a"), untick("b")], {"a": "requires b", "b": "unchanged"}),
        ([BRINGS], "", [tick("a"), untick("b", seen=None)], {"a": "requires b"}),  # said aloud, so meant
        ([BRINGS], "", [tick("a"), tick("b", seen=True)], {"a": "requires b", "b": "changed_meanwhile"}),
        ([BRINGS], "ab", [untick("b")], {"b": "required_by a"}),
        ([BRINGS], "ab", [untick("a")], {"a": "cancelled"}),
        ([BRINGS, ("b", IMPLIES, "a")], "", [tick("b")], {"b": "booked", "a": "booked (implied)"}),
        (
            [BRINGS, ("b", IMPLIES, "c")],
            "",
            [tick("a")],
            {"a": "booked", "b": "booked (implied)", "c": "booked (implied)"},
        ),
        ([BRINGS, ("b", EXCLUDES, "c")], "c", [tick("a")], {"a": "requires b", "b": "excludes c (implied)"}),
        ([BRINGS, ("a", EXCLUDES, "c")], "c", [tick("a")], {"a": "excludes c"}),
        # what an IMPLIES brings never comes alone, yet others may lean on it
        ([("b", IMPLIES, "c"), ("a", REQUIRES, "c")], "", [tick("a")], {"a": "requires c"}),
        (
            [("b", IMPLIES, "c"), ("a", REQUIRES, "c")],
            "",
            [tick("a"), tick("b")],
            {"a": "booked", "b": "booked", "c": "booked (implied)"},
        ),
        (
            [("b", IMPLIES, "c"), ("a", REQUIRES, "c"), ("b", EXCLUDES, "d")],
            "d",
            [tick("a"), tick("b")],
            {"a": "requires c", "b": "excludes d"},
        ),
        # two are missing: the first explains enough
        ([NEEDS, ("a", REQUIRES, "c")], "", [tick("a")], {"a": "requires b"}),
        # a setting that contradicts itself books nothing
        ([NEEDS, AGAINST], "", [tick("a"), tick("b")], {"a": "excludes b", "b": "booked"}),
        ([BRINGS, ("a", IMPLIES, "c"), ("b", EXCLUDES, "c")], "", [tick("a")], {"a": "requires b"}),
        # excludes
        ([AGAINST], "b", [tick("a")], {"a": "excludes b"}),
        ([AGAINST], "a", [tick("b")], {"b": "excludes a"}),
        ([AGAINST], "b", [tick("a"), untick("b")], {"a": "booked", "b": "cancelled"}),
        ([AGAINST], "", [tick("b"), tick("a")], {"a": "booked", "b": "excludes a"}),
        ([AGAINST, ("b", EXCLUDES, "c")], "", [tick("a"), tick("b"), tick("c")],
         {"a": "booked", "b": "excludes a", "c": "booked"}),
        ([AGAINST], "ab", [untick("a"), tick("c")], {"a": "cancelled", "c": "booked"}),
        # the swap whose way out is barred
        ([AGAINST, ("c", REQUIRES, "b")], "bc", [tick("a"), untick("b")], {"a": "excludes b", "b": "required_by c"}),
    ],
)  # fmt: skip
def test_dependencies(dependencies, booked: str, wishes: list[Wish], answer: dict[str, str]) -> None:
    rules = rules_of(*dependencies)
    for channel in Channel:
        for order in (wishes, wishes[::-1]):
            assert brief(run(rules, *order, booked=booked, channel=channel)) == answer


def test_an_implied_wish_refused_for_itself_says_so_beside_the_one_that_fell() -> None:
    verdicts = run(rules_of(BRINGS), tick("a"), known=FULL_B)
    assert brief(verdicts) == {"a": "requires b", "b": "full (implied)"}
    closed_to_him = rules_of(BRINGS, b={"audiences": (Audience(school_id=9),)})
    assert brief(run(closed_to_him, tick("a"))) == {"a": "requires b", "b": "not_for_this_child (implied)"}
    both = Known(full={*FULL_B.full, ("c", TUESDAY, None)})
    twice = rules_of(BRINGS, ("a", IMPLIES, "c"))
    assert brief(run(twice, tick("a"), known=both)) == {"a": "requires b", "b": "full (implied)"}
    # what a refused wish would have brought is not spoken of
    assert brief(run(rules_of(BRINGS, a={"book": SHUT}), tick("a"), known=FULL_B)) == {"a": "too_late"}


def test_requests_change_no_booking() -> None:
    late = {"book": SHUT, "cancel": SHUT, "late": LatePolicy.ASK}
    assert brief(run(rules_of(NEEDS, b=late), tick("a"), tick("b"))) == {"a": "requires b", "b": "requested"}
    assert brief(run(rules_of(BRINGS, b=late), tick("a"))) == {"a": "requires b"}  # no request he did not make
    assert brief(run(rules_of(BRINGS, a=late), tick("a"))) == {"a": "requested"}  # the town hall will bring b
    assert brief(run(rules_of(AGAINST, a=late, b=late), tick("a"), untick("b"), booked="b")) == {
        "a": "requested", "b": "requested",
    }  # fmt: skip
    assert brief(run(rules_of(AGAINST, b=late), tick("a"), untick("b"), booked="b")) == {
        "a": "excludes b", "b": "requested",
    }  # fmt: skip


def test_siblings_and_days_do_not_meddle() -> None:
    wishes = [
        Wish("008", "a", TUESDAY, True),
        Wish("007", "b", TUESDAY, True),
        Wish("007", "a", date(2026, 11, 27), True),
    ]
    answers = [(v.outcome, v.refusal) for v in run(rules_of(NEEDS), *wishes)]
    assert answers == [(Outcome.REFUSED, Refusal.REQUIRES), (Outcome.BOOKED, None), (Outcome.REFUSED, Refusal.REQUIRES)]


# --- Places lost between the judgement and the writing


def full(verdict: Verdict) -> Verdict:
    return Verdict(verdict.wish, Outcome.REFUSED, Refusal.FULL)


def settled(rules: Rulebook, *wishes: Wish, lost: str, booked: str = "") -> dict[str, str]:
    verdicts = run(rules, *wishes, booked=booked)
    assert settle(verdicts, {}, rules, cells(booked)) == verdicts
    return brief(settle(verdicts, {v.wish: full(v) for v in verdicts if v.wish.activity in lost}, rules, cells(booked)))


def test_what_required_a_lost_place_falls_with_it() -> None:
    chain = rules_of(NEEDS, THEN)
    assert settled(chain, tick("a"), tick("b"), tick("c"), tick("d"), lost="c") == {
        "a": "requires c", "b": "requires c", "c": "full", "d": "booked",
    }  # fmt: skip
    assert settled(rules_of(BRINGS), tick("a"), lost="b") == {"a": "requires b", "b": "full (implied)"}
    both = rules_of(BRINGS, ("a", IMPLIES, "c"))
    assert settled(both, tick("a"), lost="b") == {"a": "requires b", "b": "full (implied)"}  # c no longer comes
    assert settled(both, tick("a"), lost="a") == {"a": "full"}


def test_a_swap_that_found_its_day_full_still_leaves() -> None:
    assert settled(rules_of(AGAINST), tick("a"), untick("b"), lost="a", booked="b") == {"a": "full", "b": "cancelled"}


def test_a_refused_cancellation_puts_the_booking_back() -> None:
    assert settled(rules_of(AGAINST), tick("a"), untick("b"), lost="b", booked="b") == {"a": "excludes b", "b": "full"}
    chain = rules_of(NEEDS)
    assert settled(chain, untick("a"), untick("b"), lost="a", booked="ab") == {"a": "full", "b": "required_by a"}


def test_a_loss_gives_nobody_else_the_place() -> None:
    assert settled(rules_of(AGAINST), tick("a"), tick("b"), lost="a") == {"a": "full", "b": "excludes a"}


def test_now_may_come_in_any_zone() -> None:
    wishes = [tick("a")]
    answers = [
        judge(wishes, {"007": JAMES}, rules_of(), known=Known(), channel=Channel.WEB, now=NOW.astimezone(zone))
        for zone in (PARIS, None, datetime.fromisoformat("2026-11-20T09:00:00-10:00").tzinfo)
    ]
    assert answers[0] == answers[1] == answers[2]
