"""A file of pupils or guardians: received and sealed, matched, tried dry; then a work, which may be undone.

The work itself, slice by slice: `import_work`, `guardian_work`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from portail.families.models import ImportBatch, ImportRow
from portail.families.operations.register import RegisterError
from portail.families.queries.imports import known_children, known_payers, known_schools, remembered
from portail.gateways import spreadsheet, workbook
from portail.gateways.spreadsheet import SpreadsheetError
from portail.rules.onde import ALIASES, Field, missing, read_pupil, told
from portail.rules.onde_guardians import (
    GUARDIAN_ALIASES,
    child_columns,
    guardian_differences,
    missing_of_guardians,
    read_guardian,
)
from portail.rules.onde_matching import Difference, Schools, Verdict, differences
from portail.towns.actors import Actor
from portail.towns.models import Job
from portail.towns.operations.files import KeptFileError, NewFile, keep_file, open_file
from portail.towns.operations.jobs import enqueue
from portail.towns.queries import town_day

KEPT_DAYS = 7
MOST_COLUMNS, MOST_LINES = 250, 10_000
LONGEST_HEADER, LONGEST_SAMPLE = 100, 40
IMPORT, UNDO = "import_families", "undo_import"  # kinds of jobs

_State = ImportBatch.State

Table = tuple[list[str], list[tuple[int, list[str]]]]
"""The headers of a file, and (number, cells) of each line below."""


class FamilyImportError(RegisterError):
    """A file that cannot be brought in, or not now; the message is a French sentence. `field`: what to correct."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True, slots=True)
class Matching:
    """How a file is to be read. `columns`: what a column says -> its place from 0; `school`: of who has none there.

    `leavers`: pupils of these schools whom the file does not have are to be deactivated.
    """

    columns: Mapping[str, int]
    school: int | None = None
    leavers: bool = False


def receive_file(*, kind: ImportBatch.Kind, name: str, content: bytes, by: Actor, now: datetime) -> ImportBatch:
    """Keep a file sealed for 7 days, and guess its columns. Raises FamilyImportError when it does not read."""
    headers, lines = table_of(content)
    columns = told(headers, ALIASES if kind is ImportBatch.Kind.PUPILS else GUARDIAN_ALIASES, remembered(kind.value))
    with transaction.atomic():
        try:
            kept = keep_file(NewFile(name, "application/octet-stream", content, KEPT_DAYS), by=by, now=now)
        except KeptFileError as error:
            raise FamilyImportError(str(error)) from error
        batch: ImportBatch = ImportBatch.objects.create(
            kind=kind, name=kept.name, file=kept, headers=headers, columns=columns, lines=len(lines),
            sample=[_plain(cell)[:LONGEST_SAMPLE] for cell in lines[0][1]],
            actor=by.name, at=now,
        )  # fmt: skip
    return batch


def table_of(content: bytes) -> Table:
    """The headers and lines of a CSV or XLSX file. Raises FamilyImportError."""
    try:
        if content.startswith(b"PK\x03\x04"):
            rows = list(workbook.rows_of(content))
        else:
            text, _ = spreadsheet.decoded(content)
            rows = list(spreadsheet.rows_of(text, spreadsheet.guessed_separator(text)))
    except SpreadsheetError as error:
        raise FamilyImportError(str(error)) from error
    if len(rows) < 2:
        raise FamilyImportError("Ce fichier est vide : il faut une ligne d'en-têtes, puis une ligne par élève.")
    headers = [_plain(cell) for cell in rows[0][1]]
    if len(headers) > MOST_COLUMNS or len(rows) > MOST_LINES + 1:
        raise FamilyImportError(f"Au plus {MOST_LINES} lignes et {MOST_COLUMNS} colonnes : coupez ce fichier.")
    return headers, rows[1:]


def plan_import(*, batch: ImportBatch, matching: Matching, by: Actor, now: datetime) -> ImportBatch:
    """Try the file dry: what each line would do is written beside the import, the register is left alone.

    May be done again until it is confirmed. Raises FamilyImportError.
    """
    _check(batch, matching)
    _, lines = table_of(_content(batch, by, now))
    with transaction.atomic():
        locked = _locked(batch, _State.RECEIVED, _State.READY)
        schools, names = known_schools(matching.school)
        found = _compared(batch, matching, lines, schools, town_day(now))
        _write_rows(locked, _rows(locked, found, names, leavers=matching.leavers))
        locked.columns = dict(matching.columns)
        locked.school_id, locked.leavers = schools.default, matching.leavers
        locked.state, locked.lines = _State.READY, len(lines)
        locked.save(update_fields=["columns", "school", "leavers", "state", "lines"])
    return locked


@transaction.atomic
def confirm_import(*, batch: ImportBatch, by: Actor, now: datetime) -> Job:
    """Ask for the work, or for the rest of it when it was stopped; asked twice, one work. Raises FamilyImportError."""
    locked = _locked(batch, _State.READY, _State.RUNNING)
    if not ImportRow.objects.filter(batch=locked, state=ImportRow.State.PLANNED).exists():
        raise FamilyImportError("Ce fichier ne change rien : il n'y a rien à importer.")
    _set_state(locked, _State.RUNNING)
    return _job(locked, IMPORT, f"Import de {locked.name}", by, now)


