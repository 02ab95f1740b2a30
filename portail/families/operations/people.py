"""The people of the register, one by one: entered without doubles, corrected, linked to those who answer for them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from portail.families.models import Classroom, Link, Payer, Person
from portail.families.operations import typed
from portail.families.operations.register import (
    LONGEST_KEY,
    FamilyDraft,
    Issued,
    PayerDraft,
    PersonDraft,
    RegisterError,
    register_family,
)
from portail.families.queries.doubles import same_payer, same_person
from portail.rules.booking import Right
from portail.rules.names import sort_key
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

MONDAY = 0


class DoubleError(RegisterError):
    """Somebody with this name is already there: `payer` or `person` is their public identifier."""

    def __init__(self, words: str, *, payer: UUID | None = None, person: UUID | None = None) -> None:
        super().__init__(words)
        self.payer, self.person = payer, person


@dataclass(frozen=True, slots=True)
class PayerDetails:
    """What the town hall knows of a payer."""

    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    resident: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What the town hall knows of a child or adult eater. `meal`: a value of `Person.Meal`."""

    first_name: str
    last_name: str
    birth_date: date | None = None
    classroom_id: int | None = None
    meal: str = Person.Meal.STANDARD.value
    occasional: bool = False
    active: bool = True
    adult: bool = False


@dataclass(frozen=True, slots=True)
class Answering:
    """What a payer may do for a person. `weeks_from`: a day of one of their weeks, when custody alternates."""

    right: Right = Right.FULL
    weeks_from: date | None = None


@transaction.atomic
def enter_family(
    *, payer: PayerDetails, persons: Sequence[PersonDetails], homonyms: bool = False, by: Actor, now: datetime
) -> tuple[Issued, list[Person]]:
    """A new payer with the children they answer for, codes drawn. Raises RegisterError, DoubleError unless `homonyms`.

    `homonyms`: the town hall has seen that somebody of this name is there, and says that this is another one.
    """
    if not homonyms:
        _refuse_same_payer(payer)
    issued, _ = register_family(draft=FamilyDraft([_payer_draft(payer)]), by=by, now=now)
    made = [
        add_person(payers=[issued[0].payer], details=details, homonyms=homonyms, by=by, now=now) for details in persons
    ]
    return issued[0], made


@transaction.atomic
def add_person(
    *, payers: Sequence[Payer], details: PersonDetails, homonyms: bool = False, by: Actor, now: datetime
) -> Person:
    """A new child or adult eater of these payers, who get a full right. Raises RegisterError, DoubleError."""
    known = None if homonyms else same_person(details.first_name, details.last_name, details.birth_date)
    if known is not None:
        raise DoubleError(
            f"{known} existe déjà, avec le code {known.code} : liez plutôt le payeur à cet enfant.",
            person=known.public_id,
        )
    values = _person_values(details, town_day(now))
    draft = PersonDraft(values["first_name"], values["last_name"], adult=details.adult)
    _, (person,) = register_family(draft=FamilyDraft([], [draft]), by=by, now=now)
    Person.objects.filter(pk=person.pk).update(**values)
    person.refresh_from_db()
    for payer in payers:
        set_link(payer=payer, person=person, answering=Answering(), by=by, now=now)
    return person


@transaction.atomic
def add_payer(
    *, person: Person, details: PayerDetails, answering: Answering, homonyms: bool = False, by: Actor, now: datetime
) -> Issued:
    """A new payer who answers for this person. Raises RegisterError, DoubleError."""
    if not homonyms:
        _refuse_same_payer(details)
    (issued,), _ = register_family(draft=FamilyDraft([_payer_draft(details)]), by=by, now=now)
    set_link(payer=issued.payer, person=person, answering=answering, by=by, now=now)
    return issued


@transaction.atomic
def change_payer(*, payer: Payer, details: PayerDetails, by: Actor, now: datetime) -> Payer:
    """Correct what is known of a payer. One who is no longer active cannot log in. Raises RegisterError."""
    row: Payer = Payer.objects.select_for_update(no_key=True).get(pk=payer.pk)
    _change(row, _payer_values(details), "change_payer", by=by, now=now)
    return row


