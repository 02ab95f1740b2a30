"""What a chunk of payers is billed from, read at once: the number of queries depends on nobody's number of children."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

from django.db.models import F, Q, QuerySet

from portail.billing.models import (
    BilledActivity,
    CostShare,
    Invoice,
    InvoiceEmail,
    InvoiceLine,
    InvoiceRun,
    Regie,
    Tariff,
)
from portail.billing.operations.runs.owing import Tie
from portail.billing.operations.runs.repeats import Repeats
from portail.billing.operations.setup import SAID
from portail.bookings.queries.attendance import Days, consumed_days, recorded_days
from portail.bookings.queries.records import Span
from portail.families.models import Link, Payer, Person, Quotient
from portail.rules import pricing
from portail.rules.booking import Right
from portail.rules.invoicing import InvoiceStatus

WAITING = timedelta(days=31)  # the longest « délai de carence », looked for before the month


@dataclass(frozen=True, slots=True)
class Book:
    """What holds for the whole run: activities by key (name, place in the list), tariffs, days with attendance."""

    span: Span
    activities: Mapping[int, tuple[str, int]]
    tariffs: Mapping[int, Sequence[pricing.Tariff]]
    tariff_keys: Mapping[int, int]  # of the row, by id() of the tariff
    recorded: Collection[tuple[int, date]]
    repeats: Repeats = field(default_factory=Repeats)

    @property
    def read_from(self) -> date:
        """The first day to read: before the month when an absence that began there may count in it."""
        waits = any(tariff.absences.waiting_days for tariffs in self.tariffs.values() for tariff in tariffs)
        return self.span.first - WAITING if waits else self.span.first


@dataclass(frozen=True, slots=True)
class Household:
    """A payer. `ranks`: of their children, oldest first."""

    id: int
    name: str
    address: str
    resident: bool
    email: str
    quotients: Sequence[pricing.QuotientSpan] = ()
    ranks: Mapping[int, int] = field(default_factory=dict)

    def steady(self, person: int, span: Span) -> pricing.Standing | None:
        """The standing that prices all the days of the span; None when the quotient changes within it."""
        if len(self.quotients) > 1:
            return None
        for known in self.quotients:
            if known.first > span.first or (known.last is not None and known.last < span.last):
                return None
        return self.standing(person, span.first)

    def standing(self, person: int, day: date) -> pricing.Standing:
        """What prices this person's day."""
        quotient = pricing.quotient_on(self.quotients, day) if self.quotients else None
        return _standing(quotient, self.resident, self.ranks.get(person, 1))


@cache
def _standing(quotient: int | None, resident: bool, rank: int) -> pricing.Standing:
    """One value for all who stand alike."""
    return pricing.Standing(quotient, resident, rank)


@dataclass(frozen=True, slots=True)
class Child:
    """A person whose days are billed, and who answers for them."""

    id: int
    code: str
    name: str
    sort_key: str
    ties: list[Tie]
    shares: Mapping[int | None, Sequence[tuple[int, int]]]


Billed = Mapping[tuple[int, int], Mapping[tuple[int, date], int]]
"""By person and activity: how many times each (payer, day) was billed before."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Payers to bill, and all that it takes. `households` also holds the other payers of their children."""

    payers: Sequence[int]
    households: Mapping[int, Household]
    children: Sequence[Child]
    days: Days
    billed: Billed
    carried: Mapping[int, Sequence[tuple[Invoice, date]]]  # with the month that each one billed
    credits: Mapping[int, Sequence[Invoice]]
    told: Collection[int]  # payers with a confirmed address for their invoices


