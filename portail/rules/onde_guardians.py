"""The guardians of a file (ONDE): who they are, which children they name, what that would change in the register.

The extraction has twelve columns for the guardian, then four for each child: the same headers come back, so that
columns are told by their place. It has no INE: children are found by their names.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portail.rules.names import sort_key
from portail.rules.onde import LONGEST_NAME, Unread, clean
from portail.rules.onde_matching import Difference, Known, Verdict

LONGEST_EMAIL, LONGEST_PHONE, LONGEST_ADDRESS_LINE = 254, 20, 80
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class GuardianField(StrEnum):
    """What a column of the guardians' file may say."""

    LAST_NAME = "last_name"
    USUAL_NAME = "usual_name"
    FIRST_NAME = "first_name"
    ADDRESS = "address"
    POSTCODE = "postcode"
    CITY = "city"
    EMAIL = "email"
    MOBILE = "mobile"
    HOME_PHONE = "home_phone"


GUARDIAN_ALIASES: dict[str, tuple[str, ...]] = {
    GuardianField.LAST_NAME: ("nom responsable", "nom de famille responsable", "nom du responsable", "nom"),
    GuardianField.USUAL_NAME: ("nom usage responsable", "nom d usage responsable"),
    GuardianField.FIRST_NAME: ("prenom responsable", "prenom du responsable", "prenom"),
    GuardianField.ADDRESS: ("adresse responsable", "adresse"),
    GuardianField.POSTCODE: ("cp responsable", "code postal", "cp"),
    GuardianField.CITY: ("commune responsable", "commune", "ville"),
    GuardianField.EMAIL: ("courriel", "email", "e mail", "mail", "adresse de courriel"),
    GuardianField.MOBILE: ("telephone portable", "portable", "telephone"),
    GuardianField.HOME_PHONE: ("telephone domicile",),
}
_CHILD_FIRST = ("prenom enfant", "prenom de l enfant")
_CHILD_LAST = ("nom de famille enfant", "nom enfant", "nom de l enfant")
_CHILD_USUAL = ("nom d usage enfant", "nom usage enfant")


@dataclass(frozen=True, slots=True)
class Guardian:
    """A line that reads. `children`: the `sort_key` of each name that a child may bear, and the name as written."""

    line: int
    last_name: str
    first_name: str
    other_name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    children: tuple[tuple[frozenset[str], str], ...] = ()

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def names(self) -> set[str]:
        """The `sort_key` of each of their names."""
        return {sort_key(name, self.first_name) for name in (self.last_name, self.other_name) if name}


@dataclass(frozen=True, slots=True)
class KnownPayer:
    """A payer of the register. `children`: the keys of those whom they answer for."""

    pk: int
    last_name: str
    first_name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    children: frozenset[int] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


def missing_of_guardians(columns: Mapping[str, int], headers: Sequence[str]) -> tuple[str, str] | None:
    """What the columns lack to be read: (where, a French sentence); None when nothing is."""
    if GuardianField.LAST_NAME not in columns and GuardianField.USUAL_NAME not in columns:
        return GuardianField.LAST_NAME, "Dites quelle colonne donne le nom du responsable."
    if GuardianField.FIRST_NAME not in columns:
        return GuardianField.FIRST_NAME, "Dites quelle colonne donne le prénom du responsable."
    if not child_columns(headers):
        return (
            "",
            "Ce fichier ne nomme pas les enfants : il faut des colonnes « Nom de famille enfant, Prénom enfant ».",
        )
    if len(set(columns.values())) < len(columns):
        return "", "La même colonne est choisie deux fois."
    return None


def child_columns(headers: Sequence[str]) -> list[tuple[list[int], int]]:
    """(places of the names, place of the first name) of each child; a group begins where a header comes back."""
    groups: list[tuple[list[int], int]] = []
    names: list[int] = []
    for place, header in enumerate(headers):
        said = sort_key(header)
        if said in _CHILD_USUAL or said in _CHILD_LAST:
            names.append(place)
        elif said in _CHILD_FIRST and names:
            groups.append((names, place))
            names = []
    return groups


def read_guardian(
    line: int, cells: Sequence[str], columns: Mapping[str, int], groups: Sequence[tuple[list[int], int]]
) -> Guardian | Unread:
    """A line of the file. A short one has empty cells at its end."""

    def cell(place: int | None) -> str:
        return clean(cells[place]) if place is not None and place < len(cells) else ""

    said = {name.value: cell(columns.get(name)) for name in GuardianField}
    born, usual = said["last_name"], said["usual_name"]
    town = f"{said['postcode']} {said['city']}".strip()
    guardian = Guardian(
        line,
        last_name=usual or born,
        first_name=said["first_name"],
        other_name=born if usual and sort_key(usual) != sort_key(born) else "",
        email=said["email"],
        phone=(said["mobile"] or said["home_phone"])[:LONGEST_PHONE],
        address="\n".join(row[:LONGEST_ADDRESS_LINE] for row in (said["address"], town) if row),
        children=tuple(_child([cell(name) for name in names], cell(first)) for names, first in groups if cell(first)),
    )
    reason = _fault(guardian)
    return Unread(line, str(guardian)[:LONGEST_NAME].strip(), reason) if reason else guardian


def guardian_differences(
    lines: Iterable[Guardian | Unread], children: Sequence[Known], payers: Sequence[KnownPayer]
) -> list[Difference]:
    """What the file would change, by line. `after`: what is new of the payer, and "children": links to add.

    What the register knows of a payer is kept: a file only fills what is empty. Nobody is entered twice for the same
    e-mail, nor for the same name and address.
    """
    register, found = _Register(children, payers), []
    for one in lines:
        if isinstance(one, Unread):
            found.append(Difference(Verdict.UNREADABLE, one.line, one.name, reason=one.reason))
        else:
            found.append(_difference(one, register))
            register.meet(one)
    return found


