"""What a PDF says: its words page by page, its structure, its links."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


def words(pdf: bytes) -> list[str]:
    """The text of each page in the order it is drawn, without any space: fonts place words, they do not say spaces."""
    with opened(pdf) as file:
        return [re.sub(r"\s", "", "".join(_drawn(page))) for page in file.pages]


def _drawn(page: pikepdf.Page) -> Iterator[str]:
    maps: dict[str, dict[bytes, str]] = {}
    fonts: Any = page.resources.get("/Font", {})
    current: dict[bytes, str] = {}
    for instruction in pikepdf.parse_content_stream(page):
        operands, operator = instruction.operands, instruction.operator
        if str(operator) == "Tf":
            name = str(operands[0])
            current = maps.setdefault(name, _to_unicode(fonts[name]))
        elif str(operator) in {"Tj", "TJ"}:
            parts = operands[0] if str(operator) == "TJ" else [operands[0]]
            for part in parts:
                if isinstance(part, pikepdf.String):
                    codes = bytes(part)
                    yield "".join(current.get(codes[i : i + 2], "") for i in range(0, len(codes), 2))


def _to_unicode(font: Any) -> dict[bytes, str]:
    cmap = font.ToUnicode.read_bytes().decode("ascii")
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[bytes.fromhex(code)] = bytes.fromhex(text).decode("utf-16-be")
    if "beginbfrange" in cmap:
        raise AssertionError("a map with ranges: read them too")
    return found


def structure(pdf: bytes) -> list[tuple[str, str]]:
    """(role, alternative text) of each element of the structure tree, depth first."""
    found = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Array):
            for kid in node:
                walk(kid)
        elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
            found.append((str(node.S)[1:], str(node.get("/Alt", ""))))
            walk(node.get("/K", pikepdf.Array()))

    with opened(pdf) as file:
        walk(file.Root.StructTreeRoot.K)
    return found


def fonts(pdf: bytes) -> list[tuple[str, bool]]:
    """(name, whether its glyphs are inside the file) of each font."""
    with opened(pdf) as file:
        return [
            (str(thing.FontName), "/FontFile2" in thing or "/FontFile3" in thing)
            for thing in file.objects
            if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/FontDescriptor"
        ]


def actions(pdf: bytes) -> list[str]:
    """Where the links lead, and whatever else a reader would run or open: scripts, embedded files."""
    found = []
    with opened(pdf) as file:
        for page in file.pages:
            found += [str(note.A.URI) for note in page.get("/Annots", []) if "/A" in note]
        for thing in file.objects:
            if isinstance(thing, pikepdf.Dictionary):
                found += [key for key in ("/JS", "/JavaScript", "/Launch", "/AA", "/OpenAction", "/EF") if key in thing]
    return found
