"""What is read of Slack's messages, and what goes back."""

import json
from typing import Any

import pytest

from slack_socket.envelopes import LARGEST, Disconnect, Envelope, Hello, read

CLICK: dict[str, Any] = {
    "envelope_id": "e-1",
    "type": "interactive",
    "payload": {"type": "block_actions"},
    "accepts_response_payload": False,
}


def envelope(**changes: Any) -> Envelope | Hello | Disconnect | None:
    return read(json.dumps({**CLICK, **changes}))


def test_what_controls_the_connection_is_no_envelope() -> None:
    assert read('{"type": "hello", "num_connections": 1}') == Hello()
    assert read('{"type": "disconnect", "reason": "warning"}') == Disconnect(reason="warning")
    assert read('{"type": "disconnect", "reason": 7}') == Disconnect(reason="")


@pytest.mark.parametrize("kind", ["interactive", "slash_commands", "events_api"])
def test_the_three_kinds_are_forwarded_by_type_and_payload_and_nothing_else(kind: str) -> None:
    found = envelope(type=kind, retry_attempt=2, other="x")
    assert isinstance(found, Envelope)
    sent = json.loads(found.for_the_route())
    assert sent == {"type": kind, "payload": {"type": "block_actions"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "options"},
        {"type": None},
        {"type": ["interactive"]},
        {"envelope_id": ""},
        {"envelope_id": 7},
        {"envelope_id": "x" * 129},
        {"payload": None},
        {"payload": []},
        {"payload": "block_actions"},
    ],
)
def test_anything_else_is_left_unanswered(changes: dict[str, Any]) -> None:
    assert envelope(**changes) is None


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", "7", '{"type":', "[" * 100_000, json.dumps(CLICK | {"x": "y" * LARGEST})],
)
def test_what_is_no_message_of_slacks_breaks_nothing(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("accepts", "answer", "sent"),
    [
        (True, {"text": "hello"}, {"envelope_id": "e-1", "payload": {"text": "hello"}}),
        (True, {}, {"envelope_id": "e-1", "payload": {}}),
        (True, None, {"envelope_id": "e-1"}),
        (False, {"text": "hello"}, {"envelope_id": "e-1"}),
        ("true", {"text": "hello"}, {"envelope_id": "e-1"}),
    ],
)
def test_an_answer_goes_along_only_where_slack_takes_one(
    accepts: Any, answer: dict[str, Any] | None, sent: dict[str, Any]
) -> None:
    found = envelope(accepts_response_payload=accepts)
    assert isinstance(found, Envelope)
    assert json.loads(found.acknowledgement(answer)) == sent
