"""Instants as a person reads them: local time, and how far away."""

from datetime import UTC, datetime, timedelta

from pam.domain import durations, timestamps


def now() -> datetime:
    return datetime.now(UTC)


def parse(value: object) -> datetime | None:
    """An instant of the API, or None for anything that is not one: display must not fail on it."""
    try:
        return timestamps.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def local(instant: datetime, *, now: datetime) -> str:
    """`22:31:05 CET` today, `2026-11-21 02:31:05 CET` on any other day."""
    here = instant.astimezone()
    day = "" if here.date() == now.astimezone().date() else f"{here:%Y-%m-%d} "
    return f"{day}{here:%H:%M:%S} {here:%Z}"


def relative(instant: datetime, *, now: datetime) -> str:
    """`in 29m58s`, `5m12s ago`, `now`; whole seconds, only minutes beyond an hour."""
    distance = instant - now
    size = abs(distance)
    if size < timedelta(seconds=1):
        return "now"
    if size >= timedelta(hours=1):
        size -= timedelta(seconds=size.total_seconds() % 60)
    length = durations.render(size)
    return f"in {length}" if distance > timedelta(0) else f"{length} ago"


def both(instant: datetime, *, now: datetime) -> str:
    """`22:31:05 CET (in 29m58s)`."""
    return f"{local(instant, now=now)} ({relative(instant, now=now)})"
