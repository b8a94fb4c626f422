"""One Identity Center on a port of the loopback interface: `/identity-center/`, `/control/`."""

import hmac
import json
import secrets
import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.identity_center.accounts import AccountsError
from local.identity_center.control_api import ControlApi
from local.identity_center.errors import AnswerLostError, ServiceError
from local.identity_center.portal import NotPermittedError
from local.identity_center.rights import Anybody, Rights
from local.identity_center.running import FailedError
from local.identity_center.service import IdentityCenter
from local.identity_center.wire import Answer, answer, json_answer

PATH = "/identity-center/"
CONTROL_PATH = "/control/"
_LARGEST_BODY = 1024 * 1024
_CANNOT = (
    AccountsError,
    FailedError,
    LookupError,
    NotPermittedError,
    ServiceError,
    TypeError,
    ValueError,
)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Fifty functions may call at once; the system refuses whom it cannot queue.
    request_queue_size = 128

    def __init__(
        self, center: IdentityCenter, port: int = 0, *, rights: Rights | None = None
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.center, self.control = center, ControlApi(center)
        self.rights = rights or Anybody()
        self.token = secrets.token_urlsafe(24)

    def about(self) -> dict[str, str]:
        """Where it is and what opens its control; a secret is among it."""
        base = f"http://127.0.0.1:{self.server_address[1]}"
        return {
            "url": f"{base}{PATH}",
            "control_url": f"{base}{CONTROL_PATH}",
            "control_token": self.token,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            self._send(json_answer(413, {"error": "too large"}))
            self.close_connection = True
        elif self.path.startswith(CONTROL_PATH):
            self._send(self._controlled(self.path.removeprefix(CONTROL_PATH), body))
        elif self.path.rstrip("/") == PATH.rstrip("/"):
            self._answer(body)
        else:
            self._send(json_answer(404, {"error": f"there is no {self.path}"}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as its base has it
        """Calls are recorded where they are answered."""

    def _answer(self, body: bytes) -> None:
        headers = dict(self.headers.items())
        try:
            told = self.server.rights.refusal(self.path, headers, body)
            if told is None:
                told = answer(self.server.center, self.headers.get("X-Amz-Target", ""), body)
        except OSError:
            # Nobody could say whether the caller may: so nothing is done.
            told = json_answer(503, {"__type": "ServiceUnavailable"})
        except AnswerLostError:
            self._reset()
            return
        self._send(told)

    def _controlled(self, verb: str, body: bytes) -> Answer:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            return json_answer(401, {"error": "not the control token"})
        try:
            arguments = json.loads(body or b"{}")
            return json_answer(200, self.server.control.call(verb, arguments))
        except _CANNOT as error:
            return json_answer(400, {"error": str(error.args[0] if error.args else error)})

    def _body(self) -> bytes | None:
        """None if it is too large, or its length is not told."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            return None
        return self.rfile.read(int(length))

    def _send(self, told: Answer) -> None:
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        self.wfile.write(told.body)

    def _reset(self) -> None:
        """Ends the connection as a broken network does."""
        self.close_connection = True
        with suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
