"""Reads about runs of invoices: those of a month, their totals, their check list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from portail.billing.models import Anomaly, Invoice, InvoiceRun
from portail.billing.wording import BLOCKING, RUN_ANOMALIES, RunAnomaly
from portail.rules.invoicing import InvoiceStatus

_WORDS = {kind.value: words for kind, words in RUN_ANOMALIES.items()}
_BLOCKING = {kind.value for kind in BLOCKING}


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as a list shows it. Amounts in cents; `invoices` leaves out those carried over, told by `carried`.

    `anomalies`: still to look at, by kind; `blocking`: one of them holds the run back.
    """

    public_id: UUID
    regie: str
    month: date
    rank: int
    label: str
    state: InvoiceRun.State
    lot: int | None
    due_on: date
    payable_until: date | None
    issued_at: datetime | None
    published_at: datetime | None
    invoices: int
    cents: int
    paid_cents: int
    credited_cents: int
    carried: int
    carried_cents: int
    anomalies: Mapping[str, int]

    @property
    def blocking(self) -> bool:
        return any(kind in _BLOCKING for kind in self.anomalies)


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """An entry of the check list. `items`: the children, activities and days concerned; `payer` empty: nobody."""

    public_id: UUID
    kind: str
    words: str
    payer: str
    items: list[dict[str, Any]]
    blocking: bool
    answer: str
    solved_at: datetime | None


def runs_of_month(month: date) -> list[RunRow]:
    """The runs of the month that holds this day, by régie and rank. Three queries."""
    return _rows(Q(month=month.replace(day=1)))


def latest_runs(number: int = 24) -> list[RunRow]:
    """The last runs of the town, the latest month first. Three queries."""
    keys = InvoiceRun.objects.order_by("-month", "-id").values_list("id", flat=True)[:number]
    return sorted(_rows(Q(pk__in=list(keys))), key=lambda row: row.month, reverse=True)


def run_summary(public_id: UUID) -> RunRow | None:
    """One run, or None. Three queries."""
    return next(iter(_rows(Q(public_id=public_id))), None)


def check_list(public_id: UUID, *, solved: bool = False) -> list[AnomalyRow]:
    """What is still to look at in a run (or, `solved`, what was answered): what holds it back first. One query."""
    rows = Anomaly.objects.filter(run__public_id=public_id, solved_at__isnull=not solved).select_related("payer")
    order = {kind.value: place for place, kind in enumerate([*BLOCKING, *RunAnomaly])}
    found = sorted(rows.order_by("payer__sort_key", "id"), key=lambda row: order.get(row.kind, len(order)))
    return [
        AnomalyRow(
            public_id=row.public_id,
            kind=row.kind,
            words=_WORDS.get(row.kind, row.kind),
            payer=str(row.payer) if row.payer else "",
            items=row.data.get("items", []),
            blocking=row.kind in _BLOCKING,
            answer=row.answer,
            solved_at=row.solved_at,
        )
        for row in found
    ]


def _rows(where: Q) -> list[RunRow]:
    runs = list(InvoiceRun.objects.filter(where).select_related("regie").order_by("month", "regie__name", "rank"))
    totals = _totals([run.pk for run in runs])
    anomalies = _anomalies([run.pk for run in runs])
    return [_row(run, totals.get(run.pk, {}), anomalies.get(run.pk, {})) for run in runs]


def _totals(runs: list[int]) -> dict[int, dict[str, int]]:
    carried = Q(status=InvoiceStatus.CARRIED.value)
    rows = Invoice.objects.filter(run_id__in=runs).order_by().values("run_id")
    found = rows.annotate(
        invoices=Count("id", filter=~carried),
        cents=Sum("total_cents", filter=~carried, default=0),
        paid_cents=Sum("paid_cents", filter=~carried, default=0),
        credited_cents=Sum("credited_cents", filter=~carried, default=0),
        carried=Count("id", filter=carried),
        carried_cents=Sum("total_cents", filter=carried, default=0),
    )
    return {row.pop("run_id"): row for row in found}


def _anomalies(runs: list[int]) -> dict[int, dict[str, int]]:
    rows = Anomaly.objects.filter(run_id__in=runs, solved_at__isnull=True).order_by().values_list("run_id", "kind")
    found: dict[int, dict[str, int]] = {}
    for run, kind, number in rows.annotate(number=Count("id")):
        found.setdefault(run, {})[kind] = number
    return found


def _row(run: InvoiceRun, totals: Mapping[str, int], anomalies: Mapping[str, int]) -> RunRow:
    return RunRow(
        public_id=run.public_id,
        regie=str(run.regie),
        month=run.month,
        rank=run.rank,
        label=run.label,
        state=InvoiceRun.State(run.state),
        lot=run.lot,
        due_on=run.due_on,
        payable_until=run.payable_until,
        issued_at=run.issued_at,
        published_at=run.published_at,
        invoices=totals.get("invoices", 0),
        cents=totals.get("cents", 0),
        paid_cents=totals.get("paid_cents", 0),
        credited_cents=totals.get("credited_cents", 0),
        carried=totals.get("carried", 0),
        carried_cents=totals.get("carried_cents", 0),
        anomalies=anomalies,
    )
