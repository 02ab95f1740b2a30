"""A foreign key between two tables of towns that the database itself keeps inside one town, on both engines."""

from typing import Any

from django.db import models
from django.db.models.constraints import BaseConstraint

# The other side of SameTown: what a same-town key points at. Every table that is the target of one carries it.
TOWN_AND_ID = models.UniqueConstraint(fields=["town", "id"], name="%(app_label)s_%(class)s_town_and_id")


class SameTown(BaseConstraint):
    """FOREIGN KEY (town_id, x_id) REFERENCES target (town_id, id), checked at commit.

    Goes with `ForeignKey(…, db_constraint=False)` for the same field. Neither the scope in Python nor row-level
    security stops a key to another town's row; this does.
    """

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def _key(self, model: Any, editor: Any) -> str:
        field = model._meta.get_field(self.field)
        quote = editor.quote_name
        target = field.related_model._meta.db_table
        column = field.column
        return (
            f"FOREIGN KEY ({quote('town_id')}, {quote(column)}) "
            f"REFERENCES {quote(target)} ({quote('town_id')}, {quote('id')}) DEFERRABLE INITIALLY DEFERRED"
        )

    # Django's own signatures say « or None » for arguments that it always gives: Any is what they mean.

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        if schema_editor.connection.vendor == "postgresql":
            return self.create_sql(model, schema_editor)
        return f"CONSTRAINT {schema_editor.quote_name(self.name)} {self._key(model, schema_editor)}"

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """Nothing to run now (PostgreSQL only): the UNIQUE of the target may come later in the same migration."""
        quote = schema_editor.quote_name
        table, name = quote(model._meta.db_table), quote(self.name)
        schema_editor.deferred_sql.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} {self._key(model, schema_editor)}"
        )
        return ""

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database is the judge: a Python check would need a second query and could still lose a race."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameTown) and (self.name, self.field) == (other.name, other.field)

    def __hash__(self) -> int:
        return hash((self.name, self.field))
