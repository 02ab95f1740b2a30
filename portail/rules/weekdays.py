"""Sets of weekdays, 0 = Monday … 6 = Sunday, and the seven bits by which a table stores them (1 = Monday)."""

from collections.abc import Iterable

EVERY_DAY = 0b1111111


def to_mask(weekdays: Iterable[int]) -> int:
    """{0, 2} -> 0b101. Raises ValueError for a weekday outside 0..6."""
    mask = 0
    for weekday in weekdays:
        if not 0 <= weekday <= 6:
            raise ValueError(f"no such weekday: {weekday}")
        mask |= 1 << weekday
    return mask


def from_mask(mask: int) -> frozenset[int]:
    """0b101 -> {0, 2}."""
    return frozenset(weekday for weekday in range(7) if mask >> weekday & 1)
