"""Records what sessions did with lent access in their own trails.

Triggers: CloudTrail's events of the lent roles on the account's default bus, and the log groups of
lent databases. May touch: the session table (read, put records); nothing else. A retry is safe:
the table remembers the id of what was recorded.
"""

import base64
import binascii
import gzip
import json
import zlib
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import statement_log
from pam.domain.activity import Activity, Watched, of_cloudtrail, why_open
from pam.domain.messages import UnknownEvent
from pam.domain.partitions import partition_of
from pam.domain.statement_log import NotUnderstood
from pam.metrics import count
from pam.names import (
    DARK_ACCESS,
    DOOR_OPENED,
    LINE_NOT_UNDERSTOOD,
    activator_role_name,
    issuer_role_name,
)
from pam.operations.record_activity import record_activity
from pam.settings import ActivitySettings

logger = Logger()


class NotRecordedError(Exception):
    """Some of the lines could not be recorded; what was is known, and a retry skips it."""


@cache
def settings() -> ActivitySettings:
    return ActivitySettings.from_env()


@cache
def watched() -> Watched:
    """Everything that the catalogue lends, by the places where its use shows."""
    home = settings()
    named: dict[str, list[str]] = {}
    for resource in wiring.policy().resources():
        place = resource.target(account=home.account, region=home.region).shown_at
        if place:
            named.setdefault(place, []).append(resource.resource_id)
    return Watched(
        resources={place: ", ".join(names) for place, names in named.items()},
        issuers=frozenset(
            f"arn:{partition_of(home.region)}:iam::{home.account}:role/{name(home.env_name)}"
            for name in (issuer_role_name, activator_role_name)
        ),
        account=home.account,
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    if set(event) == {"awslogs"}:
        return {"recorded": _record_lines(_opened(event["awslogs"]["data"]))}
    if not {"source", "detail-type", "detail"} <= set(event):
        message = "neither an event of CloudTrail nor lines of a log"
        raise UnknownEvent(message)
    activity = of_cloudtrail(event, watched())
    return {"recorded": 0 if activity is None else _record(activity)}


def _opened(data: str) -> dict[str, Any]:
    """Raises ValueError if it is not what CloudWatch Logs sends."""
    try:
        opened = json.loads(gzip.decompress(base64.b64decode(data)))
    except (binascii.Error, OSError, EOFError, zlib.error) as error:
        message = f"not what CloudWatch Logs sends: {error}"
        raise ValueError(message) from error
    if not isinstance(opened, dict):
        message = "not what CloudWatch Logs sends: no object"
        raise ValueError(message)  # noqa: TRY004 - like the other ways in which it may be wrong
    return opened


def _record_lines(batch: dict[str, Any]) -> int:
    """One line that cannot be recorded keeps back no other."""
    if batch.get("messageType") != "DATA_MESSAGE":
        return 0
    recorded = failed = 0
    unread: Counter[str] = Counter()
    for line in batch["logEvents"]:
        try:
            found = _of_line(line, batch["logGroup"])
            if isinstance(found, NotUnderstood):
                unread[found.part] += 1
            elif found is not None:
                recorded += _record(found)
        except Exception:
            logger.exception("not recorded", extra={"line": line.get("id")})
            failed += 1
    if unread:
        # Nothing of the lines: their text is the borrower's, and may hold anything.
        logger.warning("not understood", extra={"log": batch["logGroup"], "by": dict(unread)})
        count(LINE_NOT_UNDERSTOOD, settings().env_name, unread.total())
    if failed:
        message = f"{failed} line(s) of {batch['logGroup']} could not be recorded"
        raise NotRecordedError(message)
    return recorded


def _of_line(line: dict[str, Any], log_group: str) -> Activity | NotUnderstood | None:
    return statement_log.of_log_line(
        line["message"],
        activity_id=line["id"],
        received=datetime.fromtimestamp(line["timestamp"] / 1000, UTC),
        place=log_group,
    )


def _record(activity: Activity) -> int:
    """How many records it came to: none for a repeated delivery."""
    why = record_activity(
        activity,
        clock=clock.now,
        store=wiring.sessions(settings().tables),
        resources=watched().resources,
        policy_version=wiring.policy().version,
    )
    if why:
        logger.warning("dark access", extra={"why": why, "activity": activity.activity_id})
        count(DARK_ACCESS, settings().env_name)
    elif why is not None and why_open(activity):
        logger.warning("opened", extra={"activity": activity.activity_id})
        count(DOOR_OPENED, settings().env_name)
    return 0 if why is None else 1
