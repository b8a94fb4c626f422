"""This Okta and its control API on one port of the loopback interface."""

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.okta.acts import Acts, Impossible
from local.okta.answers import Cut
from local.okta.faults import UnknownKnob
from local.okta.service import Okta
from local.okta.switches import Switches
from local.slack import wire
from local.slack.wire import Request, Response, WebSocket

PATH, CONTROL = "/okta/", "/control/"
Verb = Callable[..., dict[str, Any]]


class Server:
    def __init__(
        self, *, record: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.okta = Okta(clock, record=record)
        self._origin = ""
        self._token = secrets.token_urlsafe(24)
        self._verbs = (Acts(self.okta), Switches(self.okta))

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listens; from here on `okta.base_url` is where."""
        listening = await wire.listen(self, port)
        bound = listening.sockets[0].getsockname()[1]
        self._origin = f"http://127.0.0.1:{bound}"
        self.okta.moved_to(f"{self._origin}{PATH}".rstrip("/"))
        return listening

    def about(self) -> dict[str, str]:
        """Where it is, and what opens the control API."""
        control = {"control_url": f"{self._origin}{CONTROL}", "control_token": self._token}
        return {"url": f"{self._origin}{PATH}"} | control

    async def answer(self, request: Request) -> Response:
        if request.path.startswith(CONTROL):
            return self._control(request)
        url = self._origin + request.target
        name = self.okta.operation_of(request.method, url)
        try:
            status, headers, body = self.okta.answer(
                request.method, url, request.headers, request.body
            )
        except Cut:
            raise wire.Cut from None
        finally:
            # Carried out already: who gives up waiting has done it all the same.
            await asyncio.sleep(self.okta.faults.delay(name))
        return Response(status=status, headers=headers, body=body)

    def takes_socket(self, _request: Request) -> Response:
        return Response(status=404)

    async def serve_socket(self, _request: Request, _websocket: WebSocket) -> None:
        """Nobody gets here: `takes_socket` refuses."""

    def answers_pings(self) -> bool:
        return False

    def _control(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _respond(401, {"error": "not the control token"})
        verb = self._verb(request.path.removeprefix(CONTROL))
        if verb is None or request.method != "POST":
            return _respond(404, {"error": f"there is no {request.method} {request.path}"})
        try:
            return _respond(200, verb(**json.loads(request.body or b"{}")))
        except UnknownKnob as error:
            return _respond(400, {"error": f"no knob takes this: {error}"})
        except (Impossible, TypeError, ValueError) as error:
            return _respond(400, {"error": str(error)})

    def _verb(self, name: str) -> Verb | None:
        if name.startswith("_"):
            return None
        for part in self._verbs:
            found: Verb | None = getattr(part, name, None)
            if found is not None:
                return found
        return None


def _respond(status: int, found: dict[str, Any]) -> Response:
    headers = {"content-type": "application/json"}
    return Response(status=status, headers=headers, body=json.dumps(found).encode())
