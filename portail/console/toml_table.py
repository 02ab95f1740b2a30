"""A table of a TOML file, read strictly: what is missing, wrong or unknown is said in French, with its place."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from portail.console import typed
from portail.console.typed import TypedError

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

_KINDS = {str: "un texte", int: "un nombre", bool: "true ou false", list: "une liste", dict: "une table"}


class Table:
    """One table; `where` names it in errors. Every key must have been read when `done` is called."""

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self.where = where
        self._values = values
        self._left = set(values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def done(self) -> None:
        """Raises TypedError for a key that nothing read: a misspelt setting is never silently ignored."""
        if self._left:
            raise TypedError(f"{self.where} : {', '.join(sorted(self._left))} n'existe pas ici.")

    def text(self, key: str, default: str | None = None) -> str:
        return self._take(key, str, default)

    def number(self, key: str, default: int | None = None) -> int:
        return self._take(key, int, default)

    def maybe_number(self, key: str) -> int | None:
        return self.number(key) if key in self else None

    def flag(self, key: str, *, default: bool = False) -> bool:
        return self._take(key, bool, default)

    def texts(self, key: str) -> list[str]:
        found = self._take(key, list, [])
        if not all(isinstance(text, str) for text in found):
            raise TypedError(f"{self.where}, {key} : il faut une liste de textes.")
        return found

    def mapping(self, key: str) -> dict[str, Any]:
        """A table whose keys are free (labels, stops)."""
        return self._take(key, dict, {})

    def table(self, key: str) -> "Table":
        return Table(self._take(key, dict, {}), f"{self.where}, {key}")

    def tables(self, key: str) -> "Iterator[Table]":
        """Each table of a list, checked to be read to the end."""
        for number, values in enumerate(self._take(key, list, []), start=1):
            if not isinstance(values, dict):
                raise TypedError(f"{self.where}, {key} : il faut une liste de tables.")
            name = next(
                (values[k] for k in ("code", "name", "title") if isinstance(values.get(k), str)), f"n° {number}"
            )
            table = Table(values, f"{self.where}, {key} « {name} »")
            yield table
            table.done()

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        text = self.text(key, None if default is None else default.value)
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(member.value for member in kind)
            raise TypedError(f"{self.where}, {key} : « {text} » n'existe pas ; au choix : {known}.") from None

    def day(self, key: str) -> date:
        value = self._raw(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        return self._typed(key, value, typed.day)

    def maybe_day(self, key: str) -> date | None:
        return self.day(key) if key in self else None

    def moment(self, key: str) -> datetime | None:
        """A day or a day and an hour, None when absent; without zone unless the file gives one."""
        if key not in self:
            return None
        value = self._raw(key)
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime.combine(value, time())
        return self._typed(key, value, typed.moment)

    def minutes(self, key: str, default: int | None = None) -> int:
        if key not in self and default is not None:
            return default
        value = self._raw(key)
        if isinstance(value, time):
            return value.hour * 60 + value.minute
        return self._typed(key, value, typed.minutes)

    def weekdays(self, key: str) -> frozenset[int]:
        return self._typed(key, self._raw(key), typed.weekdays)

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Errors of values put together here say where."""
        try:
            yield
        except ValueError as error:
            raise TypedError(f"{self.where} : {error}") from None

    def _typed(self, key: str, value: Any, read: Callable[[str], T]) -> T:
        if not isinstance(value, str):
            raise TypedError(f"{self.where}, {key} : il faut un texte entre guillemets.")
        try:
            return read(value)
        except TypedError as error:
            raise TypedError(f"{self.where}, {key} : {error}") from None

    def _raw(self, key: str) -> Any:
        self._left.discard(key)
        if key not in self._values:
            raise TypedError(f"{self.where} : il manque {key}.")
        return self._values[key]

    def _take(self, key: str, kind: type[T], default: T | None) -> T:
        if key not in self._values and default is not None:
            return default
        value = self._raw(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypedError(f"{self.where}, {key} : il faut {_KINDS[kind]}.")
        return value


def read_toml(path: Path) -> Table:
    """The whole file. Raises TypedError when it is not TOML, OSError when it cannot be read."""
    try:
        return Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TypedError(f"{path.name} n'est pas un fichier TOML lisible : {error}.") from None
