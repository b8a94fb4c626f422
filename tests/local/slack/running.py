"""A fake Slack of the tests' own, in a thread; and Slack's own clients, pointed at it."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from local.slack.control import SlackControl
from local.slack.server import Server
from tests.local.serving import serving

Json = dict[str, Any]


CARD: dict[str, Any] = {
    "channel": "C0CORE00001",
    "text": "card",
    "blocks": [
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "pam.approve",
                    "text": {"type": "plain_text", "text": "Approve"},
                    "value": "01SESSION",
                }
            ],
        }
    ],
}
"""A message with one button, as `chat.postMessage` takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    about: dict[str, str]
    control: SlackControl
    server: Server

    @property
    def web(self) -> WebClient:
        """Slack's own client, as the bot; it repeats nothing."""
        return WebClient(
            token=self.server.slack.secrets.bot_token,
            base_url=self.about["url"],
            retry_handlers=[],
            timeout=10,
        )


PATIENCE = 30.0
"""Seconds. Slack's own three say more of a busy machine than of what is tested; what is about being
late turns its own knobs."""


@contextmanager
def slack(record: Path | None = None, clock: Callable[[], float] = time.time) -> Iterator[Running]:
    with serving(lambda: Server(record=record, clock=clock), Server.close) as server:
        faults = server.slack.faults
        faults.answer_within = faults.trigger_lives = PATIENCE
        about = server.about()
        control = SlackControl(about["control_url"], about["control_token"])
        yield Running(about=about, control=control, server=server)


def leaves_sockets_to_the_collector(folder: Path, items: list[pytest.Item]) -> None:
    """Slack's library does so with a connection whose handshake did not succeed, as happens on a
    busy machine. The tests below the folder collect by themselves: no other is to be told of it.
    """
    told = "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(told))


class Listener:
    """Slack's own built-in Socket Mode client; it acknowledges, and keeps what it got."""

    def __init__(self, running: Running, **options: Any) -> None:
        self.requests: list[SocketModeRequest] = []
        self.messages: list[Json] = []
        self.silent = False
        self.answer: Json | None = None
        self.client = SocketModeClient(
            app_token=running.about["app_token"], web_client=running.web, **options
        )
        self.client.message_listeners.append(self._keep)
        self.client.socket_mode_request_listeners.append(self._acknowledge)

    def _keep(self, _client: Any, message: Json, _raw: str | None) -> None:
        self.messages.append(message)

    def _acknowledge(self, client: Any, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if not self.silent:
            payload = {"payload": self.answer} if self.answer else {}
            client.send_socket_mode_response({"envelope_id": request.envelope_id, **payload})


@contextmanager
def listening(running: Running, **options: Any) -> Iterator[Listener]:
    """Connected, and greeted: it counts as a connection from here on.

    Slack's client takes three seconds to close by itself; it is quick where its connection ends."""
    listener = Listener(running, **options)
    listener.client.connect()
    try:
        running.control.wait_until(
            lambda: any(message.get("type") == "hello" for message in listener.messages)
        )
        yield listener
    finally:
        listener.client.closed = True
        listener.client.auto_reconnect_enabled = False
        listener.client.default_auto_reconnect_enabled = False
        running.control.call("cut")
        listener.client.enqueue_message("{}")  # its thread waits a second for one
        listener.client.close()
        # Its threads may have been at the next connection.
        listener.client.disconnect()
        gc.collect()
