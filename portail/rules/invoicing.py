"""Numbers and references of invoices, what may be paid online and until when, and how a payment falls on the lines.

Sources: the documents 000, 003 and 004 (numbers, deadline), the limits of PayFiP's web service (refdet, montant).
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from string import Formatter

LOT_STEP = 1_000_000
LAST_SEQUENCE = LOT_STEP - 1
LAST_LOT = 999
REFERENCE_SENT = re.compile(r"[A-Za-z0-9]{6,30}")  # refdet
LONGEST_NUMBER = 30
MIN_CENTS, MAX_CENTS = 100, 9_999_999  # montant, in cents

NUMBER_PATTERN = "{exer}-{lot:03}-{num:06}"
REFERENCE_PATTERN = "{exer}-{recette}-{periode:02}-{lotnum}"
_WIDTH = re.compile(r"0?[1-9]")  # « 06 »: a width, nothing else of Python's mini-language
_LONGEST = {"periode": 2, "lot": 3, "num": 6, "lotnum": 9}  # figures of the fields whose length varies
_FIELDS = {"exer", "recette", *_LONGEST}


class PatternError(ValueError):
    """A pattern that cannot number invoices; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an invoice stands: `exercise` (financial year), `lot` (one run), `sequence` in the lot, from 1.

    `recette`: the two characters of the régie's revenue code. `period`: 0 when the references do not carry it.
    """

    exercise: int
    lot: int
    sequence: int
    recette: str = ""
    period: int = 0


def number_of(pattern: str, place: Place) -> str:
    """« 2013-026-000335 »: what the invoice shows."""
    return pattern.format(
        exer=f"{place.exercise:04}",
        recette=place.recette,
        periode=place.period,
        lot=place.lot,
        num=place.sequence,
        lotnum=place.lot * LOT_STEP + place.sequence,
    )


def sent(reference: str) -> str:
    """The reference as PayFiP receives it: « 2013-T5-00-26000335 » -> « 2013T50026000335 »."""
    return reference.replace("-", "")


def check_patterns(number: str, reference: str, recette: str) -> None:
    """Raises PatternError unless both patterns give distinct numbers that PayFiP takes, first and last of a year."""
    for pattern, seen, what in ((number, number, "numéro de facture"), (reference, sent(reference), "référence")):
        _check_fields(pattern, what)
        if _runs_together(seen, recette):
            raise PatternError(
                f"Le modèle de {what} donnerait la même chose à deux factures : fixez la largeur des nombres, comme "
                "{lot:03} et {num:06}, ou séparez-les (dans une référence, pas par un tiret : PayFiP ne le voit pas)."
            )
    first, last = (
        Place(2013, 1, 1, recette),
        Place(2013, LAST_LOT, LAST_SEQUENCE, recette, 12),
    )
    for place in (first, last):
        if not REFERENCE_SENT.fullmatch(sent(number_of(reference, place))):
            raise PatternError(
                f"La référence donnerait « {sent(number_of(reference, place))} » : PayFiP n'accepte que de 6 à 30 "
                "lettres sans accent et chiffres."
            )
        if len(number_of(number, place)) > LONGEST_NUMBER:
            raise PatternError(f"Le numéro de facture dépasserait {LONGEST_NUMBER} caractères.")


def _check_fields(pattern: str, what: str) -> None:
    try:
        parsed = list(Formatter().parse(pattern))
        names = {name for _, name, _, _ in parsed if name is not None}
        readable = all((not spec or _WIDTH.fullmatch(spec)) and not how for _, _, spec, how in parsed)
        number_of(pattern if readable else "{", Place(2013, 1, 1))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        raise PatternError(f"Le modèle de {what} « {pattern} » est illisible.") from None
    unknown = names - _FIELDS
    if unknown:
        raise PatternError(f"Le modèle de {what} contient « {min(unknown)} », qui n'existe pas.")
    if "exer" not in names or not ({"lotnum"} <= names or {"lot", "num"} <= names):
        raise PatternError(
            f"Le modèle de {what} doit contenir l'exercice {{exer}}, et {{lotnum}} ou bien {{lot}} et {{num}} : sans "
            "eux, deux factures auraient le même."
        )


def _runs_together(pattern: str, recette: str) -> bool:
    """Do two numbers of no fixed width touch, or have only figures between them? « 1 12 » then reads like « 11 2 »."""
    loose = 0
    for literal, name, width, _ in Formatter().parse(pattern):
        between = literal + (recette if name == "recette" else "")
        if not between.isdecimal() and between:
            loose = 0
        if int(width or 0) < _LONGEST.get(name or "", 0):
            loose += 1
        if loose > 1:
            return True
    return False


class NotPayable(StrEnum):
    """Why an invoice cannot be paid online now."""

    PAID = "paid"
    CANCELLED = "cancelled"
    TRANSFERRED = "transferred"  # handed over to the public accountant
    NOT_ISSUED = "not_issued"
    DEADLINE = "deadline"
    REMITTED = "remitted"  # inside a direct debit file
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    NO_PROVIDER = "no_provider"  # the régie is not paid online
    UNDER_WAY = "under_way"  # an operation was opened less than twenty minutes ago
    ANNOUNCED = "announced"  # a payment was announced, which the town hall has still to confirm
    REVIEW = "review"  # the bank's answer does not match: the town hall looks


class InvoiceStatus(StrEnum):
    """What an invoice is. How much of it is paid is an amount, not a status."""

    DRAFT = "draft"
    CARRIED = "carried"  # too small to be issued: its amount goes on the next one
    ISSUED = "issued"
    TRANSFERRED = "transferred"  # become a titre: the accountant collects
    CANCELLED = "cancelled"  # wholly undone by a credit note


@dataclass(frozen=True, slots=True)
class Debt:
    """What the rules need to know of an invoice: amounts in cents, days in the town's time."""

    status: InvoiceStatus
    left_cents: int  # still owed
    payable_until: date | None  # last day on which it may be paid online; None: no limit
    remitted: bool
    online: bool  # its régie takes payments online


