"""The card form: which numbers the simulator takes, and what it says of the others. A real card is never accepted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ACCEPTED = ("5017674000000002", "5017670000001800", "4978860713891312")
REFUSED = "4000000000000002"
CODE = "123456"
MOST_CODES = 3
FISCAL_NUMBER = re.compile(r"[0-9]{13}")
WRONG_PASSWORD = "faux"  # noqa: S105  told on the page: what makes the connection fail
ACCOUNTS = {
    "courant": "Compte courant FR76 •••• •••• 4561",
    "livret": "Compte joint FR76 •••• •••• 8820",
    "clos": "Compte clôturé FR76 •••• •••• 0007 (le prélèvement sera refusé)",
}
CLOSED_ACCOUNT = "clos"


@dataclass(frozen=True, slots=True)
class CardForm:
    """A card form that came back: `errors` by field name; `masked` is all that may be kept of the number."""

    number: str
    month: str
    year: str
    errors: Mapping[str, str]

    @property
    def masked(self) -> str:
        """« 5017#########002 » as the bank prints it: four first, two last digits."""
        return f"{self.number[:4]}{'#' * max(0, len(self.number) - 6)}{self.number[-2:]}" if self.number else ""

    @property
    def is_refused(self) -> bool:
        """The bank will say no, after the authentication."""
        return self.number == REFUSED


def read_card(form: Mapping[str, str], year: int, month: int) -> CardForm:
    """Read the form as of this month of this year."""
    number = re.sub(r"[\s.\-]", "", form.get("numero", ""))
    errors = {}
    if not re.fullmatch(r"[0-9]{12,19}", number) or not _luhn(number):
        errors["numero"] = "Ce numéro de carte n’est pas valable."
    elif number not in (*ACCEPTED, REFUSED):
        errors["numero"] = "Seules les cartes d’essai ci-dessous sont acceptées : n’utilisez pas une vraie carte."
    typed = (form.get("annee", ""), form.get("mois", ""))
    if not re.fullmatch(r"20[0-9]{2}/(0[1-9]|1[0-2])", "/".join(typed)):
        errors["expiration"] = "Choisissez le mois et l’année d’expiration."
    elif (int(typed[0]), int(typed[1])) < (year, month):
        errors["expiration"] = "Cette carte est expirée."
    if not re.fullmatch(r"[0-9]{3}", form.get("cryptogramme", "")):
        errors["cryptogramme"] = "Le cryptogramme a 3 chiffres."
    safe = number if re.fullmatch(r"[0-9]{12,19}", number) else ""
    return CardForm(safe, typed[1][:2], typed[0][:4], errors)


def spaced(number: str) -> str:
    """« 5017 6740 0000 0002 »."""
    return re.sub(r"(....)(?=.)", "\\1\u00a0", number)


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    digits = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(digit - 9 * (digit > 9) for digit in digits) % 10 == 0
