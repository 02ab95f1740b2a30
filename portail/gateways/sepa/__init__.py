"""SEPA: bank details, mandates, direct debit files (pain.008), and the text of a transfer's QR code."""
