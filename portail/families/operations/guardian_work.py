"""The guardians of a file entered, or taken back, by slices: payers, what was empty of theirs, their links to children.

A new payer gets a code that nobody knows: the letter gives the first that opens (« Lettres et codes »).
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, Q

from portail.families.hashing import hash_code
from portail.families.models import ImportBatch, ImportRow, Link, Payer, Person
from portail.families.operations.import_work import GONE, OUTRUN, OUTRUN_SINCE, finish_batch, lock_batch, save_rows
from portail.families.operations.register import LONGEST_KEY
from portail.rules.booking import Right
from portail.rules.codes import new_payer_code
from portail.rules.names import sort_key
from portail.towns.actors import Actor

CONTACT = ("email", "phone", "address")
TAKEN = "Ce payeur a été créé entre-temps."
NO_CHILD = "Ses enfants ne sont plus dans le portail."
IN_USE = "Ce payeur a déjà d'autres enfants, des réservations ou des factures."

_Row = ImportRow.State


@transaction.atomic
def guardian_slice(*, batch: ImportBatch, size: int, by: Actor, now: datetime) -> int:
    """Do up to `size` lines that are planned; returns how many were dealt with. 0: the import is over, and says so."""
    locked = lock_batch(batch)
    rows = list(
        ImportRow.objects.filter(batch=locked, state=_Row.PLANNED).select_related("payer").order_by("pk")[:size]
    )
    if not rows:
        finish_batch(locked, ImportBatch.State.DONE, now=now)
        return 0
    there = set(Person.objects.filter(pk__in=_named(rows)).values_list("pk", flat=True))
    for row in rows:
        if "children" in row.after:
            row.after["children"] = [key for key in row.after["children"] if key in there]
    _create([row for row in rows if row.verdict == ImportRow.Verdict.NEW])
    _fill([row for row in rows if row.verdict != ImportRow.Verdict.NEW])
    _link([row for row in rows if row.state == _Row.DONE])
    save_rows(rows, "import_families", locked, by=by, now=now)
    return len(rows)


@transaction.atomic
def undo_guardian_slice(*, batch: ImportBatch, size: int, by: Actor, now: datetime) -> int:
    """Put back up to `size` lines as they were; returns how many were dealt with. 0: it is over, and says so."""
    locked = lock_batch(batch)
    rows = list(ImportRow.objects.filter(batch=locked, state=_Row.DONE).order_by("-pk")[:size])
    if not rows:
        ImportRow.objects.filter(batch=locked, state=_Row.PLANNED).update(state=_Row.IDLE)
        finish_batch(locked, ImportBatch.State.UNDONE, now=now)
        return 0
    payers = _payers(rows)
    for row in rows:
        payer = payers.get(row.payer_id or 0)
        row.reason = _put_back(row, payer) if payer is not None else ""
        row.state = _Row.STUCK if row.reason else _Row.UNDONE
    save_rows(rows, "undo_import", locked, by=by, now=now)
    return len(rows)


def _create(rows: Sequence[ImportRow]) -> None:
    known = _known_since(rows)
    for row in rows:
        taken = _name_key(row.after) in known or (row.after["email"] and row.after["email"].casefold() in known)
        row.reason = TAKEN if taken else "" if row.after["children"] else NO_CHILD
        row.state = _Row.REFUSED if row.reason else _Row.DONE
    wanted = [row for row in rows if not row.reason]
    nobody_knows = hash_code(new_payer_code(secrets.randbelow), weak=False)
    made = [_payer(row.after, nobody_knows) for row in wanted]
    Payer.objects.bulk_create(made)
    for row, payer in zip(wanted, made, strict=True):
        row.payer = payer


def _payer(after: Mapping[str, Any], code_hash: str) -> Payer:
    return Payer(
        first_name=after["first_name"],
        last_name=after["last_name"],
        sort_key=_name_key(after),
        email=after["email"],
        phone=after["phone"],
        address=after["address"],
        code_hash=code_hash,
    )


def _known_since(rows: Sequence[ImportRow]) -> set[str]:
    """The names and e-mails of payers entered since the dry run, among those of these lines."""
    names = [_name_key(row.after) for row in rows]
    emails = Q(pk=None)
    for row in rows:
        if row.after["email"]:
            emails |= Q(email__iexact=row.after["email"])
    ours = ImportRow.objects.filter(batch__in={row.batch_id for row in rows}, payer__isnull=False).values("payer")
    found = Payer.objects.filter(Q(sort_key__in=names) | emails).exclude(pk__in=ours).values_list("sort_key", "email")
    return {value for key, email in found for value in (key, email.casefold()) if value}


def _fill(rows: Sequence[ImportRow]) -> None:
    """What is still empty of payers who were known."""
    payers, changed = _payers(rows), []
    for row in rows:
        payer = payers.get(row.payer_id or 0)
        row.reason = GONE if payer is None else "" if _holds(payer, row.before) else OUTRUN
        row.state = _Row.REFUSED if row.reason else _Row.DONE
        if payer is not None and not row.reason:
            _set(payer, row.after)
            changed.append(payer)
    Payer.objects.bulk_update(changed, CONTACT)


def _link(rows: Sequence[ImportRow]) -> None:
    """The links that are not there yet; each line keeps those that it made, to undo them alone."""
    payers = {row.payer_id for row in rows if row.payer_id is not None}
    there = set(Link.objects.filter(payer__in=payers).values_list("payer_id", "person_id"))
    made = []
    for row in rows:
        row.after["children"] = [key for key in row.after.get("children", []) if (row.payer_id, key) not in there]
        made += [Link(payer=row.payer, person_id=key, right=Right.FULL.value) for key in row.after["children"]]
    Link.objects.bulk_create(made)


def _put_back(row: ImportRow, payer: Payer) -> str:
    """Undo one line; returns why it cannot be, "" when it is done."""
    if not _holds(payer, row.after):
        return OUTRUN_SINCE
    try:
        _take_back(row, payer)
    except (ProtectedError, _InUseError):
        return IN_USE
    return ""


class _InUseError(Exception):
    """Deleting would take more away than the payer alone."""


@transaction.atomic
def _take_back(row: ImportRow, payer: Payer) -> None:
    Link.objects.filter(payer=payer, person__in=row.after["children"], right=Right.FULL.value).delete()
    if row.verdict == ImportRow.Verdict.NEW:
        _, by_table = Payer.objects.filter(pk=payer.pk).delete()
        if set(by_table) - {Payer._meta.label}:
            raise _InUseError
        row.payer = None
        return
    _set(payer, row.before)
    payer.save(update_fields=CONTACT)


def _payers(rows: Sequence[ImportRow]) -> dict[int, Payer]:
    keys = [row.payer_id for row in rows if row.payer_id is not None]
    found = Payer.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    return {one.pk: one for one in found}


def _named(rows: Sequence[ImportRow]) -> Collection[int]:
    return {key for row in rows for key in row.after.get("children", ())}


def _holds(payer: Payer, values: Mapping[str, Any]) -> bool:
    names = (*CONTACT, "first_name", "last_name")
    return all(getattr(payer, name) == values[name] for name in names if name in values)


def _set(payer: Payer, values: Mapping[str, Any]) -> None:
    for name in CONTACT:
        if name in values:
            setattr(payer, name, values[name])


def _name_key(values: Mapping[str, Any]) -> str:
    return sort_key(values["last_name"], values["first_name"])[:LONGEST_KEY]
