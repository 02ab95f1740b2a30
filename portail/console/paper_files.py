"""Papers written to the disk: personal data, in files that only their owner reads and that replace nothing."""

import os
from pathlib import Path

from portail.console.command import ConsoleError

PRIVATE = 0o600


def write_new(path: Path, name: str, content: bytes) -> Path:
    """Write a new file at `path`, or as `name` inside it when it is a folder; returns where. Raises ConsoleError."""
    target = path / name if path.is_dir() else path
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        raise ConsoleError(f"{target} existe déjà : choisissez un autre nom.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return target
