"""The demonstration world: two towns, their families and their bookings, built relative to a day by operations only.

`demo.toml`, `buchelay.toml` and the CSV files beside describe what does not move; the modules add what does.
"""
