"""What was reckoned for one child is not reckoned again for the next one who came on the same days at the same price.

Most children of a town eat on one of a few sets of weekdays, and two quotients of one bracket pay the same: only the
names and the quotient itself, which the invoice shows, are each family's own.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from portail.billing.wording import RunAnomaly
from portail.bookings.queries.attendance import Patterns
from portail.rules import pricing

_MOST: Final = 10_000  # of each kind kept at once: by then their memory would cost more than they save


@dataclass(frozen=True, slots=True)
class Content:
    """What a line of an invoice says and costs, whoever's it is; amounts in cents.

    `detail`: what stands behind it, as JSON (an object, never empty); what is each family's own is not in it.
    `by_quotient`: the quotient of the family is, and is to be shown.
    """

    label: str
    quantity: int
    unit_cents: int
    amount_cents: int
    care_cents: int
    food_cents: int
    extra_cents: int
    detail: str
    by_quotient: bool = False


@dataclass(frozen=True, slots=True)
class AlikeMonth:
    """What the `days` of a child at an activity make. `noticed`: by anomaly, the days to look at, as ISO text."""

    days: Sequence[pricing.Consumed]
    lines: Sequence[Content]
    noticed: Sequence[tuple[RunAnomaly, list[str]]]


@dataclass(frozen=True, slots=True)
class Peers:
    """All the families who stand alike. `classes`: by the key of an activity, that of `standing` there."""

    standing: pricing.Standing
    classes: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Repeats:
    """What one process has reckoned for one run. The tariffs of an activity must not change meanwhile."""

    patterns: Patterns = field(default_factory=dict)
    _peers: dict[pricing.Standing, Peers] = field(default_factory=dict)
    _classes: dict[Hashable, int] = field(default_factory=dict)
    _months: dict[tuple[int, int], AlikeMonth] = field(default_factory=dict)
    _fresh: "count[int]" = field(default_factory=count)  # numbers of classes, never given twice

    def peers(self, standing: pricing.Standing) -> Peers:
        """The families of this standing."""
        found = self._peers.get(standing)
        if found is None:
            _make_room(self._peers)
            found = self._peers[standing] = Peers(standing)
        return found

    def month(
        self,
        days: Sequence[pricing.Consumed],
        place: tuple[int, Sequence[pricing.Tariff]],
        peers: Peers,
        reckon: Callable[[], AlikeMonth],
    ) -> AlikeMonth:
        """What `reckon` gives, or gave for the same days (the same value of `patterns`) and families who pay alike.

        `place`: the key of the activity and its tariffs. The family stands as told all month.
        """
        alike = peers.classes.get(place[0])
        if alike is None:
            alike = peers.classes[place[0]] = self._class(place, peers.standing)
        # By identity: to hash twenty days would cost more than all the rest. The month keeps its days alive.
        key = (id(days), alike)
        found = self._months.get(key)
        if found is None or found.days is not days:
            _make_room(self._months)
            found = self._months[key] = reckon()
        return found

    def _class(self, place: tuple[int, Sequence[pricing.Tariff]], standing: pricing.Standing) -> int:
        """A number for all the standings of which the tariffs make the same, the quotient aside."""
        activity, tariffs = place
        grounds = (activity, *(pricing.likeness(tariff, standing) for tariff in tariffs))
        found = self._classes.get(grounds)
        if found is None:
            _make_room(self._classes)
            found = self._classes[grounds] = next(self._fresh)
        return found


def _make_room(kept: dict[Any, Any]) -> None:
    """Begin again when there is too much. Nothing else need be forgotten: what was kept is right, whoever finds it."""
    if len(kept) >= _MOST:
        kept.clear()
