"""Row-level security on PostgreSQL: what the migrations call so that the database itself keeps towns apart.

The application connects as `portail_app`, a role that owns nothing; migrations run as the owner, whom the policies do
not hold. Nothing happens on SQLite, where the scope in Python is the only lock.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLE = "portail_app"
POLICY = "town_in_force"
# The application may add a line there, never alter or remove one.
APPEND_ONLY = (
    "towns_audit",
    "towns_seal",
    "bookings_change",
    "billing_attemptevent",
    "billing_allocation",
    "bookings_attendancegesture",
    "bookings_kitchenorder",
)


def lock(editor: BaseDatabaseSchemaEditor, tables: list[str]) -> None:
    """Enable the policy on the tables of towns just created, and give the application its rights on everything."""
    if editor.connection.vendor != "postgresql":
        return
    editor.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') "
        f"THEN CREATE ROLE {ROLE} NOLOGIN; END IF; END $$"
    )
    editor.execute(f"GRANT {ROLE} TO CURRENT_USER")
    for table in tables:
        name = editor.quote_name(table)
        editor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        editor.execute(
            f"CREATE POLICY {POLICY} ON {name} USING "
            "(town_id = NULLIF(current_setting('portail.town', true), '')::bigint)"
        )
    editor.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    editor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
    editor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    for table in APPEND_ONLY:
        # Again at each call: the GRANT above has just given these rights back to the tables of earlier migrations.
        editor.execute(
            f"DO $$ BEGIN IF to_regclass('{table}') IS NOT NULL "
            f"THEN REVOKE UPDATE, DELETE ON {editor.quote_name(table)} FROM {ROLE}; END IF; END $$"
        )


def town_tables(apps: Any, app_label: str) -> list[str]:
    """The tables of one room that belong to a town: every model whose `town` may not be empty, hosts aside."""
    found = []
    for model in apps.get_app_config(app_label).get_models():
        fields = {field.name: field for field in model._meta.get_fields()}
        if "town" in fields and not fields["town"].null and model.__name__ != "Host":
            found.append(model._meta.db_table)
    return sorted(found)
