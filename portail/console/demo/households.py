"""The families of a demonstration town: read from its CSV file, with birth dates that fit their classes."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from portail.console.families_file import read_families
from portail.console.families_import import import_families
from portail.families.models import Payer, Person
from portail.families.operations.register import PersonDraft
from portail.rules.booking import Right
from portail.rules.weeks import school_year_start
from portail.towns.actors import Actor

AGES = {"PS": 3, "MS": 4, "GS": 5, "CP": 6, "CE1": 7, "CE2": 8, "CM1": 9, "CM2": 10}
"""Level -> the birthday that falls in the calendar year in which the school year begins."""


@dataclass(frozen=True, slots=True)
class Household:
    """A family as it was registered, with the codes that its letters showed."""

    payers: tuple[tuple[Payer, str, Right, date | None], ...]
    persons: tuple[Person, ...]


def register_households(path: Path, levels: dict[tuple[str, str], str], *, by: Actor, now: datetime) -> list[Household]:
    """Enter the families of the file. `levels`: (school, class) -> level."""
    families = read_families(path)
    for number, family in enumerate(families):
        for place, (key, person) in enumerate(family.persons.items()):
            level = levels.get((person.school, person.classroom), "")
            family.persons[key] = replace(person, birth_date=_birth_date(person, level, 37 * number + 101 * place, now))
    registered = import_families(families, by=by, now=now)
    return [
        Household(
            tuple(
                (one.payer, one.code, payer.right, payer.weeks_from)
                for one, payer in zip(issued, family.payers.values(), strict=True)
            ),
            tuple(persons),
        )
        for family, (issued, persons) in zip(families, registered, strict=True)
    ]


def _birth_date(person: PersonDraft, level: str, spread: int, now: datetime) -> date | None:
    if person.adult or level not in AGES:
        return None
    year = school_year_start(now.date()).year - AGES[level]
    return date(year, 1, 1) + timedelta(days=spread % 365)
