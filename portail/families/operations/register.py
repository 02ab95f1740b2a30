"""The register of families, as the town hall keeps it: schools, classes, persons, payers, links and codes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from portail.families.hashing import hash_code
from portail.families.models import Classroom, Link, ParentSession, Payer, Person, School, Throttle
from portail.rules.booking import Right
from portail.rules.codes import (
    new_child_code,
    new_payer_code,
    normalise_child_code,
    normalise_payer_code,
    payer_code_ok,
    show_payer_code,
)
from portail.rules.names import sort_key
from portail.rules.weekdays import to_mask
from portail.towns.actors import Actor
from portail.towns.operations import Act, record, touch_rulebook

LONGEST_KEY = 170  # of a sort key: two names of 80 letters, some of which Unicode takes apart
DRAWS = 20  # of a child code, before giving up: 9 million codes a town


class RegisterError(ValueError):
    """Something the town hall typed that cannot be; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """A child (or adult eater) to enter. `code` "" draws one; an imported one of 3 to 8 digits is kept as it is."""

    first_name: str
    last_name: str
    school: str = ""
    classroom: str = ""
    birth_date: date | None = None
    adult: bool = False
    occasional: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True)
class PayerDraft:
    """A payer to enter. `code` "" draws one; an imported one that is not ours is kept and marked weak."""

    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    code: str = ""
    right: Right = Right.FULL
    weeks_from: date | None = None
    address: str = ""  # lines, as printed in the window of an envelope
    resident: bool = True


@dataclass(frozen=True, slots=True)
class Issued:
    """A payer with the code to print on their letter: the only moment when it can be read."""

    payer: Payer
    code: str


@dataclass(frozen=True, slots=True)
class FamilyDraft:
    """Payers and the persons all of them answer for."""

    payers: Sequence[PayerDraft]
    persons: Sequence[PersonDraft] = field(default=())


@transaction.atomic
def save_school(*, code: str, name: str, school_weekdays: frozenset[int], by: Actor, now: datetime) -> School:
    """Create a school or change its name and rhythm (4 days: {0, 1, 3, 4}; 4,5 days: Wednesday too)."""
    school, _ = School.objects.update_or_create(
        code=code, defaults={"name": name, "school_weekdays": to_mask(school_weekdays)}
    )
    touch_rulebook()
    record(Act("save_school", code, after={"name": name, "weekdays": sorted(school_weekdays)}), by=by, now=now)
    return school


@transaction.atomic
def save_classroom(
    *, school: str, name: str, teacher: str = "", level: str = "", by: Actor, now: datetime
) -> Classroom:
    """Create a class or change its teacher and level. Raises RegisterError for an unknown school."""
    found = School.objects.filter(code=school).first()
    if found is None:
        raise RegisterError(f"L'école « {school} » n'existe pas.")
    classroom, _ = Classroom.objects.update_or_create(
        school=found, name=name, defaults={"teacher": teacher, "level": level}
    )
    record(Act("save_classroom", f"{school} {name}", after={"teacher": teacher, "level": level}), by=by, now=now)
    return classroom


@transaction.atomic
def register_family(*, draft: FamilyDraft, by: Actor, now: datetime) -> tuple[list[Issued], list[Person]]:
    """Enter payers and children, link all of them, and issue the codes. Raises RegisterError, writing nothing.

    A person whose imported code is already there is linked, not entered twice: how a second payer joins.
    """
    persons = [_person(person) for person in draft.persons]
    issued = [_payer(payer) for payer in draft.payers]
    Link.objects.bulk_create(
        Link(payer=one.payer, person=person, right=payer.right.value, weeks_from=payer.weeks_from)
        for one, payer in zip(issued, draft.payers, strict=True)
        for person in persons
    )
    after = {"payers": [str(one.payer) for one in issued], "persons": [person.code for person in persons]}
    subject = str(issued[0].payer) if issued else ", ".join(map(str, persons))
    record(Act("register_family", subject, after=after), by=by, now=now)
    return issued, persons


@transaction.atomic
def reissue_code(*, payer: Payer, by: Actor, now: datetime) -> Issued:
    """Give a payer a new code: the old one and every session it opened die at once (feature A5)."""
    code = new_payer_code(secrets.randbelow)
    Payer.objects.filter(pk=payer.pk).update(
        code_hash=hash_code(code, weak=False),
        weak_code=False,
        disabled=False,
        credential_version=F("credential_version") + 1,
    )
    ParentSession.objects.filter(payer=payer).delete()
    codes = Person.objects.filter(links__payer=payer).values_list("code", flat=True)
    Throttle.objects.filter(key__in=[f"code:{child_code}" for child_code in codes]).delete()
    record(Act("reissue_code", str(payer)), by=by, now=now)
    return Issued(payer, show_payer_code(code))


@transaction.atomic
def share_feed(*, link_id: UUID, payer_id: int, shared: bool) -> None:
    """Give a child's calendar feed a new secret address, or none: the old one answers 404 from now on."""
    Link.objects.filter(public_id=link_id, payer_id=payer_id).update(
        feed_version=F("feed_version") + 1, feed_open=shared
    )


def _person(draft: PersonDraft) -> Person:
    code = normalise_child_code(draft.code)
    if draft.code and not code:
        raise RegisterError(f"« {draft.code} » n'est pas un code enfant : il faut 3 à 8 chiffres.")
    known = Person.objects.filter(code=code).first() if code else None
    if known is not None:
        return _same(known, draft)
    person = Person(
        kind=Person.Kind.ADULT if draft.adult else Person.Kind.CHILD,
        first_name=draft.first_name,
        last_name=draft.last_name,
        sort_key=sort_key(draft.last_name, draft.first_name)[:LONGEST_KEY],
        birth_date=draft.birth_date,
        classroom=_classroom(draft),
        occasional=draft.occasional,
    )
    return _with_code(person, code)


def _same(known: Person, draft: PersonDraft) -> Person:
    if known.sort_key != sort_key(draft.last_name, draft.first_name)[:LONGEST_KEY]:
        raise RegisterError(f"Le code enfant {known.code} est déjà celui de {known}.")
    return known


def _with_code(person: Person, code: str) -> Person:
    for _ in range(DRAWS):
        person.code = code or new_child_code(secrets.randbelow)
        try:
            with transaction.atomic():
                person.save()
        except IntegrityError:
            person.pk = None
        else:
            return person
    raise RegisterError("Aucun code enfant libre n'a été trouvé.")


def _classroom(draft: PersonDraft) -> Classroom | None:
    if not draft.classroom:
        return None
    classroom = Classroom.objects.filter(school__code=draft.school, name=draft.classroom).first()
    if classroom is None:
        raise RegisterError(f"L'école « {draft.school} » n'a pas de classe « {draft.classroom} ».")
    return classroom


def _payer(draft: PayerDraft) -> Issued:
    code = normalise_payer_code(draft.code) or new_payer_code(secrets.randbelow)
    weak = not payer_code_ok(code)
    payer = Payer.objects.create(
        first_name=draft.first_name,
        last_name=draft.last_name,
        sort_key=sort_key(draft.last_name, draft.first_name)[:LONGEST_KEY],
        email=draft.email,
        phone=draft.phone,
        address=draft.address,
        resident=draft.resident,
        code_hash=hash_code(code, weak=weak),
        weak_code=weak,
    )
    return Issued(payer, show_payer_code(code))
