"""Where a connection may lead, and what is understood of a refusal."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from slack_socket.address import Addresses, Hopeless, MustWait, NoAddress
from slack_socket.settings import Settings


def addresses(monkeypatch: pytest.MonkeyPatch, answer: Any, slack: str) -> Addresses:
    settings = Settings(
        socket_url="https://a1.execute-api.eu-west-1.amazonaws.com/v1/slack/socket",
        slack_api_url=slack,
        app_token="xapp-1-secret",
        region="eu-west-1",
        connections=1,
        stagger=None,
        health_file=None,
    )
    found = Addresses(settings, None)  # type: ignore[arg-type]

    def answered(*, app_token: str) -> Any:
        assert app_token == "xapp-1-secret"
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(found._web, "apps_connections_open", answered)
    return found


SLACK, LOCAL = "https://slack.com/api/", "http://127.0.0.1:8123/api/"


@pytest.mark.parametrize(
    ("slack", "url"),
    [
        (SLACK, "wss://wss-primary.slack.com/link/?ticket=1"),
        (SLACK, "wss://slack.com/link/?ticket=1"),
        (SLACK, "wss://wss-primary.slack.com:443/link/?ticket=1"),
        (LOCAL, "ws://127.0.0.1:8123/link/?ticket=1"),
        (LOCAL, "ws://localhost:9000/link/?ticket=1"),
    ],
)
def test_slacks_own_addresses_are_gone_to(
    monkeypatch: pytest.MonkeyPatch, slack: str, url: str
) -> None:
    assert addresses(monkeypatch, {"ok": True, "url": url}, slack).next() == url


@pytest.mark.parametrize(
    ("slack", "url"),
    [
        (SLACK, "ws://wss-primary.slack.com/link/?ticket=1"),
        (SLACK, "wss://wss-primary.slack.com:8443/link/?ticket=1"),
        (SLACK, "wss://slack.com.evil.example/link/?ticket=1"),
        (SLACK, "wss://evilslack.com/link/?ticket=1"),
        (SLACK, "ws://127.0.0.1/link/?ticket=1"),
        (SLACK, "https://slack.com/link/?ticket=1"),
        (SLACK, "wss://[::1/link/?ticket=1"),
        (LOCAL, "ws://slack.example/link/?ticket=1"),
        (LOCAL, "wss://wss-primary.slack.com/link/?ticket=1"),
        (SLACK, None),
    ],
)
def test_no_other_is(monkeypatch: pytest.MonkeyPatch, slack: str, url: str | None) -> None:
    with pytest.raises(NoAddress) as caught:
        addresses(monkeypatch, {"ok": True, "url": url}, slack).next()
    assert caught.value.error == "address_of_somebody_else"


class Answered(dict[str, Any]):
    """As the library has it."""

    def __init__(self, status: int, headers: dict[str, Any], **data: Any) -> None:
        super().__init__(data)
        self.status_code, self.headers = status, headers

    def get(self, key: str, otherwise: Any = None) -> Any:
        return super().get(key, otherwise)


def refused(monkeypatch: pytest.MonkeyPatch, response: Any) -> NoAddress:
    error = response if isinstance(response, Exception) else SlackApiError("no", response)
    with pytest.raises(NoAddress) as caught:
        addresses(monkeypatch, error, SLACK).next()
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
    return caught.value


class Library:
    """The library's answer is no dict."""

    def __init__(self, status: int, headers: dict[str, Any], data: dict[str, Any]) -> None:
        self.status_code, self.headers, self._data = status, headers, data

    def get(self, key: str) -> Any:
        return self._data.get(key)


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (Library(429, {"Retry-After": "7"}, {"error": "ratelimited"}), 7),
        (Library(429, {"retry-after": ["8"]}, {"error": "ratelimited"}), 8),
        (Library(200, {}, {"error": "ratelimited"}), 30),
        (Library(429, {"Retry-After": "soon"}, {}), 30),
        ({"status": 429, "headers": {"Retry-After": "9"}, "body": "no JSON"}, 9),
    ],
)
def test_how_long_to_wait_is_what_slack_says(
    monkeypatch: pytest.MonkeyPatch, response: Any, seconds: float
) -> None:
    told = refused(monkeypatch, response)
    assert isinstance(told, MustWait)
    assert told.seconds == seconds


@pytest.mark.parametrize(
    ("response", "error", "hopeless"),
    [
        (Library(200, {}, {"error": "invalid_auth"}), "invalid_auth", True),
        (Library(200, {}, {"error": "token_revoked"}), "token_revoked", True),
        (Library(200, {}, {"error": "internal_error"}), "internal_error", False),
        (Library(503, {}, {}), "status_503", False),
        (Library(200, {}, {"error": "xapp-1-secret said no"}), "status_200", False),
        ({"status": 503, "headers": {}, "body": "secret"}, "status_503", False),
        (TimeoutError("secret"), "TimeoutError", False),
        (OSError("https://slack.com/secret"), "OSError", False),
    ],
)
def test_of_a_refusal_the_word_is_kept_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, *, response: Any, error: str, hopeless: bool
) -> None:
    told = refused(monkeypatch, response)
    assert (told.error, isinstance(told, Hopeless)) == (error, hopeless)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_followed_to_another_address_and_no_proxy_is_asked(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """The token would go along."""
    called: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            called.append((self.command, self.path))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the server's name

        def log_message(self, *_: object) -> None:
            """Nothing: tests read the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    settings = Settings(
        socket_url="https://a1.execute-api.eu-west-1.amazonaws.com/v1/slack/socket",
        slack_api_url=f"http://127.0.0.1:{server.server_port}/api/",
        app_token="xapp-1-secret",
        region="eu-west-1",
        connections=1,
        stagger=None,
        health_file=None,
    )
    try:
        with pytest.raises(NoAddress, match=f"status_{status}"):
            Addresses(settings, ssl.create_default_context()).next()
    finally:
        server.shutdown()
        server.server_close()
    assert called == [("POST", "/api/apps.connections.open")]
