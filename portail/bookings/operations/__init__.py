"""Every write of the bookings. Faces call these; nothing else writes."""