@transaction.atomic
def undo_import(*, batch: ImportBatch, by: Actor, now: datetime) -> Job:
    """Ask for everything that this import did to be put back as it was. Raises FamilyImportError."""
    locked = _locked(batch, _State.RUNNING, _State.DONE, _State.UNDOING)
    if under_way(locked, IMPORT) is not None:
        raise FamilyImportError("Cet import est en cours : attendez sa fin, ou arrêtez-le.")
    _set_state(locked, _State.UNDOING)
    return _job(locked, UNDO, f"Annulation de l'import de {locked.name}", by, now)


def under_way(batch: ImportBatch, kind: str) -> Job | None:
    """The work of this kind for this import that waits or runs, if there is one."""
    found: Job | None = Job.objects.filter(
        key=_key(batch, kind), state__in=[Job.State.WAITING, Job.State.RUNNING]
    ).first()
    return found


def _check(batch: ImportBatch, matching: Matching) -> None:
    lacking = _lacking(batch, matching)
    if lacking is not None:
        raise FamilyImportError(lacking[1], lacking[0])


def _lacking(batch: ImportBatch, matching: Matching) -> tuple[str, str] | None:
    """(the field, a French sentence) of what is wrong in the matching, if something is."""
    if batch.kind == ImportBatch.Kind.GUARDIANS:
        return missing_of_guardians(matching.columns, batch.headers)
    if found := missing(_fields(matching.columns)):
        return found
    if Field.CLASSROOM in matching.columns and Field.SCHOOL not in matching.columns and matching.school is None:
        return "school_of_all", "Choisissez l'école de ces élèves."
    if matching.leavers and Field.CLASSROOM not in matching.columns:
        return "leavers", "Sans colonne « Classe », on ne peut pas savoir qui a quitté l'école."
    return None


def _fields(columns: Mapping[str, int]) -> dict[Field, int]:
    return {Field(name): place for name, place in columns.items()}


def _compared(
    batch: ImportBatch, matching: Matching, lines: Sequence[tuple[int, list[str]]], schools: Schools, today: date
) -> list[Difference]:
    if batch.kind == ImportBatch.Kind.PUPILS:
        columns = _fields(matching.columns)
        pupils = [read_pupil(number, cells, columns, today) for number, cells in lines]
        return differences(pupils, known_children(), schools)
    groups = child_columns(batch.headers)
    guardians = [read_guardian(number, cells, matching.columns, groups) for number, cells in lines]
    return guardian_differences(guardians, known_children(), known_payers())


def _job(batch: ImportBatch, kind: str, label: str, by: Actor, now: datetime) -> Job:
    order = {"batch": str(batch.public_id)}
    return enqueue(kind=kind, label=label, order=order, key=_key(batch, kind), by=by, now=now)


def _key(batch: ImportBatch, kind: str) -> str:
    return f"{kind}/{batch.public_id}"


def _locked(batch: ImportBatch, *states: str) -> ImportBatch:
    row: ImportBatch = ImportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if row.state not in states:
        raise FamilyImportError(f"Cet import est déjà « {row.get_state_display()} ».")
    return row


def _set_state(batch: ImportBatch, state: ImportBatch.State) -> None:
    batch.state = state
    batch.save(update_fields=["state"])


def _content(batch: ImportBatch, by: Actor, now: datetime) -> bytes:
    gone = "Ce fichier a été détruit à la fin de son délai : envoyez-le de nouveau."
    if batch.file is None:
        raise FamilyImportError(gone)
    try:
        return open_file(public_id=batch.file.public_id, by=by, now=now).content
    except KeptFileError as error:
        raise FamilyImportError(gone) from error


def _rows(
    batch: ImportBatch, found: Iterable[Difference], schools: Mapping[int, str], *, leavers: bool
) -> list[ImportRow]:
    wanted = {Verdict.NEW, Verdict.CHANGED} | ({Verdict.LEFT} if leavers else set())
    return [
        ImportRow(
            batch=batch, line=one.line, verdict=one.verdict.value,
            state=ImportRow.State.PLANNED if one.verdict in wanted else ImportRow.State.IDLE,
            name=one.name[:170], reason=one.reason[:300],
            person_id=one.known if batch.kind == ImportBatch.Kind.PUPILS else None,
            payer_id=one.known if batch.kind == ImportBatch.Kind.GUARDIANS else None,
            place=f"{schools.get(one.place[0], '')}, {one.place[1]}" if one.place else "",
            before=dict(one.before), after=dict(one.after),
        )
        for one in found
    ]  # fmt: skip


def _write_rows(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    ImportRow.objects.filter(batch=batch).delete()
    ImportRow.objects.bulk_create(rows, batch_size=500)


def _plain(cell: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in cell).split())[:LONGEST_HEADER]
