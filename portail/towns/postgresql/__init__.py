"""PostgreSQL with the second lock: row-level security on the town in force (see `base`)."""
