"""How the command line says no: exit codes, and failures as one line a person can act upon."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from http import HTTPStatus
from typing import Any

from cli.text import clean
from pam.domain.errors import Code

REPEATABLE = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers that may be another one a little later."""


class ExitCode(IntEnum):
    """Promised in `docs/interface.md`. `pam exec` returns its command's own code instead."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    UNANCHORED = 7
    """A trail that is whole, but anchored to no key that the auditor has brought."""


class Failure(Exception):
    """Something is not done. `str()` is the one line for stderr: what happened, what to do.

    `transient` failures are worth another try later (a timeout, a 5xx); a poll goes on after one.
    `retry_after` is for how many seconds the server asked not to be tried; 0 if it did not.
    """

    def __init__(
        self,
        line: str,
        *,
        transient: bool = False,
        exit_code: ExitCode = ExitCode.FAILED,
        retry_after: float = 0,
    ) -> None:
        super().__init__(line)
        self.transient = transient
        self.exit_code = exit_code
        self.retry_after = retry_after


class Unreachable(Failure):
    """Nothing was sent, because nobody took the connection: the outcome is known, there is none."""

    def __init__(self, line: str) -> None:
        super().__init__(line, transient=True)


class ApiProblem(Failure):
    """A problem document of the request API (RFC 9457), or what stands in for one."""

    def __init__(
        self,
        *,
        code: str,
        detail: str,
        status: int = 0,
        errors: Sequence[Any] = (),
        advice: str = "",
        retry_after: float = 0,
    ) -> None:
        line = f"{code}: {detail}"
        fields = _fields_not_in(detail, errors)
        if fields:
            line += f" ({'; '.join(fields)})"
        if advice:
            line += f"; {advice}"
        super().__init__(line, transient=status in REPEATABLE, retry_after=retry_after)
        self.code = code
        self.status = status


@contextmanager
def told_apart() -> Iterator[None]:
    """Gives each kind of failure an exit code of its own, for commands that promise that."""
    try:
        yield
    except ApiProblem as problem:
        problem.exit_code = _EXIT_CODES.get(problem.code, ExitCode.FAILED)
        if problem.status in REPEATABLE:
            problem.exit_code = ExitCode.UNREACHABLE
        raise
    except Unreachable as failure:
        failure.exit_code = ExitCode.UNREACHABLE
        raise


_EXIT_CODES: Mapping[str, ExitCode] = {
    Code.VALIDATION: ExitCode.USAGE,
    Code.NOT_ELIGIBLE: ExitCode.REFUSED,
    Code.SELF_APPROVAL: ExitCode.REFUSED,
    Code.BLOCKED: ExitCode.REFUSED,
    Code.STEP_UP: ExitCode.REFUSED,
    Code.CONFLICT: ExitCode.REFUSED,
    Code.LIMIT: ExitCode.REFUSED,
    Code.NOT_FOUND: ExitCode.NOT_FOUND,
}


def one_line(error: BaseException) -> str:
    """An error as exactly one line that cannot drive the terminal."""
    return clean(" ".join(str(error).split())) or type(error).__name__


def _fields_not_in(detail: str, errors: Sequence[Any]) -> list[str]:
    """`field: message` for each field error that the detail does not say already."""
    said = [
        f"{error.get('field')}: {error.get('message')}"
        for error in errors
        if isinstance(error, Mapping)
    ]
    return [field for field in said if field not in detail]
