"""CSV for and from spreadsheets: `;` and UTF-8 with a mark when written; whatever spreadsheets do when read.

What is written cannot become a formula (OWASP, « CSV injection »): a text that a spreadsheet would compute gets a
leading apostrophe. Amounts and dates are written by us, never as free text, and stay numbers.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

BOM = "\ufeff"
SEPARATORS = ";\t,"
MOST_BYTES = 10 * 1024 * 1024
_COMPUTED = frozenset("=+-@|%＝＋－＠％")  # a tab or a carriage return before them has become a space
_AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?: \d{3})+|\d{1,12})(?:[.,](\d{1,2}))?", re.ASCII)
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")


class SpreadsheetError(ValueError):
    """The file cannot be read at all: its message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Euros:
    """An amount in cents, for a cell that must stay a number."""

    cents: int


Value = str | int | Euros | date


def written(rows: Iterable[Sequence[Value]]) -> bytes:
    """The file: UTF-8 with its mark, `;` between cells, CR LF between lines."""
    out = io.StringIO(newline="")
    out.write(BOM)
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode(errors="replace")


def safe_text(text: str) -> str:
    """`text` as a cell that no spreadsheet computes: on one line, without control characters."""
    flat = "".join(c if c.isprintable() else " " for c in text)
    return f"'{flat}" if flat.lstrip()[:1] in _COMPUTED else flat


def euros(cents: int) -> str:
    """1234 -> « 12,34 »; -5 -> « -0,05 ». No thousands separator."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole},{rest:02}"


def cents_of(text: str) -> int | None:
    """« 12,34 », « 1 234,56 € », « 12.3 », « -5 » in cents; None when it cannot be told for certain (« 1.234 »)."""
    bare = _SPACES.sub(" ", text.replace("€", " ").replace("EUR", " ").replace("−", "-")).strip()
    found = _AMOUNT.fullmatch(bare)
    if found is None:
        return None
    sign, whole, rest = found.groups()
    cents = int(whole.replace(" ", "")) * 100 + int((rest or "0").ljust(2, "0"))
    return -cents if sign == "-" else cents


def decoded(content: bytes) -> tuple[str, str]:
    """(text, encoding): UTF-8 when it is UTF-8, else the Windows code page that spreadsheets still write.

    Raises SpreadsheetError: too large, or not text.
    """
    if len(content) > MOST_BYTES:
        raise SpreadsheetError(f"Le fichier dépasse {MOST_BYTES // 1024 // 1024} Mo : coupez-le en plusieurs.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")) or b"\x00" in content:
        raise SpreadsheetError("Ce fichier n'est pas du texte : enregistrez-le au format CSV.")
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "cp1252"


def guessed_separator(text: str) -> str:
    """The separator that the most lines of the beginning hold in the same number; `;` when none does."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]

    def regularity(separator: str) -> tuple[int, int]:
        counts = [line.count(separator) for line in lines]
        usual = max(set(counts) - {0}, key=counts.count, default=0)
        return (counts.count(usual) if usual else 0), usual

    best = max(SEPARATORS, key=regularity)
    return best if regularity(best)[1] else ";"


def rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line where it begins, cells) of each row, blank ones left out. Raises SpreadsheetError."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise SpreadsheetError(f"Ligne {begins} : guillemets mal fermés ou case trop longue.") from error
        if any(cell.strip() for cell in row):
            yield begins, row
        begins = reader.line_num + 1


def _cell(value: Value) -> str:
    match value:
        case str():
            return safe_text(value)
        case Euros():
            return euros(value.cents)
        case date():
            return f"{value:%d/%m/%Y}"
        case _:
            return str(value)