def read_book(regie: Regie, month: date) -> Book:
    """Activities, tariffs and days with attendance of a run. Three queries."""
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    span = Span(month, last)
    billed = BilledActivity.objects.filter(regie=regie).order_by("activity__group__position", "activity__position")
    names = list(billed.values_list("activity_id", "activity__name"))
    activities = {key: (name, place) for place, (key, name) in enumerate(names)}
    tariffs: dict[int, list[pricing.Tariff]] = {key: [] for key in activities}
    keys = {}
    known = Tariff.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=month), activity_id__in=activities)
    for row in known.filter(first_day__lte=last).order_by("first_day"):
        days = {"name": row.name, "valid_from": row.first_day, "valid_to": row.last_day}
        tariff = replace(pricing.from_json(row.rule), **days)
        tariffs[row.activity_id].append(tariff)
        keys[id(tariff)] = row.pk
    return Book(span, activities, tariffs, keys, recorded_days(list(activities), span))


def of_payers(payers: Sequence[Payer]) -> Q:
    """The rows of these payers, who follow each other by their keys: two bounds are said faster than 200 keys."""
    return Q(payer_id__gte=payers[0].pk, payer_id__lte=payers[-1].pk)


def read_chunk(run: InvoiceRun, payers: Sequence[Payer], book: Book) -> Chunk:
    """Everything about these payers' month. They follow each other by their keys.

    No query may look at more than these payers: the planner of SQLite, which knows nothing of how large a town is,
    would rather read a whole town in order than sort. Hence the sorts in Python, and what is left out of some filters.
    """
    keys, about = [payer.pk for payer in payers], of_payers(payers)
    children = _children(about)
    persons = [child.id for child in children]
    answering = {tie.payer for child in children for tie in child.ties} | {
        payer for child in children for found in child.shares.values() for payer, _ in found
    }
    return Chunk(
        payers=keys,
        households=_households({payer.pk: payer for payer in payers}, about, answering, book.span),
        children=children,
        days=consumed_days(persons, list(book.activities), Span(book.read_from, book.span.last), book.repeats.patterns),
        billed=_billed(run, persons) if run.rank > 1 else {},
        carried=_carried(run, about),
        credits=_credits(run, about),
        told=set(InvoiceEmail.objects.filter(about, confirmed_at__isnull=False).values_list("payer_id", flat=True)),
    )


def _children(about: Q) -> list[Child]:
    """Those for whom these payers answer, in the order of their names. Two queries."""
    links = Link.objects.filter(about).exclude(right=Right.READ_ONLY.value).order_by().values("person_id")
    persons = links.union(CostShare.objects.filter(about).order_by().values("person_id"))
    shares = _shares(persons)
    rows = Person.objects.filter(pk__in=persons).order_by()
    columns = ("id", "code", "first_name", "last_name", "sort_key")
    ties = ("links__id", "links__payer_id", "links__right", "links__weeks_from")
    found: dict[int, tuple[Child, list[tuple[int, Tie]]]] = {}
    for key, code, first, last, name, link, payer, right, weeks_from in rows.values_list(*columns, *ties):
        if key not in found:
            found[key] = Child(key, code, f"{first} {last}", name, [], shares.get(key, {})), []
        if right not in (None, Right.READ_ONLY.value):
            found[key][1].append((link, Tie(payer, Right(right), weeks_from)))
    for child, some in found.values():
        child.ties.extend(tie for _, tie in sorted(some, key=lambda pair: pair[0]))
    return sorted((child for child, _ in found.values()), key=lambda child: (child.sort_key, child.id))


def _shares(persons: "QuerySet[Any, Any]") -> dict[int, dict[int | None, list[tuple[int, int]]]]:
    found: dict[int, dict[int | None, list[tuple[int, int]]]] = {}
    rows = CostShare.objects.filter(person_id__in=persons).order_by()
    for _, person, activity, payer, percent in sorted(
        rows.values_list("id", "person_id", "activity_id", "payer_id", "percent")
    ):
        found.setdefault(person, {}).setdefault(activity, []).append((payer, percent))
    return found


