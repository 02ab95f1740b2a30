"""XLSX for and from spreadsheets, by openpyxl. Texts are written as texts: nothing that was typed is ever computed."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from portail.gateways.spreadsheet import Euros, SpreadsheetError, Value, safe_text

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024  # a small archive that swells is an attack
MOST_ROWS = 100_000
UNREADABLE = "Ce fichier n'est pas un classeur lisible : enregistrez-le de nouveau en XLSX ou en CSV."
LONGEST_TITLE = 31  # characters of a sheet's name, and none of []:*?/\


def written(rows: Iterable[Sequence[Value]], title: str = "Feuille 1") -> bytes:
    """The file, of one sheet: the first row is the header. Amounts and dates stay numbers and dates."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    sheet.freeze_panes = "A2"
    kept = [list(row) for row in rows]
    for place in range(max(map(len, kept), default=0)):
        widest = max(len(str(row[place])) for row in kept if place < len(row))
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(max(widest + 2, 8), 60)
    for number, row in enumerate(kept):
        sheet.append([_cell(sheet, value, header=number == 0) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, cells as text) of each row of the first sheet, blank ones left out. Raises SpreadsheetError.

    Dates come as « 24/11/2026 », whole numbers without a decimal part: as a CSV of the same sheet would say.
    """
    _refuse_what_swells(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_row=MOST_ROWS), 1):
            cells = [_text(value) for value in row]
            if any(cells):
                yield number, cells
    except (BadZipFile, KeyError, ValueError, IndexError, TypeError, OSError) as error:
        raise SpreadsheetError(UNREADABLE) from error


def _sheet_name(title: str) -> str:
    kept = "".join(" " if c in "[]:*?/\\" else c for c in title)
    return kept[:LONGEST_TITLE].strip() or "Feuille 1"


def _refuse_what_swells(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise SpreadsheetError(f"Le fichier dépasse {MOST_BYTES // 1024 // 1024} Mo : coupez-le en plusieurs.")
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except BadZipFile as error:
        raise SpreadsheetError("Ce fichier n'est pas un classeur XLSX.") from error
    if unpacked > MOST_UNPACKED:
        raise SpreadsheetError("Ce classeur est trop grand une fois décompressé : coupez-le en plusieurs.")


def _cell(sheet: object, value: Value, *, header: bool) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=safe_text(value) if isinstance(value, str) else _number(value))
    if isinstance(value, str):
        cell.data_type = "s"  # never « f »: openpyxl would take « =1+1 » for a formula
    elif isinstance(value, Euros):
        cell.number_format = '#,##0.00 "€"'
    elif isinstance(value, date):
        cell.number_format = "DD/MM/YYYY"
    if header:
        cell.font = Font(bold=True)
    return cell


def _number(value: Value) -> object:
    return value.cents / 100 if isinstance(value, Euros) else value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
