"""The régisseur's books: what came in, what is still in hand, what is owed. Amounts in cents, days included.

Every book costs the same few queries however full it is.
"""

from portail.billing.queries.books.owed import AGES, Balance, UnpaidRow, age_of, balances_of, unpaid
from portail.billing.queries.books.prices import CheapMeals, CostWarning, cheap_meals, cost_warnings
from portail.billing.queries.books.received import (
    Cash,
    ChequeRow,
    DayRow,
    DepositRow,
    ReceiptRow,
    cash_in_hand,
    cheques,
    daily_journal,
    deposits,
    receipts,
)
from portail.billing.queries.books.shared_out import AccountRow, monthly_statement

__all__ = [
    "AGES",
    "AccountRow",
    "Balance",
    "Cash",
    "CheapMeals",
    "ChequeRow",
    "CostWarning",
    "DayRow",
    "DepositRow",
    "ReceiptRow",
    "UnpaidRow",
    "age_of",
    "balances_of",
    "cash_in_hand",
    "cheap_meals",
    "cheques",
    "cost_warnings",
    "daily_journal",
    "deposits",
    "monthly_statement",
    "receipts",
    "unpaid",
]
