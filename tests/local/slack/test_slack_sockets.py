"""Socket Mode, with Slack's own built-in client on the other end."""

import json
import logging
import socket
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin.connection import Connection

from local.slack.control import Seen
from tests.local.slack.running import CARD, PATIENCE, Listener, Running, listening

pytestmark = pytest.mark.enable_socket


def open_url(running: Running) -> str:
    client = WebClient(base_url=running.about["url"])
    return str(client.apps_connections_open(app_token=running.about["app_token"])["url"])


def greeting(url: str) -> tuple[str, dict[str, Any]]:
    """The status line of the handshake, and the first message if the upgrade was accepted."""
    host, _, rest = url.removeprefix("ws://").partition("/")
    name, _, port = host.partition(":")
    with (
        socket.create_connection((name, int(port)), timeout=5) as stream,
        stream.makefile("rb") as reading,
    ):
        head = [
            f"GET /{rest} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        ]
        stream.sendall("\r\n".join([*head, "", ""]).encode())
        status = reading.readline().split(b" ")[1].decode()
        while reading.readline().strip():
            pass
        if status != "101":
            return status, {}
        length = reading.read(2)[1]
        if length == 126:
            length = int.from_bytes(reading.read(2), "big")
        return status, json.loads(reading.read(length))


def test_hello_says_who_is_there(running: Running, listener: Listener) -> None:
    hello = next(message for message in listener.messages if message["type"] == "hello")
    assert hello["num_connections"] == 1
    assert hello["connection_info"] == {"app_id": "A0PAM000001"}
    assert hello["debug_info"]["approximate_connection_time"] == 18060
    assert greeting(open_url(running))[1]["num_connections"] == 2


def test_an_address_is_good_once(running: Running) -> None:
    url = open_url(running)
    assert greeting(url)[0] == "101"
    assert greeting(url)[0] == "404"
    assert greeting(url.replace("ticket=", "ticket=made-up"))[0] == "404"
    late = open_url(running)
    running.control.knobs(clock_ahead=31)
    assert greeting(late)[0] == "404"


def test_one_too_many_is_told_so(running: Running, listener: Listener) -> None:
    running.control.knobs(max_connections=1)
    told = greeting(open_url(running))[1]
    assert (told["type"], told["reason"]) == ("disconnect", "too_many_websockets")
    running.control.knobs(max_connections=2)
    assert greeting(open_url(running))[1]["type"] == "hello"


def test_an_envelope_goes_to_one_of_the_connections(running: Running, listener: Listener) -> None:
    alice = running.control.person("alice")
    with listening(running) as other:
        seen = [alice.command("status") for _ in range(6)]
    assert all(it.acknowledged for it in seen)
    assert (len(listener.requests), len(other.requests)) == (3, 3)


def test_opening_fails_as_often_as_asked(running: Running) -> None:
    running.control.knobs(connections_open_fails=2)
    for _ in range(2):
        with pytest.raises(Exception, match="internal_error"):
            open_url(running)
    assert greeting(open_url(running))[0] == "101"


def test_what_is_not_acknowledged_is_lost_and_the_person_told(
    running: Running, listener: Listener
) -> None:
    running.control.knobs(answer_within=0.2)
    listener.silent = True
    seen = running.control.person("alice").command("status")
    assert (seen.acknowledged, seen.error) == (False, "operation_timeout")
    assert seen.shown == ("/jit failed with the error operation_timeout",)
    running.web.chat_postMessage(**CARD)
    (card,) = running.control.messages("core-approvals")
    assert running.control.person("bob").click(card, "pam.approve").error == "operation_timeout"
    # Neither comes again; both can be done again.
    running.control.wait_until(lambda: len(listener.requests) == 2)
    listener.silent = False
    running.control.knobs(answer_within=PATIENCE)
    assert running.control.person("bob").click(card, "pam.approve").acknowledged
    counts = running.control.counts()["deliveries"]
    assert counts["interactive"] == {"acknowledged": 1, "lost": 1, "attempts": 2}


def test_without_a_connection_nothing_arrives(running: Running) -> None:
    running.control.call("cut")
    running.control.knobs(connections_open_fails=100)
    seen = running.control.person("alice").command("status")
    assert (seen.acknowledged, seen.error) == (False, "dispatch_failed")


def test_an_event_is_repeated_until_it_is_acknowledged(
    running: Running, listener: Listener
) -> None:
    running.control.knobs(answer_within=0.1, event_retries_after=[0.0, 0.05, 0.05])
    listener.silent = True
    running.control.person("alice").open_home()
    running.control.wait_until(lambda: len(listener.requests) == 4)
    # Slack's client handles each in a thread of its own.
    tries = sorted((it.retry_attempt or 0, it.retry_reason) for it in listener.requests)
    assert tries == [(0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout")]
    assert len({it.payload["event_id"] for it in listener.requests}) == 1
    assert len({it.envelope_id for it in listener.requests}) == 4


def test_an_event_may_first_arrive_as_a_retry(running: Running) -> None:
    running.control.knobs(event_retries_after=[0.2] * 100)
    running.control.person("alice").open_home()
    running.control.wait_until(lambda: any(it["error"] for it in running.control.deliveries()))
    with listening(running) as late:
        running.control.wait_until(lambda: late.requests)
        (home,) = running.control.wait_until(
            lambda: [it for it in running.control.deliveries() if it["acknowledged"]]
        )
    (request,) = late.requests
    assert request.retry_attempt == home["attempts"] - 1 > 0


def test_duplicates_are_the_same_envelope_or_the_same_command(
    running: Running, listener: Listener
) -> None:
    alice = running.control.person("alice")
    running.control.knobs(envelope_twice=1)
    assert alice.command("status").acknowledged
    running.control.wait_until(lambda: len(listener.requests) == 2)
    assert len({it.envelope_id for it in listener.requests}) == 1
    running.control.knobs(command_twice=1)
    assert alice.command("mine").acknowledged
    running.control.wait_until(lambda: len(listener.requests) == 4)
    first, second = listener.requests[2:]
    assert first.envelope_id != second.envelope_id
    assert first.payload["trigger_id"] == second.payload["trigger_id"]


def test_an_envelope_right_behind_disconnect_is_not_acknowledged_in_time(
    running: Running, listener: Listener
) -> None:
    """Slack's client handles it late or never, while it moves to its next connection: the person
    is told that it failed, whether or not it was done."""
    running.control.knobs(behind_disconnect=1, answer_within=0.5)
    alice = running.control.person("alice")
    assert alice.command("status").error == "operation_timeout"
    running.control.wait_until(lambda: running.control.counts()["sockets"]["open"])
    # It has its next connection already, and hears nothing there until the old one is closed.
    running.control.knobs(answer_within=PATIENCE)
    assert alice.command("mine").acknowledged
    assert "mine" in [it.payload["text"] for it in listener.requests]
    told = [message["reason"] for message in listener.messages if message["type"] == "disconnect"]
    # Slack's client acts on `disconnect` itself and shows it to nobody.
    assert told == []


def test_through_refreshes_each_click_is_acknowledged_or_the_person_told(
    running: Running, listener: Listener
) -> None:
    running.control.knobs(refresh_every=0.2, closes_after=0.1, answer_within=1)
    running.web.chat_postMessage(**CARD)
    (card,) = running.control.messages("core-approvals")
    bob = running.control.person("bob")
    seen: list[Seen] = []

    def refreshed() -> bool:
        seen.append(bob.click(card, "pam.approve"))
        some = any(it.acknowledged for it in seen)
        return some and bool(running.control.counts()["sockets"]["opened"] >= 4)

    running.control.wait_until(refreshed, seconds=60)
    assert all(it.acknowledged is (it.error is None) for it in seen)
    assert {it.error for it in seen} <= {None, "operation_timeout", "dispatch_failed"}
    acknowledged = sum(it.acknowledged for it in seen)
    counted = running.control.counts()["deliveries"]["interactive"]
    assert counted["acknowledged"] == acknowledged > 0
    assert counted.get("lost", 0) == len(seen) - acknowledged
    # Nothing was acknowledged that Slack's client had not received.
    assert acknowledged <= len(listener.requests)


def test_an_acknowledgement_that_comes_late_is_counted_and_changes_nothing(
    running: Running, listener: Listener
) -> None:
    running.control.knobs(answer_within=0.1)
    listener.silent = True
    assert running.control.person("alice").command("status").error == "operation_timeout"
    (request,) = running.control.wait_until(lambda: listener.requests)
    listener.client.send_socket_mode_response({"envelope_id": request.envelope_id})
    running.control.wait_until(
        lambda: running.control.counts()["sockets"]["late_acknowledgements"] == 1
    )
    assert running.control.counts()["deliveries"]["slash_commands"]["lost"] == 1


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
def test_every_reason_to_leave_can_be_told_and_slack_closes_in_the_end(
    running: Running, reason: str
) -> None:
    running.control.knobs(closes_after=0.1)
    connection = Connection(url=open_url(running), logger=_silent(), ping_interval=1)
    connection.connect()
    tell = running.control.call
    running.control.wait_until(lambda: tell("disconnect", reason=reason)["connections"])
    assert connection.sock is not None
    connection.sock.settimeout(5)
    read = _read_to_the_end(connection.sock)
    assert f'"type": "disconnect", "reason": "{reason}"'.encode() in read
    connection.close()


def test_a_peer_without_pongs_goes_stale_and_one_with_does_not(running: Running) -> None:
    url = open_url(running)
    connection = Connection(url=url, logger=_silent(), ping_interval=1)
    connection.connect()
    assert connection.is_active()
    assert _answers_a_ping(connection, within=10)
    running.control.knobs(no_pong=True)
    assert not _answers_a_ping(connection, within=0.3)
    connection.close()


def test_a_reset_is_noticed_by_the_other_side(running: Running) -> None:
    connection = Connection(url=open_url(running), logger=_silent(), ping_interval=1)
    connection.connect()
    running.control.wait_until(lambda: running.control.call("cut")["connections"])
    assert connection.sock is not None
    connection.sock.settimeout(5)
    with pytest.raises(ConnectionResetError):
        _read_to_the_end(connection.sock)
    connection.close()


def _read_to_the_end(stream: Any) -> bytes:
    read = b""
    while more := stream.recv(4096):
        read += more
    return read


def _silent() -> logging.Logger:
    logger = logging.getLogger("tests.silent")
    logger.setLevel(logging.CRITICAL)
    return logger


def _answers_a_ping(connection: Connection, *, within: float) -> bool:
    """Whether a pong came before so many seconds of silence."""
    assert connection.sock is not None
    connection.sock.settimeout(within)
    connection.ping("are you there")
    read = b""
    try:
        while b"are you there" not in read:
            read += connection.sock.recv(4096)
    except TimeoutError:
        return False
    return True
