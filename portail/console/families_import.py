"""Enter the families of a file, all or none, and hand their codes out once."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.db import transaction

from portail.console.command import ConsoleError
from portail.console.families_file import FamiliesFileError, FamilyLines
from portail.console.lookups import classrooms, known_links, names_by_code
from portail.families.models import Person
from portail.families.operations.quotients import set_quotient
from portail.families.operations.register import Issued, RegisterError, register_family
from portail.rules.names import sort_key
from portail.towns.actors import Actor

PRIVATE = 0o600
HEADER = ("Nom du payeur", "Prénom du payeur", "Code payeur", "Nom de l'enfant", "Prénom de l'enfant", "Code enfant")

Registered = tuple[list[Issued], list[Person]]
Save = Callable[[Iterable[Registered]], None]


def import_families(
    families: list[FamilyLines], *, save: Save | None = None, by: Actor, now: datetime
) -> list[Registered]:
    """Register every family in one transaction. `save` runs inside it: codes that cannot be kept are not issued.

    Raises FamiliesFileError with every line that cannot be.
    """
    with transaction.atomic():
        faults = list(_faults(families))
        registered: list[Registered] = []
        for family in families if not faults else ():
            try:
                registered.append(_register(family, by=by, now=now))
            except RegisterError as error:
                faults.append(f"ligne {family.line} : {error}")
        if faults:
            raise FamiliesFileError(faults)
        if save is not None:
            save(registered)
    return registered


def _register(family: FamilyLines, *, by: Actor, now: datetime) -> Registered:
    issued, persons = register_family(draft=family.draft, by=by, now=now)
    for key, one in zip(family.payers, issued, strict=True):
        if key in family.quotients:
            set_quotient(payer=one.payer, draft=family.quotients[key], by=by, now=now)
    return issued, persons


def write_codes(path: Path) -> Save:
    """A `save` that writes the codes to a new file that only its owner can read."""
    if path.exists():
        raise ConsoleError(f"{path} existe déjà : ses codes seraient perdus. Choisissez un autre nom.")

    def save(registered: Iterable[Registered]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(HEADER)
            writer.writerows(_code_rows(registered))

    return save


def show_codes(registered: Iterable[Registered]) -> list[str]:
    """The same for a terminal."""
    return [
        f"  {payer_last} {payer_first} : {code} – {first} {last} : {child}"
        for payer_last, payer_first, code, last, first, child in _code_rows(registered)
    ]


def _code_rows(registered: Iterable[Registered]) -> Iterator[tuple[str, str, str, str, str, str]]:
    for issued, persons in registered:
        for one in issued:
            for person in persons:
                payer = one.payer
                yield payer.last_name, payer.first_name, one.code, person.last_name, person.first_name, person.code


def _faults(families: list[FamilyLines]) -> Iterator[str]:
    """What the register would refuse, or worse, accept twice; found before anything is written."""
    rooms, linked, names = classrooms(), known_links(), names_by_code()
    for family in families:
        for person in family.persons.values():
            name = sort_key(person.last_name, person.first_name)
            if person.classroom and (person.school, person.classroom) not in rooms:
                yield f"ligne {family.line} : l'école « {person.school} » n'a pas de classe « {person.classroom} »."
            if person.code and names.setdefault(person.code, name) != name:
                yield f"ligne {family.line} : le code enfant {person.code} est déjà celui d'un autre enfant."
            if any((sort_key(p.last_name, p.first_name), name) in linked for p in family.payers.values()):
                yield f"ligne {family.line} : {person.first_name} {person.last_name} est déjà dans cette famille."
