"""Every write about families: the register (who is who, codes) and access (log in, log out)."""
