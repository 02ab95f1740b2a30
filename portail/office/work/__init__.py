"""Long work asked for by an agent: how far it is, what it left (imports, letters, invoice runs, mailings)."""
