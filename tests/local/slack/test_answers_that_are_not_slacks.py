"""What comes back may be a page of somebody between, or come a byte at a time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pam.slack_web.client import SlackWeb
from pam.slack_web.errors import Limited, Rejected, Silent, SlackFailed, Unreachable

PAGE = b"<!DOCTYPE html><html><body>We will be right back</body></html>"


class Token:
    def value(self) -> str:
        return "xoxb-of-a-test"

    def renewed(self) -> str:
        return "xoxb-of-a-test"


@dataclass
class Answering:
    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: dict[str, str] = field(default_factory=dict)
    a_byte_each: float = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    called: list[tuple[str, str, str | None]] = field(default_factory=list)


@contextmanager
def answered(by: Answering) -> Iterator[SlackWeb]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            by.called.append((self.command, self.path, self.headers["Authorization"]))
            self.send_response(by.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(by.body)))
            for name, value in by.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in by.body if by.a_byte_each else ():
                if by.stopped.wait(by.a_byte_each):
                    return
                self.wfile.write(bytes([byte]))
            if not by.a_byte_each:
                self.wfile.write(by.body)

        do_GET = do_POST  # noqa: N815 - the server's name

        def log_message(self, *_: object) -> None:
            """Nothing: tests read the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_address[1]}/api/"
        yield SlackWeb(base_url=base, token=Token())
    finally:
        by.stopped.set()
        server.shutdown()
        server.server_close()


def failed(by: Answering, timeout: float = 30) -> SlackFailed:
    with answered(by) as web, pytest.raises(SlackFailed) as caught:
        web.call("chat.postMessage", {"channel": "C0CORE00001", "text": "PAM"}, timeout=timeout)
    return caught.value


@pytest.mark.parametrize("status", [200, 403, 404])
@pytest.mark.parametrize(
    "body", [PAGE, b"", b"[]", b'"ok"', b"null", b'{"ok": false, "error": "two words, or a page"}']
)
def test_an_answer_that_is_none_of_slacks_refuses_nothing(status: int, body: bytes) -> None:
    error = failed(Answering(status=status, body=body))
    assert not isinstance(error, Rejected)
    assert isinstance(error, Unreachable)
    assert "html" not in error.error
    assert len(error.error) < 100


def test_a_page_may_stand_where_the_message_was_posted() -> None:
    """Nobody knows: so it is not posted again and again."""
    assert isinstance(failed(Answering(body=PAGE)), Silent)


def test_a_limit_that_comes_as_a_page_is_a_limit() -> None:
    error = failed(Answering(status=429, body=PAGE, headers={"Retry-After": "44"}))
    assert isinstance(error, Limited)
    assert error.retry_after == 44


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_followed_to_another_address(status: int) -> None:
    """The token would go along."""
    by = Answering(status=status, headers={"Location": "/elsewhere"})
    assert isinstance(failed(by), Unreachable)
    assert by.called == [("POST", "/api/chat.postMessage", "Bearer xoxb-of-a-test")]


def test_an_answer_that_comes_a_byte_at_a_time_is_waited_for_no_longer() -> None:
    began = time.monotonic()
    error = failed(Answering(a_byte_each=0.1, body=PAGE * 10), timeout=0.5)
    assert isinstance(error, Silent)
    assert time.monotonic() - began < 30, "six hundred bytes would take longer"
