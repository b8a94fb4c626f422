"""The one writer of the audit log group and of the archive's records.

Triggers: the session table's stream; the issuer, which hands out no credential before its record
stands (DT-002); and a schedule, by which the policy set of a new deployment is archived though
nothing has been decided by it yet. May touch: the session table (read records, move the mark, put
records up for sealing), the log group, the archive, the bus. A retry is safe: records are read from
the table, and `event_id` tells duplicates.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.aws.table_keys import owner_of
from pam.domain import messages
from pam.metrics import count
from pam.names import AUDIT_NOT_WRITTEN, RECORD
from pam.operations.deliver_records import deliver_records
from pam.settings import AuditSettings

logger = Logger()


@cache
def settings() -> AuditSettings:
    return AuditSettings.from_env()


def _deliver(owner: str) -> int:
    return deliver_records(
        owner,
        clock=clock.now,
        outbox=wiring.outbox(settings().tables),
        sink=wiring.sink(settings().log_group_name, settings().bus_name),
        archive=wiring.archive(settings().archive_bucket),
        policies=wiring.policy_sets(settings().archive_bucket),
    )


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    message = messages.read(event, messages.Settle, messages.KeepPolicySet, messages.StreamRecords)
    answer: dict[str, Any]
    try:
        match message:
            case messages.Settle(session_id=session_id):
                answer = {"delivered": _deliver(session_id)}
            case messages.KeepPolicySet():
                wiring.policy_sets(settings().archive_bucket).keep_policy_sets()
                answer = {}
            case messages.StreamRecords(records=records):
                answer = _drain(records)
    except Exception:
        _count_unwritten()
        raise
    return answer


def _drain(stream_records: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """A stream event only says for whom there is something to carry.

    Answers which stream record to begin again from, if one could not be carried out.
    """
    done: set[str] = set()
    failed: list[str] = []
    for stream_record in stream_records:
        image = stream_record["dynamodb"].get("NewImage", {})
        if image.get("kind", {}).get("S") != RECORD:
            continue
        owner = owner_of(image["pk"]["S"])
        if owner in done:
            continue
        done.add(owner)
        try:
            _deliver(owner)
        except Exception:
            # What keeps one back keeps no other: a stream goes on from the first that failed, and
            # what was carried is not carried again.
            logger.exception("not delivered", extra={"owner": owner})
            _count_unwritten()
            failed.append(stream_record["dynamodb"]["SequenceNumber"])
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed[:1]]}


def _count_unwritten() -> None:
    count(AUDIT_NOT_WRITTEN, settings().env_name)
