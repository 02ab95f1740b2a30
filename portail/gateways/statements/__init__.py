"""Statements of payments made elsewhere: read by a saved mapping of columns, compared with what the portal knows."""
