"""The mails that arrive in the folder of a running portal, its own and the bank's."""

import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

PATIENCE = 25  # seconds
BANK = "PayFiP"  # in the sender's name

Wanted = Callable[[EmailMessage], bool]


def letters(folder: Path, to: str, *, bank: bool = False) -> list[EmailMessage]:
    """What has arrived for this address, from the town or from the bank."""
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in folder.glob("*.eml")]
    return [one for one in found if to in str(one["To"]) and (BANK in str(one["From"])) == bank]


def awaited(folder: Path, to: str, *, bank: bool = False) -> EmailMessage:
    """The one letter of this kind, as soon as it has come. Raises AssertionError when none, or several, have."""
    end = time.monotonic() + PATIENCE
    while not (found := letters(folder, to, bank=bank)) and time.monotonic() < end:
        time.sleep(0.1)
    assert len(found) == 1, f"{len(found)} letters for {to}"
    return found[0]


def words_of(letter: EmailMessage) -> str:
    """Its plain text, on one line."""
    part = letter.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


def pdfs_of(letter: EmailMessage) -> list[bytes]:
    """The PDF files that it carries."""
    parts = letter.iter_attachments()
    return [part.get_content() for part in parts if part.get_content_type() == "application/pdf"]
