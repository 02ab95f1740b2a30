"""The outside partners: each gateway turns values into their formats and back, and knows no table and no clock."""
