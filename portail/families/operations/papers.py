"""The papers asked for children, and those received: a newer one takes the place of the former."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from portail.families.models import Paper, PaperKind, Person
from portail.families.operations import typed
from portail.families.operations.register import RegisterError
from portail.towns.actors import Actor
from portail.towns.models import KeptFile
from portail.towns.operations import Act, record
from portail.towns.operations.files import KeptFileError, NewFile, keep_file

MARGIN = timedelta(days=30)  # a file is kept that long after its paper's last day
NO_END = timedelta(days=400)  # … and that long when it has none: until after the next start of a school year
LONGEST = timedelta(days=365 * 6)
LARGEST = 10 * 1024 * 1024
_SIGNS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class PaperKindDraft:
    """A paper to ask for."""

    name: str
    note: str = ""
    expires: bool = True
    required: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class PaperDraft:
    """A paper that was received. `content`: the file's bytes, b"" when it was only shown; `name`: the file's."""

    received_on: date
    valid_until: date | None = None
    name: str = ""
    content: bytes = b""


@transaction.atomic
def save_paper_kind(*, draft: PaperKindDraft, kind: PaperKind | None = None, by: Actor, now: datetime) -> PaperKind:
    """Ask for a paper, or change what is asked (`kind`). Raises RegisterError."""
    row = kind or PaperKind()
    before = None if kind is None else _kind_words(kind)
    row.name = typed.required(draft.name, "Le nom de la pièce", 100)
    row.note = typed.line(draft.note, "La précision", 300)
    row.expires, row.required, row.active = draft.expires, draft.required, draft.active
    if PaperKind.objects.filter(name__iexact=row.name).exclude(pk=row.pk).exists():
        raise RegisterError(f"La pièce « {row.name} » est déjà demandée.")
    row.save()
    record(Act("save_paper_kind", row.name, before, _kind_words(row)), by=by, now=now)
    return row


@transaction.atomic
def receive_paper(*, person: Person, kind: PaperKind, draft: PaperDraft, by: Actor, now: datetime) -> Paper:
    """A paper of a child is there; its file is sealed, until a month after its last day. Raises RegisterError."""
    if kind.expires and draft.valid_until is None:
        raise RegisterError("Dites jusqu'à quand cette pièce est valable.")
    end = draft.valid_until if kind.expires else None
    if end is not None and not timedelta() <= end - draft.received_on <= LONGEST:
        raise RegisterError("La date de fin vient après la réception, de six ans au plus.")
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # one writer at a time
    former = Paper.objects.filter(kind=kind, person=person).first()
    file = _kept(draft, end, by=by, now=now)
    values: dict[str, Any] = {"received_on": draft.received_on, "valid_until": end}
    if file is not None:
        values["file"] = file
    paper: Paper
    paper, _ = Paper.objects.update_or_create(kind=kind, person=person, defaults=values)
    if file is not None and former is not None and former.file_id is not None:
        KeptFile.objects.filter(pk=former.file_id).delete()
    after = {"valid_until": None if end is None else str(end), "file": file is not None}
    record(Act("receive_paper", f"{person} – {kind}", after=after), by=by, now=now)
    return paper


@transaction.atomic
def remove_paper(*, paper: Paper, by: Actor, now: datetime) -> None:
    """A paper entered by mistake: it is missing again, its file is destroyed."""
    words, file = f"{paper.person} – {paper.kind}", paper.file_id
    Paper.objects.filter(pk=paper.pk).delete()
    if file is not None:
        KeptFile.objects.filter(pk=file).delete()
    record(Act("remove_paper", words), by=by, now=now)


def _kept(draft: PaperDraft, end: date | None, *, by: Actor, now: datetime) -> KeptFile | None:
    if not draft.content:
        return None
    if len(draft.content) > LARGEST:
        raise RegisterError("Ce fichier dépasse 10 Mo : une photo moins grande suffit.")
    content_type = next((kind for sign, kind in _SIGNS.items() if draft.content.startswith(sign)), "")
    if not content_type:
        raise RegisterError("Ce fichier n'est ni un PDF ni une photo (PNG, JPEG).")
    last = end + MARGIN if end is not None else draft.received_on + NO_END
    days = max(1, (last - now.date()).days)
    try:
        return keep_file(NewFile(draft.name or "piece", content_type, draft.content, days), by=by, now=now)
    except KeptFileError as refusal:
        raise RegisterError(str(refusal)) from refusal


def _kind_words(row: PaperKind) -> dict[str, Any]:
    return asdict(PaperKindDraft(row.name, row.note, row.expires, row.required, row.active))
