"""How the command line says no: exit codes, and failures as one line a person can act upon."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from http import HTTPStatus
from typing import Any

from cli.text import clean
from pam.domain.errors import Code
from pam.domain.lifecycle import Status

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
AWS_REFUSALS = frozenset({"AccessDeniedException", "ForbiddenException", "HTTP 403"})
"""What stands for a code where the call was refused before PAM's API heard of it: by IAM, the
policy of a network's endpoint, a firewall, or a proxy that says no more than 403.
"""


class ExitCode(IntEnum):
    """Promised in `docs/interface.md`. `pam exec` returns its command's own code instead."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    """By PAM, for a reason that trying again does not change; a wait that ended without access."""
    NOT_FOUND = 4
    UNREACHABLE = 5
    """Not reached, throttled, or a 5xx."""
    TIMED_OUT = 6
    """`--timeout` is over, or nobody answered the request in time."""
    UNANCHORED = 7
    """A trail that is whole, but anchored to no key that the auditor has brought."""
    NOT_RUN = 126
    """The command of an `exec` is there and cannot be executed; as a shell says it."""
    NO_COMMAND = 127
    """There is no such command for an `exec`; as a shell says it."""
    INTERRUPTED = 130


_EXIT_CODES: Mapping[str, ExitCode] = {
    Code.VALIDATION: ExitCode.USAGE,
    Code.NOT_ELIGIBLE: ExitCode.REFUSED,
    Code.SELF_APPROVAL: ExitCode.REFUSED,
    Code.BLOCKED: ExitCode.REFUSED,
    Code.STEP_UP: ExitCode.REFUSED,
    Code.NOT_FOUND: ExitCode.NOT_FOUND,
    Code.CONFLICT: ExitCode.REFUSED,
    Code.LIMIT: ExitCode.REFUSED,
    Code.IDEMPOTENCY_MISMATCH: ExitCode.REFUSED,
    Code.THROTTLED: ExitCode.UNREACHABLE,
    Code.ISSUER_UNAVAILABLE: ExitCode.UNREACHABLE,
    **dict.fromkeys(AWS_REFUSALS, ExitCode.REFUSED),
}


def exit_code_of(code: str, status: int) -> ExitCode:
    """How `pam` exits after an answer of the API with this `code` and HTTP status."""
    if status in REPEATABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ExitCode.UNREACHABLE
    return _EXIT_CODES.get(code, ExitCode.FAILED)


def exit_code_of_wait(status: str) -> ExitCode:
    """The same after a wait for access that ended in this state of the session."""
    return ExitCode.TIMED_OUT if status == Status.UNANSWERED else ExitCode.REFUSED


CLIENT = "CLIENT"
"""Stands for the code of a failure that no API answered."""


def problem_of_client(detail: str, **more: Any) -> dict[str, Any]:
    """The document of a failure that no API answered."""
    return {"title": "pam failed", "status": 0, "code": CLIENT, "detail": detail} | more


class Failure(Exception):
    """Something is not done. `str()` says what happened, and what to do.

    `transient` failures are worth another try later (a timeout, a 5xx); a poll goes on after one.
    `retry_after` is for how many seconds the server asked not to be tried; 0 if it did not.
    `document` is what `--json` prints; by default the line, as a failure that no API answered.
    """

    def __init__(
        self,
        line: str,
        *,
        transient: bool = False,
        exit_code: ExitCode | None = None,
        retry_after: float = 0,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(line)
        self.transient = transient
        passing = ExitCode.UNREACHABLE if transient else ExitCode.FAILED
        self.exit_code = passing if exit_code is None else exit_code
        self.retry_after = retry_after
        self.document = problem_of_client(one_line(self)) if document is None else document

    @property
    def line(self) -> str:
        """The one line for stderr: the code, and what `str()` says."""
        return f"{self.document.get('code', CLIENT)}: {one_line(self)}"


class Outcome(Failure):
    """PAM did what it was asked, and it came out otherwise than hoped: a trail is not proven, a
    policy file does not hold, a wait ended without access, somebody said no. There is no code; the
    words say it.
    """

    @property
    def line(self) -> str:
        return one_line(self)


class Unreachable(Failure):
    """Nothing was sent, because nobody took the connection: the outcome is known, there is none."""

    def __init__(self, line: str) -> None:
        super().__init__(line, transient=True)


class ApiProblem(Failure):
    """A problem document of the request API (RFC 9457), or what stands in for one.

    `document` is the API's own; without one, no API answered.
    """

    def __init__(
        self,
        *,
        code: str,
        detail: str,
        status: int = 0,
        errors: Sequence[Any] = (),
        advice: str = "",
        retry_after: float = 0,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        line = f"{code}: {detail}"
        fields = _fields_not_in(detail, errors)
        if fields:
            line += f" ({'; '.join(fields)})"
        if advice:
            line += f"; {advice}"
        super().__init__(
            line,
            transient=status in REPEATABLE,
            exit_code=exit_code_of(code, status),
            retry_after=retry_after,
            document=document,
        )
        self.code = code
        self.status = status
        self.detail = detail
        self.errors = [each for each in errors if isinstance(each, Mapping)]

    @property
    def line(self) -> str:
        """`str()` begins with the code."""
        return one_line(self)


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
