"""Invoices that the former software issued, taken over as they are: their own numbers, lines and dates."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from portail.billing.models import Invoice, InvoiceLine, LotCounter, Regie
from portail.billing.operations.setup import BillingError, activity_named, regie_named
from portail.bookings.models import Activity
from portail.families.models import Payer, Person
from portail.rules.invoicing import LAST_LOT, LONGEST_NUMBER, REFERENCE_SENT, InvoiceStatus, sent
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_-]*")
LONGEST_REFERENCE = 40
HIGHEST_CENTS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class TakenLine:
    """A line as it was printed, in cents. The parts sum to the amount; what nobody said is care.

    `person` and `activity` are codes, empty where the line is about none; `detail`: as `rules.pricing.explain`.
    """

    label: str
    amount_cents: int
    person: str = ""
    activity: str = ""
    quantity: int = 1
    unit_cents: int | None = None
    food_cents: int = 0
    extra_cents: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TakenInvoice:
    """An invoice as it was issued. `lot`: that of its number, which no run of ours may take again; 0 for none.

    `published`: families see it at once.
    """

    regie: str
    payer: Payer
    number: str
    reference: str
    exercise: int
    lot: int
    label: str
    issued_on: date
    due_on: date
    lines: Sequence[TakenLine]
    payable_until: date | None = None
    published: bool = True


@transaction.atomic
def take_over_invoice(*, draft: TakenInvoice, by: Actor, now: datetime) -> Invoice:
    """Enter an invoice of the former software, still to be paid. Raises BillingError, writing nothing."""
    regie = regie_named(draft.regie)
    _check(draft, regie)
    total = sum(line.amount_cents for line in draft.lines)
    invoice = Invoice.objects.create(
        status=InvoiceStatus.ISSUED.value,
        regie=regie,
        payer=draft.payer,
        exercise=draft.exercise,
        number=draft.number,
        reference=draft.reference,
        label=draft.label,
        issued_on=draft.issued_on,
        due_on=draft.due_on,
        payable_until=draft.payable_until,
        published_at=now if draft.published else None,
        payer_name=str(draft.payer),
        payer_address=draft.payer.address,
        total_cents=total,
    )
    InvoiceLine.objects.bulk_create(_lines(invoice, draft.lines))
    _keep_lot(draft)
    record(Act("take_over_invoice", draft.number, after={"regie": draft.regie, "cents": total}), by=by, now=now)
    return invoice


def _check(draft: TakenInvoice, regie: Regie) -> None:
    total = sum(line.amount_cents for line in draft.lines)
    online = regie.provider != Regie.Provider.NONE
    faults = (
        (not draft.lines, f"La facture {draft.number} n'a aucune ligne."),
        (not 0 <= total <= HIGHEST_CENTS, f"Le total de la facture {draft.number} est impossible."),
        (
            len(draft.number) > LONGEST_NUMBER or not NUMBER.fullmatch(draft.number),
            f"Un numéro de facture a {LONGEST_NUMBER} caractères au plus : lettres sans accent, chiffres et tirets.",
        ),
        (len(draft.reference) > LONGEST_REFERENCE, f"Une référence a {LONGEST_REFERENCE} caractères au plus."),
        (
            online and not REFERENCE_SENT.fullmatch(sent(draft.reference)),
            f"PayFiP ne prendrait pas la référence « {draft.reference} » : de 6 à 30 lettres sans accent et chiffres.",
        ),
        (not 2000 <= draft.exercise <= 2999, "L'exercice est une année."),
        (not 0 <= draft.lot <= LAST_LOT, f"Un lot va de 1 à {LAST_LOT}."),
        (not 0 < len(draft.label.strip()) <= 90, "Le libellé d'une facture a de 1 à 90 caractères."),
        (draft.due_on < draft.issued_on, "L'échéance vient avant le jour d'émission."),
    )
    for wrong, words in faults:
        if wrong:
            raise BillingError(words)
    same = Q(number=draft.number)
    if draft.reference:
        same |= Q(regie=regie, exercise=draft.exercise, reference=draft.reference)
    if Invoice.objects.filter(same).exists():
        raise BillingError(f"La facture {draft.number}, ou une autre de même référence, existe déjà.")


def _lines(invoice: Invoice, lines: Sequence[TakenLine]) -> list[InvoiceLine]:
    persons = {person.code: person for person in Person.objects.filter(code__in={line.person for line in lines})}
    activities = {code: activity_named(code) for code in sorted({line.activity for line in lines if line.activity})}
    return [_line(invoice, place, line, (persons, activities)) for place, line in enumerate(lines, start=1)]


def _line(
    invoice: Invoice, place: int, line: TakenLine, known: tuple[Mapping[str, Person], Mapping[str, Activity]]
) -> InvoiceLine:
    persons, activities = known
    if line.person and line.person not in persons:
        raise BillingError(f"Aucun enfant n'a le code {line.person}.")
    care = line.amount_cents - line.food_cents - line.extra_cents
    if min(line.food_cents, line.extra_cents, care if line.amount_cents >= 0 else 0, line.quantity) < 0:
        raise BillingError(f"Les parts de la ligne « {line.label} » ne font pas son montant.")
    person, activity = persons.get(line.person), activities.get(line.activity)
    names = {"person": str(person) if person else "", "activity": str(activity) if activity else ""}
    return InvoiceLine(
        invoice=invoice,
        person=person,
        activity=activity,
        position=place,
        label=line.label[:200],
        quantity=line.quantity,
        unit_cents=line.amount_cents if line.unit_cents is None else line.unit_cents,
        amount_cents=line.amount_cents,
        care_cents=care,
        food_cents=line.food_cents,
        extra_cents=line.extra_cents,
        detail={**{name: value for name, value in names.items() if value}, **line.detail},
    )


def _keep_lot(draft: TakenInvoice) -> None:
    """No run takes this lot, nor an earlier one, of that year."""
    if not draft.lot:
        return
    LotCounter.objects.get_or_create(exercise=draft.exercise)
    counter = LotCounter.objects.select_for_update().get(exercise=draft.exercise)
    if counter.last < draft.lot:
        counter.last = draft.lot
        counter.save(update_fields=["last"])
