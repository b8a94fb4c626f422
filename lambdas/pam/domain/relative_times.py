"""An instant as people read it at a given time: by the clock of UTC, and how far off it is."""

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def shown(instant: datetime, now: datetime) -> str:
    """`16:00 UTC, in 4 h`; with the date before it where that is not today's in UTC.

    The minute is the one that has begun, so no end is shown later than it is.
    """
    there, here = instant.astimezone(UTC), now.astimezone(UTC)
    form = "%H:%M UTC" if there.date() == here.date() else "%Y-%m-%d %H:%M UTC"
    return f"{there.strftime(form)}, {_apart(instant - now)}"


def _apart(length: timedelta) -> str:
    """To the nearest minute, of more than two days to the nearest hour."""
    past = length < timedelta(0)
    length = abs(length)
    if length < _MINUTE / 2:
        return "now"
    minutes = max(1, round(length / _MINUTE))
    if minutes * _MINUTE >= 2 * _DAY:
        days, hours = divmod(round(length / _HOUR), 24)
        parts = [(days, "d"), (hours, "h")]
    else:
        hours, rest = divmod(minutes, 60)
        parts = [(hours, "h"), (rest, "min")]
    told = " ".join(f"{count} {unit}" for count, unit in parts if count)
    return f"{told} ago" if past else f"in {told}"
