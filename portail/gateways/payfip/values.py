"""What is said to PayFiP and what it answers, with its limits (creerPaiementSecurise, recupererDetail…)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

MIN_CENTS, MAX_CENTS = 100, 9_999_999
MAX_SUBJECT, MAX_URL = 99, 250
SHORTEST_EMAIL, LONGEST_EMAIL = 6, 80

NUMCLI = re.compile(r"[0-9]{6}")
EXER = re.compile(r"[0-9]{4}")
REFDET = re.compile(r"[A-Za-z0-9]{6,30}")
_SUBJECT = re.compile(r"[A-Za-z0-9 ]*")
# Letters with accents are refused: what the bank does with them is not known, and a lost ticket is not seen by anyone.
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]{2,}")
_TEXT_MOST = 500


class Mode(StrEnum):
    """`saisie`: what a payment is worth. One real payment in activation opens production the next working day."""

    TEST = "T"
    ACTIVATION = "X"
    PRODUCTION = "W"


@dataclass(frozen=True, slots=True)
class Order:
    """A payment asked for. `numcli`: the régie's client number; `exer`: year of the debt, 4 digits; `refdet`: its
    reference, without hyphens; `objet`: see `clean_subject`, may be empty; `email` receives the bank's ticket.
    """

    numcli: str
    exer: str
    refdet: str
    objet: str
    cents: int
    email: str
    mode: Mode
    notify_url: str
    return_url: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What became of an operation. Everything but `result` is an echo to compare with what was sent.

    `result`: P paid by card, V by direct debit, A abandoned, R (card) and Z (debit) refused; other letters may come and
    credit nothing. `paid_at`: Paris time to the minute, naive. What was absent or unreadable is "" or None.
    """

    result: str
    cents: int | None
    refdet: str
    numcli: str
    mode: str
    exer: str
    email: str
    subject: str
    authorisation: str
    paid_at: datetime | None
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClientCard:
    """How PayFiP knows a client number: régie, collectivité, product."""

    label1: str
    label2: str
    label3: str
    numcli: str


def clean_subject(text: str) -> str:
    """`text` as PayFiP takes a subject: ASCII letters, digits and single spaces, 99 at most; accents fall."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae"))
    spaced = re.sub(r"[\s'’\-–—_/.,;:]+", " ", plain)
    kept = re.sub(r"[^A-Za-z0-9 ]", "", spaced)
    return re.sub(" +", " ", kept).strip()[:MAX_SUBJECT].rstrip()


def check_order(order: Order) -> list[str]:
    """What PayFiP would refuse, as French sentences; empty when the order may leave."""
    faults = [
        (NUMCLI.fullmatch(order.numcli), "Le numéro client PayFiP a 6 chiffres."),
        (EXER.fullmatch(order.exer), "L’exercice a 4 chiffres."),
        (REFDET.fullmatch(order.refdet), "La référence de la dette a de 6 à 30 lettres ou chiffres, sans tiret."),
        (
            len(order.objet) <= MAX_SUBJECT and _SUBJECT.fullmatch(order.objet),
            f"L’objet a au plus {MAX_SUBJECT} lettres sans accent, chiffres ou espaces.",
        ),
        (order.cents >= MIN_CENTS, "Le paiement en ligne commence à 1,00 €."),
        (order.cents <= MAX_CENTS, "Le paiement en ligne s’arrête à 99 999,99 €."),
        (is_email(order.email), "L’adresse e-mail n’est pas valable : elle doit ressembler à nom@exemple.fr."),
        (
            _is_url(order.notify_url),
            f"L’adresse de notification doit être une adresse http de {MAX_URL} signes au plus.",
        ),
        (_is_url(order.return_url), f"L’adresse de retour doit être une adresse http de {MAX_URL} signes au plus."),
    ]
    return [sentence for right, sentence in faults if not right]


def is_email(text: str) -> bool:
    """May the bank's ticket be sent there?"""
    return SHORTEST_EMAIL <= len(text) <= LONGEST_EMAIL and bool(_EMAIL.fullmatch(text))


def cents_of(text: str) -> int | None:
    """`montant`: whole cents, 11 digits at most; None when it is anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,11}", text) else None


def paris_minute(day: str, minute: str) -> datetime | None:
    """`dattrans` JJMMAAAA and `heurtrans` HHMM; None when they are not a moment."""
    if not (re.fullmatch(r"[0-9]{8}", day) and re.fullmatch(r"[0-9]{4}", minute)):
        return None
    try:
        return datetime(int(day[4:]), int(day[2:4]), int(day[:2]), int(minute[:2]), int(minute[2:]))  # noqa: DTZ001
    except ValueError:
        return None


def clean_text(text: str | None) -> str:
    """What somebody else wrote, fit to be kept: no control character, 500 characters at most."""
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in (text or "")[: 4 * _TEXT_MOST])
    return visible.strip()[:_TEXT_MOST]


def _is_url(text: str) -> bool:
    if len(text) > MAX_URL or not re.fullmatch(r"[!-~]+", text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
