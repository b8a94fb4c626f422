"""The real way to a server, one of this test's own: bounded, and straight there."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pam.okta.errors import Unanswered
from pam.okta.transport import HttpTransport, Reply

Act = Callable[[BaseHTTPRequestHandler], None]


class Server:
    def __init__(self) -> None:
        self.act: Act = lambda handler: reply(handler, 200, b"{}")
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                outer.seen.append((self.command, self.path, dict(self.headers), body))
                outer.act(self)

            do_GET = do_PUT = do_DELETE = do_POST = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport()
    yield made
    made._pool.clear()


def send(transport: HttpTransport, url: str, method: str = "GET", timeout: float = 30.0) -> Reply:
    return transport.send(method, url, headers={"DPoP": "p"}, body=b"", timeout=timeout)


def test_what_is_sent_arrives_and_what_is_answered_comes_back(
    server: Server, transport: HttpTransport
) -> None:
    server.act = lambda h: reply(h, 404, b'{"a": 1}', X_Rate_Limit_Reset="5", Link="<a>")
    answer = transport.send(
        "POST", f"{server.url}/x?y=1", headers={"DPoP": "p"}, body=b"a=b", timeout=30.0
    )
    ((method, path, headers, body),) = server.seen
    assert (method, path, body, headers["DPoP"]) == ("POST", "/x?y=1", b"a=b", "p")
    assert (answer.status, answer.body) == (404, b'{"a": 1}')
    assert (answer.headers["x-rate-limit-reset"], answer.headers["link"]) == ("5", "<a>")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: Server, transport: HttpTransport, status: int) -> None:
    server.act = lambda h: reply(h, status, b"", Location=f"{server.url}/elsewhere")
    assert send(transport, server.url).status == status
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_tried_again_below_the_signature(
    server: Server, transport: HttpTransport, status: int
) -> None:
    server.act = lambda h: reply(h, status, b"", Retry_After="0")
    assert send(transport, server.url).status == status
    assert len(server.seen) == 1


def test_a_connection_that_breaks_is_not_used_to_say_it_again(
    server: Server, transport: HttpTransport
) -> None:
    server.act = lambda h: h.connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Unanswered):
        send(transport, server.url, "PUT")
    assert len(server.seen) == 1


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 65_536)
    except OSError:
        handler.close_connection = True


def drops(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


def silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)
    handler.close_connection = True


def rubbish(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00" * 300_000)
    handler.close_connection = True


@pytest.mark.parametrize("act", [endless, drops, silence, rubbish], ids=lambda act: act.__name__)
def test_what_does_not_end_or_is_no_answer_is_given_up(
    server: Server, transport: HttpTransport, act: Act
) -> None:
    server.act = act
    with pytest.raises(Unanswered) as fault:
        send(transport, server.url, timeout=0.4)
    assert fault.value.__cause__ is None
    assert fault.value.__context__ is None


def test_nothing_is_unpacked(server: Server, transport: HttpTransport) -> None:
    """A few bytes may unpack to more than there is memory."""
    server.act = lambda h: reply(h, 200, b"not packed at all", Content_Encoding="gzip")
    assert send(transport, server.url).body == b"not packed at all"
    assert server.seen[0][2]["Accept-Encoding"] == "identity"


def test_nobody_there_is_no_answer(transport: HttpTransport) -> None:
    with pytest.raises(Unanswered):
        send(transport, "http://127.0.0.1:9/")


def test_of_an_endless_answer_no_more_is_read_than_any_has(
    server: Server, transport: HttpTransport
) -> None:
    written = 0

    def act(handler: BaseHTTPRequestHandler) -> None:
        nonlocal written
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            while written < 64 * 1024 * 1024:
                handler.wfile.write(b" " * 65_536)
                written += 65_536

    server.act = act
    with pytest.raises(Unanswered):
        send(transport, server.url, timeout=60.0)
    assert written < 32 * 1024 * 1024
