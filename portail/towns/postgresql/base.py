"""Django's PostgreSQL engine, which tells the database the town in force before each statement that needs it.

Row-level security reads the setting `portail.town`. It is only ever set locally to a transaction, hence safe behind a
pooler and impossible to leak into the next request; a lone statement gets a transaction of its own.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from portail.towns.scope import town_id_or_none


def stamp(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute wrapper: set `portail.town` when it is not yet what the scope says."""
    wrapper: DatabaseWrapper = context["connection"]
    status = wrapper.connection.info.transaction_status
    if status == TransactionStatus.INERROR:
        wrapper.stamped = None
        return execute(sql, params, many, context)
    if status == TransactionStatus.IDLE and wrapper.get_autocommit():
        if town_id_or_none() is None:
            return execute(sql, params, many, context)
        with transaction.atomic(using=wrapper.alias):
            return stamp(execute, sql, params, many, context)
    want = str(town_id_or_none() or "")
    if sql.startswith("ROLLBACK TO"):
        wrapper.stamped = None
    elif status == TransactionStatus.IDLE or wrapper.stamped != want:
        wrapper.stamped = want
        wrapper.connection.execute("SELECT set_config('portail.town', %s, true)", [want])
    return execute(sql, params, many, context)


class DatabaseWrapper(base.DatabaseWrapper):
    """The engine of `DATABASES`: Django's own, plus the stamp."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stamped: str | None = None
        self.execute_wrappers.append(stamp)
