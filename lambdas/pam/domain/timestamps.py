"""Instants on the wire: RFC 3339, UTC, milliseconds. Inside, aware datetimes only."""

from datetime import UTC, datetime, timedelta


def render(instant: datetime) -> str:
    """`2026-01-31T09:15:00.250Z`; sorts as text in order of time."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The inverse of `render`. Raises ValueError, also for a time without a zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = f"{text!r} names no time zone"
        raise ValueError(message)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        message = f"{text!r} is in no year of UTC's"
        raise ValueError(message) from None


def truncate(instant: datetime) -> datetime:
    """To the millisecond, so that what is stored equals what was decided."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def whole_second_at_or_before(instant: datetime) -> str:
    """For IAM date conditions, which are sure of whole seconds only: never later than `instant`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_second_at_or_after(instant: datetime) -> str:
    """For Step Functions `Wait`, which cuts fractions off: never earlier than `instant`."""
    begun = timedelta(seconds=1) if instant.microsecond else timedelta(0)
    return whole_second_at_or_before(instant + begun)
