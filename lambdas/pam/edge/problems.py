"""From an exception to a problem document, as `domain/problems.py` has it."""

import json
from typing import Any, NotRequired

from typing_extensions import TypedDict

from pam.domain.errors import Code, Refusal
from pam.domain.problems import INTERNAL, PROBLEMS

PROBLEM_JSON = "application/problem+json"


class FieldProblem(TypedDict):
    field: str
    message: str


class Problem(TypedDict):
    """RFC 9457, with a stable `code`; `errors` only for VALIDATION, `sessions` only for LIMIT,
    `step_up_command` only for STEP_UP.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[FieldProblem]]
    sessions: NotRequired[list[str]]
    step_up_command: NotRequired[str]


def problem_response(refusal: Refusal) -> dict[str, Any]:
    problem = _problem(refusal.code, refusal.detail)
    if refusal.errors:
        problem["errors"] = [{"field": e.field, "message": e.message} for e in refusal.errors]
    if refusal.sessions:
        problem["sessions"] = list(refusal.sessions)
    if refusal.step_up_command:
        problem["step_up_command"] = refusal.step_up_command
    return _response(problem, {"Retry-After": "1"} if refusal.code is Code.THROTTLED else {})


def unexpected_response(request_id: str) -> dict[str, Any]:
    """For what is a fault of PAM: says nothing of it but where to look."""
    detail = f"nothing was granted by this call; the log has it under request id {request_id}"
    return _response(_problem(INTERNAL, detail), {})


def _problem(code: str, detail: str) -> Problem:
    kind = PROBLEMS[code]
    return Problem(
        type=kind.urn,
        title=kind.title,
        status=kind.status.value,
        detail=detail,
        code=kind.code,
    )


def _response(problem: Problem, headers: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(problem, ensure_ascii=False)
    return gateway_answer(problem["status"], PROBLEM_JSON, text, **headers)


def gateway_answer(status: int, content_type: str, body: str, **headers: str) -> dict[str, Any]:
    """As the gateway takes it. No answer is for anybody's cache."""
    told = {"Content-Type": content_type, "Cache-Control": "no-store", **headers}
    return {
        "statusCode": status,
        "multiValueHeaders": {name: [value] for name, value in told.items()},
        "body": body,
        "isBase64Encoded": False,
    }
