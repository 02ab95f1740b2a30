"""Bookings by the town hall: a planning for a family on the telephone, late requests, the history."""
