"""From an exception to a problem document, as `domain/problems.py` has it."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from pam.domain.errors import Code, Refusal
from pam.domain.problems import INTERNAL, PROBLEMS

PROBLEM_JSON = "application/problem+json"


class FieldProblem(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457, with a stable `code`; `errors` only for VALIDATION, `sessions` only for LIMIT,
    `step_up_command` only for STEP_UP.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | None = None
    sessions: list[str] | None = None
    step_up_command: str | None = None


def problem_response(refusal: Refusal) -> Response[str]:
    problem = _problem(
        refusal.code,
        refusal.detail,
        errors=[FieldProblem(field=e.field, message=e.message) for e in refusal.errors] or None,
        sessions=list(refusal.sessions) or None,
        step_up_command=refusal.step_up_command or None,
    )
    headers = {"Retry-After": "1"} if refusal.code is Code.THROTTLED else {}
    return _response(problem, headers)


def unexpected_response(request_id: str) -> Response[str]:
    """For what is a fault of PAM: says nothing of it but where to look."""
    detail = f"nothing was granted by this call; the log has it under request id {request_id}"
    return _response(_problem(INTERNAL, detail), {})


def _problem(code: str, detail: str, **more: Any) -> Problem:
    kind = PROBLEMS[code]
    return Problem(
        type=kind.urn,
        title=kind.title,
        status=kind.status.value,
        detail=detail,
        code=kind.code,
        **more,
    )


def _response(problem: Problem, headers: dict[str, str]) -> Response[str]:
    return Response(
        status_code=problem.status,
        content_type=PROBLEM_JSON,
        body=json.dumps(problem.model_dump(exclude_none=True), ensure_ascii=False),
        headers={"Cache-Control": "no-store", **headers},
    )
