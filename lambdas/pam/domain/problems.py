"""What each code is to whoever speaks HTTP: the one table of statuses, titles and types.

The edge answers by it, the API's description is written from it, and the gateway's own answers are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

from pam.domain.errors import Code

UNAUTHENTICATED = "UNAUTHENTICATED"
"""The gateway's own: nobody whom it knows has signed the call."""
INTERNAL = "INTERNAL"
"""A fault of PAM, and no refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A kind of problem document (RFC 9457), known by its `code`."""

    code: str
    status: HTTPStatus
    title: str

    @property
    def urn(self) -> str:
        return f"urn:bank:mod046:problem:{self.code.lower().replace('_', '-')}"


_STATUS_AND_TITLE: Mapping[str, tuple[HTTPStatus, str]] = {
    Code.VALIDATION: (HTTPStatus.BAD_REQUEST, "The call is not what the API takes"),
    UNAUTHENTICATED: (HTTPStatus.UNAUTHORIZED, "The call is not signed by a known principal"),
    Code.NOT_ELIGIBLE: (HTTPStatus.FORBIDDEN, "Policy gives you no way to this"),
    Code.SELF_APPROVAL: (HTTPStatus.FORBIDDEN, "Nobody approves their own request"),
    Code.BLOCKED: (HTTPStatus.FORBIDDEN, "This principal is blocked"),
    Code.STEP_UP: (HTTPStatus.FORBIDDEN, "This needs a stronger proof of who you are"),
    Code.NOT_FOUND: (HTTPStatus.NOT_FOUND, "There is no such thing, or you may not know of it"),
    Code.CONFLICT: (HTTPStatus.CONFLICT, "The session is not in a state that allows this"),
    Code.LIMIT: (HTTPStatus.CONFLICT, "One more than a person may have"),
    Code.IDEMPOTENCY_MISMATCH: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This key was used for another request",
    ),
    Code.THROTTLED: (HTTPStatus.TOO_MANY_REQUESTS, "Too many calls"),
    INTERNAL: (HTTPStatus.INTERNAL_SERVER_ERROR, "PAM failed"),
    Code.ISSUER_UNAVAILABLE: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The target did not answer; nothing was granted",
    ),
}

PROBLEMS: Mapping[str, ProblemType] = MappingProxyType(
    {
        str(code): ProblemType(code=str(code), status=status, title=title)
        for code, (status, title) in _STATUS_AND_TITLE.items()
    }
)


def codes_by_status() -> dict[HTTPStatus, list[str]]:
    """Of refusals: what an answer of this status may be."""
    found: dict[HTTPStatus, list[str]] = {}
    for code in Code:
        found.setdefault(PROBLEMS[code].status, []).append(code.value)
    return found
