"""Looking somebody up: one box for a name, a child code, a telephone number or an e-mail, of a child or of a payer."""

import re
from dataclasses import dataclass

from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Replace

from portail.families.models import Classroom, Link, Payer, Person, School
from portail.rules.names import sort_key

LONGEST = 100  # characters of what is looked for
LEAST_PHONE = 4  # digits: fewer are a class or an age, never a telephone number
_NATIONAL = 9  # the digits of a French number behind its 0 or its +33


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for. `active`: only those in the register today; `classroom` narrows `school`."""

    words: str = ""
    school: int | None = None
    classroom: int | None = None
    active: bool = True


def persons_wanted(wanted: Wanted) -> QuerySet[Person]:
    """Children and adult eaters found by what is theirs or by what is their payers'; payers are prefetched."""
    rows: QuerySet[Person] = Person.objects.select_related("classroom__school").prefetch_related("links__payer")
    if wanted.active:
        rows = rows.filter(active=True)
    if wanted.school is not None:
        rows = rows.filter(classroom__school_id=wanted.school)
    if wanted.classroom is not None:
        rows = rows.filter(classroom_id=wanted.classroom)
    words = _clean(wanted.words)
    if not words:
        return rows
    by_payer = Link.objects.filter(payer__in=_payers(words)).values("person_id")
    return rows.filter(_named(words) | Q(code__startswith=_digits(words) or "-") | Q(pk__in=by_payer))


def payers_wanted(wanted: Wanted) -> QuerySet[Payer]:
    """Payers found by what is theirs or by what is their children's; children are prefetched."""
    rows: QuerySet[Payer] = Payer.objects.prefetch_related("links__person__classroom")
    if wanted.active:
        rows = rows.filter(active=True)
    links = Link.objects.all()
    if wanted.school is not None:
        links = links.filter(person__classroom__school_id=wanted.school)
    if wanted.classroom is not None:
        links = links.filter(person__classroom_id=wanted.classroom)
    if wanted.school is not None or wanted.classroom is not None:
        rows = rows.filter(pk__in=links.values("payer_id"))
    words = _clean(wanted.words)
    if not words:
        return rows
    persons = Person.objects.filter(_named(words) | Q(code__startswith=_digits(words) or "-"))
    by_person = Link.objects.filter(person__in=persons).values("payer_id")
    return rows.filter(Q(pk__in=_payers(words).values("pk")) | Q(pk__in=by_person))


def schools_and_classes() -> list[tuple[School, list[Classroom]]]:
    """The schools by name, each with its classes. Two queries."""
    rows = School.objects.order_by("name").prefetch_related("classrooms")
    return [(school, sorted(school.classrooms.all(), key=lambda room: sort_key(room.name))) for school in rows]


def _payers(words: str) -> QuerySet[Payer]:
    rows: QuerySet[Payer] = Payer.objects.all()
    if "@" in words:
        return rows.filter(email__icontains=words)
    digits = _digits(words)
    if len(digits) >= LEAST_PHONE and not re.search(r"[^\W\d_]", words):
        tail = digits[-_NATIONAL:] if len(digits) > _NATIONAL else digits
        return rows.annotate(digits=_bare("phone")).filter(digits__contains=tail)
    return rows.filter(_named(words))


def _named(words: str) -> Q:
    """Each word somewhere in the name: « zoe martin », « martin zo » find Zoé MARTIN."""
    found = Q()
    for word in sort_key(words).split():
        found &= Q(sort_key__contains=word)
    return found or Q(pk=None)


def _bare(field: str) -> Func:
    """A telephone number without what people put between its digits."""
    bare: Func | F = F(field)
    for sign in (" ", ".", "-", "/", "\u00a0"):
        bare = Replace(bare, Value(sign), Value(""))
    return bare  # type: ignore[return-value]  # five times wrapped


def _digits(words: str) -> str:
    """Only when nothing but digits and what separates them was typed."""
    bare = re.sub(r"[\s.\-/+()\u00a0]", "", words)
    return bare if bare.isascii() and bare.isdigit() else ""


def _clean(words: str) -> str:
    return "".join(c if c.isprintable() else " " for c in words[:LONGEST]).strip()
