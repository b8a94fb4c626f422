"""What the functions behind the request API share: who calls, how errors and refusals go out.

Each function has its own routes; this gives them the same front: a bound on the body, the caller
from the signature, refusals recorded and rendered in one place.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger

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
from pam.edge.callers import signed_caller
from pam.edge.gateway import handled_call, is_gateway_call, stranger
from pam.edge.problems import gateway_answer, problem_response, unexpected_response
from pam.edge.reading import Place, read
from pam.edge.routes import Routes
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.note_act import NotedActs, note_act
from pam.operations.note_call import note_call
from pam.operations.record_refusal import Attempt, record_refusal
from pam.policy.cedar import CedarPolicy
from pam.ports.calls import NotedCalls
from pam.ports.links import KnownLinks
from pam.ports.sessions import SessionStore
from pam.side_by_side import side_by_side

_LARGEST_BODY = 16 * 1024
_NOT_RECORDED = {Code.THROTTLED, Code.ISSUER_UNAVAILABLE}
"""Not refusals of the caller: nothing was decided about them."""

_WHO_AM_I = "GET /pam/me"
"""Noted as an act is: by it somebody shows that they still have the principal they sign with."""

logger = Logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What every call of a function needs of it."""

    door: Door
    calls: NotedCalls
    store: SessionStore
    policy: CedarPolicy
    links: KnownLinks | None = None
    """By which people are known beside the policy set, in this call; None: by none."""
    clock: Callable[[], datetime]
    noted: NotedActs = field(default_factory=NotedActs)


def serve(routes: Routes, front: Front, event: object) -> dict[str, Any]:
    """Answers one call of the request API.

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
    act = f"{event['httpMethod']} {event['resource']}"

    def answered() -> dict[str, Any]:
        policy = front.policy if front.links is None else front.policy.knowing(front.links, now)
        caller = signed_caller(event, policy.identities.whose)
        call = Call(caller=caller, now=now, store=front.store, policy=policy)
        return _answer(routes, event, call, act, front.noted)

    noting = partial(note_call, handled, front.calls)
    try:
        if not _shows_who_acts(act):
            # Nothing is done by a look, and nobody hears of what it saw unless it is noted.
            _, answer = side_by_side(noting, answered)
        else:
            noting()
            answer = answered()
    except TryAgain:
        logger.warning("call not noted, so not handled", exc_info=True)
        return problem_response(Throttled("there is too much to do just now; try again"))
    try:
        front.calls.answered(handled, int(answer["statusCode"]))
    except Exception:
        # What was done stands in the records, and the call can be matched by the rest.
        logger.exception("answer not noted")
    return answer


def _answer(
    routes: Routes, event: dict[str, Any], call: Call, act: str, noted: NotedActs
) -> dict[str, Any]:
    """`act` is method and route, as records name it."""
    try:
        return _acted(routes, event, call, act, noted)
    except Refusal as refusal:
        return _refused(refusal, call, act)
    except StaleSession as error:
        return problem_response(Throttled(str(error)))
    except TryAgain as error:
        logger.warning("not done yet", exc_info=error)
        return problem_response(Throttled("there is too much to do just now; try again"))
    except Exception as error:
        logger.exception("unexpected", exc_info=error)
        return unexpected_response(call.caller.request_id)


def _acted(
    routes: Routes, event: dict[str, Any], call: Call, act: str, noted: NotedActs
) -> dict[str, Any]:
    body = _body(event)
    if _shows_who_acts(act):
        _note(call, noted)
    route = routes.find(act)
    if route is None:
        return problem_response(NotFound("there is no such call; see the API's description"))
    answer = route.answer(call, **read(route.answer, _sent(event, body)))
    text = json.dumps(answer, separators=(",", ":"))
    return gateway_answer(route.status, "application/json", text)


def _reads(act: str) -> bool:
    return act.startswith("GET ")


def _shows_who_acts(act: str) -> bool:
    return not _reads(act) or act == _WHO_AM_I


def _note(call: Call, noted: NotedActs) -> None:
    """Who acts in which office is told, and decides nothing: a call is not refused because it could
    not be noted.
    """
    try:
        note_act(call, noted)
    except Exception:
        logger.exception("act not noted")


def _sent(event: dict[str, Any], body: dict[str, Any] | None) -> dict[str, Any]:
    """What a route reads, by place and name. Of what is sent more than once, the first counts.

    An ARN in a path has slashes, and the gateway may have decoded them or not.
    """
    headers = _firsts(event, "headers", "multiValueHeaders")
    return {
        Place.PATH: {k: unquote(v) for k, v in (event.get("pathParameters") or {}).items()},
        Place.QUERY: _firsts(event, "queryStringParameters", "multiValueQueryStringParameters"),
        Place.HEADER: {name.title(): value for name, value in headers.items()},
        **({} if body is None else {Place.BODY: body}),
    }


def _firsts(event: dict[str, Any], single: str, several: str) -> dict[str, Any]:
    found = dict(event.get(single) or {})
    return found | {name: each[0] for name, each in (event.get(several) or {}).items() if each}


def _body(event: dict[str, Any]) -> dict[str, Any] | None:
    """A bounded JSON object, whatever the caller calls it; None if nothing was sent.

    What two parsers may read differently (a key given twice, say) is refused. Raises Invalid.
    """
    sent = event.get("body")
    if not sent:
        return None
    if len(sent) > _LARGEST_BODY:
        raise Invalid.field("body", f"must be at most {_LARGEST_BODY} bytes")
    try:
        text = base64.b64decode(sent).decode() if event.get("isBase64Encoded") else sent
        body = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise Invalid.field("body", "must be a JSON object, with each key once") from None
    if not isinstance(body, dict):
        raise Invalid.field("body", "must be a JSON object")
    return body


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key is given twice"
        raise ValueError(message)
    return found


def _refused(refusal: Refusal, call: Call, act: str) -> dict[str, Any]:
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
