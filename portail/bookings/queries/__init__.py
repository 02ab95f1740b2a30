"""Reads of the bookings: the town's offer, what is booked, what a submission must be judged against."""
