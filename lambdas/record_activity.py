"""Records what sessions did with lent access in their own trails.

Triggers: the queue of CloudTrail's events of lent roles and permission sets, which come by the
account's default bus, and the log groups of lent databases. May touch: the session table (read, put
records), and the index of people's sessions where permission sets are lent; nothing else. A retry
is safe: the table remembers the id of what was recorded.
"""

import base64
import binascii
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain.activity import Activity, why_open
from pam.domain.cloudtrail import Watched, echo_of, of_cloudtrail
from pam.domain.kinds import Vendor
from pam.domain.messages import UnknownEvent
from pam.domain.partitions import partition_of
from pam.domain.permission_sets import DirectoryNames
from pam.metrics import count
from pam.names import (
    DARK_ACCESS,
    DOOR_OPENED,
    LINE_NOT_UNDERSTOOD,
    activator_role_name,
    issuer_role_name,
)
from pam.operations.check_echoes import hear_echo
from pam.operations.record_activity import Recorded, Recorder
from pam.settings import ActivitySettings

_TIME_FOR_A_SESSION_MS = 20_000
"""A session that many write to at once lets the recorder wait."""

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
        names=DirectoryNames(
            template=home.identity_center_user_name,
            people=_people_by_id(wiring.compiled_policy().ids_at(Vendor.IDENTITY_CENTER)),
        ),
    )


def _people_by_id(ids: Mapping[str, str]) -> dict[str, str]:
    """`ids`: by person. An id that two people have is nobody's."""
    told = Counter(ids.values())
    return {user: person for person, user in ids.items() if told[user] == 1}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    has_time = partial(_has_time, context)
    if set(event) == {"awslogs"}:
        return {"recorded": _record_lines(_opened(event["awslogs"]["data"]), has_time)}
    if set(event) == {"Records"}:
        return _record_messages(event["Records"], has_time)
    activity = _heard(event)
    recorded = _record([activity] if activity else [], has_time)
    for fault in recorded.failed.values():
        raise fault
    return {"recorded": len(recorded.told)}


def _has_time(context: Any) -> bool:
    return bool(context.get_remaining_time_in_millis() >= _TIME_FOR_A_SESSION_MS)


def _heard(event: Any) -> Activity | None:
    """What an event of CloudTrail tells. Raises UnknownEvent, ValueError."""
    if not isinstance(event, dict) or not {"source", "detail-type", "detail"} <= set(event):
        message = "neither an event of CloudTrail nor lines of a log"
        raise UnknownEvent(message)
    echo = echo_of(event, watched())
    if echo:
        hear_echo(echo, now=clock.now(), store=wiring.sessions(settings().tables))
    return of_cloudtrail(event, watched())


def _record_messages(
    messages: list[dict[str, Any]], has_time: Callable[[], bool]
) -> dict[str, Any]:
    """CloudTrail's events as the queue gathered them. Answers which it shall bring again; one that
    cannot be read is buried in the end, and keeps back no other.
    """
    activities: dict[str, Activity] = {}
    bearers: dict[str, list[str]] = {}
    again: list[str] = []
    for message in messages:
        try:
            activity = _heard(json.loads(message["body"]))
        except Exception:
            logger.exception("not recorded", extra={"message_id": message["messageId"]})
            again.append(message["messageId"])
            continue
        if activity is not None:
            activities[activity.activity_id] = activity
            bearers.setdefault(activity.activity_id, []).append(message["messageId"])
    recorded = _record(list(activities.values()), has_time)
    again += [message_id for failed in recorded.failed for message_id in bearers[failed]]
    return {
        "recorded": len(recorded.told),
        "batchItemFailures": [{"itemIdentifier": message_id} for message_id in again],
    }


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


def _record_lines(batch: dict[str, Any], has_time: Callable[[], bool]) -> int:
    """One line that cannot be recorded keeps back no other."""
    # Only databases have lines; the patterns that read them take a tenth of a start to compile.
    from pam.domain import statement_log

    if batch.get("messageType") != "DATA_MESSAGE":
        return 0
    activities: list[Activity] = []
    failed = 0
    unread: Counter[str] = Counter()
    for line in batch["logEvents"]:
        try:
            found = statement_log.of_log_line(
                line["message"],
                activity_id=line["id"],
                received=datetime.fromtimestamp(line["timestamp"] / 1000, UTC),
                place=batch["logGroup"],
            )
        except Exception:
            logger.exception("not recorded", extra={"line": line.get("id")})
            failed += 1
            continue
        if isinstance(found, statement_log.NotUnderstood):
            unread[found.part] += 1
        elif found is not None:
            activities.append(found)
    if unread:
        # Nothing of the lines: their text is the borrower's, and may hold anything.
        logger.warning("not understood", extra={"log": batch["logGroup"], "by": dict(unread)})
        count(LINE_NOT_UNDERSTOOD, settings().env_name, unread.total())
    recorded = _record(activities, has_time)
    failed += len(recorded.failed)
    if failed:
        message = f"{failed} line(s) of {batch['logGroup']} could not be recorded"
        raise NotRecordedError(message)
    return len(recorded.told)


def _record(activities: list[Activity], has_time: Callable[[], bool]) -> Recorded:
    recorder = Recorder(
        clock=clock.now,
        store=wiring.sessions(settings().tables),
        resources=watched().resources,
        policy_version=wiring.policy().version,
    )
    recorded = recorder.record_all(activities, has_time)
    for activity_id, fault in recorded.failed.items():
        logger.error("not recorded", extra={"activity": activity_id}, exc_info=fault)
    for activity in activities:
        _tell(activity, recorded.told.get(activity.activity_id))
    return recorded


def _tell(activity: Activity, why: str | None) -> None:
    """`why` it is dark access, empty if it is none, None if it is not new."""
    if why:
        logger.warning("dark access", extra={"why": why, "activity": activity.activity_id})
        count(DARK_ACCESS, settings().env_name)
    elif why is not None and why_open(activity):
        logger.warning("opened", extra={"activity": activity.activity_id})
        count(DOOR_OPENED, settings().env_name)
