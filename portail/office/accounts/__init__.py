"""Agents: how they log in, and who manages their accounts (feature M7)."""
