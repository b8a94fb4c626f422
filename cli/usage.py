"""Wrong usage of the command line in one line, as every other failure is told.

`VALIDATION: no such option: --foor; did you mean --for? (pam request --help)`: what is wrong, what
was probably meant, and where the usage stands.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from cli.problems import ApiProblem, Failure, one_line
from pam.domain.errors import Code

_QUOTED_OPTION = re.compile(r"'(--?[a-z][a-z-]*)'", re.ASCII)
_LEFT_OUT = re.compile(r"^Invalid value for (.+?): (?=say )")
"""What a command finds missing: it asks to say it."""
_FULL_STOP = re.compile(r"(?<!\.)\.$")
_PLAIN = (
    (re.compile(r"Input should be greater than or equal to (\d+)"), r"must be \1 or more"),
    (re.compile(r"Input should be a valid integer.*"), "must be a whole number"),
    (re.compile(r": Value error, "), ": "),
    (
        re.compile(r"Got unexpected extra argument\(s\) \((.+)\)"),
        r"these words are too many: \1; put a text with spaces into quotes",
    ),
)
"""What pydantic and typer say, and what is said instead."""
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""How Python reads bytes of the command line that are not of the locale's encoding."""
_MAY_BE_EMPTY = frozenset({"comment", "ticket", "cursor", "value"})
"""By their names in Python: words that say nothing, and a list from its beginning."""


@contextmanager
def of(ctx: Any) -> Iterator[None]:
    """What is found wrong meanwhile is wrong usage of this command, where typer does not say so:
    in its parser, and in what a command itself refuses.
    """
    try:
        yield
    except typer.TyperException as error:
        if getattr(error, "ctx", ctx) is None:
            error.ctx = ctx  # type: ignore[attr-defined]
        raise


def failure(error: typer.TyperException) -> Failure:
    """What typer refuses, whether it read the words itself or a command found them wrong."""
    if error.exit_code != typer.BadParameter.exit_code:
        return Failure(one_line(ValueError(error.format_message())))
    ctx = getattr(error, "ctx", None)
    command = ctx.command_path if ctx else "pam"
    return ApiProblem(code=Code.VALIDATION, detail=f"{_fault(error)} ({command} --help)")


def refuse_unmeant(ctx: Any) -> None:
    """Raises BadParameter for a value that nobody can have meant. An empty one is most often a
    variable of a script that is not set: taken for left out, it would widen what is meant to
    everybody's. Bytes that are no text cannot be sent to anybody.
    """
    for each in ctx.command.params:
        typed = ctx.params.get(each.name)
        if not isinstance(typed, str):
            continue
        message = ""
        if typed == "" != each.default and each.name not in _MAY_BE_EMPTY:
            message = "it is empty; give a value, or leave it out"
        elif _NO_TEXT.search(typed):
            message = "it has bytes that are no text; write it in UTF-8"
        if message:
            option = each.param_type_name == "option"
            hint = each.opts[0] if option else each.metavar or each.name.upper()
            raise typer.BadParameter(message, ctx=ctx, param_hint=hint)


def asked_for_help(error: typer.TyperException) -> bool:
    """Whether a group was named and none of its commands: typer then raises the group's help."""
    # Typer exports neither this class nor its base, and goes by the name itself.
    return type(error).__name__ == "NoArgsIsHelpError"


def _fault(error: Any) -> str:
    """Typer's sentences as one clause: without capitals, quotes around options and a full stop."""
    if asked_for_help(error):
        return "missing command"
    alike = _did_you_mean(getattr(error, "possibilities", None) or ())
    if alike:
        # Typer has a form of its own for these, in brackets.
        error.possibilities = None
    said = one_line(ValueError(error.format_message()))
    said = _LEFT_OUT.sub(r"missing \1: ", said).removeprefix("Invalid value: ")
    said = _FULL_STOP.sub("", _QUOTED_OPTION.sub(r"\1", said))
    # The likes of a misspelt command are in the message; so is a class of the library's.
    said = said.replace(". Did you mean ", "; did you mean ")
    for theirs, plain in _PLAIN:
        said = theirs.sub(plain, said)
    return said[:1].lower() + said[1:] + (f"; {alike}" if alike else "")


def _did_you_mean(names: Iterable[str]) -> str:
    """`did you mean --status?`; empty if there is nothing alike."""
    alike = sorted(names)
    return f"did you mean {' or '.join(alike)}?" if alike else ""
