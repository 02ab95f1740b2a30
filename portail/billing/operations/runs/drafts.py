"""What is about to be written: the invoice of a payer and its lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portail.billing.models import Invoice
from portail.billing.operations.runs.reading import Household
from portail.billing.operations.runs.repeats import Content
from portail.billing.wording import RunAnomaly
from portail.rules.invoicing import InvoiceStatus

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_text(value: Mapping[str, Any] | str | None) -> str:
    """JSON, without blanks: a month of a town holds millions of days."""
    return _JSON.encode(value)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line to be written: the columns of `models.InvoiceLine`.

    `own`: what of its detail it does not share with the lines of other families, as the beginning of a JSON object
    (« {"person":"Aline BOND" »), "" when all of it is in `content`.
    """

    content: Content
    own: str = ""
    person: int | None = None
    activity: int | None = None

    @property
    def detail_text(self) -> str:
        """The whole detail, as JSON."""
        return f"{self.own},{self.content.detail[1:]}" if self.own else self.content.detail


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
        return sum(line.content.amount_cents for line in self.lines)

    def notice(self, kind: RunAnomaly, **item: Any) -> None:
        self.items.setdefault(kind, []).append(item)
