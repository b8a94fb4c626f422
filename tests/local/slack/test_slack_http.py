"""Deliveries by HTTP: Slack's signature, Slack's forms, Slack's three seconds."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.local.slack.running import Running

pytestmark = pytest.mark.enable_socket

URLS = ("interactive", "slash_commands", "events_api")


@dataclass(slots=True)
class App:
    """An app by HTTP: keeps what it got, and answers what the test says."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    answer: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    takes: float = 0
    echoes_challenge: bool = False


@contextmanager
def serving(app: App) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            app.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(app.takes)
            answer = app.answer
            if app.echoes_challenge:
                answer = json.dumps({"challenge": json.loads(body)["challenge"]}).encode()
            try:
                self.send_response(app.status)
                for name, value in app.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                return

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    app.url = f"http://127.0.0.1:{server.server_port}/slack"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def app(running: Running) -> Iterator[App]:
    it = App()
    with serving(it):
        running.control.call("send_to", way="http", **dict.fromkeys(URLS, it.url))
        yield it


def test_a_command_is_a_signed_form(running: Running, app: App) -> None:
    assert running.control.person("alice").command("core-ledger-db 30m a reason").acknowledged
    ((headers, body),) = app.requests
    verifier = SignatureVerifier(running.about["signing_secret"])
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b" ", headers)
    assert not SignatureVerifier("another secret").is_valid_request(body, headers)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert (form["command"], form["text"]) == ("/jit", "core-ledger-db 30m a reason")
    assert (form["user_id"], form["team_id"]) == ("U0ALICE0001", "T0BANK00001")


def test_an_interaction_is_a_form_with_one_field_of_json(running: Running, app: App) -> None:
    running.control.person("alice").shortcut("pam.request")
    ((headers, body),) = app.requests
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    (name, values) = next(iter(parse_qs(body.decode()).items()))
    assert name == "payload"
    assert json.loads(values[0])["callback_id"] == "pam.request"


def test_an_event_is_json(running: Running, app: App) -> None:
    running.control.person("alice").open_home()
    running.control.wait_until(lambda: app.requests)
    headers, body = app.requests[0]
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["event"]["type"] == "app_home_opened"
    assert "x-slack-retry-num" not in headers


def test_an_event_is_repeated_with_its_number_and_reason(running: Running, app: App) -> None:
    running.control.knobs(event_retries_after=[0.0, 0.05, 0.05])
    app.status = 500
    running.control.person("alice").open_home()
    running.control.wait_until(lambda: len(app.requests) == 4)
    told = [
        (headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason"))
        for headers, _ in app.requests
    ]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({json.loads(body)["event_id"] for _, body in app.requests}) == 1


def test_an_app_can_decline_repeats(running: Running, app: App) -> None:
    running.control.knobs(event_retries_after=[0.0, 0.0, 0.0])
    app.status, app.headers = 500, {"X-Slack-No-Retry": "1"}
    running.control.person("alice").open_home()
    (delivery,) = running.control.wait_until(
        lambda: [it for it in running.control.deliveries() if it["error"]]
    )
    assert (delivery["attempts"], len(app.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "takes", "error"),
    [(500, 0, "dispatch_failed"), (302, 0, "dispatch_failed"), (200, 1, "operation_timeout")],
)
def test_a_command_that_is_not_answered_well_in_time_fails_and_is_not_repeated(
    running: Running, app: App, status: int, takes: float, error: str
) -> None:
    if takes:
        running.control.knobs(answer_within=takes / 2)
    app.status, app.takes = status, takes
    seen = running.control.person("alice").command("status")
    assert (seen.acknowledged, seen.error) == (False, error)
    running.control.wait_until(lambda: app.requests)
    assert len(app.requests) == 1


def test_without_anybody_there_a_command_fails(running: Running, app: App) -> None:
    running.control.call("send_to", slash_commands="http://127.0.0.1:1/")
    assert running.control.person("alice").command("status").error == "dispatch_failed"


def test_what_a_command_is_answered_with_is_shown_to_one_person(running: Running, app: App) -> None:
    app.answer = b"plain words"
    alice = running.control.person("alice")
    assert alice.command("help").shown == ("plain words",)
    app.answer = json.dumps({"response_type": "ephemeral", "text": "as json"}).encode()
    assert alice.command("help", channel="core-approvals").shown == ("as json",)
    assert [it.text for it in alice.ephemerals()] == ["plain words", "as json"]
    assert running.control.messages("core-approvals") == []


def test_a_delivery_can_come_twice(running: Running, app: App) -> None:
    running.control.knobs(envelope_twice=1)
    running.control.person("alice").command("status")
    (_, first), (_, second) = app.requests
    assert first == second


@pytest.mark.parametrize("right", [True, False])
def test_the_address_of_events_proves_itself(running: Running, app: App, right: bool) -> None:
    app.echoes_challenge, app.answer = right, b"anything"
    assert running.control.call("verify_url")["verified"] is right
    assert json.loads(app.requests[0][1])["type"] == "url_verification"


def test_each_act_may_choose_its_way(running: Running, app: App) -> None:
    assert running.control.person("alice").command("status", via="socket").error
    assert app.requests == []
    assert running.control.person("alice").command("status", via="http").acknowledged
