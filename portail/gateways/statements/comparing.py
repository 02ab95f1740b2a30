"""The two difference lists: what the statement has and the portal has not, and the reverse.

Two entries may be the same payment when their references agree, and their authorisations too unless one of them has
none. As many as possible are paired for the same amount; then those that are left are paired with another amount.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from portail.gateways.statements.reading import StatementLine, normalised


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment that the portal knows. `key`: whatever finds it again (its row)."""

    key: Hashable
    reference: str
    cents: int
    authorisation: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """The statement's line and the portal's payment."""

    line: StatementLine
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every line and every payment once, in the order in which they were given."""

    in_both: list[Pair]
    amount_differs: list[Pair]
    only_in_statement: list[StatementLine]
    only_recorded: list[Recorded]


@dataclass(frozen=True, slots=True)
class _Entry:
    rank: int
    authorisation: str
    cents: int


def compare(lines: Sequence[StatementLine], recorded: Sequence[Recorded]) -> Comparison:
    """Pair both sides, duplicates counted: two lines for one payment leave one line alone."""
    left: dict[str, list[_Entry]] = defaultdict(list)
    right: dict[str, list[_Entry]] = defaultdict(list)
    for rank, line in enumerate(lines):
        left[normalised(line.reference)].append(_Entry(rank, normalised(line.authorisation), line.cents))
    for rank, payment in enumerate(recorded):
        right[normalised(payment.reference)].append(_Entry(rank, normalised(payment.authorisation), payment.cents))
    same: list[tuple[int, int]] = []
    other: list[tuple[int, int]] = []
    for reference in left.keys() & right.keys() - {""}:
        _pair(left[reference], right[reference], same, other)
    paired_lines = {line for line, _ in same} | {line for line, _ in other}
    paired_payments = {payment for _, payment in same} | {payment for _, payment in other}
    return Comparison(
        in_both=[Pair(lines[a], recorded[b]) for a, b in sorted(same)],
        amount_differs=[Pair(lines[a], recorded[b]) for a, b in sorted(other)],
        only_in_statement=[line for rank, line in enumerate(lines) if rank not in paired_lines],
        only_recorded=[payment for rank, payment in enumerate(recorded) if rank not in paired_payments],
    )


def _pair(left: list[_Entry], right: list[_Entry], same: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Pair the entries of one reference: those of one amount first, then what is left."""
    for pairs, amount_of in ((same, _cents), (other, _any_amount)):
        left, right = _matched(left, right, pairs, amount_of)


def _matched(
    left: list[_Entry], right: list[_Entry], pairs: list[tuple[int, int]], amount_of: Callable[[_Entry], int]
) -> tuple[list[_Entry], list[_Entry]]:
    """Add the pairs that agree on `amount_of`; what is left of both sides.

    An authorised entry goes to its like, else to one without authorisation; those without take what is left. In this
    order as many are paired as can be.
    """
    for left_authorised, right_authorised in ((True, True), (True, False), (False, True), (False, False)):
        both = left_authorised and right_authorised
        waiting: dict[tuple[str, int], deque[_Entry]] = defaultdict(deque)
        for entry in right:
            if bool(entry.authorisation) == right_authorised:
                waiting[entry.authorisation if both else "", amount_of(entry)].append(entry)
        taken_left, taken_right = set(), set()
        for entry in left:
            if bool(entry.authorisation) == left_authorised:
                partners = waiting[entry.authorisation if both else "", amount_of(entry)]
                if partners:
                    partner = partners.popleft()
                    pairs.append((entry.rank, partner.rank))
                    taken_left.add(entry.rank)
                    taken_right.add(partner.rank)
        left = [entry for entry in left if entry.rank not in taken_left]
        right = [entry for entry in right if entry.rank not in taken_right]
    return left, right


def _cents(entry: _Entry) -> int:
    return entry.cents


def _any_amount(_: _Entry) -> int:
    return 0
