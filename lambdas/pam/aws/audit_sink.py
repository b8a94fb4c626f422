"""The audit log group and the bus: where records go, in order, a JSON object a line."""

from collections.abc import Iterator, Sequence
from typing import Any

from pam.domain import timestamps
from pam.domain.activity import DARK
from pam.domain.audit_record import Outcome, Record, RecordType, canonical_json
from pam.domain.batches import batches
from pam.names import EVENT_SOURCE

_EVENTS_PER_WRITE = 10_000
_BYTES_PER_WRITE = 1_048_576
_BYTES_PER_EVENT = 26
"""CloudWatch's bounds on one call, and what it adds to each event."""
_ENTRIES_PER_PUT = 10

_DETAIL_TYPES = {
    RecordType.REQUESTED: "PAM Session Requested",
    RecordType.VOTED: "PAM Session Voted",
    RecordType.APPROVED: "PAM Session Approved",
    RecordType.DENIED: "PAM Session Denied",
    RecordType.ACTIVATED: "PAM Session Activated",
    RecordType.LEASED: "PAM Session Leased",
    RecordType.REVOKED: "PAM Session Revoked",
    RecordType.EXPIRED: "PAM Session Expired",
    RecordType.ENDED: "PAM Session Ended",
    RecordType.FAILED: "PAM Session Failed",
    RecordType.UNANSWERED: "PAM Session Unanswered",
    RecordType.WITHDRAWN: "PAM Session Withdrawn",
    RecordType.BREAK_GLASS: "PAM Break Glass",
    RecordType.CONFIRMED: "PAM Session Confirmed",
    RecordType.BLOCKED: "PAM Blocked",
    RecordType.UNBLOCKED: "PAM Unblocked",
    RecordType.LINKED: "PAM Linked",
    RecordType.UNLINKED: "PAM Unlinked",
    RecordType.REVIEWED: "PAM Session Reviewed",
    RecordType.ERASED: "PAM Session Erased",
    RecordType.REVIEW_OVERDUE: "PAM Review Overdue",
    RecordType.DARK_CALL: "PAM Dark Call",
    RecordType.DRIFT: "PAM Drift",
}
_DARK_ACCESS, _OPENED = "PAM Dark Access", "PAM Drift"


Line = dict[str, Any]
"""A log event: `timestamp` in milliseconds, `message`."""


class NotAccepted(Exception):
    """The log group or the bus did not take a record; it will be delivered again."""


class CloudWatchAuditSink:
    """Implements `ports.audit.AuditSink`. One log stream a day."""

    def __init__(self, logs: Any, events: Any, log_group: str, bus: str) -> None:
        self._logs = logs
        self._events = events
        self._group = log_group
        self._bus = bus

    def append(self, records: Sequence[Record]) -> None:
        for stream, lines in _writes(records):
            answer = self._put(stream, lines)
            if answer.get("rejectedLogEventsInfo"):
                message = f"the log group rejected records: {answer['rejectedLogEventsInfo']}"
                raise NotAccepted(message)

    def publish(self, records: Sequence[Record]) -> None:
        entries = [
            {
                "EventBusName": self._bus,
                "Source": EVENT_SOURCE,
                "DetailType": detail_type,
                "Detail": canonical_json(record),
            }
            for record in records
            if (detail_type := _detail_type(record)) is not None
        ]
        for batch in batches(entries, _ENTRIES_PER_PUT):
            answer = self._events.put_events(Entries=list(batch))
            if answer["FailedEntryCount"]:
                message = f"the bus did not take {answer['FailedEntryCount']} event(s)"
                raise NotAccepted(message)

    def _put(self, stream: str, lines: list[Line]) -> dict[str, Any]:
        arguments = {"logGroupName": self._group, "logStreamName": stream, "logEvents": lines}
        try:
            answer: dict[str, Any] = self._logs.put_log_events(**arguments)
        except self._logs.exceptions.ResourceNotFoundException:
            self._create(stream)
            answer = self._logs.put_log_events(**arguments)
        return answer

    def _create(self, stream: str) -> None:
        try:
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=stream)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            return


def _writes(records: Sequence[Record]) -> Iterator[tuple[str, list[Line]]]:
    """Each call's stream and lines: of one day, within the bounds, in the order of the records.

    The call whose clock was read first may write second. CloudWatch wants, and shows, lines in
    order of time, so no line gets an earlier time than the one before. The record keeps its own.
    """
    lines: list[Line] = []
    day, size = "", 0
    for record in records:
        of_day, message = str(record["recorded_at"])[:10], canonical_json(record)
        adds = len(message.encode()) + _BYTES_PER_EVENT
        full = size + adds > _BYTES_PER_WRITE or len(lines) == _EVENTS_PER_WRITE
        if lines and (of_day != day or full):
            yield _stream(day), lines
            lines, size = [], 0
        earliest = lines[-1]["timestamp"] if lines else 0
        lines.append({"timestamp": max(earliest, _milliseconds(record)), "message": message})
        day, size = of_day, size + adds
    if lines:
        yield _stream(day), lines


def _stream(day: str) -> str:
    return day.replace("-", "/")


def _detail_type(record: Record) -> str | None:
    """The event's detail-type; None for a record that stands in the log alone. Of what sessions did
    the bus hears only of dark access, and of what outlasts the session.
    """
    kind = RecordType(record["type"])
    if kind is RecordType.ACTIVITY:
        if record["outcome"] != Outcome.FAILURE:
            return None
        return _DARK_ACCESS if record["detail"].startswith(DARK) else _OPENED
    return _DETAIL_TYPES.get(kind)


def _milliseconds(record: Record) -> int:
    return int(timestamps.parse(record["recorded_at"]).timestamp() * 1000)
