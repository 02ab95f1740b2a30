"""Counting what a request asks of the database: statements, and transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass
class Count:
    """`queries`: statements, those that open and close a transaction left out; `begins`: transactions opened.

    On PostgreSQL a lone read is counted among the transactions: row-level security gives it one of its own.
    """

    queries: int = 0
    begins: int = 0


@contextmanager
def counted() -> Iterator[Count]:
    """Count on the connection of this thread."""
    count = Count()

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        count.queries += not sql.startswith("BEGIN")
        return execute(sql, params, many, context)

    real = connection.set_autocommit

    def set_autocommit(autocommit: bool, *args: Any, **kwargs: Any) -> None:
        count.begins += not autocommit
        real(autocommit, *args, **kwargs)

    connection.set_autocommit = set_autocommit  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(wrapper):
            yield count
    finally:
        connection.set_autocommit = real  # type: ignore[method-assign]
