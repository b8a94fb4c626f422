"""What is asked of whoever sits before a terminal, and of nobody else."""

import sys

import typer


def is_terminal() -> bool:
    """Whether somebody reads questions and can answer them."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str, *, yes: bool) -> bool:
    """`yes`: they have said so already. Nobody is there to ask: no."""
    return yes or (is_terminal() and typer.confirm(question, err=True))
