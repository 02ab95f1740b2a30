"""Validation against the DGFiP's schemas, when the town supplies them: they may not be distributed with the product.

A file is « validé » only when `done` is true and `errors` empty. No schemas, incomplete ones, schemas that reach for
the network or for a file outside their folder: not done, and the reason said.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import ParseError

from xmlschema import (
    XMLResource,
    XMLResourceError,
    XMLSchema,
    XMLSchemaException,
    XMLSchemaImportWarning,
    XMLSchemaIncludeWarning,
)

ENTRANCE = "PES_Aller.xsd"
_USUAL_PLACE = ("PES_V2", "Rev0", ENTRANCE)
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Validation:
    """`done`: the schemas were there, whole, and the file was held against them. `why_not`: when it was not."""

    done: bool
    errors: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def valid(self) -> bool:
        """May the screen say « validé » ?"""
        return self.done and not self.errors


def validate(content: bytes, folder: Path | None) -> Validation:
    """Hold a PES file against the schemas of `folder`. Never raises."""
    if folder is None or not folder.is_dir():
        return Validation(done=False, why_not="Les schémas PES ne sont pas installés.")
    entrance = _entrance(folder)
    if entrance is None:
        return Validation(done=False, why_not=f"Le dossier des schémas ne contient pas un seul {ENTRANCE}.")
    try:
        schema = _schema(entrance, folder)
    except (XMLSchemaException, XMLResourceError, ParseError, OSError, ValueError) as error:
        return Validation(done=False, why_not=f"Les schémas PES sont illisibles ou incomplets : {_first_line(error)}.")
    return _held_against(content, schema)


def _entrance(folder: Path) -> Path | None:
    inside = folder.resolve()
    found = sorted(path for path in folder.rglob(ENTRANCE) if path.resolve().is_relative_to(inside))
    usual = [path for path in found if path.parts[-3:] == _USUAL_PLACE]
    candidates = usual or found
    return candidates[0] if len(candidates) == 1 else None


def _schema(entrance: Path, folder: Path) -> XMLSchema:
    """The schema, entities refused. Raises when a part of it could not be read, or lies outside the folder."""
    _check_parts(entrance, folder.resolve())
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        schema = XMLSchema(str(entrance.resolve()), allow="local", defuse="always", use_fallback=False)
    left_out = [said for said in heard if issubclass(said.category, XMLSchemaIncludeWarning | XMLSchemaImportWarning)]
    if left_out:
        raise ValueError(str(left_out[0].message))
    return schema


def _check_parts(entrance: Path, inside: Path) -> None:
    """Follow what the schemas name, file by file. xmlschema's own sandbox is the folder of each file: too narrow."""
    seen: set[Path] = set()
    to_read = [entrance.resolve()]
    while to_read:
        path = to_read.pop()
        if path in seen:
            continue
        if not path.is_relative_to(inside) or not path.is_file():
            raise ValueError(f"{path.name} n'est pas dans le dossier")
        seen.add(path)
        for element in XMLResource(str(path), allow="local", defuse="always").root.iter():
            hints = element.get(f"{{{XSI}}}schemaLocation", "").split()[1::2]
            to_read.extend(_named(place, path.parent) for place in [element.get("schemaLocation", ""), *hints] if place)


def _named(location: str, beside: Path) -> Path:
    parts = urlsplit(location)
    if parts.scheme or parts.netloc:
        raise ValueError(f"{location} n'est pas dans le dossier")
    return (beside / unquote(parts.path)).resolve()


def _held_against(content: bytes, schema: XMLSchema) -> Validation:
    errors: list[str] = []
    try:
        for error in schema.iter_errors(content):
            errors.append(f"{error.path or 'PES_Aller'} : {error.reason}")
            if len(errors) == MOST_ERRORS:
                break
    except (XMLSchemaException, XMLResourceError, ParseError, ValueError) as error:
        errors.append(f"Le fichier n'est pas lisible : {_first_line(error)}")
    return Validation(done=True, errors=tuple(errors))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". :")
