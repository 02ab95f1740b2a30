"""Files of pupils for the tests, in the documented format of ONDE (22 columns), clean or nasty."""

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, timedelta

HEADERS = [
    "Nom élève", "Nom d'usage élève", "Prénom élève", "Date naissance", "Sexe", "INE", "Adresse1", "Cp1", "Commune1",
    "Pays1", "Adresse2", "Cp2", "Commune2", "Pays2", " Cycle", "Niveau", "Libellé classe", "Identifiant classe",
    "Attestation fournie", "Autorisation associations", "Autorisation photo", "Décision de passage",
]  # fmt: skip
LEVELS = ("PS", "MS", "GS", "CP", "CE1", "CE2", "CM1", "CM2")
FIRST = ("Élodie", "Noé", "Zoé", "Jean-Baptiste", "Maël", "Anaïs", "Çelik", "Łukasz", "Inès", "Théo", "Aïcha", "D'Arcy")
LAST = ("LEFÈVRE", "MARTIN", "DE LA TOUR", "O'NEIL", "NUÑEZ", "BŒUF", "GARÇON", "SCHMITT", "N'DIAYE", "LE GOFF")


def line(last: str, first: str, born: str = "04/05/2018", ine: str = "", room: str = "CP A", **more: str) -> list[str]:
    """One line of ONDE. `more`: usual, level."""
    usual, level = more.get("usual", ""), more.get("level", "CP")
    return [
        last, usual, first, born, "F", ine, "1 rue des Écoles", "78000", "DÉMO", "FRANCE", "", "", "", "", "CYCLE II",
        level, room, "12345", "Oui", "Non", "Oui", "",
    ]  # fmt: skip


def onde(
    *lines: Sequence[str], encoding: str = "utf-8", separator: str = ";", headers: Sequence[str] = HEADERS
) -> bytes:
    """The file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows(lines)
    return out.getvalue().encode(encoding, errors="replace")


def school_of(count: int, seed: int = 1) -> list[list[str]]:
    """So many pupils with accents, compound names, one in twenty without INE; names may come twice, never pupils."""
    draw = random.Random(seed)  # noqa: S311  a test's own
    made = []
    for number in range(count):
        born = date(2015, 1, 1) + timedelta(days=number)
        level = LEVELS[number % len(LEVELS)]
        ine = "" if number % 20 == 0 else f"{number:010}AB"[:11]
        made.append(
            line(draw.choice(LAST), draw.choice(FIRST), f"{born:%d/%m/%Y}", ine, f"{level} {number % 3}", level=level)
        )
    return made


GUARDIAN_HEADERS = [
    "Civilité Responsable", "Nom usage responsable", "Nom responsable", "Prénom responsable", "Adresse responsable",
    "CP responsable", "Commune responsable", "Pays", "Courriel", "Téléphone domicile", "Téléphone travail",
    "Téléphone portable",
]  # fmt: skip
CHILD_HEADERS = ["Nom d'usage enfant", "Nom de famille enfant", "Prénom enfant", "Classes enfants"]


def guardian(
    last: str, first: str, *children: tuple[str, str], email: str = "", street: str = "1 rue A", usual: str = ""
) -> list[str]:
    """One line of the guardians' file. `children`: (name, first name)."""
    cells = ["Mme", usual, last, first, street, "78000" if street else "", "DÉMO" if street else "", "FRANCE", email,
             "0130000000", "", "0612345678"]  # fmt: skip
    for name, called in children:
        cells += ["", name, called, "CE1"]
    return cells


def guardians(*lines: Sequence[str], most: int = 3, encoding: str = "utf-8") -> bytes:
    """The file, with as many groups of columns of the same names as it takes."""
    return onde(*lines, headers=GUARDIAN_HEADERS + CHILD_HEADERS * most, encoding=encoding)
