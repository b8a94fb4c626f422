"""A static database account, lent to one session at a time."""
