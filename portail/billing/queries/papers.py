"""What is printed: one invoice or one payment with all that its paper says; what the tax certificate counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Prefetch

from portail.billing.models import Allocation, BilledActivity, Invoice, InvoiceLine, Payment
from portail.families.models import Payer, Person
from portail.rules.invoicing import pro_rata

PARTS = ("care_cents", "food_cents", "extra_cents")
_Parts = Mapping[int, tuple[int, ...]]
UNDER = 6  # years on the first of January (art. 200 quater B CGI; the limit is « né à compter du 1er janvier »)


@dataclass(frozen=True, slots=True)
class CertifiedRow:
    """A child and the cents that were paid in the year for their care. `siret` of the régie, "" when not known."""

    name: str
    birth_date: date
    cents: int
    siret: str


def invoice_to_print(public_id: UUID) -> Invoice:
    """A numbered invoice with its régie and lines. Two queries. Raises Invoice.DoesNotExist."""
    lines = InvoiceLine.objects.select_related("person__classroom__school", "activity").order_by("position")
    rows = Invoice.objects.select_related("regie", "payer", "remittance").prefetch_related(Prefetch("lines", lines))
    return rows.get(public_id=public_id, number__isnull=False)


def payment_to_print(public_id: UUID) -> Payment:
    """A payment with its invoices. Three queries. Raises Payment.DoesNotExist."""
    rows = Payment.objects.select_related("regie", "payer", "attempt")
    return rows.prefetch_related("allocations__invoice", "reversals").get(public_id=public_id)


def certified_children(payer: Payer, year: int) -> list[CertifiedRow]:
    """Care paid by this payer in the year, by child under six. Four queries, whatever the number of invoices.

    A payment falls on the lines of its invoice in proportion to their parts, less what credit notes took off them. One
    that did not come after all was never paid, whenever that was known.
    """
    allocations = Allocation.objects.filter(
        payment__payer=payer,
        payment__on__year=year,
        payment__reverses__isnull=True,
        payment__reversals__isnull=True,
        invoice__kind=Invoice.Kind.INVOICE,
    )
    paid: dict[int, int] = defaultdict(int)
    credited: dict[int, int] = {}
    for invoice, cents, taken_off in allocations.values_list("invoice_id", "cents", "invoice__credited_cents"):
        paid[invoice] += cents
        credited[invoice] = taken_off
    given = _given_back(invoice for invoice, cents in credited.items() if cents)
    deductible = {
        row.activity_id: row for row in BilledActivity.objects.filter(deductible=True).select_related("regie")
    }
    lines: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in (
        InvoiceLine.objects.filter(invoice__in=paid).select_related("person").order_by("invoice_id", "position")
    ):
        lines[line.invoice_id].append(line)
    found: dict[int, int] = defaultdict(int)
    persons: dict[int, Person] = {}
    siret = ""
    for invoice, cents in paid.items():
        parts = _parts_left(lines[invoice], given.get(invoice, {}), credited[invoice])
        for line, care in _care_paid(lines[invoice], parts, cents):
            billed = deductible.get(line.activity_id or 0)
            if billed is None or line.person is None or not _young(line.person, year):
                continue
            siret = siret or str(billed.regie.treasury.get("siret", ""))
            found[line.person.pk] += care
            persons[line.person.pk] = line.person
    return [
        CertifiedRow(str(persons[key]), persons[key].birth_date or date(year, 1, 1), cents, siret)
        for key, cents in sorted(found.items(), key=lambda item: persons[item[0]].sort_key)
        if cents > 0
    ]


def _given_back(invoices: Iterable[int]) -> Mapping[int, _Parts]:
    """What credit notes gave back of these invoices: care, food and extra cents by line position."""
    found: dict[int, dict[int, tuple[int, ...]]] = defaultdict(dict)
    rows = InvoiceLine.objects.filter(invoice__corrects__in=list(invoices))
    for invoice, detail, *parts in rows.values_list("invoice__corrects", "detail", *PARTS):
        before = found[invoice].get(detail["corrects_line"], (0, 0, 0))
        found[invoice][detail["corrects_line"]] = tuple(map(sum, zip(before, parts, strict=True)))
    return found


def _parts_left(lines: list[InvoiceLine], given: _Parts, credited: int) -> list[int]:
    """The parts of each line, less those that came off the invoice: the rest of a note came off later ones."""
    parts = [max(0, getattr(line, part)) for line in lines for part in PARTS]
    back = [cents for line in lines for cents in given.get(line.position, (0, 0, 0))]
    return [part - off for part, off in zip(parts, pro_rata(back, credited), strict=True)]


def _care_paid(lines: list[InvoiceLine], parts: list[int], cents: int) -> list[tuple[InvoiceLine, int]]:
    """What of a payment falls on the care part of each line."""
    shares = pro_rata(parts, max(0, min(cents, sum(parts))))
    return [(line, shares[3 * place]) for place, line in enumerate(lines)]


def _young(person: Person, year: int) -> bool:
    return person.birth_date is not None and person.birth_date >= date(year - UNDER, 1, 1)
