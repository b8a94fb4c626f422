"""A database user of its own for each session."""