def refusal_to_pay(debt: Debt, today: date, limits: tuple[int, int] = (MIN_CENTS, MAX_CENTS)) -> NotPayable | None:
    """Why the debt may not be paid online on this day, whatever operations are under way; None when it may."""
    reasons = (
        (debt.status in {InvoiceStatus.DRAFT, InvoiceStatus.CARRIED}, NotPayable.NOT_ISSUED),
        (debt.status is InvoiceStatus.CANCELLED, NotPayable.CANCELLED),
        (debt.status is InvoiceStatus.TRANSFERRED, NotPayable.TRANSFERRED),
        (debt.left_cents <= 0, NotPayable.PAID),
        (debt.remitted, NotPayable.REMITTED),
        (not debt.online, NotPayable.NO_PROVIDER),
        (debt.payable_until is not None and today > debt.payable_until, NotPayable.DEADLINE),
        (debt.left_cents < limits[0], NotPayable.TOO_SMALL),
        (debt.left_cents > limits[1], NotPayable.TOO_LARGE),
    )
    return next((reason for found, reason in reasons if found), None)


def day_of_next_month(issued_on: date, day: int) -> date:
    """The `day` (1 to 31, or the last one there is) of the month after: the town's monthly deadline (feature F8)."""
    year, month = (issued_on.year + 1, 1) if issued_on.month == 12 else (issued_on.year, issued_on.month + 1)
    return date(year, month, min(day, monthrange(year, month)[1]))


def pro_rata(parts: Sequence[int], cents: int) -> list[int]:
    """Share `cents` over the parts in proportion, in whole cents; the cents left over go to the largest remainders.

    For the tax certificate: a partial payment falls on the lines in proportion. Parts may not be negative; the shares
    sum to `cents`, and none exceeds its part as long as `cents` does not exceed their sum.
    """
    whole = sum(parts)
    if whole == 0:
        return [0 for _ in parts]
    shares = [part * cents // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda n: (-(parts[n] * cents % whole), n))
    for n in by_remainder[: cents - sum(shares)]:
        shares[n] += 1
    return shares
