"""Reads about families: who a session belongs to, which children a payer answers for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, QuerySet

from portail.families.models import Link, ParentSession, Payer, Person
from portail.families.viewing import View
from portail.rules.booking import Right
from portail.rules.staff import Right as StaffRight
from portail.rules.staff import Role, rights_of
from portail.towns.actors import Actor
from portail.towns.models import StaffSession


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A person as one payer sees them: identity, class, and the payer's right."""

    id: int
    code: str
    first_name: str
    last_name: str
    adult: bool
    occasional: bool
    birth_date: date | None
    school_id: int | None
    school: str
    classroom_id: int | None
    classroom: str
    teacher: str
    level: str
    right: Right
    weeks_from: date | None
    link_id: UUID | None
    feed_version: int
    feed_open: bool

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Family:
    """A payer with the persons they answer for, children sorted by name; what one web session opens."""

    payer_id: int
    payer_public_id: UUID
    payer_name: str
    weak_code: bool
    session_id: int
    ends_at: datetime
    children: tuple[ChildRow, ...]
    read_only: bool = False  # the town hall looks at what this family sees

    def child(self, code: str) -> ChildRow | None:
        """The child of this code if the payer answers for them, else None."""
        return next((child for child in self.children if child.code == code), None)


_CHILD = (
    "id",
    "code",
    "first_name",
    "last_name",
    "kind",
    "occasional",
    "birth_date",
    "classroom__school_id",
    "classroom__school__name",
    "classroom_id",
    "classroom__name",
    "classroom__teacher",
    "classroom__level",
)
_LINK = ("right", "weeks_from", "public_id", "feed_version", "feed_open")


def family_of_session(key_hash: str, now: datetime) -> Family | None:
    """The family that a session key opens, or None when it is unknown, over, or older than the last reissue of codes.

    One query whatever the number of children.
    """
    prefix = "payer__links__person__"
    rows = list(
        ParentSession.objects.filter(
            key_hash=key_hash,
            ends_at__gt=now,
            payer__active=True,
            payer__disabled=False,
            payer__credential_version=F("credential_version"),
            payer__links__person__active=True,
        )
        .order_by(f"{prefix}sort_key", f"{prefix}id")
        .values_list(
            "payer_id",
            "payer__public_id",
            "payer__first_name",
            "payer__last_name",
            "payer__weak_code",
            "id",
            "ends_at",
            *(f"{prefix}{name}" for name in _CHILD),
            *(f"payer__links__{name}" for name in _LINK),
        )
    )
    if not rows:
        return None
    payer_id, public_id, first_name, last_name, weak, session_id, ends_at = rows[0][:7]
    return Family(
        payer_id,
        public_id,
        f"{first_name} {last_name}",
        weak,
        session_id,
        ends_at,
        tuple(_child(row[7:]) for row in rows),
    )


def family_of_view(view: View, now: datetime) -> Family | None:
    """The family that an agent looks at, or None: the view is over, so is the agent's session, or they may not.

    Two queries.
    """
    if view.ends_at <= now or not _may_view(view.session_id, now):
        return None
    payers = Payer.objects.filter(public_id=view.payer, active=True, links__person__active=True)
    rows = list(
        payers.order_by("links__person__sort_key", "links__person__id").values_list(
            "id", "first_name", "last_name", "weak_code",
            *(f"links__person__{name}" for name in _CHILD),
            *(f"links__{name}" for name in _LINK),
        )
    )  # fmt: skip
    if not rows:
        return None
    payer_id, first_name, last_name, weak = rows[0][:4]
    children = tuple(_child(row[4:]) for row in rows)
    return Family(payer_id, view.payer, f"{first_name} {last_name}", weak, 0, view.ends_at, children, read_only=True)


def _may_view(session_id: int, now: datetime) -> bool:
    """Is this session of the office still open, and does its agent read families?"""
    roles = StaffSession.objects.filter(
        pk=session_id, ends_at__gt=now, verified=True, staff__is_active=True,
        staff__credential_version=F("credential_version"),
    ).values_list("staff__roles__role", flat=True)  # fmt: skip
    return StaffRight.FAMILIES in rights_of(Role(role) for role in roles if role)


def children_of(by: Actor, codes: Collection[str], *, lock: bool = False) -> list[ChildRow]:
    """The persons of these codes whom `by` may reach, in the order of their keys; locked for the transaction or not.

    The town hall reaches everybody, a payer only those they answer for. A child of another family is simply absent.
    """
    # A forged code may be no text that a database takes (PostgreSQL refuses a NUL): nobody has it.
    digits = [code for code in codes if code.isascii() and code.isdigit()]
    persons: QuerySet[Person] = Person.objects.filter(code__in=digits).order_by("id")
    if lock:
        # Not the key itself: rows that merely point at the person may be written meanwhile.
        persons = persons.select_for_update(of=("self",), no_key=True)
    if by.payer_id is None:
        return [_child((*row, Right.FULL, None, None, 0, False)) for row in persons.values_list(*_CHILD)]
    rows = persons.filter(links__payer_id=by.payer_id, active=True)
    return [_child(row) for row in rows.values_list(*_CHILD, *(f"links__{name}" for name in _LINK))]


def link_named(public_id: UUID) -> Link | None:
    """The link of a calendar feed that is shared, with its person and payer."""
    return (
        Link.objects.select_related("person", "payer")
        .filter(public_id=public_id, feed_open=True, payer__active=True, payer__disabled=False, person__active=True)
        .first()
    )


def _child(row: tuple) -> ChildRow:
    (
        id_,
        code,
        first_name,
        last_name,
        kind,
        occasional,
        birth_date,
        school_id,
        school,
        classroom_id,
        classroom,
        teacher,
        level,
        right,
        weeks_from,
        link_id,
        feed_version,
        feed_open,
    ) = row
    return ChildRow(
        id_,
        code,
        first_name,
        last_name,
        kind == Person.Kind.ADULT,
        occasional,
        birth_date,
        school_id,
        school or "",
        classroom_id,
        classroom or "",
        teacher or "",
        level or "",
        Right(right),
        weeks_from,
        link_id,
        feed_version,
        feed_open,
    )
