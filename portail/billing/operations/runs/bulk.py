"""A chunk in one statement: thousands of lines, which the ORM would take longer to write than they take to compute.

The rows travel as one JSON text, which both engines open by themselves; the constraints of the table hold all the same.
"""

import json
from collections.abc import Iterable

from django.db import connection

from portail.billing.models import Invoice, InvoiceLine
from portail.billing.operations.runs.drafts import DraftLine
from portail.towns.queries import town_rows

_NUMBERS = (
    "invoice_id", "person_id", "activity_id", "position", "quantity", "unit_cents", "amount_cents", "care_cents",
    "food_cents", "extra_cents",
)  # fmt: skip
_FROM = {
    "sqlite": "json_each(%(rows)s)",
    "postgresql": "jsonb_array_elements(CAST(%(rows)s AS jsonb)) AS rows(value)",
}


def insert_lines(lines: Iterable[tuple[int, int, DraftLine]]) -> None:
    """Write (key of the invoice, position, line). One query, whatever their number."""
    rows = [
        [
            invoice,
            line.person,
            line.activity,
            position,
            line.quantity,
            line.unit_cents,
            line.amount_cents,
            line.care_cents,
            line.food_cents,
            line.extra_cents,
            line.label,
            line.detail_text,
        ]
        for invoice, position, line in lines
    ]
    if rows:
        town_rows(_statement(), {"rows": json.dumps(rows, ensure_ascii=False)})


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


def _statement() -> str:
    """`->>` means the same to both engines. The detail is text, else the engine would take it apart and write it anew."""
    table = InvoiceLine._meta.db_table
    numbers = ", ".join(f"CAST(value ->> {place} AS bigint)" for place in range(len(_NUMBERS)))
    detail = f"value ->> {len(_NUMBERS) + 1}"
    if connection.vendor == "postgresql":
        detail = f"CAST({detail} AS jsonb)"
    return (
        f"INSERT INTO {table} (town_id, {', '.join(_NUMBERS)}, label, detail) "  # noqa: S608 -- nothing from outside
        f"SELECT CAST(%(town)s AS bigint), {numbers}, value ->> {len(_NUMBERS)}, {detail} "
        f"FROM {_FROM[connection.vendor]} WHERE true RETURNING id"
    )
