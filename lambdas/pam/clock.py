"""The one place that reads the clock. Everything else is handed a `now`."""

from datetime import UTC, datetime

from pam.domain import timestamps


def now() -> datetime:
    """To the millisecond: what is decided by is what is stored."""
    return timestamps.truncate(datetime.now(UTC))
