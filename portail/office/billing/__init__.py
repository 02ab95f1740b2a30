"""Money at the town hall: runs, invoices, payments, unpaid debts, tariffs, régies, the régisseur's books (M5)."""
