"""An import done, or undone, by slices: one transaction each, a fixed number of queries, whatever the slice holds.

The state of each line is the cursor: killed anywhere, the work goes on with the lines that are still to do. A line that
the register has outrun since the dry run, or since the import, is refused alone.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, Q

from portail.families.models import Classroom, ImportBatch, ImportRow, Person
from portail.families.operations.register import DRAWS, LONGEST_KEY, RegisterError
from portail.rules.codes import new_child_code
from portail.rules.names import sort_key
from portail.rules.onde_matching import Place
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

FIELDS = ("last_name", "first_name", "birth_date", "ine", "classroom_id", "active")
OUTRUN = "La fiche a changé depuis la vérification."
OUTRUN_SINCE = "La fiche a changé depuis l'import."
GONE = "La fiche n'existe plus."
TAKEN = "Cet enfant a été créé entre-temps."
INE_TAKEN = "Cet INE est maintenant celui d'un autre enfant."
IN_USE = "Cet enfant a déjà un payeur, des réservations ou d'autres informations."

_Row = ImportRow.State


@transaction.atomic
def import_slice(*, batch: ImportBatch, size: int, by: Actor, now: datetime) -> int:
    """Do up to `size` lines that are planned; returns how many were dealt with. 0: the import is over, and says so."""
    locked = lock_batch(batch)
    rows = list(ImportRow.objects.filter(batch=locked, state=_Row.PLANNED).order_by("pk")[:size])
    if not rows:
        finish_batch(locked, ImportBatch.State.DONE, now=now)
        return 0
    _resolve_places(locked, rows)
    _create([row for row in rows if row.verdict == ImportRow.Verdict.NEW])
    _change([row for row in rows if row.verdict != ImportRow.Verdict.NEW])
    save_rows(rows, "import_families", locked, by=by, now=now)
    return len(rows)


@transaction.atomic
def undo_slice(*, batch: ImportBatch, size: int, by: Actor, now: datetime) -> int:
    """Put back up to `size` lines as they were; returns how many were dealt with. 0: it is over, and says so."""
    locked = lock_batch(batch)
    rows = list(ImportRow.objects.filter(batch=locked, state=_Row.DONE).order_by("-pk")[:size])
    if not rows:
        _drop_classes(locked)
        ImportRow.objects.filter(batch=locked, state=_Row.PLANNED).update(state=_Row.IDLE)
        finish_batch(locked, ImportBatch.State.UNDONE, now=now)
        return 0
    persons = _persons(rows)
    _put_back([row for row in rows if row.verdict != ImportRow.Verdict.NEW], persons)
    _remove([row for row in rows if row.verdict == ImportRow.Verdict.NEW], persons)
    save_rows(rows, "undo_import", locked, by=by, now=now)
    return len(rows)


def lock_batch(batch: ImportBatch) -> ImportBatch:
    """The import, so that nobody else works on it until the commit."""
    row: ImportBatch = ImportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    return row


def finish_batch(batch: ImportBatch, state: ImportBatch.State, *, now: datetime) -> None:
    """The import, or its undoing, is over."""
    batch.state = state
    if state is ImportBatch.State.DONE:
        batch.done_at = now
    else:
        batch.undone_at = now
    batch.save(update_fields=["state", "done_at", "undone_at"])


def save_rows(rows: Sequence[ImportRow], verb: str, batch: ImportBatch, *, by: Actor, now: datetime) -> None:
    """Keep what became of each line, and one line in the trail."""
    ImportRow.objects.bulk_update(rows, ["state", "reason", "person", "payer", "before", "after"])
    refused = sum(row.state in (_Row.REFUSED, _Row.STUCK) for row in rows)
    after = {"import": str(batch.public_id), "done": len(rows) - refused, "refused": refused}
    record(Act(verb, batch.name, after=after), by=by, now=now)


def _persons(rows: Sequence[ImportRow]) -> dict[int, Person]:
    keys = [row.person_id for row in rows if row.person_id is not None]
    found = Person.objects.select_for_update(no_key=True, of=("self",)).select_related("classroom").order_by("pk")
    return {one.pk: one for one in found.filter(pk__in=keys)}


# ── classes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _resolve_places(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    """Give each line the key of its class, making the classes that are not there yet."""
    wanted: dict[Place, set[str]] = {}
    for row in rows:
        if row.after.get("place"):
            school, name = row.after["place"]
            wanted.setdefault((school, name), set()).add(row.after.get("level") or "")
    known = _classes({school for school, _ in wanted})
    lacking = [place for place in sorted(wanted) if _key(place) not in known]
    if lacking:
        unique = {_key(place): place for place in lacking}
        made = Classroom.objects.bulk_create(
            Classroom(school_id=school, name=name, level="-".join(sorted(wanted[school, name] - {""}))[:20])
            for school, name in unique.values()
        )
        batch.classrooms = [*batch.classrooms, *(one.pk for one in made)]
        batch.save(update_fields=["classrooms"])
        known.update({_key((one.school_id, one.name)): one.pk for one in made})
    for row in rows:
        if "place" in row.after:
            place = row.after["place"]
            row.after["classroom_id"] = known[_key((place[0], place[1]))] if place else None


def _classes(schools: Collection[int]) -> dict[tuple[int, str], int]:
    rows = Classroom.objects.filter(school__in=schools).order_by("-pk").values_list("school_id", "name", "pk")
    return {_key((school, name)): pk for school, name, pk in rows}


def _key(place: Place) -> tuple[int, str]:
    return place[0], sort_key(place[1])


def _drop_classes(batch: ImportBatch) -> None:
    """The classes that the import made and that nobody is in."""
    try:
        with transaction.atomic():
            Classroom.objects.filter(pk__in=batch.classrooms, persons=None).delete()
    except ProtectedError:
        return  # they serve by now


# ── doing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _create(rows: Sequence[ImportRow]) -> None:
    """New children. Whoever was entered since the dry run is not entered twice."""
    known = _known_since(rows)
    for row in rows:
        row.reason = TAKEN if _is_known(row.after, known) else ""
        row.state = _Row.REFUSED if row.reason else _Row.DONE
    wanted = [row for row in rows if not row.reason]
    made = [_person(row.after, code) for row, code in zip(wanted, _codes(len(wanted)), strict=True)]
    Person.objects.bulk_create(made)
    for row, person in zip(wanted, made, strict=True):
        row.person = person


def _person(after: Mapping[str, Any], code: str) -> Person:
    return Person(
        code=code,
        first_name=after["first_name"],
        last_name=after["last_name"],
        sort_key=_name_key(after),
        birth_date=_day(after["birth_date"]),
        ine=after["ine"],
        classroom_id=after["classroom_id"],
    )


def _known_since(rows: Sequence[ImportRow]) -> list[tuple[str, date | None, str]]:
    """(name, birth date, INE) of those in the register who have the INE or the name of one of these lines."""
    ines = [row.after["ine"] for row in rows if row.after["ine"]]
    found = Person.objects.filter(Q(ine__in=ines) | Q(sort_key__in=[_name_key(row.after) for row in rows]))
    return list(found.values_list("sort_key", "birth_date", "ine"))


def _is_known(after: Mapping[str, Any], known: Sequence[tuple[str, date | None, str]]) -> bool:
    mine, ine = (_name_key(after), _day(after["birth_date"])), after["ine"]
    return any(its == ine if ine and its else (name, born) == mine for name, born, its in known)


def _codes(count: int) -> list[str]:
    """So many child codes that nobody has."""
    found: dict[str, None] = {}
    for _ in range(DRAWS):
        drawn = {new_child_code(secrets.randbelow) for _ in range(count - len(found))}
        taken = set(Person.objects.filter(code__in=drawn).values_list("code", flat=True))
        found.update(dict.fromkeys(drawn - taken))
        if len(found) >= count:
            return list(found)[:count]
    raise RegisterError("Aucun code enfant libre n'a été trouvé.")


def _change(rows: Sequence[ImportRow]) -> None:
    persons = _persons(rows)
    holders = _holders([row.after.get("ine") for row in rows])
    changed = []
    for row in rows:
        person = persons.get(row.person_id or 0)
        row.reason = _obstacle(person, row.before, row.after, holders, OUTRUN)
        row.state = _Row.REFUSED if row.reason else _Row.DONE
        if person is not None and not row.reason:
            if "classroom_id" in row.after:
                row.before["classroom_id"] = person.classroom_id
            _set(person, row.after)
            changed.append(person)
    Person.objects.bulk_update(changed, [*FIELDS, "sort_key"])


# ── undoing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _put_back(rows: Sequence[ImportRow], persons: Mapping[int, Person]) -> None:
    holders = _holders([row.before.get("ine") for row in rows])
    changed = []
    for row in rows:
        person = persons.get(row.person_id or 0)
        row.reason = _obstacle(person, row.after, row.before, holders, OUTRUN_SINCE)
        row.state = _Row.STUCK if row.reason else _Row.UNDONE
        if person is not None and not row.reason:
            _set(person, row.before)
            changed.append(person)
    Person.objects.bulk_update(changed, [*FIELDS, "sort_key"])


def _remove(rows: Sequence[ImportRow], persons: Mapping[int, Person]) -> None:
    """Take back the children whom the import entered, unless something of theirs has come since."""
    free = []
    for row in rows:
        person = persons.get(row.person_id or 0)
        row.state, row.reason = _Row.UNDONE, ""
        if person is not None and not _is(person, row.after):
            row.state, row.reason = _Row.STUCK, OUTRUN_SINCE
        elif person is not None:
            free.append(row)
    if _deleted([row.person_id for row in free]):
        _forget(free)
        return
    for row in free:  # somebody of the slice is in use: one by one
        if _deleted([row.person_id]):
            _forget([row])
        else:
            row.state, row.reason = _Row.STUCK, IN_USE


class _InUseError(Exception):
    """Deleting would take more away than the persons themselves."""


def _deleted(keys: Sequence[int | None]) -> bool:
    """Delete these persons, but only if nothing else would go with them."""
    try:
        _delete_alone(keys)
    except (ProtectedError, _InUseError):
        return False
    return True


@transaction.atomic
def _delete_alone(keys: Sequence[int | None]) -> None:
    _, by_table = Person.objects.filter(pk__in=keys).delete()
    if set(by_table) - {Person._meta.label}:
        raise _InUseError


def _forget(rows: Sequence[ImportRow]) -> None:
    for row in rows:
        row.person = None


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _obstacle(
    person: Person | None, now_is: Mapping[str, Any], to_be: Mapping[str, Any], holders: Mapping[str, int], outrun: str
) -> str:
    """Why these values cannot be put in place of those; "" when they can."""
    if person is None:
        return GONE
    if not _is(person, now_is):
        return outrun
    holder = holders.get(to_be.get("ine") or "", person.pk)
    return "" if holder == person.pk else INE_TAKEN


def _holders(ines: Sequence[str | None]) -> dict[str, int]:
    rows = Person.objects.filter(ine__in=[one for one in ines if one]).values_list("ine", "pk")
    return dict(rows)


def _is(person: Person, values: Mapping[str, Any]) -> bool:
    """Does the register still say this? A class is compared by its key when there is one."""
    return all(_value(person, name) == _value_of(values, name) for name in FIELDS if name in values) and (
        "place" not in values or "classroom_id" in values or _place(person) == values["place"]
    )


def _set(person: Person, values: Mapping[str, Any]) -> None:
    for name in FIELDS:
        if name in values:
            setattr(person, name, _value_of(values, name))
    person.sort_key = sort_key(person.last_name, person.first_name)[:LONGEST_KEY]


def _value(person: Person, name: str) -> Any:
    return getattr(person, name)


def _value_of(values: Mapping[str, Any], name: str) -> Any:
    return _day(values[name]) if name == "birth_date" else values[name]


def _place(person: Person) -> list[Any] | None:
    return None if person.classroom is None else [person.classroom.school_id, person.classroom.name]


def _name_key(values: Mapping[str, Any]) -> str:
    return sort_key(values["last_name"], values["first_name"])[:LONGEST_KEY]


def _day(iso: str | None) -> date | None:
    return None if iso is None else date.fromisoformat(iso)
