"""Régies, tariffs, invoices, payments, and the Treasury's side."""

from portail.billing.models.invoices import Invoice, InvoiceLine, InvoiceRun, LotCounter
from portail.billing.models.payments import (
    Allocation,
    Anomaly,
    Attempt,
    AttemptEvent,
    Circuit,
    InvoiceEmail,
    Payment,
    ReceiptCounter,
)
from portail.billing.models.setup import BilledActivity, CostShare, Regie, Tariff
from portail.billing.models.treasury import Deposit, Mandate, Remittance, StatementLayout, StatementLine

__all__ = [
    "Allocation",
    "Anomaly",
    "Attempt",
    "AttemptEvent",
    "BilledActivity",
    "Circuit",
    "CostShare",
    "Deposit",
    "Invoice",
    "InvoiceEmail",
    "InvoiceLine",
    "InvoiceRun",
    "LotCounter",
    "Mandate",
    "Payment",
    "ReceiptCounter",
    "Regie",
    "Remittance",
    "StatementLayout",
    "StatementLine",
    "Tariff",
]
