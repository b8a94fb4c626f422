"""What PAM tells: events of the bus, and lines of the audit log.

Both carry the same audit record. Deliveries repeat, and come in any order: `event_id` tells a
repetition, and `sequence` the order within a session. What is not known is passed over, because PAM
may tell of more later.
"""

import base64
import gzip
import json
from typing import Any


def event(event: dict[str, Any], context: object) -> None:  # noqa: ARG001
    """Of EventBridge: the record is the `detail` (schemas: `docs/events/`)."""
    _take("event", event["detail-type"], event["detail"])


def lines(event: dict[str, Any], context: object) -> None:  # noqa: ARG001
    """Of a subscription filter: packed, and several records at once."""
    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    if told["messageType"] != "DATA_MESSAGE":
        return
    for each in told["logEvents"]:
        record = json.loads(each["message"])
        _take("line", record["type"], record)


def _take(way: str, kind: str, record: dict[str, Any]) -> None:
    """Here a module does what it is for. A record holds no secret, and nothing that people wrote
    but the ticket.
    """
    taken = {"way": way, "kind": kind, "event_id": record["event_id"]}
    print(json.dumps(taken | {"session_id": record["session_id"]}))
