"""The two difference lists, against a slow oracle that tries every way of pairing."""

from collections.abc import Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from portail.gateways.statements.comparing import Comparison, Recorded, compare
from portail.gateways.statements.reading import StatementLine


def line(reference: str, cents: int, authorisation: str = "", number: int = 1) -> StatementLine:
    return StatementLine(date(2026, 11, 20), reference, cents, "carte", authorisation, "", number, ())


def summary(found: Comparison) -> tuple[list[tuple[int, object]], list[tuple[int, object]], list[int], list[object]]:
    return (
        [(pair.line.line_number, pair.recorded.key) for pair in found.in_both],
        [(pair.line.line_number, pair.recorded.key) for pair in found.amount_differs],
        [each.line_number for each in found.only_in_statement],
        [each.key for each in found.only_recorded],
    )


def test_the_four_lists() -> None:
    lines = [line("2013T50019000345", 777, "394492", 1), line("2013T50026000335", 425, "", 2), line("X", 100, "", 3)]
    recorded = [
        Recorded("a", "2013-T5-00-26000335", 424),
        Recorded("b", "2013-T5-00-19000345", 777, "394492"),
        Recorded("c", "Y", 100),
    ]
    assert summary(compare(lines, recorded)) == ([(1, "b")], [(2, "a")], [3], ["c"])
    assert summary(compare([], [])) == ([], [], [], [])


def test_a_payment_made_twice_leaves_one_alone() -> None:
    lines = [line("R", 777, "1", 1), line("R", 777, "2", 2)]
    assert summary(compare(lines, [Recorded("a", "r", 777, "2")])) == ([(2, "a")], [], [1], [])
    assert summary(compare(lines, [Recorded("a", "r", 777)])) == ([(1, "a")], [], [2], [])
    assert summary(compare(lines, [Recorded("a", "r", 777, "3")])) == ([], [], [1, 2], ["a"])


def test_a_wrong_amount_never_takes_the_place_of_a_right_one() -> None:
    lines = [line("R", 1, "", 1), line("R", 2, "", 2)]
    assert summary(compare(lines, [Recorded("a", "R", 2), Recorded("b", "R", 3)])) == ([(2, "a")], [(1, "b")], [], [])


def test_none_is_paired_that_would_leave_another_without_a_partner() -> None:
    lines = [line("R", 1, "", 1), line("R", 1, "x", 2)]
    assert summary(compare(lines, [Recorded("a", "R", 1), Recorded("b", "R", 1, "y")]))[0] == [(1, "b"), (2, "a")]


def test_without_a_reference_nothing_is_paired() -> None:
    assert summary(compare([line("", 1)], [Recorded("a", "-", 1)])) == ([], [], [1], ["a"])


REFERENCES, AUTHORISATIONS = st.sampled_from(["A1", "a-1", "A1", "B", ""]), st.sampled_from(["", "x", "X", "y"])
LINES = st.lists(st.builds(line, REFERENCES, st.integers(1, 2), AUTHORISATIONS), max_size=5)
RECORDED = st.lists(st.builds(Recorded, st.just(0), REFERENCES, st.integers(1, 2), AUTHORISATIONS), max_size=5)


def may_be_the_same(a: StatementLine, b: Recorded) -> bool:
    def bare(text: str) -> str:
        return text.replace("-", "").upper()

    one, two = bare(a.authorisation), bare(b.authorisation)
    return bool(a.reference) and bare(a.reference) == bare(b.reference) and (one == two or not one or not two)


def most_pairs(lines: Sequence[StatementLine], recorded: Sequence[Recorded], *, same_amount: bool) -> int:
    """The most pairs that any way of pairing finds: every way is tried."""
    if not lines:
        return 0
    first, rest = lines[0], lines[1:]
    best = most_pairs(rest, recorded, same_amount=same_amount)
    for place, each in enumerate(recorded):
        if may_be_the_same(first, each) and (not same_amount or first.cents == each.cents):
            others = [*recorded[:place], *recorded[place + 1 :]]
            best = max(best, 1 + most_pairs(rest, others, same_amount=same_amount))
    return best


@settings(max_examples=300, deadline=None)
@given(LINES, RECORDED)
def test_as_many_as_possible_are_paired_and_each_is_somewhere_once(
    lines: list[StatementLine], recorded: list[Recorded]
) -> None:
    lines = [line(each.reference, each.cents, each.authorisation, n) for n, each in enumerate(lines)]
    recorded = [Recorded(n, each.reference, each.cents, each.authorisation) for n, each in enumerate(recorded)]
    found = compare(lines, recorded)
    pairs = [*found.in_both, *found.amount_differs]
    assert all(may_be_the_same(pair.line, pair.recorded) for pair in pairs)
    assert all(pair.line.cents == pair.recorded.cents for pair in found.in_both)
    assert all(pair.line.cents != pair.recorded.cents for pair in found.amount_differs)
    assert sorted([p.line.line_number for p in pairs] + [a.line_number for a in found.only_in_statement]) == list(
        range(len(lines))
    )
    keys = [p.recorded.key for p in pairs] + [b.key for b in found.only_recorded]
    assert sorted(map(str, keys)) == [str(n) for n in range(len(recorded))]
    assert len(found.in_both) == most_pairs(lines, recorded, same_amount=True)
    left = [p.line for p in found.amount_differs] + found.only_in_statement
    right = [p.recorded for p in found.amount_differs] + found.only_recorded
    assert len(found.amount_differs) == most_pairs(left, right, same_amount=False)


def test_a_statement_of_one_reference_is_compared_in_a_moment() -> None:
    many = 20_000
    found = compare([line("R", 1, "", n) for n in range(many)], [Recorded(n, "R", 1) for n in range(many - 1)])
    assert len(found.in_both) == many - 1
    assert [each.line_number for each in found.only_in_statement] == [many - 1]