def _households(known: Mapping[int, Payer], about: Q, answering: set[int], span: Span) -> dict[int, Household]:
    """Three queries: the other payers, every quotient, every rank."""
    others = answering - known.keys()
    payers = {**known, **{payer.pk: payer for payer in Payer.objects.filter(pk__in=others)}}
    everybody = about | Q(payer_id__in=others)
    quotients: dict[int, list[pricing.QuotientSpan]] = {}
    rows = Quotient.objects.filter(everybody, first_day__lte=span.last).exclude(last_day__lt=span.first).order_by()
    for first, payer_id, last, value in sorted(
        rows.values_list("first_day", "payer_id", "last_day", "value"), key=itemgetter(0)
    ):
        quotients.setdefault(payer_id, []).append(pricing.QuotientSpan(first, last, value))
    ranks = _ranks(everybody)
    return {
        key: Household(
            key, str(payer), payer.address, payer.resident, payer.email, quotients.get(key, ()), ranks.get(key, {})
        )
        for key, payer in payers.items()
    }


def _ranks(about: Q) -> dict[int, dict[int, int]]:
    """The rank of each child of a payer: active children, oldest first, those without a birth date last."""
    found: dict[int, dict[int, int]] = {}
    links = Link.objects.filter(about, person__active=True, person__kind=Person.Kind.CHILD)
    oldest_first = F("person__birth_date").asc(nulls_last=True)
    rows = links.exclude(right=Right.READ_ONLY.value).order_by(oldest_first, "person_id")
    for payer, person in rows.values_list("payer_id", "person_id"):
        ranks = found.setdefault(payer, {})
        ranks[person] = len(ranks) + 1
    return found


def _billed(run: InvoiceRun, persons: list[int]) -> Billed:
    """What earlier runs of the same régie and month billed, less what credit notes gave back to be billed again."""
    found: dict[tuple[int, int], Counter[tuple[int, date]]] = {}
    earlier = {"regie": run.regie_id, "month": run.month, "rank__lt": run.rank}
    lines = InvoiceLine.objects.filter(person_id__in=persons)
    said = lines.filter(
        invoice__kind=Invoice.Kind.INVOICE,
        invoice__status__in=SAID,
        **{f"invoice__run__{name}": value for name, value in earlier.items()},
    )
    undone = lines.filter(
        invoice__kind=Invoice.Kind.CREDIT_NOTE,
        detail__rebill=True,
        **{f"invoice__corrects__run__{name}": value for name, value in earlier.items()},
    )
    columns = ("person_id", "activity_id", "invoice__payer_id", "detail")
    for sign, rows in ((1, said), (-1, undone)):
        for person, activity, payer, detail in rows.values_list(*columns):
            days = found.setdefault((person, activity), Counter())
            for day in _days(detail):
                days[payer, day] += sign
    return found


def _days(detail: Mapping[str, Any]) -> list[date]:
    return [date.fromisoformat(day["day"]) for day in detail.get("days", ())]


def _carried(run: InvoiceRun, about: Q) -> dict[int, list[tuple[Invoice, date]]]:
    """What earlier runs of the régie left for a later one, locked: two runs must not both take it."""
    found: dict[int, list[tuple[Invoice, date]]] = {}
    rows = Invoice.objects.filter(
        about,
        status=InvoiceStatus.CARRIED.value,
        carried_into__isnull=True,
        run__state__in=("issued", "published"),
    ).exclude(run=run)
    locked = rows.select_for_update(of=("self",)).select_related("run").order_by("id")
    for invoice in locked.prefetch_related("lines"):
        if invoice.run is not None and invoice.regie_id == run.regie_id:
            found.setdefault(invoice.payer_id, []).append((invoice, invoice.run.month))
    return found


def _credits(run: InvoiceRun, about: Q) -> dict[int, list[Invoice]]:
    """Credit notes of the régie that still hold something, oldest first, with their lines."""
    found: dict[int, list[Invoice]] = {}
    rows = Invoice.objects.filter(
        about, kind=Invoice.Kind.CREDIT_NOTE, total_cents__gt=F("paid_cents") + F("credited_cents")
    )
    for note in rows.order_by("issued_on", "id").prefetch_related("lines"):
        # Asked here: the index of a régie by status leads to all the invoices that it ever issued.
        if note.regie_id == run.regie_id and note.status == InvoiceStatus.ISSUED.value:
            found.setdefault(note.payer_id, []).append(note)
    return found
