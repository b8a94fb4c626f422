"""What is asked of whoever sits before a terminal, and of nobody else; and how wide it is."""

import os
import shutil
import sys

import typer


def is_terminal() -> bool:
    """Whether somebody reads questions and can answer them."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str, *, yes: bool) -> bool:
    """`yes`: they have said so already. Nobody is there to ask: no."""
    return yes or (is_terminal() and typer.confirm(question, err=True))


def columns() -> int | None:
    """Of the terminal that stdout is; None where it is none, and nothing needs to fit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def has_colours() -> bool:
    """Whether stdout takes them, and nobody said otherwise (https://no-color.org)."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
