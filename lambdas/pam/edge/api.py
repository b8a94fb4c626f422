"""What the functions behind the request API share: who calls, how errors and refusals go out.

Each function is a Powertools resolver with its own routes; this gives it the same front: a bound
on the body, the caller from the signature, refusals recorded and rendered in one place.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from pam.domain.errors import (
    Code,
    Invalid,
    NotFound,
    Refusal,
    StaleSession,
    Throttled,
    TryAgain,
)
from pam.domain.handled_call import Door
from pam.domain.messages import UnknownEvent
from pam.domain.problems import codes_by_status
from pam.edge.bodies import invalid
from pam.edge.callers import signed_caller
from pam.edge.gateway import handled_call, is_gateway_call, stranger
from pam.edge.problems import PROBLEM_JSON, Problem, problem_response, unexpected_response
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.note_act import NotedActs, note_act
from pam.operations.note_call import note_call
from pam.operations.record_refusal import Attempt, record_refusal
from pam.policy.cedar import CedarPolicy
from pam.ports.calls import NotedCalls
from pam.ports.sessions import SessionStore
from pam.side_by_side import side_by_side

_LARGEST_BODY = 16 * 1024
_NOT_RECORDED = {Code.THROTTLED, Code.ISSUER_UNAVAILABLE}
"""Not refusals of the caller: nothing was decided about them."""

_PROBLEMS: dict[int, Any] = {
    status.value: {
        "description": " or ".join(part for part in (", ".join(codes[:-1]), codes[-1]) if part),
        "content": {PROBLEM_JSON: {"model": Problem}},
    }
    for status, codes in codes_by_status().items()
}

logger = Logger()


def answers(what: str, *, status: int = 200) -> dict[int, Any]:
    """A route's answers, for the API's description: `what` on success, else a problem."""
    return {status: {"description": what}, **_PROBLEMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What every call of a function needs of it."""

    door: Door
    calls: NotedCalls
    store: SessionStore
    policy: CedarPolicy
    clock: Callable[[], datetime]
    noted: NotedActs = field(default_factory=NotedActs)


def resolver() -> APIGatewayRestResolver:
    """A resolver without routes, with the one way in which errors go out. Called by `serve`."""
    app = APIGatewayRestResolver(enable_validation=True)

    def refused(refusal: Refusal) -> Response[str]:
        return _refused(refusal, app.context["call"], app.context["act"])

    def not_valid(error: RequestValidationError) -> Response[str]:
        return refused(invalid(error.errors()))

    def stale(error: StaleSession) -> Response[str]:
        return problem_response(Throttled(str(error)))

    def too_much(error: TryAgain) -> Response[str]:
        logger.warning("not done yet", exc_info=error)
        return problem_response(Throttled("there is too much to do just now; try again"))

    def no_route(_: Exception) -> Response[str]:
        return problem_response(NotFound("there is no such call; see the API's description"))

    def unexpected(error: Exception) -> Response[str]:
        logger.error("unexpected", exc_info=error)
        return unexpected_response(app.context["call"].caller.request_id)

    app.use(middlewares=[_not_cached])
    app.exception_handler(Refusal)(refused)
    app.exception_handler(RequestValidationError)(not_valid)
    app.exception_handler(StaleSession)(stale)
    app.exception_handler(TryAgain)(too_much)
    app.exception_handler(Exception)(unexpected)
    app.not_found(no_route)
    return app


def serve(app: APIGatewayRestResolver, front: Front, event: object, context: Any) -> dict[str, Any]:
    """Answers one call of the request API. Routes find their `Call` by `current_call`.

    Raises UnknownEvent for anything but a gateway's call, and RequestIdUsed: that is no call of the
    gateway's either. Both are noted, to be told. A call is noted before anything is done, or
    nothing is done.
    """
    now = front.clock()
    if not is_gateway_call(event):
        front.calls.note(stranger(event, front.door, now, new_id(now)))
        message = "no call of the gateway"
        raise UnknownEvent(message)
    handled = handled_call(event, front.door, now)
    signed = APIGatewayProxyEvent(event)
    act = f"{signed.http_method} {signed.resource}"

    def answered() -> dict[str, Any]:
        caller = signed_caller(signed, front.policy.identities.identify)
        call = Call(caller=caller, now=now, store=front.store, policy=front.policy)
        return _answer(app, event, call, act, front.noted, context)

    noting = partial(note_call, handled, front.calls)
    try:
        if _reads(act):
            # Nothing is done by a look, and nobody hears of what it saw unless it is noted.
            _, answer = side_by_side(noting, answered)
        else:
            noting()
            answer = answered()
    except TryAgain:
        logger.warning("call not noted, so not handled", exc_info=True)
        return _plain(problem_response(Throttled("there is too much to do just now; try again")))
    try:
        front.calls.answered(handled, int(answer["statusCode"]))
    except Exception:
        # What was done stands in the records, and the call can be matched by the rest.
        logger.exception("answer not noted")
    return answer


