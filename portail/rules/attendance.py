"""Ticking who is there: what a tap makes of a mark, quarters of an hour, which of two tablets holds (feature M4)."""

from enum import StrEnum

QUARTER = 15  # minutes
MIDNIGHT = 24 * 60


class Mark(StrEnum):
    """What staff wrote of one child, activity and day; NOTHING: nobody wrote anything."""

    NOTHING = ""
    PRESENT = "present"
    JUSTIFIED = "justified"
    ABSENT = "absent"


CYCLE = (Mark.NOTHING, Mark.PRESENT, Mark.JUSTIFIED, Mark.ABSENT)
"""What one tap after the other says (shared design, ux §8.2); after the last, nothing again."""


class Outcome(StrEnum):
    """What became of a mark that a tablet sent."""

    APPLIED = "applied"
    CONFLICT = "conflict"  # somebody else wrote meanwhile: theirs is kept, both are in the history
    REFUSED = "refused"


def tapped(mark: Mark) -> Mark:
    """The mark that follows a tap."""
    return CYCLE[(CYCLE.index(mark) + 1) % len(CYCLE)]


def quarter(minutes: int) -> int:
    """The nearest quarter of an hour, in minutes after midnight; half-way goes to the later one. Choice of the product.

    Neither side gains: a child who arrives at 16 h 37 is written at 16 h 30, one who leaves at 17 h 38 at 17 h 45.
    """
    return min((minutes + QUARTER // 2) // QUARTER * QUARTER, MIDNIGHT)


def holds(*, seen: str, current: str, same: bool) -> Outcome:
    """May a mark made upon the version `seen` be written over the version `current`?

    Versions are opaque, "" for nothing written. `same`: it says just what is written already, whoever wrote it.
    """
    return Outcome.APPLIED if same or seen == current else Outcome.CONFLICT
