"""Statements imported and reconciled; operations that the town hall decides of."""

from portail.billing.operations.statements.deciding import confirm_attempt, dismiss_attempt
from portail.billing.operations.statements.importing import (
    Imported,
    StatementDraft,
    import_statement,
    save_layout,
    settle_statements,
)

__all__ = [
    "Imported",
    "StatementDraft",
    "confirm_attempt",
    "dismiss_attempt",
    "import_statement",
    "save_layout",
    "settle_statements",
]
