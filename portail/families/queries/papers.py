"""Which papers are there, which are missing or over: of one child, of a family, of everybody."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import QuerySet

from portail.families.models import Paper, PaperKind, Person

SOON = timedelta(days=30)


class PaperState(StrEnum):
    """How a paper stands on a day."""

    GOOD = "good"
    SOON = "soon"  # over within a month
    OVER = "over"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper asked for a child, and the one received, if any."""

    person: Person
    kind: PaperKind
    paper: Paper | None
    state: PaperState


def papers_of(person: Person, day: date) -> list[PaperLine]:
    """Every paper asked for a child, by name. Two queries, one when nothing is asked."""
    return _lines([person], list(_asked()), day)


def lacking(day: date, *, kind: int | None = None, classroom: int | None = None) -> list[PaperLine]:
    """The papers that are missing, over or soon over, of every child of the register. Five queries at the most."""
    kinds = list(_asked().filter(pk=kind) if kind is not None else _asked())
    if not kinds:
        return []
    persons = Person.objects.filter(active=True, kind=Person.Kind.CHILD).select_related("classroom__school")
    if classroom is not None:
        persons = persons.filter(classroom_id=classroom)
    rows = persons.prefetch_related("links__payer").order_by("sort_key", "id")
    return [line for line in _lines(list(rows), kinds, day) if line.state is not PaperState.GOOD]


def required_and_lacking(persons: Collection[int], day: date) -> dict[int, list[str]]:
    """The compulsory papers that each of these children lacks that day, by name; who lacks none is not there.

    Two queries, one when nothing is compulsory: what a family must give before it books.
    """
    kinds = list(_asked().filter(required=True))
    if not kinds or not persons:
        return {}
    good = {
        (person, kind)
        for person, kind, until in Paper.objects.filter(person_id__in=persons).values_list(
            "person_id", "kind_id", "valid_until"
        )
        if until is None or until >= day
    }
    found = {person: [kind.name for kind in kinds if (person, kind.pk) not in good] for person in persons}
    return {person: names for person, names in found.items() if names}


def kind_numbered(number: int) -> PaperKind | None:
    """The paper of this number, asked for or not. One query."""
    return PaperKind.objects.filter(pk=number).first()


def kinds_asked() -> list[PaperKind]:
    """Every paper ever asked for, those in force first. One query."""
    return list(PaperKind.objects.order_by("-active", "name"))


def paper_of(person: Person, kind: PaperKind) -> Paper | None:
    """The paper received, with its file's name but not its content. One query."""
    papers = Paper.objects.select_related("file", "person", "kind").defer("file__content")
    found: Paper | None = papers.filter(person=person, kind=kind).first()
    return found


def state_of(kind: PaperKind, paper: Paper | None, day: date) -> PaperState:
    """How a paper stands on a day: its last day is still good."""
    if paper is None:
        return PaperState.MISSING
    if not kind.expires or paper.valid_until is None:
        return PaperState.GOOD
    if paper.valid_until < day:
        return PaperState.OVER
    return PaperState.SOON if paper.valid_until - day < SOON else PaperState.GOOD


def _asked() -> QuerySet[PaperKind]:
    kinds: QuerySet[PaperKind] = PaperKind.objects.filter(active=True).order_by("name")
    return kinds


def _lines(persons: Collection[Person], kinds: Collection[PaperKind], day: date) -> list[PaperLine]:
    if not kinds or not persons:
        return []
    rows = Paper.objects.filter(kind__in=kinds)
    if len(persons) == 1:
        rows = rows.filter(person__in=persons)
    found = {(paper.person_id, paper.kind_id): paper for paper in rows}
    pairs = [(person, kind, found.get((person.pk, kind.pk))) for person in persons for kind in kinds]
    return [PaperLine(person, kind, paper, state_of(kind, paper, day)) for person, kind, paper in pairs]
