"""Menus as the kitchen sends them: a week pasted from a message, or a table (CSV, XLSX). Nothing is saved here."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from portail.gateways import spreadsheet, workbook
from portail.gateways.spreadsheet import SpreadsheetError
from portail.news.models import Menu
from portail.news.operations.lines import NewsError
from portail.news.operations.menus import MenuDay
from portail.rules.names import sort_key

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MOST_ROWS = 400
MOST_ERRORS = 10
_DAY = re.compile(rf"^\W*({'|'.join(WEEKDAYS)})\b([^:\n]*?)(?::|$|\s[-–—]\s)(.*)$", re.IGNORECASE)
_ALLERGENS = re.compile(r"^\W*allerg[eè]nes?\s*:?(.*)$", re.IGNORECASE)
_SPLIT = re.compile(r"\s*[,;/+]\s*|\s+\bet\b\s+")
_ALSO = {
    "ble": Menu.Allergen.GLUTEN, "cereales": Menu.Allergen.GLUTEN, "oeuf": Menu.Allergen.EGGS,
    "poissons": Menu.Allergen.FISH, "arachide": Menu.Allergen.PEANUTS, "cacahuetes": Menu.Allergen.PEANUTS,
    "lactose": Menu.Allergen.MILK, "noix": Menu.Allergen.NUTS, "fruits a coques": Menu.Allergen.NUTS,
    "sulfite": Menu.Allergen.SULPHITES, "so2": Menu.Allergen.SULPHITES, "crustace": Menu.Allergen.CRUSTACEANS,
    "mollusque": Menu.Allergen.MOLLUSCS,
}  # fmt: skip
_NAMES = {sort_key(str(one.label)): one for one in Menu.Allergen} | _ALSO


def pasted_week(text: str, monday: date) -> list[MenuDay]:
    """« Lundi : betteraves, gratin » and what follows, « Allergènes : lait, gluten »; days of the week of `monday`.

    Raises NewsError: no day was found, an allergen is not one of the fourteen.
    """
    courses: dict[int, list[str]] = {}
    allergens: dict[int, frozenset[Menu.Allergen]] = {}
    current: int | None = None
    for line in text.splitlines():
        if found := _DAY.match(line):
            current = WEEKDAYS.index(found[1].lower())
            courses.setdefault(current, []).extend(_parts(found[3]))
        elif current is not None and (said := _ALLERGENS.match(line)):
            allergens[current] = allergens.get(current, frozenset()) | allergens_in(said[1])
        elif current is not None:
            courses[current].extend(_parts(line))
    if not any(courses.values()):
        raise NewsError(
            "Aucun jour reconnu : commencez chaque jour par son nom, « Lundi : betteraves, gratin ».", "pasted"
        )
    return [
        MenuDay(monday + timedelta(days=number), "\n".join(parts), allergens.get(number, frozenset()))
        for number, parts in sorted(courses.items())
    ]


def menus_in_file(name: str, content: bytes) -> list[MenuDay]:
    """The days of a table: a column of dates, one « Allergènes » if any, the others are the courses in their order.

    The first row names the columns. Raises NewsError with every line that is wrong.
    """
    try:
        rows = list(_rows(name, content))
    except SpreadsheetError as error:
        raise NewsError(str(error), "file") from None
    if len(rows) < 2:
        raise NewsError("Le fichier est vide : il faut une ligne de titres, puis un jour par ligne.", "file")
    if len(rows) > MOST_ROWS + 1:
        raise NewsError(f"Le fichier dépasse {MOST_ROWS} jours : coupez-le en plusieurs.", "file")
    titles = [sort_key(title) for title in rows[0][1]]
    days = next((n for n, title in enumerate(titles) if title in ("date", "jour", "le")), 0)
    about = next((n for n, title in enumerate(titles) if title.startswith("allerg")), -1)
    found: list[MenuDay] = []
    wrong: list[str] = []
    for number, cells in rows[1:]:
        try:
            found.append(_menu_of(cells, days, about))
        except NewsError as error:
            wrong.append(f"Ligne {number} : {error}")
    if wrong:
        raise NewsError(" ".join(wrong[:MOST_ERRORS]), "file")
    return found


def allergens_in(text: str) -> frozenset[Menu.Allergen]:
    """« Lait, œufs et fruits à coque ». Raises NewsError for what is none of the fourteen."""
    found = set()
    for part in _SPLIT.split(text.strip(" .\t")):
        name = sort_key(part)
        if name in ("", "aucun", "neant"):
            continue
        if name not in _NAMES:
            raise NewsError(f"« {part[:40]} » n'est pas un des 14 allergènes du règlement.")
        found.add(_NAMES[name])
    return frozenset(found)


def _menu_of(cells: Sequence[str], days: int, about: int) -> MenuDay:
    day = _date(cells[days].strip() if days < len(cells) else "")
    allergens = allergens_in(cells[about]) if 0 <= about < len(cells) else frozenset()
    courses = [line for n, cell in enumerate(cells) if n not in (days, about) for line in cell.splitlines()]
    return MenuDay(day, "\n".join(courses), allergens)


def _date(text: str) -> date:
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise NewsError(f"« {text[:40]} » n'est pas une date (24/11/2026).")


def _rows(name: str, content: bytes) -> Iterable[tuple[int, list[str]]]:
    if name.lower().endswith(".xlsx") or content.startswith(b"PK\x03\x04"):
        return workbook.rows_of(content)
    text, _ = spreadsheet.decoded(content)
    return spreadsheet.rows_of(text, spreadsheet.guessed_separator(text))


def _parts(text: str) -> list[str]:
    return [part.strip(" .\t•–-") for part in re.split(r"[,;]", text) if part.strip(" .\t•–-")]
