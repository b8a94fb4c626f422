"""Puts the parts together and listens."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from local.slack import control_api, sockets, web_api
from local.slack.control_api import ControlApi
from local.slack.delivery import Deliveries
from local.slack.http_out import Outgoing
from local.slack.sockets import Sockets
from local.slack.state import Secrets, Slack
from local.slack.web_api import WebApi
from local.slack.wire import Request, Response, WebSocket, listen


class Server:
    """One Slack on one port of the loopback interface: `/api/`, `/link/` and `/control/`."""

    def __init__(
        self,
        *,
        record: Path | None = None,
        given: Secrets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.slack = Slack(record=record, given=given, clock=clock)
        self._sockets = Sockets(self.slack)
        self._outgoing = Outgoing(self.slack)
        deliveries = Deliveries(self.slack, self._sockets, self._outgoing)
        self._web_api = WebApi(self.slack, self._sockets)
        self._control = ControlApi(self.slack, self._sockets, deliveries, self._outgoing)

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listens; from here on `slack.base_url` is where."""
        listening = await listen(self, port)
        bound = listening.sockets[0].getsockname()[1]
        self.slack.base_url = f"http://127.0.0.1:{bound}"
        return listening

    def about(self) -> dict[str, str]:
        """Where it is and what opens it; secrets included."""
        base, secrets = self.slack.base_url, self.slack.secrets
        return {
            "url": f"{base}{web_api.PATH}",
            "control_url": f"{base}{control_api.PATH}",
            "control_token": secrets.control_token,
            "bot_token": secrets.bot_token,
            "app_token": secrets.app_token,
            "signing_secret": secrets.signing_secret,
        }

    def close(self) -> None:
        self._sockets.cut_all()
        self._outgoing.close()

    async def answer(self, request: Request) -> Response:
        if request.path.startswith(control_api.PATH):
            return await self._control.answer(request)
        if request.path.startswith(web_api.PATH) and request.method in {"GET", "POST"}:
            return await self._web_api.answer(request)
        return Response(status=404)

    def takes_socket(self, request: Request) -> Response | None:
        if request.path != sockets.PATH:
            return Response(status=404)
        return self._sockets.refuses(request)

    async def serve_socket(self, _request: Request, websocket: WebSocket) -> None:
        await self._sockets.serve(websocket)

    def answers_pings(self) -> bool:
        return not self.slack.faults.no_pong
