"""The endpoint from which AWS's SDKs get credentials that can change while a program runs.

It is the one that containers have (`AWS_CONTAINER_CREDENTIALS_FULL_URI`), on loopback. Everybody on
the machine can reach it, also a page in a browser, so it answers one request alone: GET of its one
path, with the token that the child has in its environment, to the very address that the child was
given. Whatever else comes gets 403 and no word more. It writes no log.
"""

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from cli import clock
from cli.child_environment import TOKEN, URI
from cli.current_lease import Over
from cli.lease import AwsLease
from cli.problems import ApiProblem, Failure, one_line
from pam.domain import timestamps
from pam.domain.errors import Code

_ADDRESS = "127.0.0.1"
_PATH = "/lease"
_TOKEN_BYTES = 32
_CONNECTIONS = 64
"""At a time that have not shown the token yet; one more, and the oldest of them is sent away. So
nobody makes this a burden, or keeps the child out by holding the door.
"""
_SILENCE = 5.0
"""Seconds for which a connection may say nothing."""


class CredentialEndpoint:
    """Serves while it is entered; before that, connections wait."""

    def __init__(self, lease: Callable[[], AwsLease]) -> None:
        """`lease` gives the current one, or raises Failure. Raises Failure if there is no port."""
        self._token = token_urlsafe(_TOKEN_BYTES)
        self._lease = lease
        try:
            self._server = _Server((_ADDRESS, 0), self._handler())
        except OSError as error:
            message = f"credentials cannot be served on this machine: {one_line(error)}"
            raise Failure(message) from error
        self._address = (_ADDRESS, self._server.server_port)
        self._host = f"{_ADDRESS}:{self._server.server_port}"
        self._stopped = Event()
        self._thread = Thread(target=self._serve, name="credentials", daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """What the child is told. The token is a secret."""
        return {URI: f"http://{self._host}{_PATH}", TOKEN: self._token}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stopped.set()
        # The thread sleeps until somebody knocks.
        with suppress(OSError), socket.create_connection(self._address, _SILENCE):
            self._thread.join(_SILENCE)
        self._server.server_close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._server.handle_request()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(_Handler):
            def answer(self) -> tuple[HTTPStatus, Mapping[str, Any] | None]:
                return endpoint._answer(self)

        return Handler

    def _answer(self, asked: BaseHTTPRequestHandler) -> tuple[HTTPStatus, Mapping[str, Any] | None]:
        if not self._lawful(asked):
            return HTTPStatus.FORBIDDEN, None
        self._server.let_stay(asked.connection)
        try:
            return HTTPStatus.OK, _document(self._lease())
        except Over as over:
            return HTTPStatus.FORBIDDEN, {"code": Code.CONFLICT, "message": str(over)}
        except Failure as failure:
            code = failure.code if isinstance(failure, ApiProblem) else "CLIENT"
            return HTTPStatus.SERVICE_UNAVAILABLE, {"code": code, "message": str(failure)}

    def _lawful(self, asked: BaseHTTPRequestHandler) -> bool:
        hosts = asked.headers.get_all("Host", [])
        tokens = asked.headers.get_all("Authorization", [])
        # A name of somebody's own may lead here (DNS rebinding); it stands in Host.
        lawful = asked.command == "GET" and asked.path == _PATH and hosts == [self._host]
        given = tokens[0].encode(errors="replace") if len(tokens) == 1 else b""
        return compare_digest(given, self._token.encode()) and lawful


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._lock = Lock()
        self._unknown: dict[socket.socket, None] = {}
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without looking up this machine's name, for which some resolvers take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = _ADDRESS, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self._unknown) >= _CONNECTIONS:
                self._send_away(next(iter(self._unknown)))
            self._unknown[request] = None
        super().process_request(request, client_address)

    def let_stay(self, request: socket.socket) -> None:
        """Whoever it is may wait for an answer."""
        with self._lock:
            self._unknown.pop(request, None)

    def shutdown_request(self, request: Any) -> None:
        self.let_stay(request)
        super().shutdown_request(request)

    def _send_away(self, request: socket.socket) -> None:
        """Its own thread sees that, and closes it."""
        del self._unknown[request]
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away. The terminal belongs to the child."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SILENCE

    def answer(self) -> tuple[HTTPStatus, Mapping[str, Any] | None]:
        raise NotImplementedError

    def handle_one_request(self) -> None:
        """As the base class does, for every method alike."""
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            self._reply(*self.answer())

    def send_error(self, *_: Any, **__: Any) -> None:
        """For what is no HTTP."""
        self._reply(HTTPStatus.FORBIDDEN, None)

    def _reply(self, status: HTTPStatus, document: Mapping[str, Any] | None) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        # Neither server nor date: nobody is told what answers here.
        self.request_version = "HTTP/1.0"
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """No log: it would stand on the child's terminal."""


def _document(lease: AwsLease) -> dict[str, str]:
    """As SDKs read it. The end in whole seconds, which each of them can read."""
    end = clock.parse(lease.expires_at)
    return {
        "AccessKeyId": lease.access_key_id,
        "SecretAccessKey": lease.secret_access_key,
        "Token": lease.session_token,
        "Expiration": timestamps.whole_second_at_or_before(end) if end else lease.expires_at,
    }
