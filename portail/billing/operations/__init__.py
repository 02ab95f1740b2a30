"""Every write of the billing. Faces call these; nothing else writes."""
