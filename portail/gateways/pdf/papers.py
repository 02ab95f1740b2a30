"""What is printed, already put into words: the press lays these values out and decides nothing.

Amounts (« 56,87 € »), quantities and dates are French strings made by the caller; an empty string, an empty tuple or
None is simply not printed. Texts are data: no character of them is ever a command of the typesetter, and a character
that no shipped font has prints as « □ » (`glyphs`). In a text of several words, "\\n" starts a new line.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

MAX_URL = 500
"""Characters of an address: longer, its QR code is too dense for paper."""


@dataclass(frozen=True, slots=True)
class Logo:
    """The picture of a town. `content_type`: image/png, image/jpeg or image/svg+xml; an unreadable one is not shown."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the town, at the top of each paper. Colours are « #rrggbb », dark enough to be read on white."""

    town: str
    address: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    website: str = ""
    siret: str = ""
    logo: Logo | None = None
    colour: str = "#1d4e89"


@dataclass(frozen=True, slots=True)
class Recipient:
    """The payer, where the window of a French DL envelope shows it: six lines of about 38 characters at most."""

    name: str
    address: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value, for the list beside the address (« Échéance », « 15 décembre 2026 »)."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A label and an amount in words, for a box of totals (« Report de la facture … », « 0,76 € »)."""

    label: str
    amount: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of invoice. `days`: the days it bills, in words; `note`: why (tariff, quotient, reason of a surcharge)."""

    label: str
    quantity: str
    unit_price: str
    amount: str
    days: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChildLines:
    """The part of one child. `place`: school and class. `total`: « 27,54 € », not printed when empty."""

    name: str
    lines: tuple[Line, ...]
    place: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True)
class OnlinePayment:
    """How to reach the payment page.

    `url`, in the QR code and behind `caption`: http or https, `MAX_URL` at most, else ValueError.
    """

    url: str
    caption: str
    sentence: str = ""

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")) or len(self.url) > MAX_URL:
            raise ValueError(f"not the address of a page: {self.url}")


@dataclass(frozen=True, slots=True)
class Talon:
    """What a payer tears off and joins to a cheque, at the bottom of the last page."""

    reference: str
    amount: str
    payer: str
    regie: str
    instruction: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class InvoicePaper:
    """An invoice, an « avis des sommes à payer » (give `heading` and `mentions`) or a credit note (`credit_note`).

    `reference`: the PayFiP (TIPI) reference, or "". `split`: care, food and surcharges within the total (article
    200 quater B CGI wants them apart). `mentions`: the small print of an enforceable title (article L1617-5 CGCT):
    issuer's name and quality, ways and delay of appeal. `test_mention`: the band of a document that is no claim.
    """

    letterhead: Letterhead
    recipient: Recipient
    regie: str
    number: str
    title: str
    issued_on: str
    children: tuple[ChildLines, ...]
    total: str
    left_to_pay: str
    due_on: str = ""
    reference: str = ""
    carried_over: tuple[Amount, ...] = ()
    credits: tuple[Amount, ...] = ()
    split: tuple[Amount, ...] = ()
    already_paid: str = ""
    online: OnlinePayment | None = None
    how_to_pay: tuple[str, ...] = ()
    talon: Talon | None = None
    mentions: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    test_mention: str = ""
    credit_note: bool = False
    heading: str = ""


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """An invoice to which a payment was allocated, and how much of it."""

    number: str
    title: str
    amount: str


@dataclass(frozen=True, slots=True)
class ReceiptPaper:
    """The receipt of one payment. `ticket`: our own number; `authorisation` and `transaction`: the bank's."""

    letterhead: Letterhead
    recipient: Recipient
    regie: str
    number: str
    paid_on: str
    means: str
    amount: str
    invoices: tuple[PaidInvoice, ...]
    issued_on: str = ""
    reference: str = ""
    authorisation: str = ""
    transaction: str = ""
    ticket: str = ""
    sentences: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    test_mention: str = ""


@dataclass(frozen=True, slots=True)
class CertifiedChild:
    """What was really paid in the year for the care of one child."""

    name: str
    born_on: str
    period: str
    amount: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CertificatePaper:
    """The yearly tax certificate. `law`: the article and its doctrine; `aids`: the aids the family must deduct."""

    letterhead: Letterhead
    recipient: Recipient
    year: str
    children: tuple[CertifiedChild, ...]
    total: str
    issued_on: str
    sentence: str = ""
    aids: str = ""
    law: str = ""
    place: str = ""
    signatory: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    test_mention: str = ""


class ReminderLevel(IntEnum):
    """How many letters the payer has had: it sets the heading and the colour of the band."""

    FIRST = 1
    SECOND = 2
    LAST = 3


@dataclass(frozen=True, slots=True)
class UnpaidInvoice:
    """A line of a dunning letter."""

    number: str
    title: str
    due_on: str
    amount: str
    left_to_pay: str


@dataclass(frozen=True, slots=True)
class ReminderPaper:
    """A dunning letter. `paragraphs` come before the list, `closing` after it."""

    letterhead: Letterhead
    recipient: Recipient
    regie: str
    level: ReminderLevel
    issued_on: str
    subject: str
    paragraphs: tuple[str, ...]
    invoices: tuple[UnpaidInvoice, ...]
    total: str
    number: str = ""
    closing: tuple[str, ...] = ()
    online: OnlinePayment | None = None
    how_to_pay: tuple[str, ...] = ()
    signatory: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    test_mention: str = ""


class Alignment(StrEnum):
    """Where the cells of a column stand."""

    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a book. `wide`: takes the room that the others leave; amounts are aligned to the right."""

    label: str
    align: Alignment = Alignment.LEFT
    wide: bool = False


@dataclass(frozen=True, slots=True)
class JournalPaper:
    """Any book of the régisseur: daily journal, monthly statement, cheque slip, payment to the accountant.

    Each row, and each row of `totals`, has one cell per column; else ValueError.
    """

    letterhead: Letterhead
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, ...], ...] = ()
    regie: str = ""
    subtitle: str = ""
    facts: tuple[Fact, ...] = ()
    sentences: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    empty: str = "Aucune opération."
    landscape: bool = False
    test_mention: str = ""
    issued_on: str = ""

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a book needs a column")
        if any(len(row) != len(self.columns) for row in (*self.rows, *self.totals)):
            raise ValueError(f"each row of « {self.title} » needs {len(self.columns)} cells")


@dataclass(frozen=True, slots=True)
class CodedChild:
    """A child whom the payer answers for. `place`: school and class."""

    name: str
    place: str
    code: str


@dataclass(frozen=True, slots=True)
class CodeLetterPaper:
    """The letter that gives a payer their codes. `handing`: how it reaches them (« cahier : Zoé MARTIN »).

    `steps`: how to log in, one sentence each; `online`: the page where, its QR code too.
    """

    letterhead: Letterhead
    recipient: Recipient
    issued_on: str
    handing: str
    paragraphs: tuple[str, ...]
    children: tuple[CodedChild, ...]
    code_label: str
    code: str
    steps: tuple[str, ...]
    online: OnlinePayment
    closing: tuple[str, ...] = ()
    test_mention: str = ""


Paper: TypeAlias = InvoicePaper | ReceiptPaper | CertificatePaper | ReminderPaper | JournalPaper | CodeLetterPaper
"""Whatever the press prints."""
