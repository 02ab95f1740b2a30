"""What looking after a child asks for: who may fetch them, and a health record, sealed, whose readings are traced."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from portail.families.models import AuthorisedPerson, HealthRecord, Person
from portail.families.operations import typed
from portail.families.operations.register import RegisterError
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.sealing import seal, unseal

MOST_AUTHORISED = 20
LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class AuthorisedDraft:
    """Somebody who may fetch a child."""

    name: str
    phone: str = ""
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """A health record in the clear. `care_plan`: a PAI is signed; `instructions`: what it says to do."""

    allergies: str = ""
    instructions: str = ""
    diet: str = ""
    care_plan: bool = False


@transaction.atomic
def save_authorised(
    *, person: Person, draft: AuthorisedDraft, authorised: AuthorisedPerson | None = None, by: Actor, now: datetime
) -> AuthorisedPerson:
    """Enter somebody who may fetch a child, or correct `authorised`. Raises RegisterError."""
    row = authorised or AuthorisedPerson(person=person)
    if authorised is None and AuthorisedPerson.objects.filter(person=person).count() >= MOST_AUTHORISED:
        raise RegisterError(f"Il y a déjà {MOST_AUTHORISED} personnes autorisées pour cet enfant.")
    before = None if authorised is None else _authorised_words(authorised)
    row.name = typed.required(draft.name, "Le nom", 150)
    row.phone = typed.line(draft.phone, "Le téléphone", 30)
    row.relation = typed.line(draft.relation, "Le lien", 60)
    # The same name twice is a second click.
    double = AuthorisedPerson.objects.filter(person=person, name__iexact=row.name).exclude(pk=row.pk).first()
    if double is not None:
        raise RegisterError(f"{double.name} est déjà sur la liste.")
    row.save()
    record(Act("save_authorised", str(person), before, _authorised_words(row)), by=by, now=now)
    return row


@transaction.atomic
def remove_authorised(*, authorised: AuthorisedPerson, by: Actor, now: datetime) -> None:
    """Somebody may no longer fetch the child."""
    words, person = _authorised_words(authorised), str(authorised.person)
    AuthorisedPerson.objects.filter(pk=authorised.pk).delete()
    record(Act("remove_authorised", person, before=words), by=by, now=now)


@transaction.atomic
def read_health(*, person: Person, by: Actor, now: datetime) -> Health:
    """The health record of a person, empty when there is none; a « read_health » line in the trail says who read it.

    Raises SealError when the key of the installation is not the one that sealed it.
    """
    row = HealthRecord.objects.filter(person=person).first()
    record(Act("read_health", str(person), after={"code": person.code}), by=by, now=now)
    return Health() if row is None else _opened(row)


@transaction.atomic
def save_health(*, person: Person, health: Health, by: Actor, now: datetime) -> None:
    """Write a person's health record; the trail says which parts changed, never what they say. Raises RegisterError."""
    clean = Health(
        allergies=typed.paragraph(health.allergies, "Le texte des allergies", LONGEST_TEXT),
        instructions=typed.paragraph(health.instructions, "Le texte du PAI", LONGEST_TEXT),
        diet=typed.paragraph(health.diet, "Le texte du régime", LONGEST_TEXT),
        care_plan=health.care_plan,
    )
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # one writer at a time
    row = HealthRecord.objects.filter(person=person).first()
    before = Health() if row is None else _opened(row)
    changed = sorted(name for name, value in asdict(clean).items() if value != getattr(before, name))
    if not changed:
        return
    if clean == Health():
        HealthRecord.objects.filter(person=person).delete()
    else:
        sealed = seal(json.dumps(asdict(clean)).encode(), _place(person.pk))
        HealthRecord.objects.update_or_create(
            person=person, defaults={"sealed": sealed, "care_plan": clean.care_plan, "updated_at": now}
        )
    record(Act("save_health", str(person), after={"code": person.code, "changed": changed}), by=by, now=now)


def _opened(row: HealthRecord) -> Health:
    return Health(**json.loads(unseal(row.sealed, _place(row.person_id))))


def _place(person_id: int) -> str:
    return f"health/{person_id}"


def _authorised_words(row: AuthorisedPerson) -> dict[str, str]:
    return {"name": row.name, "phone": row.phone, "relation": row.relation}