def _answer(
    app: APIGatewayRestResolver,
    event: dict[str, Any],
    call: Call,
    act: str,
    noted: NotedActs,
    context: Any,
) -> dict[str, Any]:
    """`act` is method and route, as records name it."""
    event = event | {"path": _one_segment_each(event)}
    try:
        event = _readable(event)
    except Invalid as refusal:
        return _plain(_refused(refusal, call, act))
    if not _reads(act):
        _note(call, noted)
    app.append_context(call=call, act=act)  # type: ignore[no-untyped-call]
    return app.resolve(event, context)


def _reads(act: str) -> bool:
    return act.startswith("GET ")


def _note(call: Call, noted: NotedActs) -> None:
    """Who acts in which office is told, and decides nothing: a call is not refused because it could
    not be noted.
    """
    try:
        note_act(call, noted)
    except Exception:
        logger.exception("act not noted")


def _one_segment_each(event: dict[str, Any]) -> str:
    """The path with each parameter as one segment: an ARN has slashes, and the gateway may have
    decoded them. Routes decode what they take from it.
    """
    path = str(event["resource"])
    for name, value in (event.get("pathParameters") or {}).items():
        segment = quote(unquote(value), safe="")
        path = path.replace(f"{{{name}}}", segment).replace(f"{{{name}+}}", segment)
    return path


def current_call(app: APIGatewayRestResolver) -> Call:
    call = app.context["call"]
    assert isinstance(call, Call)  # noqa: S101 - put there by `serve`, for the type checker
    return call


def _readable(event: dict[str, Any]) -> dict[str, Any]:
    """The event, once its body is seen to be a bounded JSON object (or absent).

    Done before anything else parses it: a body that two parsers may read differently (a key given
    twice, say) is refused. Raises Invalid.
    """
    proxy = APIGatewayProxyEvent(event)
    if not proxy.body:
        return event
    if len(proxy.body) > _LARGEST_BODY:
        raise Invalid.field("body", f"must be at most {_LARGEST_BODY} bytes")
    try:
        body = json.loads(proxy.decoded_body or "", object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise Invalid.field("body", "must be a JSON object, with each key once") from None
    if not isinstance(body, dict):
        raise Invalid.field("body", "must be a JSON object")
    # It is JSON, whatever the caller calls it.
    headers = {k: v for k, v in (event.get("headers") or {}).items() if k.lower() != "content-type"}
    return event | {"headers": headers | {"Content-Type": "application/json"}}


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key is given twice"
        raise ValueError(message)
    return found


def _not_cached(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    answer = next_middleware(app)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _refused(refusal: Refusal, call: Call, act: str) -> Response[str]:
    """Reading is refused without a record; every other act that is refused is recorded.

    A refusal has no effect that would have to wait for its record: it is given even if the record
    cannot be written, and that failure is logged as an error.
    """
    if not _reads(act) and refusal.code not in _NOT_RECORDED:
        attempt = Attempt(
            act=act,
            actor=call.caller.actor,
            person=call.caller.person,
            requester=call.caller.principal,
            request_id=call.caller.request_id,
        )
        try:
            record_refusal(refusal, attempt, now=call.now, store=call.store, policy=call.policy)
        except Exception:
            logger.exception("refusal not recorded")
    return problem_response(refusal)


def _plain(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "headers": {"Content-Type": response.content_type, **response.headers},
        "body": response.body,
        "isBase64Encoded": False,
    }
