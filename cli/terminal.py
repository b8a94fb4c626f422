"""What is asked of whoever sits before a terminal, and of nobody else; and how wide it is.

Questions go to stderr and answers come from stdin; stdout is kept for what a command is for.
"""

import os
import shutil
import sys

import typer

from cli.problems import Outcome

_TRIES = 3
_YES, _NO = {"y", "yes"}, {"", "n", "no"}


def is_terminal() -> bool:
    """Whether somebody reads questions and can answer them."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def say(text: str) -> None:
    """Lines on stderr, beside what the command is for."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def agreed(question: str, *, yes: bool) -> bool:
    """`yes`: they have said so already. Nobody is there to ask: no."""
    if yes or not is_terminal():
        return yes
    for _ in range(_TRIES):
        answer = _typed(f"{question} [y/N]: ").lower()
        if answer in _YES | _NO:
            return answer in _YES
        say("y or n?")
    return False


def must_agree(question: str, *, yes: bool) -> None:
    """Raises Failure where somebody is asked and does not say yes."""
    if is_terminal() and not agreed(question, yes=yes):
        raise nothing_done()


def chosen(count: int) -> int:
    """Which of so many, from 0. Raises Failure if they say none of them."""
    for _ in range(_TRIES):
        answer = _typed(f"which one? [1-{count}, return for none]: ")
        if not answer:
            break
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= count:
            return int(answer) - 1
        say(f"a number from 1 to {count}")
    raise nothing_done()


def nothing_done() -> Outcome:
    return Outcome("nothing was done")


def _typed(prompt: str) -> str:
    """A line; empty if they end the input. Raises Abort if they break it off."""
    try:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        line = "?"
    except KeyboardInterrupt:
        say("")
        raise typer.Abort from None
    if not line:
        say("")
    return line.strip()


def columns() -> int | None:
    """Of the terminal that stdout is; None where it is none, and nothing needs to fit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def columns_asked() -> int | None:
    """The same of stderr, where questions stand; stdout may go into a pipe meanwhile."""
    if not sys.stderr.isatty():
        return None
    size = os.get_terminal_size(sys.stderr.fileno())
    # A terminal may not know how wide it is.
    return shutil.get_terminal_size(size if size.columns else (80, 24)).columns


def has_colours() -> bool:
    """Whether stdout takes them, and nobody said otherwise (https://no-color.org)."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
