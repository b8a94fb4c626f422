"""The one writer of the audit log group.

Triggers: the session table's stream, and the issuer, which hands out no credential before its
record stands (DT-002). May touch: the session table (read records, move the mark), the log group,
the bus. A retry is safe: records are read from the table, and `event_id` tells duplicates.
"""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.operations.deliver_records import deliver_records
from pam.settings import AuditSettings

logger = Logger()


@cache
def settings() -> AuditSettings:
    return AuditSettings.from_env()


def _deliver(session_id: str) -> int:
    return deliver_records(
        session_id,
        clock=clock.now,
        outbox=wiring.outbox(settings().table_name),
        sink=wiring.sink(settings().log_group_name, settings().bus_name),
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "settle" in event:
        return {"delivered": _deliver(event["settle"])}
    return _drain(event["Records"])


def _drain(stream_records: list[dict[str, Any]]) -> dict[str, Any]:
    """A stream event only says for which sessions there is something to carry.

    Answers which stream record to begin again from, if one could not be carried out.
    """
    done: set[str] = set()
    for stream_record in stream_records:
        image = stream_record["dynamodb"].get("NewImage", {})
        if image.get("kind", {}).get("S") != "RECORD":
            continue
        session_id = image.get("session_id", {}).get("S", "")
        try:
            if not session_id:
                sink = wiring.sink(settings().log_group_name, settings().bus_name)
                alone = [json.loads(image["record"]["S"])]
                sink.append(alone)
                sink.publish(alone)
            elif session_id not in done:
                _deliver(session_id)
                done.add(session_id)
        except Exception:
            logger.exception("not delivered", extra={"session": session_id})
            number = stream_record["dynamodb"]["SequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}
