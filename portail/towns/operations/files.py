"""Files kept for a while (letters with codes, exports): sealed at rest, each reading in the trail, then destroyed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from portail.towns.actors import Actor
from portail.towns.models import KeptFile
from portail.towns.operations.trail import Act, record
from portail.towns.sealing import seal, unseal

LARGEST = 25 * 1024 * 1024  # bytes
DESTROYED_AT_ONCE = 100
LONGEST_NAME, LONGEST_TYPE = 200, 100


class KeptFileError(ValueError):
    """A file that cannot be kept or that is no more; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to keep for `days` days: « lettres-CP.pdf », « application/pdf », its bytes."""

    name: str
    content_type: str
    content: bytes
    days: int


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A kept file in the clear."""

    name: str
    content_type: str
    content: bytes


@transaction.atomic
def keep_file(file: NewFile, *, by: Actor, now: datetime) -> KeptFile:
    """Seal a file and keep it until its days are over. Raises KeptFileError: empty, over 25 MiB, without a name."""
    name = _name(file.name)
    if not name or not file.content:
        raise KeptFileError("Ce fichier est vide, ou n'a pas de nom.")
    if len(file.content) > LARGEST:
        raise KeptFileError(f"« {name} » est trop gros : {LARGEST // 1024 // 1024} Mo au plus.")
    if file.days < 1:
        raise KeptFileError("Un fichier se garde au moins un jour.")
    public_id = uuid4()
    kept: KeptFile = KeptFile.objects.create(
        public_id=public_id,
        name=name,
        content_type=file.content_type[:LONGEST_TYPE],
        content=seal(file.content, _place(public_id)),
        size=len(file.content),
        at=now,
        expires_at=now + timedelta(days=file.days),
    )
    record(Act("keep_file", name, after={"file": str(public_id), "days": file.days}), by=by, now=now)
    return kept


@transaction.atomic
def open_file(*, public_id: UUID, by: Actor, now: datetime) -> OpenedFile:
    """A kept file in the clear, and a « download » line in the trail. Raises KeptFileError: unknown, or destroyed.

    Raises SealError when the key of the installation is not the one that sealed it.
    """
    kept = KeptFile.objects.filter(public_id=public_id, expires_at__gt=now).first()
    if kept is None:
        raise KeptFileError("Ce fichier n'existe plus : il a été détruit à la fin de son délai.")
    content = unseal(kept.content, _place(kept.public_id))
    record(Act("download", kept.name, after={"file": str(public_id)}), by=by, now=now)
    return OpenedFile(kept.name, kept.content_type, content)


@transaction.atomic
def destroy_expired(*, by: Actor, now: datetime) -> int:
    """Destroy the files of the town in force whose delay is over, up to 100 at once; returns how many."""
    over = KeptFile.objects.filter(expires_at__lte=now).order_by("expires_at", "id")
    # Locked: another clock may be destroying the same, and only what this one takes away is for it to write down.
    found = list(over.select_for_update(skip_locked=True).values_list("pk", "public_id", "name")[:DESTROYED_AT_ONCE])
    KeptFile.objects.filter(pk__in=[pk for pk, _, _ in found]).delete()
    for _, public_id, name in found:
        record(Act("destroy_file", name, after={"file": str(public_id)}), by=by, now=now)
    return len(found)


def _place(public_id: UUID) -> str:
    return f"file/{public_id}"


def _name(text: str) -> str:
    """A name without folder nor control character, which every database and every header takes."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain.replace("\\", "/").rpartition("/")[2].strip()[-LONGEST_NAME:]
