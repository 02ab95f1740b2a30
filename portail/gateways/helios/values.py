"""What a PES v2 Aller file of receipts says: plain values, in the words of the DGFiP's format.

Tags and code lists: PES v2 Aller recette and its annexe ORMC, through public transcriptions; the guide itself and its
table of allowed combinations (« triplets ») were not available, so only what is written here is checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portail.gateways.sepa.remittance import Stage


class HeliosError(ValueError):
    """No file was made: `faults` are French sentences, all of them, the piece named."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class BordereauKind(StrEnum):
    """TypBord."""

    ORDINARY = "01"
    CANCELLATION = "02"  # annulation or réduction: each piece names the one that it corrects
    RECEIPT_ORDER = "03"
    ORMC = "06"  # a roll of small claims: « ordre de recette multi-créanciers »


class PieceKind(StrEnum):
    """TypPce, those that a family portal issues."""

    TITRE = "01"
    CORRECTION = "02"
    AFTER_PAYMENT = "05"
    SUMMARY_WITH_ROLL = "06"
    SUMMARY = "07"
    RECEIPT_ORDER = "12"
    ORMC = "15"


class PieceNature(StrEnum):
    """NatPce, those that a family portal issues."""

    OPERATING = "01"  # fonctionnement
    REGIE = "05"
    CANCELLATION = "06"
    REISSUED = "08"


class Edition(StrEnum):
    """Who prints and sends the avis des sommes à payer."""

    DGFIP = "01"
    CHORUS = "02"
    CHORUS_ORMC = "03"
    TOWN = "04"  # nothing done by the DGFiP
    DGFIP_ORMC = "06"


class DebitBy(StrEnum):
    """NatPrel: who hands the direct debit to the banks."""

    TREASURY = "01"
    TOWN = "02"


class PeriodTable:
    """Month -> the one digit that a debt carries (Per). Twelve months share nine digits: the town decides how.

    Two months may share a digit; then the debt number alone tells the debts apart, which is checked in each file.
    """

    def __init__(self, digits: Mapping[int, int]) -> None:
        """`digits`: 1 to 12 -> 1 to 9, every month. Raises HeliosError."""
        missing = [str(month) for month in range(1, 13) if month not in digits]
        wrong = [str(month) for month, digit in digits.items() if not 1 <= digit <= 9 or not 1 <= month <= 12]
        if missing or wrong:
            what = f"il manque le mois {', '.join(missing)}" if missing else f"le mois {', '.join(wrong)} n'a pas 1 à 9"
            raise HeliosError([f"Table des périodes : {what}."])
        self._digits = dict(digits)

    def digit(self, month: int) -> int:
        """The period of a month. Raises HeliosError."""
        if month not in self._digits:
            raise HeliosError([f"Table des périodes : il n'y a pas de mois {month}."])
        return self._digits[month]


BY_TWO_MONTHS = PeriodTable({month: (month + 1) // 2 for month in range(1, 13)})
"""The table that serves when the town chose none: January and February are 1, November and December 6."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The town's budget and its accountant, as Hélios knows them.

    `codique`: the accountant's post, 6 or 7 digits (Corsica: 02A, 02B). `siret`: of the budget. `collectivity`: 3
    digits; `budget`: 2 signs; both given by the accountant. `software`: name and version, of the file's sender.
    """

    codique: str
    siret: str
    collectivity: str
    budget: str
    label: str
    sigle: str
    software: str


@dataclass(frozen=True, slots=True)
class Line:
    """One imputation of a piece. `nature`: the account; 588 in an ORMC roll. `product`: the local code (CodProdLoc)."""

    label: str
    product: str
    nature: str
    cents: int


@dataclass(frozen=True, slots=True)
class Debtor:
    """One private person. `street` holds number and street; `postcode` is 99999 abroad, the foreign one in `town`.

    `country`: Hélios code of three digits, "" for France; anything else makes the debtor a non-resident.
    """

    title: str
    last_name: str
    first_name: str
    street: str
    postcode: str
    town: str
    before_street: str = ""
    after_street: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """The debtor's account. `bic` may be "" for a French IBAN."""

    iban: str
    holder: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class DirectDebit:
    """The piece is collected by debit: its mandate, its account."""

    rum: str
    signed_on: date
    stage: Stage
    collect_on: date
    label: str
    account: Account
    by: DebitBy = DebitBy.TREASURY


@dataclass(frozen=True, slots=True)
class Corrected:
    """The piece that a cancellation corrects (RattachPiece)."""

    nature: PieceNature
    exercise: int
    piece: int
    line: int = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """A titre, or an article of a roll: one debtor.

    `cents`: the total known to the portal, compared with its lines. `invoice`: NumeroFacture (≤ 20). `debt` and
    `period`: of an ORMC roll only; the debt number has at most 13 digits, what the keys can hold.
    """

    number: int
    kind: PieceKind
    nature: PieceNature
    label: str
    cents: int
    lines: Sequence[Line]
    debtor: Debtor
    invoice: str = ""
    debt: str = ""
    period: int = 0
    edition: Edition | None = None
    debit: DirectDebit | None = None
    corrected: Corrected | None = None


@dataclass(frozen=True, slots=True)
class Bordereau:
    """A slip of titres, or a roll.

    `number`: unique per exercise and kind; `previous`: the last one sent, None when not followed here. `notice_on`:
    the day the notices leave, of a roll (DteAsp). `cents`: the total known to the portal, compared with the pieces.
    """

    exercise: int
    number: int
    kind: BordereauKind
    issued_on: date
    label: str
    cents: int
    pieces: Sequence[Piece]
    notice_on: date | None = None
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class PesFile:
    """One file: `name` is letters and digits, begins with a letter and ends in `.xml`; never used twice."""

    name: str
    made_on: date
    issuer: Issuer
    bordereau: Bordereau
