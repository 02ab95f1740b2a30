"""Reads of the imports: what was received, what each line does, the register as the rules compare it."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Count, QuerySet

from portail.families.models import Classroom, ImportBatch, ImportRow, Link, Payer, Person, School
from portail.rules.names import sort_key
from portail.rules.onde_guardians import KnownPayer
from portail.rules.onde_matching import Known, Schools


def batches() -> QuerySet[ImportBatch]:
    """Every import, the latest first."""
    found: QuerySet[ImportBatch] = ImportBatch.objects.order_by("-at", "-pk")
    return found


def batch_with(public_id: UUID) -> ImportBatch | None:
    """One import."""
    found: ImportBatch | None = ImportBatch.objects.select_related("school").filter(public_id=public_id).first()
    return found


def rows_of(batch: ImportBatch, *, verdict: str = "", state: str = "", words: str = "") -> QuerySet[ImportRow]:
    """The lines of an import, narrowed. `words`: some of the name."""
    rows: QuerySet[ImportRow] = ImportRow.objects.filter(batch=batch).select_related("person", "payer")
    if verdict:
        rows = rows.filter(verdict=verdict)
    if state:
        rows = rows.filter(state=state)
    for word in "".join(c if c.isprintable() else " " for c in words).split():
        rows = rows.filter(name__icontains=word)
    return rows


def verdicts(batch: ImportBatch) -> dict[str, int]:
    """How many lines of each verdict."""
    return _counted(batch, "verdict")


def states(batch: ImportBatch) -> dict[str, int]:
    """How many lines in each state, those of none included."""
    return dict.fromkeys(ImportRow.State.values, 0) | _counted(batch, "state")


def remembered(kind: str) -> Mapping[str, str]:
    """What a column said the last time that a file of this kind was matched: {what it says: its header}."""
    last = ImportBatch.objects.filter(kind=kind).exclude(columns={}).order_by("-at", "-pk").first()
    if last is None:
        return {}
    return {name: last.headers[place] for name, place in last.columns.items() if 0 <= place < len(last.headers)}


def known_children() -> list[Known]:
    """Every child of the register, active or not. One query."""
    rows = Person.objects.filter(kind=Person.Kind.CHILD).select_related("classroom").order_by("pk")
    return [
        Known(
            row.pk, row.last_name, row.first_name, row.birth_date, row.ine,
            None if row.classroom is None else (row.classroom.school_id, row.classroom.name), row.active,
        )
        for row in rows
    ]  # fmt: skip


def known_payers() -> list[KnownPayer]:
    """Every payer of the register, active or not, with whom they answer for. Two queries."""
    links: dict[int, set[int]] = {}
    for payer, person in Link.objects.values_list("payer_id", "person_id"):
        links.setdefault(payer, set()).add(person)
    return [
        KnownPayer(
            row.pk, row.last_name, row.first_name, row.email, row.phone, row.address, frozenset(links.get(row.pk, ()))
        )
        for row in Payer.objects.order_by("pk")
    ]


def known_schools(default: int | None) -> tuple[Schools, dict[int, str]]:
    """The schools and classes as the rules look them up, and the names of the schools by key. Two queries."""
    names = dict(School.objects.order_by("pk").values_list("pk", "name"))
    rooms = Classroom.objects.order_by("pk").values_list("school_id", "name")
    schools = Schools(
        {sort_key(name): pk for pk, name in names.items()},
        {(school, sort_key(name)): name for school, name in rooms},
        default if default in names else None,
    )
    return schools, names


def _counted(batch: ImportBatch, column: str) -> dict[str, int]:
    rows = ImportRow.objects.filter(batch=batch).order_by().values_list(column).annotate(n=Count("pk"))
    return dict(rows)
