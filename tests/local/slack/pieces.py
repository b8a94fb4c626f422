"""What messages and modals of tests are made of, and what Slack made of a call."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.local.slack.running import Listener


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(action_id: str, value: str = "01SESSION") -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain(action_id), "value": value}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "block_id": "decide", "elements": [*elements]}


def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def trigger_of(listener: Listener) -> str:
    return str(listener.requests[-1].payload["trigger_id"])
