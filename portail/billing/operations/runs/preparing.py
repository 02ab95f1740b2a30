"""Prepare a run: what each payer owes a régie for a month, as drafts that the town looks at before anything is issued.

Payers are taken by chunks, in the order of their keys, each chunk in a short transaction of its own that also says how
far it went: a run that was killed goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from portail.billing.models import Anomaly, CostShare, Invoice, InvoiceRun, Regie
from portail.billing.operations.runs.computing import compute
from portail.billing.operations.runs.reading import Book, of_payers, read_book, read_chunk
from portail.billing.operations.runs.undone import without_undone
from portail.billing.operations.runs.writing import Found, forget, write, write_anomalies
from portail.billing.operations.setup import BillingError, regie_named
from portail.billing.wording import RunAnomaly
from portail.bookings.queries.attendance import consumed_days
from portail.families.models import Link, Payer, Person
from portail.rules.booking import Right
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

CHUNK = 200  # payers of one transaction: on SQLite nobody else writes meanwhile
State = InvoiceRun.State
OPEN = (State.PREPARING, State.PREPARED)
DONE = (State.ISSUED, State.PUBLISHED)
LAST_RANK = 99


@dataclass(frozen=True, slots=True)
class RunDraft:
    """A run to prepare: a régie (its code), the first day of a month, what the invoices say.

    `rank` 2 and more bill what earlier ones of the month did not. `payable_until` None: the régie's own deadline, set
    when the invoices are issued. `exercise` None: the year of the day of preparation.
    """

    regie: str
    month: date
    label: str
    due_on: date
    rank: int = 1
    payable_until: date | None = None
    exercise: int | None = None


def prepare_run(
    *, draft: RunDraft, by: Actor, now: datetime, told: Callable[[int, int], None] | None = None
) -> InvoiceRun:
    """Compute the invoices of a run as drafts, with the list of what to look at. Raises BillingError.

    Called again, it goes on with a run that was cut short, and otherwise computes everything anew: the drafts are
    replaced, answers to unchanged anomalies stay. Nothing is numbered. One transaction for each `CHUNK` payers, between
    which `told` hears how many payers of how many are done, and may raise to stop there.
    """
    run = _begin(draft, by=by, now=now)
    book = read_book(run.regie, run.month)
    done, total = 0, Payer.objects.count() if told else 0
    while _prepare_chunk(run.pk, book, now):
        done += CHUNK
        if told:
            told(done, total)
    return _end(run.pk, _owed_by_nobody(book), by=by, now=now)


def abandon_run(*, run: UUID, by: Actor, now: datetime) -> None:
    """Delete a run whose invoices are not numbered, with its drafts, by chunks. Raises BillingError.

    Cut short, it leaves a run to be prepared or abandoned again.
    """
    while _abandon_chunk(run):
        pass
    _abandon(run, by=by, now=now)


def locked_run(run: UUID) -> InvoiceRun:
    """The run with its régie, locked for the transaction. Raises BillingError when there is none."""
    found = InvoiceRun.objects.select_for_update(of=("self",)).select_related("regie").filter(public_id=run).first()
    if found is None:
        raise BillingError("Cette campagne de facturation n'existe pas.")
    return found


@transaction.atomic
def _abandon_chunk(run: UUID) -> bool:
    """Take back the next drafts; False when none is left."""
    found = _abandoned(run)
    payers = list(Invoice.objects.filter(run=found).order_by("id").values_list("payer_id", flat=True)[:CHUNK])
    forget(found, Q(payer_id__in=payers))
    InvoiceRun.objects.filter(pk=found.pk).update(state=State.PREPARING, prepared_up_to=0)
    return bool(payers)


@transaction.atomic
def _abandon(run: UUID, *, by: Actor, now: datetime) -> None:
    found = _abandoned(run)
    if Invoice.objects.filter(run=found).exists():
        raise BillingError("Cette campagne est préparée de nouveau en ce moment : elle n'est pas abandonnée.")
    Anomaly.objects.filter(run=found).delete()
    record(Act("abandon_run", _subject(found)), by=by, now=now)
    found.delete()


def _abandoned(run: UUID) -> InvoiceRun:
    found = locked_run(run)
    if found.state not in OPEN:
        raise BillingError(
            "Cette campagne est déjà numérotée : ses factures ne peuvent qu'être corrigées par un avoir."
        )
    return found


@transaction.atomic
def _begin(draft: RunDraft, *, by: Actor, now: datetime) -> InvoiceRun:
    regie = regie_named(draft.regie)
    exercise = draft.exercise or town_day(now).year
    _check(draft, regie, exercise)
    columns: dict[str, Any] = {
        "label": draft.label,
        "exercise": exercise,
        "due_on": draft.due_on,
        "payable_until": draft.payable_until,
    }
    place = {"regie": regie, "month": draft.month, "rank": draft.rank}
    run, created = InvoiceRun.objects.select_for_update(of=("self",)).get_or_create(**place, defaults=columns)
    if run.state not in OPEN:
        raise BillingError(f"La campagne « {run} » est déjà numérotée : facturez le reste du mois au rang suivant.")
    if not created:
        _resume(run, columns)
    record(
        Act("prepare_run", _subject(run), after={name: str(value) for name, value in columns.items()}), by=by, now=now
    )
    return run


def _resume(run: InvoiceRun, columns: dict[str, Any]) -> None:
    """Go on with a run cut short, if nothing else is asked of it; begin again otherwise."""
    same = all(getattr(run, name) == value for name, value in columns.items())
    if not (same and run.state == State.PREPARING):
        run.state, run.prepared_up_to = State.PREPARING, 0
    for name, value in columns.items():
        setattr(run, name, value)
    run.save(update_fields=["state", "prepared_up_to", *columns])


def _check(draft: RunDraft, regie: Regie, exercise: int) -> None:
    faults = (
        (draft.month.day != 1, "Une campagne est celle d'un mois, dit par son premier jour."),
        (not 1 <= draft.rank <= LAST_RANK, f"Le rang va de 1 à {LAST_RANK}."),
        (not 0 < len(draft.label.strip()) <= 90, "Le libellé des factures a de 1 à 90 caractères."),
        (draft.due_on < draft.month, "L'échéance vient avant le mois facturé."),
        (
            draft.payable_until is not None and draft.payable_until < draft.month,
            "Le dernier jour de paiement en ligne vient avant le mois facturé.",
        ),
        (not 2000 <= exercise <= 2999, "L'exercice est une année."),
        (not regie.active, f"La régie « {regie} » n'est plus active."),
    )
    for wrong, words in faults:
        if wrong:
            raise BillingError(words)
    earlier = InvoiceRun.objects.filter(regie=regie, month=draft.month, rank__lt=draft.rank, state__in=DONE).count()
    if earlier < draft.rank - 1:
        raise BillingError("Émettez d'abord les campagnes de rang inférieur de ce mois.")


@transaction.atomic
def _prepare_chunk(key: int, book: Book, now: datetime) -> bool:
    """Compute the next payers; False when there is none left, or when somebody else finished the run."""
    run = _mine(key)
    if run is None or run.state != State.PREPARING:
        return False
    payers = list(Payer.objects.filter(pk__gt=run.prepared_up_to).order_by("pk")[:CHUNK])
    if not payers:
        return False
    about = of_payers(payers)
    forget(run, about)
    chunk = without_undone(run, read_chunk(run, payers, book))
    write(run, about, compute(chunk, book, run.regie.minimum_cents), now=now)
    InvoiceRun.objects.filter(pk=run.pk).update(prepared_up_to=payers[-1].pk)
    return True


@transaction.atomic
def _end(key: int, alone: Sequence[Found], *, by: Actor, now: datetime) -> InvoiceRun:
    run = _mine(key)
    if run is None:
        raise BillingError("Cette campagne a été abandonnée pendant sa préparation.")
    if run.state == State.PREPARING:
        write_anomalies(run, Q(payer__isnull=True), alone, now=now)
        run.state, run.prepared_at = State.PREPARED, now
        run.save(update_fields=["state", "prepared_at"])
        record(Act("run_prepared", _subject(run)), by=by, now=now)
    return run


def _mine(key: int) -> InvoiceRun | None:
    return InvoiceRun.objects.select_for_update(of=("self",)).select_related("regie").filter(pk=key).first()


def _owed_by_nobody(book: Book) -> list[Found]:
    """The days of persons for whom nobody answers: no payer leads to them."""
    answers = Link.objects.filter(person=OuterRef("pk")).exclude(right=Right.READ_ONLY.value)
    shares = CostShare.objects.filter(person=OuterRef("pk"))
    alone = Person.objects.filter(~Exists(answers), ~Exists(shares)).order_by("sort_key", "id")
    persons = {person.pk: person for person in alone}
    items: dict[int, list[dict[str, Any]]] = {key: [] for key in persons}
    for (person, activity), days in consumed_days(list(persons), list(book.activities), book.span).items():
        about = {"person": persons[person].code, "name": str(persons[person]), "activity": book.activities[activity][0]}
        items[person].append({**about, "days": sorted(day.day.isoformat() for day in days)})
    found = [item for some in items.values() for item in sorted(some, key=lambda item: str(item["activity"]))]
    return [(None, RunAnomaly.NO_PAYER, {"items": found})] if found else []


def _subject(run: InvoiceRun) -> str:
    return f"{run.regie}, {run.month:%m/%Y}, rang {run.rank}"
