"""Reading a statement: each line is a payment, or said to be unreadable, or known and left. None is lost."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from portail.gateways.spreadsheet import cents_of, decoded, euros, guessed_separator, rows_of
from portail.gateways.statements.mapping import COLUMNS, Column, Mapping, Unit
from portail.rules.names import sort_key

MOST_ROWS = 100_000
MOST_CENTS = 99_999_999_999


class StatementError(ValueError):
    """The file does not go with the mapping at all: a French sentence."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A payment according to the statement. `reference`: capitals and digits alone. `cents` may be negative (a reject).

    `line_number`: where it begins in the file, from 1. `raw`: its cells as they were.
    """

    date: date
    reference: str
    cents: int
    means: str
    authorisation: str
    payer: str
    line_number: int
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A line that is no payment, and why, as a French sentence."""

    line_number: int
    why: str
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All the lines of a file. `warnings`: totals that do not agree. `encoding`, `separator`: what was guessed."""

    encoding: str
    separator: str
    lines: list[StatementLine] = field(default_factory=list)
    unreadable: list[LeftLine] = field(default_factory=list)
    ignored: list[LeftLine] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def total_cents(self) -> int:
        """What the readable payments add up to."""
        return sum(line.cents for line in self.lines)


class _LineError(Exception):
    """What is wrong with one line."""


def normalised(reference: str) -> str:
    """« 2013-T5-00-19000345 » -> « 2013T50019000345 »: what PayFiP keeps of a reference, in capitals."""
    return "".join(c for c in reference.upper() if c.isascii() and c.isalnum())


def read_statement(content: bytes, mapping: Mapping) -> Statement:
    """The payments of a file. Raises StatementError, SpreadsheetError: no text, no such column, quotes left open."""
    text, encoding = decoded(content)
    physical = list(io.StringIO(text, newline=""))
    body = "".join(physical[mapping.skip :])
    statement = Statement(encoding, mapping.separator or guessed_separator(body))
    statement.ignored.extend(
        LeftLine(number, "Ligne de présentation.", (line.strip(),))
        for number, line in enumerate(physical[: mapping.skip], 1)
        if line.strip()
    )
    rows = [(number + mapping.skip, row) for number, row in rows_of(body, statement.separator)]
    if len(rows) > MOST_ROWS:
        raise StatementError(f"Le fichier dépasse {MOST_ROWS} lignes : coupez-le en plusieurs.")
    places = _places(rows.pop(0)[1] if mapping.header and rows else None, mapping)
    if not rows:
        raise StatementError("Le fichier ne contient aucune ligne de paiement.")
    reader = _Reader(mapping, places, statement)
    for number, row in rows:
        reader.take(number, row)
    reader.finish()
    return statement


def _places(header: Sequence[str] | None, mapping: Mapping) -> dict[str, int]:
    """Field -> index of its column. Raises StatementError naming all the columns that are not there, or there twice."""
    names = [sort_key(cell) for cell in header or ()]
    places: dict[str, int] = {}
    faults = []
    for name, what in COLUMNS.items():
        column: Column | None = getattr(mapping, name)
        if isinstance(column, int):
            places[name] = column - 1
        elif column is not None:
            times = names.count(sort_key(column))
            if times == 1:
                places[name] = names.index(sort_key(column))
            else:
                faults.append(f"« {column} » ({what}) {'y est plusieurs fois' if times else 'manque'}")
    if faults:
        shown = ", ".join(cell.strip() for cell in header or () if cell.strip())
        raise StatementError(f"Ce fichier ne va pas avec ce réglage : {' ; '.join(faults)}. Colonnes lues : {shown}.")
    return places


class _Reader:
    """Sorts the rows of one file into its statement."""

    def __init__(self, mapping: Mapping, places: dict[str, int], statement: Statement) -> None:
        self._mapping = mapping
        self._places = places
        self._statement = statement
        self._keep = {value.strip().casefold() for value in mapping.keep}
        self._ignore = {value.strip().casefold() for value in mapping.ignore}
        self._checked = 0  # payments that a footer was held against
        self._footers = 0

    def take(self, number: int, row: Sequence[str]) -> None:
        """Sort one row."""
        try:
            if self._is_payment(number, row):
                self._statement.lines.append(self._payment(number, row))
        except _LineError as error:
            self._statement.unreadable.append(LeftLine(number, f"Ligne {number} : {error}.", tuple(row)))

    def _cell(self, row: Sequence[str], name: str) -> str:
        place = self._places.get(name)
        if place is None:
            return ""
        if place >= len(row):
            raise _LineError(f"elle a {len(row)} cases, et {COLUMNS[name]} est dans la {place + 1}e")
        return " ".join(row[place].split())

    def _is_payment(self, number: int, row: Sequence[str]) -> bool:
        if self._mapping.kind is None:
            return True
        kind = self._cell(row, "kind")
        if kind.casefold() in self._keep:
            return True
        if self._mapping.footer and kind.casefold() == self._mapping.footer.strip().casefold():
            self._check_footer(row)
            self._statement.ignored.append(LeftLine(number, "Pied de page.", tuple(row)))
        elif kind.casefold() in self._ignore:
            self._statement.ignored.append(LeftLine(number, f"Type « {kind} ».", tuple(row)))
        else:
            raise _LineError(f"le type « {kind} » n'est pas connu du réglage")
        return False

    def _payment(self, number: int, row: Sequence[str]) -> StatementLine:
        return StatementLine(
            date=_date_of(self._cell(row, "date"), self._mapping.date_format),
            reference=self._reference(self._cell(row, "reference")),
            cents=self._cents(self._cell(row, "amount")),
            means=self._cell(row, "means") or self._mapping.means_constant,
            authorisation=self._cell(row, "authorisation"),
            payer=self._cell(row, "payer"),
            line_number=number,
            raw=tuple(row),
        )

    def _reference(self, cell: str) -> str:
        text, marker = cell, self._mapping.reference_after.strip()
        if marker:
            before, found, after = cell.casefold().partition(marker.casefold())
            if not found or len(before + found + after) != len(cell):
                raise _LineError(f"« {marker} » n'est pas dans « {cell} »")
            text = (cell[len(before) + len(found) :].strip(" :") or " ").split(" ")[0]
        reference = normalised(text)
        if not reference:
            raise _LineError("la référence est vide")
        return reference

    def _cents(self, cell: str) -> int:
        cents = cents_of(cell)
        if self._mapping.unit is Unit.CENTS:
            cents = int(cell) if re.fullmatch(r"[+-]?[0-9]{1,14}", cell) else None
        if cents is None:
            raise _LineError(f"« {cell} » n'est pas un montant sûr" if cell else "le montant est vide")
        if cents == 0 or abs(cents) > MOST_CENTS:
            raise _LineError(f"le montant {euros(cents)} € est impossible")
        return cents

    def finish(self) -> None:
        """After the last row: a footer that never came means a file cut short."""
        if self._mapping.footer and (not self._footers or self._checked < len(self._statement.lines)):
            self._statement.warnings.append("Le pied de page n'est pas à la fin : le fichier est peut-être coupé.")

    def _check_footer(self, row: Sequence[str]) -> None:
        """Hold a footer against the payments since the one before."""
        statement = self._statement
        lines = statement.lines[self._checked :]
        self._checked, self._footers = len(statement.lines), self._footers + 1
        if "footer_total" in self._places:
            cell = self._cell(row, "footer_total")
            total = sum(line.cents for line in lines)
            if self._footer_cents(cell) != total:
                said = cell or "un total vide"
                statement.warnings.append(f"Le pied de page annonce {said} ; les lignes lues font {euros(total)} €.")
        if "footer_count" in self._places:
            cell = self._cell(row, "footer_count")
            if not re.fullmatch(r"[0-9]{1,9}", cell) or int(cell) != len(lines):
                said = cell or "un nombre vide"
                statement.warnings.append(f"Le pied de page annonce {said} paiements ; {len(lines)} sont lus.")

    def _footer_cents(self, cell: str) -> int | None:
        if self._mapping.unit is Unit.CENTS:
            return int(cell) if re.fullmatch(r"[+-]?[0-9]{1,14}", cell) else None
        return cents_of(cell)


_DATES = {"JJ": r"(?P<day>[0-9]{1,2})", "MM": r"(?P<month>[0-9]{1,2})", "AAAA": r"(?P<year>[0-9]{4})"}


def _date_of(cell: str, date_format: str) -> date:
    """A date written as one of DATE_FORMATS, an hour after it left out. Raises a fault of the line."""
    pattern = re.escape(date_format).replace("AAAA", _DATES["AAAA"]).replace("AA", r"(?P<short>[0-9]{2})")
    pattern = pattern.replace("JJ", _DATES["JJ"]).replace("MM", _DATES["MM"])
    if date_format.isalpha():
        pattern = pattern.replace("{1,2}", "{2}")
    found = re.fullmatch(rf"{pattern}(?:[ T][0-9:.hHZ+]*)?", cell)
    try:
        if found is not None:
            parts = found.groupdict()
            year = int(parts.get("year") or f"20{parts['short']}")
            if 2000 <= year <= 2099:
                return date(year, int(parts["month"]), int(parts["day"]))
    except ValueError:
        pass
    raise _LineError(f"« {cell} » n'est pas une date {date_format}")
