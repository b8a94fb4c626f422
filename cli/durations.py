"""Lengths of time on the command line: `30s`, `15m`, `1h30m`, or plain seconds."""

import re
from collections.abc import Callable
from datetime import timedelta

import typer

from pam.domain import durations

_SECONDS = re.compile(r"\d{1,6}", re.ASCII)


def parse(text: str) -> timedelta:
    """`3600` or `1h30m` -> timedelta. Whether that long is lawful is for the API to say.

    Raises ValueError for anything else.
    """
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=int(text))
    return durations.parse(text)


def seconds(text: str | None) -> int | None:
    """The value of an option as whole seconds; wrong usage (exit 2) if it is no duration."""
    if text is None:
        return None
    try:
        return int(parse(text).total_seconds())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def plain(text: str) -> str:
    """A length that `parse` takes, in its units: `30` is `30s`."""
    return durations.render(parse(text))


def seconds_option(text: str | None) -> str | None:
    """A typer callback: refuses a malformed value before anything else is done."""
    seconds(text)
    return text


def some_time_option(until_lifted: str) -> Callable[[str | None], str | None]:
    """The same for how long a block lasts: 0 is the API's word for "until lifted", and nobody means
    that by 0s. `until_lifted` is how one says so.
    """

    def check(text: str | None) -> str | None:
        if text is not None and not seconds(text):
            message = f"must be longer than 0 s; to block until lifted, {until_lifted}"
            raise typer.BadParameter(message)
        return text

    return check
