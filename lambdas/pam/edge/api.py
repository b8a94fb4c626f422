"""What the functions behind the request API share: who calls, how errors and refusals go out.

Each function is a Powertools resolver with its own routes; this gives it the same front: a bound
on the body, the caller from the signature, refusals recorded and rendered in one place.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from pam.domain.errors import Code, Invalid, NotEligible, NotFound, Refusal, StaleSession, Throttled
from pam.domain.people import Actor, ActorKind, Caller
from pam.edge.bodies import invalid
from pam.edge.problems import Problem, problem_response, unexpected_response
from pam.operations.record_refusal import Attempt, record_refusal
from pam.policy.cedar import CedarPolicy
from pam.ports import SessionStore

_LARGEST_BODY = 16 * 1024
_LONGEST_USER_AGENT = 256
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_NOT_RECORDED = {Code.THROTTLED, Code.ISSUER_UNAVAILABLE}
"""Not refusals of the caller: nothing was decided about them."""

PROBLEMS: dict[int, Any] = {
    status: {"description": what, "content": {"application/problem+json": {"model": Problem}}}
    for status, what in {
        400: "VALIDATION",
        403: "NOT_ELIGIBLE, SELF_APPROVAL or BLOCKED",
        404: "NOT_FOUND",
        409: "CONFLICT",
        422: "IDEMPOTENCY_MISMATCH",
        429: "THROTTLED",
        503: "ISSUER_UNAVAILABLE",
    }.items()
}

logger = Logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: who signed it, and the one `now` that all of it is decided by."""

    caller: Caller
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What the front itself needs of the function behind it."""

    store: SessionStore
    policy: CedarPolicy
    clock: Callable[[], datetime]


def resolver(front: Callable[[], Front]) -> APIGatewayRestResolver:
    """A resolver with the common front. `front` is called once a call, after the cold start."""
    app = APIGatewayRestResolver(enable_validation=True)

    def bounded(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
        body = app.current_event.body or ""
        if len(body.encode("utf-8", "surrogatepass")) > _LARGEST_BODY:
            raise Invalid.field("body", f"must be at most {_LARGEST_BODY} bytes")
        answer = next_middleware(app)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def refused(refusal: Refusal) -> Response[str]:
        call = current_call(app, front())
        if app.current_event.http_method != "GET" and refusal.code not in _NOT_RECORDED:
            _record(refusal, app, call, front())
        return problem_response(refusal)

    def not_valid(error: RequestValidationError) -> Response[str]:
        return refused(invalid(error.errors()))

    def stale(error: StaleSession) -> Response[str]:
        return problem_response(Throttled(str(error)))

    def no_route(_: Exception) -> Response[str]:
        return problem_response(NotFound("there is no such call; see the API's description"))

    def unexpected(error: Exception) -> Response[str]:
        logger.exception("unexpected", exc_info=error)
        return unexpected_response(app.current_event.request_context.request_id)

    app.use(middlewares=[bounded])
    app.exception_handler(Refusal)(refused)
    app.exception_handler(RequestValidationError)(not_valid)
    app.exception_handler(StaleSession)(stale)
    app.exception_handler(Exception)(unexpected)
    app.not_found(no_route)
    return app


def current_call(app: APIGatewayRestResolver, front: Front) -> Call:
    """The call at hand. Made once and kept for the call's life, so that it has one `now`."""
    kept = app.context.get("call")
    if isinstance(kept, Call):
        return kept
    identity = app.current_event.request_context.identity
    principal = identity.user_arn or ""
    caller = Caller(
        principal=principal,
        person=None,
        actor=Actor(
            principal=principal,
            kind=ActorKind.PERSON,
            source_ip=identity.source_ip or "",
            user_agent=_UNPRINTABLE.sub("?", identity.user_agent or "")[:_LONGEST_USER_AGENT],
        ),
        request_id=app.current_event.request_context.request_id,
    )
    try:
        person = front.policy.identities.identify(principal)
    except NotEligible:
        person = None
    call = Call(
        caller=Caller(
            principal=caller.principal,
            person=person,
            actor=caller.actor,
            request_id=caller.request_id,
        ),
        now=front.clock(),
    )
    app.context["call"] = call
    return call


def _record(refusal: Refusal, app: APIGatewayRestResolver, call: Call, front: Front) -> None:
    """A refusal has no effect that would have to wait for its record: it is given even if the
    record cannot be written, and that failure is logged as an error (and alarmed on)."""
    attempt = Attempt(
        act=f"{app.current_event.http_method} {app.current_event.resource}",
        actor=call.caller.actor,
        requester=call.caller.principal,
        request_id=call.caller.request_id,
    )
    try:
        record_refusal(
            refusal,
            attempt,
            now=call.now,
            store=front.store,
            policy_version=front.policy.version,
        )
    except Exception:
        logger.exception("refusal not recorded")
