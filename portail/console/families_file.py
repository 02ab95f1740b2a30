"""Families in a spreadsheet saved as CSV: one child and one payer a line. Every fault is said with its line."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portail.console import typed
from portail.console.typed import TypedError
from portail.families.operations.quotients import QuotientDraft
from portail.families.operations.register import FamilyDraft, PayerDraft, PersonDraft
from portail.rules.booking import Right
from portail.rules.codes import normalise_child_code, normalise_payer_code
from portail.rules.names import sort_key

# What a header may say, as it sorts -> what the column is; written in full in the order of the help.
COLUMNS: Mapping[str, str] = {
    "famille": "Famille",
    "payer_last_name": "Nom du payeur",
    "payer_first_name": "Prénom du payeur",
    "email": "Courriel",
    "phone": "Téléphone",
    "street": "Adresse",
    "postcode": "Code postal",
    "city": "Ville",
    "resident": "Habite la commune",
    "quotient": "Quotient familial",
    "quotient_from": "Quotient depuis le",
    "payer_code": "Code payeur",
    "right": "Droit",
    "weeks_from": "Semaines à partir du",
    "last_name": "Nom de l'enfant",
    "first_name": "Prénom de l'enfant",
    "child_code": "Code enfant",
    "birth_date": "Date de naissance",
    "school": "École",
    "classroom": "Classe",
    "occasional": "Occasionnel",
    "adult": "Adulte",
}
NEEDED = ("payer_last_name", "payer_first_name", "last_name", "first_name")
RIGHTS = {"": Right.FULL, "complet": Right.FULL, "lecture": Right.READ_ONLY, "semaines": Right.WEEKS}
LONGEST = {
    "payer_last_name": 80,
    "payer_first_name": 80,
    "last_name": 80,
    "first_name": 80,
    "email": 254,
    "phone": 20,
    "street": 200,
    "postcode": 10,
    "city": 60,
}
MOST_DIGITS = 9  # of a quotient: the register says which are too high
SHOWN_FAULTS = 20


class FamiliesFileError(TypedError):
    """All that is wrong in the file, a line each."""

    def __init__(self, faults: list[str]) -> None:
        more = len(faults) - SHOWN_FAULTS
        tail = [f"… et {more} autres lignes."] if more > 0 else []
        super().__init__("\n".join(["Rien n'a été entré :", *faults[:SHOWN_FAULTS], *tail]))


@dataclass(slots=True)
class FamilyLines:
    """A family, and the line of the file that began it."""

    line: int
    payers: dict[str, PayerDraft] = field(default_factory=dict)
    persons: dict[str, PersonDraft] = field(default_factory=dict)
    quotients: dict[str, QuotientDraft] = field(default_factory=dict)  # by the key of the payer

    @property
    def draft(self) -> FamilyDraft:
        return FamilyDraft(list(self.payers.values()), list(self.persons.values()))


def read_families(path: Path) -> list[FamilyLines]:
    """The families of a file, in its order. Raises FamiliesFileError, OSError."""
    families: dict[str, FamilyLines] = {}
    faults: list[str] = []
    for line, row in _rows(_decoded(path)):
        try:
            _add(families, line, row)
        except TypedError as error:
            faults.append(f"ligne {line} : {error}")
    if faults:
        raise FamiliesFileError(faults)
    if not families:
        raise FamiliesFileError([f"{path.name} ne contient aucune famille."])
    return list(families.values())


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what spreadsheets still write


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    first = text.split("\n", 1)[0]
    separator = max(";\t,", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns = _columns(next(reader, []))
    for row in reader:
        if any(cell.strip() for cell in row):
            if len(row) > len(columns):
                raise FamiliesFileError([f"ligne {reader.line_num} : {len(row)} cases pour {len(columns)} colonnes."])
            cells = [*row, *[""] * (len(columns) - len(row))]
            found = {key: " ".join(cell.split()) for key, cell in zip(columns, cells, strict=True)}
            yield reader.line_num, {key: found.get(key, "") for key in COLUMNS}


def _columns(header: list[str]) -> list[str]:
    by_name = {sort_key(name): key for key, name in COLUMNS.items()}
    unknown = [cell for cell in header if sort_key(cell) not in by_name]
    columns = [by_name[sort_key(cell)] for cell in header if sort_key(cell) in by_name]
    missing = [COLUMNS[key] for key in NEEDED if key not in columns]
    if unknown or missing or len(set(columns)) != len(columns):
        what = f"colonne inconnue : {', '.join(unknown)}" if unknown else f"il manque : {', '.join(missing)}"
        if not unknown and not missing:
            what = "une colonne y est deux fois"
        raise FamiliesFileError([f"ligne 1 : {what}. Colonnes possibles : {', '.join(COLUMNS.values())}."])
    return columns


def _add(families: dict[str, FamilyLines], line: int, row: dict[str, str]) -> None:
    for key in NEEDED:
        if not row[key]:
            raise TypedError(f"il manque « {COLUMNS[key]} ».")
    for key, longest in LONGEST.items():
        if len(row[key]) > longest:
            raise TypedError(f"« {COLUMNS[key]} » dépasse {longest} caractères.")
    payer, person = _payer(row), _person(row)
    payer_key = sort_key(payer.last_name, payer.first_name, payer.email)
    family = families.setdefault(sort_key(row["famille"]) or payer_key, FamilyLines(line))
    person_key = person.code or sort_key(person.last_name, person.first_name)
    if family.payers.setdefault(payer_key, payer) != payer:
        raise TypedError(f"{payer.first_name} {payer.last_name} n'est pas décrit comme plus haut.")
    quotient = _quotient(row)
    if quotient is not None and family.quotients.setdefault(payer_key, quotient) != quotient:
        raise TypedError(f"{payer.first_name} {payer.last_name} a deux quotients familiaux.")
    if family.persons.setdefault(person_key, person) != person:
        raise TypedError(f"{person.first_name} {person.last_name} n'est pas décrit comme plus haut.")


def _payer(row: dict[str, str]) -> PayerDraft:
    right = RIGHTS.get(sort_key(row["right"]))
    if right is None:
        raise TypedError(f"« {row['right']} » : le droit est complet, lecture ou semaines.")
    weeks_from = typed.day(row["weeks_from"]) if row["weeks_from"] else None
    if (right is Right.WEEKS) != (weeks_from is not None):
        raise TypedError("le droit « semaines » va avec « Semaines à partir du ».")
    if row["email"]:
        _check_email(row["email"])
    code = row["payer_code"]
    if code and not 4 <= len(normalise_payer_code(code)) <= 40:
        raise TypedError(f"le code payeur « {code} » : de 4 à 40 caractères.")
    return PayerDraft(
        row["payer_first_name"],
        row["payer_last_name"],
        row["email"],
        row["phone"],
        code,
        right,
        weeks_from,
        address=_address(row),
        resident=typed.yes_no(row["resident"] or "oui"),
    )


def _address(row: dict[str, str]) -> str:
    """The street (lines apart by « | ») above the postcode and the town, as an envelope shows them."""
    lines = [part.strip() for part in row["street"].split("|")]
    return "\n".join(filter(None, [*lines, f"{row['postcode']} {row['city']}".strip()]))


def _quotient(row: dict[str, str]) -> QuotientDraft | None:
    if not row["quotient"]:
        return None
    if not row["quotient"].isdecimal() or len(row["quotient"]) > MOST_DIGITS or not row["quotient_from"]:
        raise TypedError("le quotient familial est un nombre entier d'euros, et va avec « Quotient depuis le ».")
    return QuotientDraft(int(row["quotient"]), typed.day(row["quotient_from"]), source="import")


def _person(row: dict[str, str]) -> PersonDraft:
    code = normalise_child_code(row["child_code"])
    if row["child_code"] and not code:
        raise TypedError(f"« {row['child_code']} » n'est pas un code enfant : il faut 3 à 8 chiffres.")
    if bool(row["school"]) != bool(row["classroom"]):
        raise TypedError("l'école et la classe vont ensemble.")
    return PersonDraft(
        first_name=row["first_name"],
        last_name=row["last_name"],
        school=row["school"],
        classroom=row["classroom"],
        birth_date=typed.day(row["birth_date"]) if row["birth_date"] else None,
        adult=typed.yes_no(row["adult"]),
        occasional=typed.yes_no(row["occasional"]),
        code=code,
    )


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise TypedError(f"« {email} » n'est pas une adresse de courriel.") from None