class _Register:
    """The register as it is looked up, and the guardians of the lines above."""

    def __init__(self, children: Sequence[Known], payers: Sequence[KnownPayer]) -> None:
        self.children: dict[str, list[int]] = {}
        for child in children:
            self.children.setdefault(sort_key(child.last_name, child.first_name), []).append(child.pk)
        self.by_name: dict[str, list[KnownPayer]] = {}
        for payer in payers:
            self.by_name.setdefault(sort_key(payer.last_name, payer.first_name), []).append(payer)
        self.by_email = {payer.email.casefold(): payer for payer in payers if payer.email}
        self.met: dict[str, list[Guardian]] = {}
        self.met_by_email: dict[str, Guardian] = {}

    def meet(self, one: Guardian) -> None:
        """This line is read."""
        for key in one.names():
            self.met.setdefault(key, []).append(one)
        if one.email:
            self.met_by_email.setdefault(one.email.casefold(), one)

    def named(self, one: Guardian, children: Sequence[int]) -> list[KnownPayer]:
        """The payers of this name; of several, those who are surely the same, if there are."""
        found = {payer.pk: payer for key in sorted(one.names()) for payer in self.by_name.get(key, ())}
        return [payer for payer in found.values() if _same(one, payer, children)] or list(found.values())


def _difference(one: Guardian, register: _Register) -> Difference:
    keys, lacking = _children(one, register.children)
    if not keys:
        who = ", ".join(lacking) or "aucun enfant nommé"
        reason = f"Ses enfants ne sont pas trouvés : {who}."[:300]
        return Difference(Verdict.UNREADABLE, one.line, str(one), reason=reason)
    known = register.named(one, keys)
    reason = _twice(one, register) or _doubt(one, known, keys, register)
    if reason:
        return Difference(Verdict.DOUBLE, one.line, str(one), reason=reason[:300])
    note = f"Pas trouvé : {', '.join(lacking)}."[:300] if lacking else ""
    before, after = _changes(one, known[0] if known else None, keys)
    if not known:
        return Difference(Verdict.NEW, one.line, str(one), None, note, None, before, after)
    verdict = Verdict.CHANGED if after else Verdict.SAME
    return Difference(verdict, one.line, str(one), known[0].pk, note, None, before, after)


def _doubt(one: Guardian, known: Sequence[KnownPayer], keys: Sequence[int], register: _Register) -> str:
    """Why nobody can say which payer this is; "" when it is sure."""
    if len(known) > 1:
        return f"{len(known)} payeurs de ce nom dans le portail."
    if known:
        other = not _same(one, known[0], keys)
        return "Un payeur de ce nom vit à une autre adresse : liez-le ou créez-le à la main." if other else ""
    shared = register.by_email.get(one.email.casefold()) if one.email else None
    return f"Son courriel est celui de {shared} : créez ce payeur à la main." if shared else ""


def _children(one: Guardian, by_name: Mapping[str, list[int]]) -> tuple[list[int], list[str]]:
    """(the children found, the names of those who are not or who have a namesake)."""
    keys, lacking = [], []
    for names, written in one.children:
        found = {pk for name in names for pk in by_name.get(name, ())}
        if len(found) == 1:
            keys.append(found.pop())
        else:
            lacking.append(written)
    return list(dict.fromkeys(keys)), lacking


def _twice(one: Guardian, register: _Register) -> str:
    """Why this line cannot be a second payer beside those of the lines above; "" when it can."""
    for other in (other for key in sorted(one.names()) for other in register.met.get(key, ())):
        if not one.address or not other.address or sort_key(one.address) == sort_key(other.address):
            return f"Déjà lu à la ligne {other.line}."
    shared = register.met_by_email.get(one.email.casefold()) if one.email else None
    return f"Son courriel est celui de la ligne {shared.line}, {shared}." if shared else ""


def _same(one: Guardian, payer: KnownPayer, children: Iterable[int]) -> bool:
    """Surely the same, of those who bear the same name: same e-mail, same address, a child in common, or no telling."""
    if one.email and one.email.casefold() == payer.email.casefold():
        return True
    if not one.address or not payer.address or sort_key(one.address) == sort_key(payer.address):
        return True
    return bool(payer.children & set(children))


def _changes(one: Guardian, payer: KnownPayer | None, keys: Sequence[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    said = {"email": one.email, "phone": one.phone, "address": one.address}
    if payer is None:
        return {}, {"last_name": one.last_name, "first_name": one.first_name, **said, "children": list(keys)}
    held = {"email": payer.email, "phone": payer.phone, "address": payer.address}
    after: dict[str, Any] = {name: value for name, value in said.items() if value and not held[name]}
    before: dict[str, Any] = dict.fromkeys(after, "")
    if links := [key for key in keys if key not in payer.children]:
        after["children"] = links
    return before, after


def _child(names: Sequence[str], first: str) -> tuple[frozenset[str], str]:
    said = [name for name in names if name]
    return frozenset(sort_key(name, first) for name in said), f"{first} {said[0] if said else ''}".strip()


def _fault(one: Guardian) -> str:
    if not sort_key(one.last_name) or not sort_key(one.first_name):
        return "Le nom manque." if not sort_key(one.last_name) else "Le prénom manque."
    if max(len(one.last_name), len(one.first_name)) > LONGEST_NAME:
        return f"Le nom ou le prénom dépasse {LONGEST_NAME} caractères."
    if one.email and (len(one.email) > LONGEST_EMAIL or not _EMAIL.fullmatch(one.email)):
        return f"« {one.email[:40]} » n'est pas une adresse de courriel."
    return ""