@transaction.atomic
def change_person(*, person: Person, details: PersonDetails, by: Actor, now: datetime) -> Person:
    """Correct what is known of a person. Bookings already made stay as they are. Raises RegisterError."""
    row: Person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    _change(row, _person_values(details, town_day(now)), "change_person", by=by, now=now)
    return row


@transaction.atomic
def set_link(*, payer: Payer, person: Person, answering: Answering, by: Actor, now: datetime) -> Link:
    """What this payer may do for this person, from now on. Raises RegisterError."""
    anchor = answering.weeks_from if answering.right is Right.WEEKS else None
    if answering.right is Right.WEEKS and anchor is None:
        raise RegisterError("Dites depuis quel lundi comptent les semaines de ce payeur.")
    if anchor is not None and anchor.weekday() != MONDAY:
        raise RegisterError("Les semaines alternées se comptent à partir d'un lundi.")
    before = Link.objects.select_for_update().filter(payer=payer, person=person).first()
    link: Link
    link, _ = Link.objects.update_or_create(
        payer=payer, person=person, defaults={"right": answering.right.value, "weeks_from": anchor}
    )
    act = Act(
        "set_link", f"{payer} – {person}",
        None if before is None else _link_words(before), _link_words(link),
    )  # fmt: skip
    record(act, by=by, now=now)
    return link


@transaction.atomic
def remove_link(*, payer: Payer, person: Person, by: Actor, now: datetime) -> None:
    """This payer no longer answers for this person. Raises RegisterError for the last payer of an active person."""
    links = Link.objects.select_for_update().filter(person=person)
    mine = next((link for link in links if link.payer_id == payer.pk), None)
    if mine is None:
        return
    if len(links) == 1 and Person.objects.filter(pk=person.pk, active=True).exists():
        raise RegisterError(f"{payer} est le seul payeur de {person} : liez d'abord un autre payeur.")
    Link.objects.filter(pk=mine.pk).delete()
    record(Act("remove_link", f"{payer} – {person}", before=_link_words(mine)), by=by, now=now)


def _refuse_same_payer(details: PayerDetails) -> None:
    known = same_payer(details.first_name, details.last_name)
    if known is not None:
        raise DoubleError(f"Un payeur nommé {known} existe déjà.", payer=known.public_id)


def _payer_draft(details: PayerDetails) -> PayerDraft:
    values = _payer_values(details)
    return PayerDraft(
        first_name=values["first_name"], last_name=values["last_name"], email=values["email"],
        phone=values["phone"], address=values["address"], resident=values["resident"],
    )  # fmt: skip


def _payer_values(details: PayerDetails) -> dict[str, Any]:
    """The columns, clean."""
    return {
        **_names(details.first_name, details.last_name),
        "email": typed.line(details.email, "Le courriel", 254),
        "phone": typed.line(details.phone, "Le téléphone", 20),
        "address": typed.address(details.address),
        "resident": details.resident,
        "active": details.active,
    }


def _person_values(details: PersonDetails, today: date) -> dict[str, Any]:
    if details.meal not in Person.Meal.values:
        raise RegisterError("Ce repas n'existe pas.")
    if details.classroom_id is not None and not Classroom.objects.filter(pk=details.classroom_id).exists():
        raise RegisterError("Cette classe n'existe pas.")
    return {
        **_names(details.first_name, details.last_name),
        "birth_date": typed.birth_date(details.birth_date, today),
        "classroom_id": details.classroom_id,
        "meal": details.meal,
        "occasional": details.occasional,
        "active": details.active,
    }


def _names(first_name: str, last_name: str) -> dict[str, str]:
    first, last = typed.required(first_name, "Le prénom", 80), typed.required(last_name, "Le nom", 80)
    return {"first_name": first, "last_name": last, "sort_key": sort_key(last, first)[:LONGEST_KEY]}


def _change(row: Payer | Person, values: Mapping[str, Any], verb: str, *, by: Actor, now: datetime) -> None:
    """Save the columns that differ, and say in the trail which ones; nothing differs: no line."""
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    if not before:
        return
    for name in before:
        setattr(row, name, values[name])
    row.save(update_fields=list(before))
    after = {name: _plain(values[name]) for name in before}
    record(Act(verb, str(row), {name: _plain(value) for name, value in before.items()}, after), by=by, now=now)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def _link_words(link: Link) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(Answering(Right(link.right), link.weeks_from)).items()}
