"""The control API: how tests, and people at a terminal, act in this Slack and look at it.

`POST /control/VERB` with a JSON object of the verb's arguments, and the control token as bearer.
Not part of Slack.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from local.slack.acts import Acts
from local.slack.changes import Changes
from local.slack.delivery import KINDS, WAYS, Deliveries
from local.slack.entering import Impossible
from local.slack.faults import UnknownKnob
from local.slack.http_out import Outgoing
from local.slack.looking import Looking
from local.slack.sockets import Sockets
from local.slack.state import Slack
from local.slack.wire import Request, Response

Json = dict[str, Any]
Verb = Callable[..., Awaitable[Json]]

PATH = "/control/"


class Switches:
    """Knobs and addresses."""

    def __init__(
        self, slack: Slack, sockets: Sockets, deliveries: Deliveries, outgoing: Outgoing
    ) -> None:
        self._slack, self._sockets = slack, sockets
        self._deliveries, self._outgoing = deliveries, outgoing

    async def knobs(self, **changes: Any) -> Json:
        """Turns knobs; answers all of them. See `faults.py`."""
        self._slack.faults.turn(changes)
        if changes.get("down"):
            self._sockets.cut_all()
        return self._slack.faults.as_json()

    async def disconnect(self, reason: str = "refresh_requested") -> Json:
        """Tells every connection to leave: `warning`, `refresh_requested`, `link_disabled`."""
        return {"connections": self._sockets.disconnect_all(reason)}

    async def cut(self) -> Json:
        """Resets every connection."""
        return {"connections": self._sockets.cut_all()}

    async def send_to(self, way: str = "", **urls: str) -> Json:
        """Where deliveries go: `way` is `socket` or `http`; addresses by kind of delivery."""
        if (way and way not in WAYS) or not urls.keys() <= set(KINDS):
            message = f"{way} {urls}: ways are {WAYS}, kinds {KINDS}"
            raise Impossible(message)
        self._outgoing.urls |= urls
        self._deliveries.way = way or self._deliveries.way
        return {"way": self._deliveries.way, "urls": self._outgoing.urls}

    async def verify_url(self) -> Json:
        answer = await self._deliveries.verify_url()
        return {"verified": not answer.reason, "reason": answer.reason, "status": answer.status}

    async def forget(self) -> Json:
        """Back to how everything began; connections stay."""
        self._deliveries.forget()
        self._deliveries.way = "socket"
        self._outgoing.urls = {}
        self._slack.forget()
        return {}


class ControlApi:
    def __init__(
        self, slack: Slack, sockets: Sockets, deliveries: Deliveries, outgoing: Outgoing
    ) -> None:
        self._slack = slack
        self._parts = (
            Acts(slack, deliveries),
            Changes(slack, deliveries),
            Looking(slack, sockets, deliveries),
            Switches(slack, sockets, deliveries, outgoing),
        )

    async def answer(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._slack.secrets.control_token.encode()):
            return _respond(401, {"error": "not the control token"})
        verb = self._verb(request.path.removeprefix(PATH))
        if verb is None or request.method != "POST":
            return _respond(404, {"error": f"there is no {request.method} {request.path}"})
        try:
            asked = json.loads(request.body or b"{}")
            return _respond(200, await verb(**asked))
        except UnknownKnob as error:
            return _respond(400, {"error": f"no knob takes this: {error}"})
        except (Impossible, TypeError, ValueError) as error:
            return _respond(400, {"error": str(error)})

    def _verb(self, name: str) -> Verb | None:
        if name.startswith("_"):
            return None
        for part in self._parts:
            found: Verb | None = getattr(part, name, None)
            if found is not None:
                return found
        return None


def _respond(status: int, found: Json) -> Response:
    headers = {"content-type": "application/json"}
    return Response(status=status, headers=headers, body=json.dumps(found).encode())
