"""Reads of the billing."""
