"""Everything of one payer, or of one child, as the town hall's pages show it. A fixed number of queries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from portail.families.models import AuthorisedPerson, HealthRecord, Link, Payer, Person, Quotient, Throttle


@dataclass(frozen=True, slots=True)
class PayerCard:
    """A payer with the links to their children (each with its class and its other payers) and quotients."""

    payer: Payer
    links: tuple[Link, ...]
    quotients: tuple[Quotient, ...]

    def quotient_on(self, day: date) -> Quotient | None:
        """The quotient in force that day."""
        return next(
            (one for one in self.quotients if one.first_day <= day and (one.last_day is None or day <= one.last_day)),
            None,
        )

    @property
    def persons(self) -> list[Person]:
        return [link.person for link in self.links]


@dataclass(frozen=True, slots=True)
class PersonCard:
    """A child or adult eater with their payers, who may fetch them, and whether there is a health record."""

    person: Person
    links: tuple[Link, ...]
    authorised: tuple[AuthorisedPerson, ...]
    has_health: bool
    care_plan: bool


def payer_card(public_id: UUID) -> PayerCard | None:
    """The payer of this public identifier. Four queries."""
    payer = Payer.objects.filter(public_id=public_id).first()
    if payer is None:
        return None
    others = Prefetch("person__links", Link.objects.select_related("payer").order_by("payer__sort_key", "id"))
    links = (
        Link.objects.filter(payer=payer)
        .select_related("person__classroom__school")
        .prefetch_related(others)
        .order_by("-person__active", "person__sort_key", "id")
    )
    quotients = Quotient.objects.filter(payer=payer).order_by("-first_day")
    return PayerCard(payer, tuple(links), tuple(quotients))


def person_card(public_id: UUID) -> PersonCard | None:
    """The person of this public identifier. Four queries."""
    person = Person.objects.select_related("classroom__school").filter(public_id=public_id).first()
    if person is None:
        return None
    health = HealthRecord.objects.filter(person=person).values_list("care_plan", flat=True).first()
    return PersonCard(
        person,
        tuple(Link.objects.filter(person=person).select_related("payer").order_by("payer__sort_key", "id")),
        tuple(AuthorisedPerson.objects.filter(person=person).order_by("name", "id")),
        health is not None,
        bool(health),
    )


def failed_tries(persons: Collection[Person]) -> int:
    """How many wrong codes were typed lately for these persons, that may be slowing their family down. One query."""
    keys = [f"code:{person.code}" for person in persons]
    return sum(Throttle.objects.filter(key__in=keys).values_list("tries", flat=True)) if keys else 0


def payer_named(public_id: UUID) -> Payer | None:
    """The payer of this public identifier. One query."""
    return Payer.objects.filter(public_id=public_id).first()


def person_named(public_id: UUID) -> Person | None:
    """The person of this public identifier, with their class. One query."""
    return Person.objects.select_related("classroom__school").filter(public_id=public_id).first()


def link_of(payer: Payer, person: Person) -> Link | None:
    """The link between them. One query."""
    return Link.objects.filter(payer=payer, person=person).first()


def meals_and_plans() -> QuerySet[Person, tuple[int, str, bool | None]]:
    """(key, meal, has a care plan) of each person of the register, to be narrowed: for head-counts and lists."""
    return Person.objects.values_list("pk", "meal", "health__care_plan")


def authorised_of(public_id: UUID, number: int) -> AuthorisedPerson | None:
    """Somebody who may fetch the person of this public identifier. One query."""
    found: AuthorisedPerson | None = (
        AuthorisedPerson.objects.select_related("person").filter(pk=number, person__public_id=public_id).first()
    )
    return found
