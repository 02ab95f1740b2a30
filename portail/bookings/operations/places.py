"""Places of the limited activities: counted under lock, never sold twice.

Only limited days have a counter. Counters are created and locked in one global order (limit, then day), so that no two
submissions wait for one another; each is then written by a conditional update, and the database's own check stands
behind (`places_never_overbooked`). On SQLite the transaction already holds the only write lock.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Count, F, Q

from portail.bookings.models import Limit, Places, Presence
from portail.bookings.queries.offer import LimitRow, Offer
from portail.families.queries import ChildRow
from portail.rules.booking import Cell, Outcome, Refusal, Verdict, Wish, settle

Counter = tuple[int, date]  # (limit key, day)


class PlaceLostError(RuntimeError):
    """A counter moved although it was locked: a fault of ours, which rolls the submission back."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The submission that asks for places, and what was booked before it."""

    offer: Offer
    children: Mapping[str, ChildRow]
    booked: Collection[Cell]

    def limits_on(self, wish: Wish) -> list[LimitRow]:
        """The capacities that a booking of this cell counts against."""
        child = self.children.get(wish.person)
        if child is None:
            return []
        return [x for x in self.offer.limits.get(wish.activity, ()) if x.school_id in (None, child.school_id)]


def take_places(verdicts: list[Verdict], demand: Demand) -> list[Verdict]:
    """The same verdicts, less the bookings for which no place is left; the counters are written.

    Within a submission cancellations give their places first, whatever the order; then the first wishes are served.
    """
    counted = [v for v in verdicts if v.outcome in (Outcome.BOOKED, Outcome.CANCELLED) and demand.limits_on(v.wish)]
    if not counted:
        return verdicts
    limits = {limit.id: limit for v in counted for limit in demand.limits_on(v.wish)}
    wanted = {(limit.id, v.wish.day) for v in counted for limit in demand.limits_on(v.wish)}
    taken = _lock(wanted, limits)
    while True:
        refused = _refused(verdicts, demand, taken)
        if not refused:
            break
        verdicts = settle(verdicts, refused, demand.offer.rulebook, demand.booked)
    _count(_moves(verdicts, demand), limits)
    return verdicts


def _lock(wanted: Collection[Counter], limits: Mapping[int, LimitRow]) -> dict[Counter, int]:
    """Create the missing counters, lock all of them, and say how many places each has taken.

    Created first, locked only then: a submission that waits to create a counter must hold no other one meanwhile.
    """
    asked = Q(pk__in=[])
    for limit_id in limits:
        asked |= Q(limit_id=limit_id, day__in=[day for pk, day in wanted if pk == limit_id])
    counters = Places.objects.filter(asked).order_by("limit_id", "day")
    missing = sorted(set(wanted) - set(counters.values_list("limit_id", "day")))
    if missing:
        Places.objects.bulk_create(_fresh(missing, limits), ignore_conflicts=True)
    return {(c.limit_id, c.day): c.taken for c in counters.select_for_update()}


def _fresh(missing: Collection[Counter], limits: Mapping[int, LimitRow]) -> list[Places]:
    """Counters that start from what is already booked (a limit may be set on an activity in use). One query."""
    rows = (
        Presence.objects.filter(
            activity__code__in={limits[pk].activity for pk, _ in missing}, day__in={day for _, day in missing}
        )
        .values_list("activity__code", "day", "person__classroom__school_id")
        .annotate(number=Count("id"))
        .order_by()
    )
    booked = list(rows)
    fresh = []
    for pk, day in missing:
        limit = limits[pk]
        taken = sum(
            number
            for code, on, school_id, number in booked
            if (code, on) == (limit.activity, day) and limit.school_id in (None, school_id)
        )
        fresh.append(Places(limit_id=pk, day=day, seats=max(limit.seats, taken), taken=taken))
    return fresh


def count_taken(limit: Limit) -> None:
    """Give a limit its counters for every day already booked, so that pages see at once which days are full."""
    booked = Presence.objects.filter(activity_id=limit.activity_id)
    if limit.school_id is not None:
        booked = booked.filter(person__classroom__school_id=limit.school_id)
    days = booked.values_list("day").annotate(number=Count("id")).order_by("day")
    Places.objects.bulk_create(
        [Places(limit=limit, day=day, seats=max(limit.seats, taken), taken=taken) for day, taken in days],
        ignore_conflicts=True,
    )


def _moves(verdicts: Iterable[Verdict], demand: Demand) -> dict[Counter, int]:
    moves: dict[Counter, int] = {}
    for v in verdicts:
        step = {Outcome.BOOKED: 1, Outcome.CANCELLED: -1}.get(v.outcome, 0)
        for limit in demand.limits_on(v.wish) if step else ():
            counter = (limit.id, v.wish.day)
            moves[counter] = moves.get(counter, 0) + step
    return moves


def _refused(verdicts: Iterable[Verdict], demand: Demand, taken: Mapping[Counter, int]) -> dict[Wish, Verdict]:
    """The bookings that find no place, served in order once all cancellations are counted."""
    left: dict[Counter, int] = {}
    verdicts = list(verdicts)
    for v in verdicts:
        for limit in demand.limits_on(v.wish):
            counter = (limit.id, v.wish.day)
            if counter in taken:
                left.setdefault(counter, limit.seats - taken[counter])
                left[counter] += v.outcome is Outcome.CANCELLED
    refused = {}
    for v in verdicts:
        if v.outcome is not Outcome.BOOKED:
            continue
        counters = [(limit.id, v.wish.day) for limit in demand.limits_on(v.wish)]
        if any(left[counter] < 1 for counter in counters):
            refused[v.wish] = replace(v, outcome=Outcome.REFUSED, refusal=Refusal.FULL, when=None, late=False)
            continue
        for counter in counters:
            left[counter] -= 1
    return refused


def _count(moves: Mapping[Counter, int], limits: Mapping[int, LimitRow]) -> None:
    for (limit_id, day), step in sorted(moves.items()):
        if not step:
            continue
        counter = Places.objects.filter(limit_id=limit_id, day=day)
        if step > 0:
            seats = limits[limit_id].seats
            written = counter.filter(taken__lte=seats - step).update(taken=F("taken") + step, seats=seats)
        else:
            written = counter.filter(taken__gte=-step).update(taken=F("taken") + step)
        if not written:
            raise PlaceLostError(f"counter {limit_id} on {day} refused {step:+}")
