"""Who owes the days of a person: the shares that the town set, else the weeks of custody, else the first payer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portail.rules.booking import Right
from portail.rules.pricing import AlternateWeeks, OnePayer, Rule, Shares
from portail.rules.weeks import in_alternate_weeks

NOBODY = 0
"""Not the key of any payer: days that nobody owes."""


@dataclass(frozen=True, slots=True)
class Tie:
    """The right of a payer over a person; `weeks_from`: a Monday of this payer's weeks when custody alternates."""

    payer: int
    right: Right
    weeks_from: date | None


def rule_of(ties: Sequence[Tie], shares: Mapping[int | None, Sequence[tuple[int, int]]], activity: int) -> Rule:
    """Who owes a person's days at an activity (its key). `shares`: (payer, percent) by activity, None: all others.

    A payer who may only read never pays, unless the town gave them a share.
    """
    found = shares.get(activity) or shares.get(None)
    if found:
        if len(found) == 1:
            return OnePayer(found[0][0])
        return Shares(tuple((payer, Decimal(percent)) for payer, percent in found))
    full = [tie.payer for tie in ties if tie.right is Right.FULL]
    weeks = [tie for tie in ties if tie.right is Right.WEEKS and tie.weeks_from is not None]
    if not weeks:
        return OnePayer(full[0] if full else NOBODY)
    first = weeks[0]
    anchor = first.weeks_from or date.min
    others = [tie.payer for tie in weeks[1:] if tie.weeks_from and not in_alternate_weeks(anchor, tie.weeks_from)]
    return AlternateWeeks(anchor, first.payer, next(iter([*others, *full]), NOBODY))


def payer_on(rule: Rule, day: date) -> int:
    """Whose quotient, residence and rank price this day; of shares, the first payer's."""
    match rule:
        case OnePayer():
            return rule.payer
        case AlternateWeeks():
            return rule.first if in_alternate_weeks(rule.anchor, day) else rule.second
        case Shares():
            return rule.percents[0][0]


def payers_of(rule: Rule) -> Iterator[int]:
    """Everybody whom a rule names."""
    match rule:
        case OnePayer():
            yield rule.payer
        case AlternateWeeks():
            yield from (rule.first, rule.second)
        case Shares():
            yield from (payer for payer, _ in rule.percents)
