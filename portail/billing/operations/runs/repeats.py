"""What was reckoned for one child is not reckoned again for the next one who came on the same days at the same price.

Most children of a town eat on one of a few sets of weekdays, and two quotients of one bracket pay the same: only the
quotient itself, which the invoice shows, is each family's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portail.rules import pricing

Explained = tuple[pricing.Priced, tuple[dict[str, Any], ...]]
"""A month priced, and what stands behind each of its lines."""

_MOST = 50_000  # kept at once: by then the memory of it would cost more than it saves
_Key = tuple[tuple[pricing.Consumed, ...], int, tuple[tuple[int, pricing.Quote], ...]]


@dataclass(slots=True)
class Repeats:
    """What one process has reckoned for one run. The tariffs must outlive it: they are known by identity."""

    quotes: dict[tuple[int, pricing.Standing], tuple[int, pricing.Quote]] = field(default_factory=dict)
    months: dict[_Key, Explained] = field(default_factory=dict)

    def priced(
        self,
        days: Sequence[pricing.Consumed],
        tariffs: Sequence[pricing.Tariff],
        standing: pricing.Standing,
        before: int,
    ) -> Explained:
        """`price_month` where the family stands alike all month. `before`: its `justified_before`.

        The lines may carry the quotient of another family of the same bracket; the explanations carry this one's.
        """
        ordered = tuple(sorted(days, key=_day))
        key = (ordered, before, tuple([self._grounds(tariff, standing) for tariff in tariffs]))
        found = self.months.get(key)
        if found is None:
            if len(self.months) >= _MOST:
                self.months.clear()
            priced = pricing.price_month(ordered, tariffs, lambda _: standing, justified_before=before)
            found = self.months[key] = priced, tuple(pricing.explain(line) for line in priced.lines)
        priced, details = found
        return priced, tuple([_own(detail, standing.quotient) for detail in details])

    def _grounds(self, tariff: pricing.Tariff, standing: pricing.Standing) -> tuple[int, pricing.Quote]:
        """All that a tariff makes of a standing, the quotient aside."""
        key = (id(tariff), standing)
        found = self.quotes.get(key)
        if found is None:
            if len(self.quotes) >= _MOST:
                self.quotes.clear()
            found = self.quotes[key] = id(tariff), replace(pricing.quote(tariff, standing), quotient=None)
        return found


def _day(consumed: pricing.Consumed) -> Any:
    return consumed.day


def _own(detail: Mapping[str, Any], quotient: int | None) -> dict[str, Any]:
    return {**detail, "quotient": None if detail["quotient"] is None else quotient}
