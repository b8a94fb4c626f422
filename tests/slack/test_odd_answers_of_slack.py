"""What comes back and is none of Slack's answers: of somebody between PAM and Slack, or of a Slack
that is not well. The token goes nowhere else by it, and nothing is given up because of it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pam.slack_web.client import SlackWeb
from pam.slack_web.errors import Limited, Rejected, Silent, SlackFailed, Unreachable

TOKEN = "xoxb-of-the-bank"
PAGE = b"<html><body>Sign in to the guest network, carol</body></html>"
Answers = Callable[[BaseHTTPRequestHandler], None]


class Bearer:
    def value(self) -> str:
        return TOKEN

    renewed = value


@dataclass
class Odd:
    """Answers each call alike; keeps the headers that it got."""

    answer: Answers
    heard: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def web(self) -> SlackWeb:
        return SlackWeb(base_url=self.url, token=Bearer())


@contextmanager
def odd(answer: Answers) -> Iterator[Odd]:
    slack = Odd(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            slack.heard.append(dict(self.headers.items()))
            answer(self)

        do_GET = do_POST  # noqa: N815 - as http.server asks for it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    slack.url = f"http://127.0.0.1:{server.server_port}/api/"
    try:
        yield slack
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def says(status: int, body: bytes, **headers: str) -> Answers:
    def answer(call: BaseHTTPRequestHandler) -> None:
        call.send_response(status)
        for name, value in ({"Content-Type": "text/html"} | headers).items():
            call.send_header(name.replace("_", "-"), value)
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)

    return answer


def failing(slack: Odd, *, timeout: float = 30) -> SlackFailed:
    with pytest.raises(SlackFailed) as caught:
        slack.web.call("chat.update", {"channel": "C0CORE", "text": "PAM"}, timeout=timeout)
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_so_the_token_goes_nowhere_else(status: int) -> None:
    with odd(says(200, b'{"ok": true}', Content_Type="application/json")) as elsewhere:
        leads = says(status, PAGE, Location=f"{elsewhere.url}chat.update")
        with odd(leads) as slack:
            fault = failing(slack)
        assert elsewhere.heard == []
    assert isinstance(fault, Unreachable)
    assert len(slack.heard) == 1


ODD = {
    "a page": says(200, PAGE),
    "a page that says it is JSON": says(200, PAGE, Content_Type="application/json"),
    "a page that forbids": says(403, PAGE),
    "a page of nothing": says(404, b""),
    "nothing": says(200, b""),
    "a list": says(200, b"[]"),
    "a number": says(200, b"1"),
    "another encoding": says(200, b"\xff\xfe", Content_Type="text/html; charset=rot-26"),
    "JSON without end": says(200, b"[" * 100_000, Content_Type="application/json"),
    "an error that is no word": says(200, b'{"ok": false, "error": "see <a>carol</a>"}'),
    "no error": says(200, b'{"ok": false}'),
    "no ok": says(200, b'{"user": {}}'),
    "the gateway's fault": says(502, PAGE),
    "a page while it is down": says(503, PAGE, Retry_After="5"),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_answer_of_slacks_is_tried_again_and_quoted_nowhere(what: str) -> None:
    with odd(ODD[what]) as slack:
        fault = failing(slack)
    assert isinstance(fault, Unreachable), "nothing is given up for it"
    assert "carol" not in f"{fault!r} {fault.error}"
    assert TOKEN not in f"{fault!r} {fault.error}"


def test_a_limit_is_one_whatever_page_comes_with_it() -> None:
    with odd(says(429, PAGE, Retry_After="7")) as slack:
        fault = failing(slack)
    assert isinstance(fault, Limited)
    assert fault.retry_after == 7


def test_an_error_that_nobody_knows_is_the_calls_own_fault() -> None:
    with odd(says(200, b'{"ok": false, "error": "never_heard_of"}')) as slack:
        assert isinstance(failing(slack), Rejected)


def test_an_answer_that_comes_byte_by_byte_is_given_up_in_time() -> None:
    def drips(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.send_header("Content-Length", "1000")
        call.end_headers()
        for _ in range(1000):
            try:
                call.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.05)

    with odd(drips) as slack:
        began = time.monotonic()
        fault = failing(slack, timeout=0.5)
        assert time.monotonic() - began < 25, "all of it would take twice as long"
    assert isinstance(fault, Silent)


def test_an_answer_in_chunks_is_read_whole() -> None:
    def chunked(call: BaseHTTPRequestHandler) -> None:
        call.protocol_version = "HTTP/1.1"
        call.send_response(200)
        call.send_header("Transfer-Encoding", "chunked")
        call.send_header("Connection", "close")
        call.end_headers()
        for part in (b'{"ok":', b" true, ", b'"ts": "1.2"}', b""):
            call.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")

    with odd(chunked) as slack:
        answer = slack.web.call("chat.postMessage", {"channel": "C0CORE"}, timeout=30)
    assert answer["ts"] == "1.2"


def test_an_answer_without_end_is_not_kept() -> None:
    def endless(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.end_headers()
        try:
            for _ in range(1000):
                call.wfile.write(b" " * 65536)
        except OSError:
            return

    with odd(endless) as slack:
        assert isinstance(failing(slack), Silent)
