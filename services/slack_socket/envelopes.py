"""What Slack sends on a connection, and what is sent back.

Forms: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORWARDED = frozenset({"events_api", "interactive", "slash_commands"})
LARGEST = 256 * 1024
"""Characters of a message. PAM's door takes 64 kB; what is larger is not even read."""
_LONGEST_ID = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    envelope_id: str
    kind: str
    payload: Mapping[str, Any]
    accepts_payload: bool

    def for_the_route(self) -> bytes:
        return json.dumps({"type": self.kind, "payload": self.payload}).encode()

    def acknowledgement(self, answer: Mapping[str, Any] | None) -> str:
        """With what PAM answered, where Slack takes an answer."""
        if answer is None or not self.accepts_payload:
            return json.dumps({"envelope_id": self.envelope_id})
        return json.dumps({"envelope_id": self.envelope_id, "payload": answer})


def read(text: str) -> Hello | Disconnect | Envelope | None:
    """None for what is none of them."""
    message = _object(text)
    kind = message.get("type")
    if kind == "hello":
        return Hello()
    if kind == "disconnect":
        reason = message.get("reason")
        return Disconnect(reason=reason if isinstance(reason, str) else "")
    envelope_id, payload = message.get("envelope_id"), message.get("payload")
    if (
        not isinstance(kind, str)
        or kind not in FORWARDED
        or not isinstance(envelope_id, str)
        or not 0 < len(envelope_id) <= _LONGEST_ID
        or not isinstance(payload, dict)
    ):
        return None
    return Envelope(
        envelope_id=envelope_id,
        kind=kind,
        payload=payload,
        accepts_payload=message.get("accepts_response_payload") is True,
    )


def _object(text: str) -> dict[str, Any]:
    if len(text) > LARGEST:
        return {}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
