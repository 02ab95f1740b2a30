"""What is about to be written: the invoice of a payer and its lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portail.billing.models import Invoice
from portail.billing.operations.runs.reading import Household
from portail.billing.wording import RunAnomaly
from portail.rules.invoicing import InvoiceStatus

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_text(detail: Mapping[str, Any]) -> str:
    """JSON, without blanks: a month of a town holds millions of days."""
    return _JSON.encode(detail)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line to be written: the columns of `models.InvoiceLine`.

    `common`: the part of its detail that it shares with the lines of other families, as JSON (an object), "" when it
    shares nothing; `detail` holds the rest.
    """

    label: str
    quantity: int
    unit_cents: int
    care_cents: int
    food_cents: int
    extra_cents: int
    detail: Mapping[str, Any]
    person: int | None = None
    activity: int | None = None
    common: str = ""

    @property
    def detail_text(self) -> str:
        """The whole detail, as JSON."""
        own = to_text(self.detail)
        return f"{own[:-1]},{self.common[1:]}" if self.common else own

    @property
    def amount_cents(self) -> int:
        return self.care_cents + self.food_cents + self.extra_cents


@dataclass(slots=True)
class DraftInvoice:
    """What one payer owes, being gathered. `items`: by anomaly, the children, activities and days concerned."""

    payer: Household
    lines: list[DraftLine] = field(default_factory=list)
    items: dict[RunAnomaly, list[dict[str, Any]]] = field(default_factory=dict)
    carries: list[Invoice] = field(default_factory=list)
    status: InvoiceStatus = InvoiceStatus.DRAFT

    @property
    def total_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)

    def notice(self, kind: RunAnomaly, **item: Any) -> None:
        self.items.setdefault(kind, []).append(item)
