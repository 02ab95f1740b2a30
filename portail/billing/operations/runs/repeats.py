"""What was reckoned for one child is not reckoned again for the next one who came on the same days at the same price.

Most children of a town eat on one of a few sets of weekdays, and two quotients of one bracket pay the same: only the
names and the quotient itself, which the invoice shows, are each family's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portail.billing.wording import RunAnomaly
from portail.bookings.queries.attendance import Patterns
from portail.rules import pricing

_MOST = 10_000  # months kept at once: by then their memory would cost more than it saves


@dataclass(frozen=True, slots=True)
class AlikeLine:
    """A line of an invoice, whoever's it is. `by_quotient`: it is to show the quotient. `detail`: JSON, an object."""

    label: str
    quantity: int
    unit_cents: int
    care_cents: int
    food_cents: int
    extra_cents: int
    by_quotient: bool
    detail: str


@dataclass(frozen=True, slots=True)
class AlikeMonth:
    """What the `days` of a child at an activity make. `noticed`: by anomaly, the days to look at, as ISO text."""

    days: Sequence[pricing.Consumed]
    lines: Sequence[AlikeLine]
    noticed: Sequence[tuple[RunAnomaly, list[str]]]


@dataclass(slots=True)
class Repeats:
    """What one process has reckoned for one run. The tariffs of an activity must not change meanwhile."""

    patterns: Patterns = field(default_factory=dict)
    _classes: dict[tuple[int, pricing.Standing], int] = field(default_factory=dict)
    _numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _months: dict[tuple[int, int], AlikeMonth] = field(default_factory=dict)

    def month(
        self,
        days: Sequence[pricing.Consumed],
        place: tuple[int, Sequence[pricing.Tariff]],
        standing: pricing.Standing,
        reckon: Callable[[], AlikeMonth],
    ) -> AlikeMonth:
        """What `reckon` gives, or gave for the same days (the same value of `patterns`) and families who pay alike.

        `place`: the key of the activity and its tariffs. The family stands as told all month.
        """
        # By identity: to hash twenty days would cost more than all the rest. The month keeps its days alive.
        key = (id(days), self._class(place, standing))
        found = self._months.get(key)
        if found is None or found.days is not days:
            if len(self._months) >= _MOST:
                self._months.clear()
            found = self._months[key] = reckon()
        return found

    def _class(self, place: tuple[int, Sequence[pricing.Tariff]], standing: pricing.Standing) -> int:
        """A number for all the standings of which the tariffs make the same, the quotient aside."""
        activity, tariffs = place
        found = self._classes.get((activity, standing))
        if found is None:
            if len(self._classes) >= _MOST:
                for known in (self._classes, self._numbers, self._months):
                    known.clear()  # together: the numbers begin again
            grounds = (activity, *(replace(pricing.quote(tariff, standing), quotient=None) for tariff in tariffs))
            found = self._classes[activity, standing] = self._numbers.setdefault(grounds, len(self._numbers))
        return found
