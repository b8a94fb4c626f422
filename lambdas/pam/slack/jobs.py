"""What is to be told in Slack and can wait: so that nobody waits for it, and no limit is exceeded.

The door asks for it, the painter does it. Jobs of one group are done one after another: a group is
a channel, or a user for what only they see.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pam.domain import timestamps
from pam.domain.ids import is_ulid

LARGEST_JOB = 240_000
"""Bytes of a job as text: less than a message of a queue may have, which is 256 KiB."""
_GROUP = re.compile(r"[CDGUW][A-Z0-9]{1,20}", re.ASCII)


class Method(StrEnum):
    """What the painter sends as it is told. None of them reads, deletes, invites, or uploads."""

    POST_EPHEMERAL = "chat.postEphemeral"
    POST_MESSAGE = "chat.postMessage"
    UPDATE_VIEW = "views.update"
    PUBLISH_VIEW = "views.publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One ready call. After `not_after` it is of no use any more, and is dropped."""

    to: str
    """Channel or user: the group."""
    method: Method
    arguments: Mapping[str, Any]
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """Make right what stands in a channel of a session, from what the store says by then."""

    session_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Something is other than it was with a channel: make right what stands there of all sessions
    that are not over.
    """

    channel: str


Job = Send | Paint | Look


class NoJob(ValueError):
    """The message has none of what was sent."""


def group_of(job: Job) -> str:
    return job.to if isinstance(job, Send) else job.channel


def to_text(job: Job) -> str:
    """Raises NoJob for one that is larger than a job may be, or has no group."""
    text = json.dumps(_document(job), separators=(",", ":"))
    if len(text.encode()) > LARGEST_JOB or not _GROUP.fullmatch(group_of(job)):
        message = "the job is larger than any, or has no group"
        raise NoJob(message)
    return text


def _document(job: Job) -> dict[str, Any]:
    if isinstance(job, Paint):
        return {"job": "paint", "session_id": job.session_id, "channel": job.channel}
    if isinstance(job, Look):
        return {"job": "look", "channel": job.channel}
    return {
        "job": "send",
        "to": job.to,
        "method": job.method.value,
        "arguments": dict(job.arguments),
        "not_after": timestamps.render(job.not_after),
    }


def from_text(text: str) -> Job:
    """Raises NoJob for anything that `to_text` has not made."""
    if len(text.encode(errors="replace")) > LARGEST_JOB:
        message = "larger than any job"
        raise NoJob(message)
    try:
        document = json.loads(text)
        job = _READERS[document["job"]](document)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        message = "no job"
        raise NoJob(message) from None
    if not _GROUP.fullmatch(group_of(job)):
        message = "a job of no group"
        raise NoJob(message)
    return job


def _send(document: Mapping[str, Any]) -> Job:
    arguments = document["arguments"]
    if not isinstance(arguments, dict):
        message = "no arguments"
        raise NoJob(message)
    return Send(
        to=_str(document["to"]),
        method=Method(document["method"]),
        arguments=arguments,
        not_after=timestamps.parse(_str(document["not_after"])),
    )


def _paint(document: Mapping[str, Any]) -> Job:
    session_id = _str(document["session_id"])
    if not is_ulid(session_id):
        message = "no session"
        raise NoJob(message)
    return Paint(session_id=session_id, channel=_str(document["channel"]))


def _look(document: Mapping[str, Any]) -> Job:
    return Look(channel=_str(document["channel"]))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Job]] = {
    "send": _send,
    "paint": _paint,
    "look": _look,
}


def _str(value: object) -> str:
    if not isinstance(value, str):
        message = "no text"
        raise NoJob(message)
    return value
