"""A standing kind that exists in tests alone: a person's badge opens a door of a site."""
