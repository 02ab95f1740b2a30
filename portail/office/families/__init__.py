"""Families at the town hall: who is who, who answers for whom, codes, health, papers."""
