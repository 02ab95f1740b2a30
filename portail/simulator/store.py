"""One SQLite file that remembers everything: a bank that is restarted forgets nothing."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from portail.simulator.values import Operation

_TABLES = """
CREATE TABLE IF NOT EXISTS client (
    numcli TEXT PRIMARY KEY, label1 TEXT NOT NULL, label2 TEXT NOT NULL, label3 TEXT NOT NULL, debit INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS operation (
    idop TEXT PRIMARY KEY, kind TEXT NOT NULL, numcli TEXT NOT NULL, exer TEXT NOT NULL, refdet TEXT NOT NULL,
    objet TEXT NOT NULL, cents INTEGER NOT NULL, mel TEXT NOT NULL, saisie TEXT NOT NULL, urlnotif TEXT NOT NULL,
    urlredirect TEXT NOT NULL, created REAL NOT NULL, opened REAL, session TEXT NOT NULL DEFAULT '',
    pending TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '', numauto TEXT NOT NULL DEFAULT '',
    trans TEXT NOT NULL DEFAULT '', card TEXT NOT NULL DEFAULT '', answered REAL, purged INTEGER NOT NULL DEFAULT 0,
    altered TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS notice (
    id INTEGER PRIMARY KEY, idop TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS notice_idop ON notice (idop);
CREATE INDEX IF NOT EXISTS operation_created ON operation (created);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_OPERATION = ", ".join(field.name for field in fields(Operation))


class Store:
    """The file, shared by the threads of a process one at a time, and by processes through SQLite's own locks."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.executescript(_TABLES)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, that nobody else interleaves with; may be nested."""
        with self._lock:
            if self._file.in_transaction:
                yield
                return
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Every row of a statement, as tuples."""
        with self._lock:
            return self._file.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement; how many rows it changed."""
        with self._lock:
            return self._file.execute(sql, values).rowcount

    def operation(self, idop: str) -> Operation | None:
        """One operation by its number."""
        rows = self.rows(f"SELECT {_OPERATION} FROM operation WHERE idop = ?", idop)  # noqa: S608  names of our own
        return Operation(*rows[0]) if rows else None

    def operations(self) -> list[Operation]:
        """Every operation, the latest first."""
        rows = self.rows(f"SELECT {_OPERATION} FROM operation ORDER BY created DESC, rowid DESC")  # noqa: S608  idem
        return [Operation(*row) for row in rows]

    def change(self, idop: str, **values: Any) -> None:
        """Set columns of one operation."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.run(f"UPDATE operation SET {names} WHERE idop = ?", *values.values(), idop)  # noqa: S608  idem

    def setting(self, name: str) -> str:
        """A remembered text, "" when there is none."""
        rows = self.rows("SELECT value FROM setting WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def keep(self, name: str, value: str) -> None:
        """Remember a text."""
        self.run("INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value)

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._file.close()
