"""What Okta answers: forms of success, of an API error, and of a refusal at the OAuth doors."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_SUMMARIES = {
    "E0000001": "Api validation failed: {about}",
    "E0000006": "You do not have permission to perform the requested action",
    "E0000007": "Not found: Resource not found: {about}",
    "E0000009": "Internal Server Error",
    "E0000011": "Invalid token provided",
    "E0000022": "The endpoint does not support the provided HTTP method",
    "E0000038": "This operation is not allowed in the user's current status.",
    "E0000047": "API call exceeded rate limit due to too many requests.",
}
_STATUSES = {
    "E0000001": 400,
    "E0000006": 403,
    "E0000007": 404,
    "E0000009": 500,
    "E0000011": 401,
    "E0000022": 405,
    "E0000038": 403,
    "E0000047": 429,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`content` None: no body, and no type of one."""

    status: int = 200
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return b"" if self.content is None else json.dumps(self.content).encode()


class Refused(Exception):
    """Answered with an error; nothing was done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.content or answer.headers}")
        self.answer = answer


class Cut(Exception):
    """The deed is done, and the connection is reset instead of answered."""


def api_error(code: str, about: str = "", **headers: str) -> Refused:
    """An error of the management API, by Okta's code of it."""
    content = {
        "errorCode": code,
        "errorSummary": _SUMMARIES[code].format(about=about),
        "errorLink": code,
        "errorId": f"oae{secrets.token_urlsafe(16)}",
        "errorCauses": [],
    }
    return Refused(Answer(status=_STATUSES[code], content=content, headers=headers))


def oauth_error(status: int, error: str, description: str, **headers: str) -> Refused:
    """An error of the token endpoint."""
    content = {"error": error, "error_description": description}
    return Refused(Answer(status=status, content=content, headers=headers))
