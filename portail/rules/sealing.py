"""The hash chain that shows that nobody rewrote a history: each link holds the digest of its line and of all before it.

A chain alone does not stop who can rewrite all of it: its last digest must be noted elsewhere (`Head.written`).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

GENESIS = "0" * 64  # what the first link of a town holds instead of a former digest
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Flaw(StrEnum):
    """What is wrong with a link of the chain, or with its lack."""

    ALTERED = "altered"  # the line is not what it was when it was sealed
    REMOVED = "removed"  # the line is gone
    GAP = "gap"  # seals are gone
    HEAD = "head"  # the digest noted elsewhere is not, or no more, in the chain
    UNSEALED = "unsealed"  # the line should have been sealed long ago


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many links it has, and the digest of the last."""

    place: int
    digest: str

    @property
    def written(self) -> str:
        """What to note elsewhere: « 1234:9f86d0… »."""
        return f"{self.place}:{self.digest}"


def read_head(text: str) -> Head | None:
    """What was noted elsewhere, read back; None when it is no such thing."""
    found = _HEAD.fullmatch(text.strip().lower())
    return Head(int(found[1]), found[2]) if found else None


def canonical(stream: str, row: Mapping[str, Any]) -> bytes:
    """One line of a history as one text, always the same: JSON, sorted, instants in UTC to the microsecond.

    A column without value is left out, so that a column added later (it must allow none) changes no former line.
    """
    said = {name: value for name, value in row.items() if value is not None}
    text = json.dumps([stream, said], sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=_said)
    return text.encode("ascii")


def chained(previous: str, text: bytes) -> str:
    """The digest of a link (SHA-256, in hexadecimal): of all before it, 64 characters, then of its own line."""
    return hashlib.sha256(previous.encode("ascii") + text).hexdigest()


def _said(value: object) -> list[str]:
    """Two values of different types never give the same text."""
    if isinstance(value, datetime):
        return ["at", value.astimezone(UTC).isoformat(timespec="microseconds")]
    if isinstance(value, date):
        return ["day", value.isoformat()]
    if isinstance(value, UUID):
        return ["id", str(value)]
    if isinstance(value, bytes | memoryview):
        return ["bytes", bytes(value).hex()]
    raise TypeError(f"{type(value).__name__} has no canonical text")
