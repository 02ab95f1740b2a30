"""The documents as the tests read them: links, headings, tables, words in code."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    """The path of a document as a test's name."""
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str = "sh") -> list[str]:
    """The lines of the fenced blocks of this language, one command each, comments left out."""
    found = [body for kind, body in _FENCE.findall(text) if kind == language]
    return [line.split("  #", 1)[0].strip() for body in found for line in body.splitlines() if line.strip()]


def spans(text: str) -> list[str]:
    """What stands between backquotes outside fenced blocks, line ends made spaces."""
    return [" ".join(span.split()) for span in _SPAN.findall(_FENCE.sub("", text))]


def links(text: str) -> list[str]:
    """Where the links and pictures lead."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as forges make them."""
    return {_anchor(line.lstrip("#").strip()) for line in _FENCE.sub("", text).splitlines() if line.startswith("#")}


def rows(text: str, columns: int) -> Iterator[list[str]]:
    """The rows of every table of that many columns, headers and rules left out."""
    lines = text.splitlines()
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == columns and not _is_rule(line) and not _is_rule(after):
            assert before.startswith("|"), f"a row without a header: {line}"
            yield cells


def section(text: str, title: str) -> str:
    """The text under a heading of the second level, up to the next one."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def _is_rule(line: str) -> bool:
    return bool(re.fullmatch(r"\|[-:|]+\|", line))


def _anchor(heading: str) -> str:
    bare = unicodedata.normalize("NFC", heading.lower())
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", bare))
