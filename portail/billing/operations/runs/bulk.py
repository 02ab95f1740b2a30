"""A chunk in one statement: thousands of rows, which the ORM would take longer to write than they take to compute.

The rows travel as one JSON text, which both engines open by themselves; the constraints of the table hold all the same.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field

from portail.billing.models import Invoice, InvoiceLine
from portail.billing.operations.runs.drafts import DraftLine
from portail.towns.models import TownModel
from portail.towns.queries import town_rows

_FROM = {
    "sqlite": "json_each(%(rows)s)",
    "postgresql": "jsonb_array_elements(CAST(%(rows)s AS jsonb)) AS rows(value)",
}
# SQLite would spell the row out as text again for each of its columns.
_ONCE = {"sqlite": "WITH rows AS MATERIALIZED (SELECT value FROM json_each(%(rows)s)) ", "postgresql": ""}
_ROWS = {"sqlite": "rows", "postgresql": _FROM["postgresql"]}
_LINE = (
    "invoice_id", "position", "person_id", "activity_id", "detail", "label", "quantity", "unit_cents", "amount_cents",
    "care_cents", "food_cents", "extra_cents",
)  # fmt: skip


def insert_like(sample: TownModel, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[tuple[int, Any]]:
    """Write one row like `sample` for each of `rows`, which holds what differs: the columns `names`, as JSON has them.

    Returns, in no order, the key of each new row with the first of its columns. One query, whatever their number.
    A column of JSON is given as its text, which is written as it is.
    """
    if not rows:
        return []
    sample.stamp_town()
    values: dict[str, str] = {"town_id": "CAST(%(town)s AS bigint)"}
    params: dict[str, Any] = {}
    for field in sample._meta.concrete_fields:
        column = str(field.column)
        if column in names:
            values[column] = _typed(f"value ->> {names.index(column)}", field)
        elif column not in values and not field.primary_key:
            values[column] = _typed(f"%({column})s", field)
            params[column] = field.get_db_prep_save(getattr(sample, field.attname), connection)
    statement = (
        f"{_ONCE[connection.vendor]}INSERT INTO {sample._meta.db_table} ({', '.join(values)}) "  # noqa: S608 -- nothing from outside
        f"SELECT {', '.join(values.values())} FROM {_ROWS[connection.vendor]} WHERE true RETURNING id, {names[0]}"
    )
    found = town_rows(statement, {**params, "rows": json.dumps(rows, ensure_ascii=False)})
    return [(key, first) for key, first in found]


def _typed(value: str, field: "Field[Any, Any]") -> str:
    """PostgreSQL must be told the type. SQLite gives a value that of its column, and a cast would spoil the dates."""
    return f"CAST({value} AS {field.db_type(connection)})" if connection.vendor == "postgresql" else value


def insert_lines(lines: Iterable[tuple[int, int, DraftLine]]) -> None:
    """Write (key of the invoice, position, line). One query, whatever their number."""
    rows = [
        (
            invoice, position, line.person, line.activity, line.detail_text, what.label, what.quantity,
            what.unit_cents, what.amount_cents, what.care_cents, what.food_cents, what.extra_cents,
        )
        for invoice, position, line in lines
        for what in (line.content,)
    ]  # fmt: skip
    insert_like(InvoiceLine(), _LINE, rows)


def set_numbers(invoices: Iterable[Invoice]) -> None:
    """Write the number, the reference and the total of drafts. One query, whatever their number."""
    rows = [[invoice.pk, invoice.number, invoice.reference, invoice.total_cents] for invoice in invoices]
    if not rows:
        return
    table = Invoice._meta.db_table
    columns = "number = value ->> 1, reference = value ->> 2, total_cents = CAST(value ->> 3 AS integer)"
    town_rows(
        f"UPDATE {table} SET {columns} FROM {_FROM[connection.vendor]} "  # noqa: S608 -- nothing from outside
        # The plus sign: SQLite must begin with the rows, not with every invoice of the town.
        f"WHERE +{table}.town_id = %(town)s AND {table}.id = CAST(value ->> 0 AS bigint) RETURNING {table}.id",
        {"rows": json.dumps(rows)},
    )
