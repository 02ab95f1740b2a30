"""The pupils of a file (ONDE, or any spreadsheet): which column says what, how a line reads.

Headers and reading rules: the CSV extraction of ONDE, formerly Base élèves, 22 columns for pupils, of which only the
names and the birth date are sure to be there. Nothing here reads a file nor the register.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from portail.rules.names import sort_key

LONGEST_NAME, LONGEST_CLASS, LONGEST_LEVEL, LONGEST_INE = 80, 40, 20, 20
OLDEST = 25  # years of a pupil: beyond, the date is a slip
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Field(StrEnum):
    """What a column of the pupils' file may say."""

    LAST_NAME = "last_name"
    USUAL_NAME = "usual_name"
    FIRST_NAME = "first_name"
    BIRTH_DATE = "birth_date"
    INE = "ine"
    CLASSROOM = "classroom"
    LEVEL = "level"
    SCHOOL = "school"


# Without case, accents nor punctuation (`sort_key`); ONDE's own header first.
ALIASES: dict[Field, tuple[str, ...]] = {
    Field.LAST_NAME: ("nom eleve", "nom", "nom de l eleve", "nom de famille", "nom de famille eleve", "nom enfant",
                      "nom de l enfant", "nom de naissance"),
    Field.USUAL_NAME: ("nom d usage eleve", "nom d usage", "nom usage"),
    Field.FIRST_NAME: ("prenom eleve", "prenom", "prenom de l eleve", "prenom enfant", "prenom de l enfant"),
    Field.BIRTH_DATE: ("date naissance", "date de naissance", "ne le", "nee le", "ne e le", "naissance"),
    Field.INE: ("ine", "identifiant national eleve", "identifiant national de l eleve", "numero ine"),
    Field.CLASSROOM: ("libelle classe", "classe", "nom de la classe"),
    Field.LEVEL: ("niveau", "niveau scolaire"),
    Field.SCHOOL: ("ecole", "etablissement", "nom de l ecole", "nom etablissement"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pupil:
    """A line that reads. `other_name`: the name at birth when the usual one is shown, or ""."""

    line: int
    last_name: str
    first_name: str
    other_name: str = ""
    birth_date: date | None = None
    ine: str = ""
    classroom: str = ""
    level: str = ""
    school: str = ""

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that does not: its number, the name that was made out, why in French."""

    line: int
    name: str
    reason: str
    key: str = ""  # the `sort_key` of the names


def guessed(headers: Sequence[str], remembered: Mapping[str, str] | None = None) -> dict[Field, int]:
    """Which column says what: as last time (`remembered`: field -> header), else by the usual headers."""
    return {Field(name): place for name, place in told(headers, ALIASES, remembered or {}).items()}


def told(headers: Sequence[str], aliases: Mapping[Any, Sequence[str]], remembered: Mapping[str, str]) -> dict[str, int]:
    """The same for other aliases. The first of two columns of the same name is meant; a column serves once."""
    folded = [sort_key(header) for header in headers]
    found: dict[str, int] = {}
    for one, usual in aliases.items():
        wanted = (sort_key(remembered.get(one, "")), *usual)
        places = (folded.index(name) for name in wanted if name and name in folded)
        place = next((place for place in places if place not in found.values()), None)
        if place is not None:
            found[str(one)] = place
    return found


def missing(columns: Mapping[Field, int]) -> tuple[Field, str] | None:
    """What the columns lack to be read: (where, a French sentence); None when nothing is."""
    if Field.LAST_NAME not in columns and Field.USUAL_NAME not in columns:
        return Field.LAST_NAME, "Dites quelle colonne donne le nom."
    if Field.FIRST_NAME not in columns:
        return Field.FIRST_NAME, "Dites quelle colonne donne le prénom."
    if Field.BIRTH_DATE not in columns and Field.INE not in columns:
        return Field.BIRTH_DATE, (
            "Dites quelle colonne donne la date de naissance, ou l'INE : sans elles, deux enfants se confondraient."
        )
    seen: set[int] = set()
    for one, place in columns.items():
        if place in seen:
            return one, "Cette colonne est déjà choisie pour autre chose."
        seen.add(place)
    return None


def read_pupil(line: int, cells: Sequence[str], columns: Mapping[Field, int], today: date) -> Pupil | Unread:
    """A line of the file. A short one has empty cells at its end."""
    said = {one: clean(cells[place]) if place < len(cells) else "" for one, place in columns.items()}
    born, usual = said.get(Field.LAST_NAME, ""), said.get(Field.USUAL_NAME, "")
    pupil = Pupil(
        line,
        last_name=usual or born,
        first_name=said.get(Field.FIRST_NAME, ""),
        other_name=born if usual and sort_key(usual) != sort_key(born) else "",
        birth_date=day_of(said.get(Field.BIRTH_DATE, "")),
        ine=said.get(Field.INE, "").replace(" ", "").upper(),
        classroom=said.get(Field.CLASSROOM, ""),
        level=said.get(Field.LEVEL, "")[:LONGEST_LEVEL],
        school=said.get(Field.SCHOOL, ""),
    )
    reason = _too_long(pupil) or _fault(pupil, said.get(Field.BIRTH_DATE, ""), today)
    if not reason:
        return pupil
    return Unread(line, str(pupil)[:LONGEST_NAME].strip(), reason, sort_key(pupil.last_name, pupil.first_name))


def day_of(text: str) -> date | None:
    """« 04/05/2018 », « 4-5-2018 », « 2018-05-04 » as a day; None for anything else."""
    french, iso = _DAY.fullmatch(text), _ISO_DAY.fullmatch(text)
    if french:
        day, month, year = map(int, french.groups())
    elif iso:
        year, month, day = map(int, iso.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _too_long(pupil: Pupil) -> str:
    limits = (
        ("Le nom", pupil.last_name, LONGEST_NAME), ("Le nom", pupil.other_name, LONGEST_NAME),
        ("Le prénom", pupil.first_name, LONGEST_NAME), ("La classe", pupil.classroom, LONGEST_CLASS),
        ("L'INE", pupil.ine, LONGEST_INE), ("L'école", pupil.school, 100),
    )  # fmt: skip
    return next((f"{what} dépasse {longest} caractères." for what, text, longest in limits if len(text) > longest), "")


def _fault(pupil: Pupil, typed: str, today: date) -> str:
    if not sort_key(pupil.last_name) or not sort_key(pupil.first_name):
        return "Le nom manque." if not sort_key(pupil.last_name) else "Le prénom manque."
    born = pupil.birth_date
    if typed and born is None:
        return f"« {typed[:30]} » n'est pas une date de naissance."
    if born is not None and not (today.year - OLDEST <= born.year and born <= today):
        return f"Né le {born:%d/%m/%Y} : ce n'est pas l'âge d'un élève."
    if born is None and not pupil.ine:
        return "Ni date de naissance, ni INE."
    return ""


def clean(text: str) -> str:
    """One line without control characters, blanks squeezed."""
    return " ".join(_CONTROL.sub(" ", text).split())
