"""A file on the disk, as the news attach it."""

from pathlib import Path

from portail.news.operations.board import FILE_BYTES, MAGIC, FileDraft
from portail.news.operations.lines import NewsError


def read_attachment(path: Path, alt: str = "") -> FileDraft:
    """A PDF, PNG or JPEG file, told by its first bytes. Raises NewsError, OSError."""
    if path.stat().st_size > FILE_BYTES:
        raise NewsError(f"Le fichier « {path.name} » dépasse 10 Mo.")
    content = path.read_bytes()
    content_type = next((kind for kind, magic in MAGIC.items() if content.startswith(magic)), "")
    return FileDraft(path.name, content, content_type, alt)
