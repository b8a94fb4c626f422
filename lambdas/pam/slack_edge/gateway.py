"""What API Gateway hands to the door, and whether it is Slack's, or the socket's host's.

Two ways lead in. By HTTP nothing but Slack's signature vouches for a call; by the socket's route
the gateway has verified whose role it is. Which of the two it is the gateway says, never the call.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, TypeGuard

from pam.domain.handled_call import Door, HandledCall
from pam.edge.gateway import is_gateway_call
from pam.slack.deliveries import Incoming, UrlVerification
from pam.slack.incoming import read_envelope, read_http
from pam.slack.signature import LARGEST_BODY, SignedCall, signed_call

HTTP_ROUTES = frozenset({"/slack/events", "/slack/interactions", "/slack/commands"})
SOCKET_ROUTE = "/slack/socket"
NOBODY = "-"
"""How the access log names the caller of a call that nobody has signed for AWS."""


class Verifier(Protocol):
    def vouches_for(self, call: SignedCall, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Not let in: nothing is done, and nothing is said but the status."""

    status: HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """`verifier` None: nothing comes by HTTP. `socket_role`: the name of the role that calls the
    socket's route; empty: nobody does.
    """

    verifier: Verifier | None
    socket_role: str

    def read(self, event: Mapping[str, Any], now: datetime) -> Incoming | Turned:
        """Nothing that comes raises."""
        route = event["resource"]
        if route in HTTP_ROUTES and self.verifier is not None:
            return self._by_http(event, self.verifier, now)
        if route == SOCKET_ROUTE and self.socket_role:
            return self._by_socket(event)
        return Turned(status=HTTPStatus.NOT_FOUND)

    def _by_http(
        self, event: Mapping[str, Any], verifier: Verifier, now: datetime
    ) -> Incoming | Turned:
        call = signed_call(event)
        if call is None:
            return Turned(status=_no_body(event.get("body")))
        if not verifier.vouches_for(call, now):
            return Turned(status=HTTPStatus.UNAUTHORIZED)
        return read_http(call.content_type, call.body)

    def _by_socket(self, event: Mapping[str, Any]) -> Incoming | Turned:
        if not _is_session_of(self.socket_role, event["requestContext"]["identity"].get("userArn")):
            return Turned(status=HTTPStatus.FORBIDDEN)
        call = signed_call(event)
        if call is None:
            return Turned(status=_no_body(event.get("body")))
        try:
            envelope = json.loads(call.body)
            kind, payload = envelope["type"], envelope["payload"]
        except (ValueError, TypeError, LookupError, RecursionError):
            return Turned(status=HTTPStatus.BAD_REQUEST)
        incoming = read_envelope(kind if isinstance(kind, str) else "", payload)
        # Slack verifies an address that it is to call; of a socket there is none.
        bad = isinstance(incoming, UrlVerification)
        return Turned(status=HTTPStatus.BAD_REQUEST) if bad else incoming


def _no_body(body: object) -> HTTPStatus:
    large = isinstance(body, str) and len(body.encode(errors="replace")) > LARGEST_BODY
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if large else HTTPStatus.BAD_REQUEST


def _is_session_of(role: str, arn: object) -> bool:
    """`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`"""
    if not isinstance(arn, str):
        return False
    service, _, rest = arn.partition(":assumed-role/")
    name, _, session = rest.partition("/")
    return service.startswith("arn:") and ":sts::" in service and name == role and bool(session)


def is_slack_call(event: object) -> TypeGuard[dict[str, Any]]:
    """Whether it has the form of a call of Slack's gateway, signed for AWS or not. Of a route that
    this gateway has not, none comes.
    """
    routes = {*HTTP_ROUTES, SOCKET_ROUTE}
    return is_gateway_call(event, nobody=NOBODY) and event["resource"] in routes


def handled_call(event: Mapping[str, Any], now: datetime) -> HandledCall:
    """The call by the names that the access log has for the same."""
    context = event["requestContext"]
    return HandledCall(
        request_id=context["extendedRequestId"],
        door=Door.SLACK,
        principal=context["identity"].get("userArn") or NOBODY,
        method=event["httpMethod"],
        path=context["path"],
        noted_at=now,
    )
