"""The press: papers in, PDF out, by typst (ADR 0021).

Tagged (PDF/UA-1) and archivable (PDF/A-2a), byte for byte the same for the same paper and instant. Data reaches the
typesetter as one JSON string, never as source. typst weighs 77 MB: it is loaded by the first paper, not by the import
of this module, and never inside a transaction.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from portail.gateways.pdf.glyphs import printable
from portail.gateways.pdf.papers import (
    CertificatePaper,
    CodeLetterPaper,
    InvoicePaper,
    JournalPaper,
    Letterhead,
    Logo,
    OnlinePayment,
    Paper,
    ReceiptPaper,
    ReminderPaper,
)
from portail.gateways.pdf.pictures import logo_picture, qr_picture

if TYPE_CHECKING:
    import typst

HERE = Path(__file__).parent
STANDARDS: list["typst.PDFStandard"] = ["ua-1", "a-2a"]
PLAIN_COLOUR = "#1d4e89"
LARGE = 20
"""Papers in one file from which the typesetter's memory of them is worth giving back at once."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_KINDS = {
    InvoicePaper: "invoice",
    ReceiptPaper: "receipt",
    CertificatePaper: "certificate",
    ReminderPaper: "reminder",
    JournalPaper: "journal",
    CodeLetterPaper: "code_letter",
}
_press_lock = Lock()


class PaperError(Exception):
    """The typesetter refused the paper: its own words, for the operator. The invoice concerned is an anomaly."""


def print_pdf(paper: Paper, *, printed_at: datetime) -> bytes:
    """One paper as PDF. `printed_at`: an aware instant, written in the file. Raises PaperError."""
    return print_many((paper,), printed_at=printed_at)


def print_many(papers: Sequence[Paper], *, printed_at: datetime, double_sided: bool = False) -> bytes:
    """Several papers, of any kinds, as one PDF; each starts on a new page and counts its own. Raises PaperError.

    One compilation: cheaper per page than as many files, but one bad paper fails them all, and each invoice takes
    about 2 MB of memory meanwhile: call it with a hundred, not with thousands. `double_sided`: each starts on an odd
    page, hence on a new sheet.
    """
    if not papers:
        raise PaperError("Aucun document à imprimer.")
    if printed_at.tzinfo is None:
        raise ValueError("printed_at must say its time zone")
    instant = printed_at.astimezone(UTC).replace(microsecond=0)
    try:
        return _typeset("press.typ", _data(papers, instant) | {"double_sided": double_sided}, instant)
    finally:
        if len(papers) >= LARGE:
            _forget()


def _data(papers: Sequence[Paper], instant: datetime) -> dict[str, Any]:
    pictures: dict[Logo, int] = {}
    plain = []
    for place, paper in enumerate(papers):
        values = {"kind": _KINDS[type(paper)], "place": place, **_plain(paper)}
        values["letterhead"]["picture"] = _numbered(paper.letterhead.logo, pictures)
        plain.append(values)
    return {
        "title": printable(title_of(papers)),
        "author": printable(papers[0].letterhead.town),
        "printed_at": list(instant.timetuple()[:6]),
        "pictures": [_checked_picture(logo) for logo in pictures],
        "papers": plain,
    }


def _numbered(logo: Logo | None, pictures: dict[Logo, int]) -> int | None:
    return None if logo is None else pictures.setdefault(logo, len(pictures))


def _plain(value: Any) -> Any:
    """`value` as JSON has it, each text made printable."""
    match value:
        case str():
            return printable(value)
        case tuple():
            return [_plain(item) for item in value]
        case OnlinePayment():
            return {"url": printable(value.url), "qr": qr_picture(value.url)} | {
                "caption": printable(value.caption),
                "sentence": printable(value.sentence),
            }
        case _ if is_dataclass(value):
            names = (f.name for f in fields(value) if f.name != "logo")
            plain = {name: _plain(getattr(value, name)) for name in names}
            if isinstance(value, Letterhead) and not _COLOUR.fullmatch(value.colour):
                plain["colour"] = PLAIN_COLOUR
            return plain
    return value


def title_of(papers: Sequence[Paper]) -> str:
    """The title written in the file: what a reader shows in its window."""
    titles = [_title(paper) for paper in papers]
    return titles[0] if len(titles) == 1 else f"{titles[0]} et {len(titles) - 1} autres documents"


def _title(paper: Paper) -> str:
    title = ""
    match paper:
        case InvoicePaper():
            title = f"{paper.heading or ('Avoir' if paper.credit_note else 'Facture')} n° {paper.number}"
        case ReceiptPaper():
            title = f"Reçu n° {paper.number}"
        case CertificatePaper():
            title = f"Attestation fiscale {paper.year} – {paper.recipient.name}"
        case ReminderPaper():
            title = f"Rappel du {paper.issued_on} – {paper.recipient.name}"
        case CodeLetterPaper():
            title = f"Vos codes – {paper.recipient.name}"
        case JournalPaper():
            title = f"{paper.title} {paper.subtitle}".strip() or "Livre"
    return title


# --- typst ----------------------------------------------------------------------------------------------------------


@cache
def _fonts() -> "typst.Fonts":
    import typst  # noqa: PLC0415 – 77 MB: only a process that prints loads it

    # Of the fonts inside typst itself only one is named by look.typ, for « □ ».
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(HERE / "fonts")])


@cache
def _compiler(template: str) -> "typst.Compiler":
    import typst  # noqa: PLC0415 – as above

    return typst.Compiler(str(HERE / template), root=str(HERE), font_paths=_fonts(), ignore_system_fonts=True)


def _forget() -> None:
    """typst remembers what it laid out for its ten next documents: give it ten blank ones."""
    with _press_lock:
        for _ in range(11):
            _compiler("blank.typ").compile(format="pdf")


def _typeset(template: str, data: dict[str, Any], instant: datetime) -> bytes:
    import typst  # noqa: PLC0415 – as above

    words = {"data": json.dumps(data, ensure_ascii=False)}
    try:
        with _press_lock:
            pdf = _compiler(template).compile(
                format="pdf", sys_inputs=words, pdf_standards=STANDARDS, timestamp=instant
            )
    except typst.TypstError as refusal:
        raise PaperError(str(refusal)) from refusal
    if not isinstance(pdf, bytes):
        raise PaperError("typst n'a pas rendu de document.")
    return pdf


@lru_cache(maxsize=64)
def _checked_picture(logo: Logo) -> str | None:
    """The picture of a logo that typst accepts; None for any other. Tried once per logo and process."""
    picture = logo_picture(logo)
    if picture is None:
        return None
    try:
        raw = [] if logo.content_type == "image/svg+xml" else list(logo.content)
        _typeset("picture.typ", {"svg": picture, "raw": raw}, datetime(2000, 1, 1, tzinfo=UTC))
    except PaperError:
        return None
    return picture
