"""The day's work: head-counts, lists of names, attendance on a tablet, what the kitchen is told (feature M4)."""
