"""Bank details: IBAN, BIC, creditor identifier (ICS) and mandate reference (RUM). « "" » means nothing is wrong.

ISO 13616 (IBAN) and ISO 7064 mod 97-10; lengths of the SWIFT IBAN registry for the countries of the SEPA schemes
(EPC409-09); ICS and RUM as in the core direct debit rulebook (EPC016-06, AT-02 and AT-01).
"""

import re

# Country -> length of its IBAN, for the countries of the SEPA schemes.
IBAN_LENGTHS = {
    "AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15,
    "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}  # fmt: skip
# Outside the European Economic Area, a debit must also name the bank (EPC016-06, AT-13).
BIC_NEEDED = frozenset({"AD", "AL", "CH", "GB", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "VA"})
SEPA_CHARACTERS = r"A-Za-z0-9/\-?:().,'+"

_BIC = re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?")
_ICS = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_FRENCH_ICS = re.compile(r"FR[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{6}")
_REFERENCE = re.compile(rf"[{SEPA_CHARACTERS}](?:[{SEPA_CHARACTERS} ]*[{SEPA_CHARACTERS}])?")


def compact(text: str) -> str:
    """« fr76 3000 … » -> « FR763000… »: as files carry it."""
    return "".join(text.split()).upper()


def iban_fault(iban: str) -> str:
    """What is wrong with an IBAN, compact or with spaces."""
    iban = compact(iban)
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", iban):
        return "l'IBAN commence par deux lettres et deux chiffres, puis des lettres et des chiffres"
    length = IBAN_LENGTHS.get(iban[:2])
    if length is None:
        return f"le pays {iban[:2]} de l'IBAN n'est pas de la zone SEPA"
    if len(iban) != length:
        return f"un IBAN {iban[:2]} a {length} caractères ; celui-ci en a {len(iban)}"
    if not _mod_97_is_1(iban):
        return "l'IBAN est mal recopié : sa clé ne correspond pas"
    return ""


def bic_fault(bic: str) -> str:
    """What is wrong with a BIC (8 or 11 characters)."""
    if not _BIC.fullmatch(compact(bic)):
        return "le BIC a 8 ou 11 caractères, par exemple BDFEFRPP ou BDFEFRPPCCT"
    return ""


def ics_fault(ics: str) -> str:
    """What is wrong with a creditor identifier. Its characters 5 to 7 are the creditor's own, and not in the key."""
    ics = compact(ics)
    if not _ICS.fullmatch(ics):
        return "l'ICS commence par deux lettres et deux chiffres, par exemple FR12ZZZ123456"
    if ics.startswith("FR") and not _FRENCH_ICS.fullmatch(ics):
        return f"un ICS français a 13 caractères ; celui-ci en a {len(ics)}"
    if not _mod_97_is_1(ics[:4] + ics[7:]):
        return "l'ICS est mal recopié : sa clé ne correspond pas"
    return ""


def rum_fault(rum: str) -> str:
    """What is wrong with a mandate reference. It was signed as it is: never folded, never cut."""
    return reference_fault(rum, "la RUM")


def reference_fault(text: str, what: str) -> str:
    """The rule of every reference of a SEPA file: at most 35 characters of the SEPA set, `/` only inside."""
    if not text:
        return f"{what} manque"
    if len(text) > 35:
        return f"{what} a {len(text)} caractères, pour 35 au plus"
    if not _REFERENCE.fullmatch(text):
        return (
            f"{what} a un caractère interdit : lettres sans accent, chiffres, espace à l'intérieur, / - ? : ( ) . , ' +"
        )
    if text.startswith("/") or text.endswith("/") or "//" in text:
        return f"{what} ne peut ni commencer ni finir par /, ni contenir //"
    return ""


def _mod_97_is_1(code: str) -> bool:
    turned = code[4:] + code[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
