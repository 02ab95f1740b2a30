"""Where a statement keeps what: saved by the town once for each of its files, as JSON.

The layout of the régisseur's own statement is not published: hence a mapping, and no built-in format.
"""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from portail.gateways.spreadsheet import SEPARATORS

Column = str | int
"""A column: its name in the header, or its number from 1."""

DATE_FORMATS = (
    "JJ/MM/AAAA",
    "JJ/MM/AA",
    "JJ-MM-AAAA",
    "JJ.MM.AAAA",
    "AAAA-MM-JJ",
    "AAAA/MM/JJ",
    "JJMMAAAA",
    "AAAAMMJJ",
)
MOST_COLUMNS = 200
MOST_SKIPPED = 100


class MappingError(ValueError):
    """A mapping that cannot serve: `faults` are French sentences, all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Unit(StrEnum):
    """What the column of amounts holds."""

    EUROS = "euros"
    CENTS = "cents"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How to read one kind of file.

    `skip`: lines of presentation before the header. `means`: the column, else `means_constant` for every line.
    `reference_after`: the reference is the word that follows this text inside its column (« REF »); "" when the column
    holds it alone. `kind`: the column that tells lines apart; then only the values of `keep` are payments, those of
    `ignore` are known and left, and `footer` is the line whose `footer_total` (and `footer_count`) is checked.
    """

    date: Column
    reference: Column
    amount: Column
    date_format: str = "JJ/MM/AAAA"
    unit: Unit = Unit.EUROS
    reference_after: str = ""
    means: Column | None = None
    means_constant: str = ""
    authorisation: Column | None = None
    payer: Column | None = None
    header: bool = True
    skip: int = 0
    separator: str = ""
    kind: Column | None = None
    keep: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    footer: str = ""
    footer_total: Column | None = None
    footer_count: Column | None = None

    def __post_init__(self) -> None:
        faults = [*_column_faults(self), *_other_faults(self), *_kind_faults(self)]
        if faults:
            raise MappingError(faults)


# Field -> what the screen calls it; `None` is allowed for those that are not in `_NEEDED`.
COLUMNS = {
    "date": "la date",
    "reference": "la référence",
    "amount": "le montant",
    "means": "le moyen",
    "authorisation": "l'autorisation",
    "payer": "le payeur",
    "kind": "le type de ligne",
    "footer_total": "le total du pied de page",
    "footer_count": "le nombre du pied de page",
}
_NEEDED = {"date", "reference", "amount"}
_TEXTS = ("date_format", "unit", "reference_after", "means_constant", "separator", "footer")
_LISTS = ("keep", "ignore")


def to_json(mapping: Mapping) -> dict[str, Any]:
    """Plain values, for a JSON column."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(mapping).items()}


def from_json(values: object) -> Mapping:
    """The mapping that was saved. Raises MappingError with every fault, an unknown key or a wrong type among them."""
    if not isinstance(values, Dictionary):
        raise MappingError(["Le réglage du relevé est illisible."])
    known = {*COLUMNS, *_TEXTS, *_LISTS, "header", "skip"}
    faults = [f"Réglage inconnu : « {key} »." for key in values if key not in known]
    faults += [f"Il manque la colonne de {COLUMNS[key]}." for key in COLUMNS if key in _NEEDED and key not in values]
    faults += [f"« {key} » n'a pas la bonne forme." for key, value in values.items() if not _shaped(str(key), value)]
    if faults:
        raise MappingError(faults)
    clean: dict[str, Any] = {
        str(key): tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    unit = clean.get("unit", Unit.EUROS)
    if unit not in list(Unit):
        raise MappingError(["L'unité du montant est euros ou cents."])
    return Mapping(**{**clean, "unit": Unit(unit)})


def _shaped(key: str, value: object) -> bool:
    """Has the value of that key the type of its field? Unknown keys are said elsewhere."""
    if key in COLUMNS:
        return (value is None and key not in _NEEDED) or (isinstance(value, str | int) and not isinstance(value, bool))
    if key in _LISTS:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if key == "header":
        return isinstance(value, bool)
    if key == "skip":
        return isinstance(value, int) and not isinstance(value, bool)
    return key not in _TEXTS or isinstance(value, str)


def _column_faults(mapping: Mapping) -> list[str]:
    faults = []
    for field, what in COLUMNS.items():
        column = getattr(mapping, field)
        if isinstance(column, int) and not 1 <= column <= MOST_COLUMNS:
            faults.append(f"La colonne de {what} porte un numéro de 1 à {MOST_COLUMNS}.")
        if isinstance(column, str) and not mapping.header:
            faults.append(f"Sans ligne de titres, la colonne de {what} se désigne par son numéro.")
        if isinstance(column, str) and not column.strip():
            faults.append(f"La colonne de {what} n'a pas de nom.")
    return faults


def _other_faults(mapping: Mapping) -> list[str]:
    faults = []
    if mapping.date_format not in DATE_FORMATS:
        faults.append(f"La date s'écrit {', '.join(DATE_FORMATS)}.")
    if mapping.separator not in ("", *SEPARATORS):
        faults.append("Le séparateur est un point-virgule, une virgule, une tabulation, ou deviné.")
    if not 0 <= mapping.skip <= MOST_SKIPPED:
        faults.append(f"On saute de 0 à {MOST_SKIPPED} lignes.")
    if (mapping.means is None) == (not mapping.means_constant.strip()):
        faults.append("Le moyen de paiement vient d'une colonne ou d'une valeur fixe : l'une des deux.")
    return faults


def _kind_faults(mapping: Mapping) -> list[str]:
    faults = []
    footed = mapping.footer_total is not None or mapping.footer_count is not None
    if mapping.kind is None and (mapping.keep or mapping.ignore or mapping.footer):
        faults.append("Pour trier les lignes, il faut désigner la colonne de leur type.")
    if mapping.kind is not None and not any(value.strip() for value in mapping.keep):
        faults.append("Il faut au moins un type de ligne à garder.")
    values = [value.strip().casefold() for value in (*mapping.keep, *mapping.ignore, mapping.footer) if value.strip()]
    if len(set(values)) != len(values):
        faults.append("Un type de ligne ne peut avoir deux rôles.")
    if footed != bool(mapping.footer.strip()):
        faults.append("Le pied de page se désigne par son type et par la colonne de son total ou de son nombre.")
    return faults
