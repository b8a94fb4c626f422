"""From an exception to the contract's problem document. The one place that knows HTTP statuses."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from pam.domain.errors import Code, Refusal

PROBLEM_JSON = "application/problem+json"

STATUS: Mapping[Code, HTTPStatus] = {
    Code.VALIDATION: HTTPStatus.BAD_REQUEST,
    Code.NOT_ELIGIBLE: HTTPStatus.FORBIDDEN,
    Code.SELF_APPROVAL: HTTPStatus.FORBIDDEN,
    Code.BLOCKED: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.CONFLICT: HTTPStatus.CONFLICT,
    Code.LIMIT: HTTPStatus.CONFLICT,
    Code.IDEMPOTENCY_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.THROTTLED: HTTPStatus.TOO_MANY_REQUESTS,
    Code.ISSUER_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}

TITLES: Mapping[Code, str] = {
    Code.VALIDATION: "The call is not what the API takes",
    Code.NOT_ELIGIBLE: "Policy gives you no way to this",
    Code.SELF_APPROVAL: "Nobody approves their own request",
    Code.BLOCKED: "This principal is blocked",
    Code.NOT_FOUND: "There is no such thing, or you may not know of it",
    Code.CONFLICT: "The session is not in a state that allows this",
    Code.LIMIT: "One more than a person may have",
    Code.IDEMPOTENCY_MISMATCH: "This key was used for another request",
    Code.THROTTLED: "Too many calls",
    Code.ISSUER_UNAVAILABLE: "The target did not answer; nothing was granted",
}


class FieldProblem(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457, with a stable `code`; `errors` only for VALIDATION, `sessions` only for LIMIT."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | None = None
    sessions: list[str] | None = None


def problem_response(refusal: Refusal) -> Response[str]:
    status = STATUS[refusal.code]
    problem = Problem(
        type=f"urn:bank:mod046:problem:{refusal.code.value.lower().replace('_', '-')}",
        title=TITLES[refusal.code],
        status=status.value,
        detail=refusal.detail,
        code=refusal.code.value,
        errors=[FieldProblem(field=e.field, message=e.message) for e in refusal.errors] or None,
        sessions=list(refusal.sessions) or None,
    )
    headers = {"Retry-After": "1"} if refusal.code is Code.THROTTLED else {}
    return _response(status, problem, headers)


def unexpected_response(request_id: str) -> Response[str]:
    """For what is a fault of PAM: says nothing of it but where to look."""
    problem = Problem(
        type="urn:bank:mod046:problem:internal",
        title="PAM failed",
        status=HTTPStatus.INTERNAL_SERVER_ERROR.value,
        detail=f"nothing was granted by this call; the log has it under request id {request_id}",
        code="INTERNAL",
    )
    return _response(HTTPStatus.INTERNAL_SERVER_ERROR, problem, {})


def _response(status: HTTPStatus, problem: Problem, headers: dict[str, str]) -> Response[str]:
    return Response(
        status_code=status.value,
        content_type=PROBLEM_JSON,
        body=json.dumps(problem.model_dump(exclude_none=True), ensure_ascii=False),
        headers={"Cache-Control": "no-store", **headers},
    )
