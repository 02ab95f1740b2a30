"""What the town hall types about people, made clean: one line each, of a bearable length."""

import re
from datetime import date

from portail.families.operations.register import RegisterError

OLDEST = 120  # years
LONGEST_ADDRESS_LINES = 6  # what the window of an envelope shows
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def line(text: str, what: str, longest: int) -> str:
    """One line of text, blanks squeezed; `what` names it in the error. Raises RegisterError."""
    found = " ".join(_CONTROL.sub("", text).split())
    if len(found) > longest:
        raise RegisterError(f"{what} dépasse {longest} caractères.")
    return found


def required(text: str, what: str, longest: int) -> str:
    """The same, never empty."""
    found = line(text, what, longest)
    if not found:
        raise RegisterError(f"{what} manque.")
    return found


def paragraph(text: str, what: str, longest: int) -> str:
    """Several lines, kept as they are. Raises RegisterError."""
    found = "\n".join(row.rstrip() for row in _CONTROL.sub("", text).splitlines()).strip()
    if len(found) > longest:
        raise RegisterError(f"{what} dépasse {longest} caractères.")
    return found


def address(text: str) -> str:
    """A postal address, as printed in the window of an envelope. Raises RegisterError."""
    rows = [found for row in text.splitlines() if (found := line(row, "Une ligne de l'adresse", 80))]
    if len(rows) > LONGEST_ADDRESS_LINES:
        raise RegisterError("L'adresse a six lignes au plus : une enveloppe n'en montre pas davantage.")
    return "\n".join(rows)


def birth_date(day: date | None, today: date) -> date | None:
    """A day on which somebody alive may have been born. Raises RegisterError."""
    if day is not None and not (today.year - OLDEST <= day.year and day <= today):
        raise RegisterError("Cette date de naissance n'est pas possible.")
    return day
