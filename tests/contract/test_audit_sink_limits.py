"""The log group and the bus take what they take: in order of time, so much at once."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pam import clock
from pam.aws.audit_sink import CloudWatchAuditSink
from pam.domain import timestamps
from pam.domain.audit_record import Record, RecordType
from tests.fakes.clients import Recorder

HEARD = {
    "Requested": "PAM Session Requested",
    "Voted": "PAM Session Voted",
    "Erased": "PAM Session Erased",
    "Approved": "PAM Session Approved",
    "Denied": "PAM Session Denied",
    "Activated": "PAM Session Activated",
    "Leased": "PAM Session Leased",
    "Revoked": "PAM Session Revoked",
    "Expired": "PAM Session Expired",
    "Ended": "PAM Session Ended",
    "Failed": "PAM Session Failed",
    "Unanswered": "PAM Session Unanswered",
    "Withdrawn": "PAM Session Withdrawn",
    "BreakGlass": "PAM Break Glass",
    "Confirmed": "PAM Session Confirmed",
    "Blocked": "PAM Blocked",
    "Unblocked": "PAM Unblocked",
    "Linked": "PAM Linked",
    "Unlinked": "PAM Unlinked",
    "Reviewed": "PAM Session Reviewed",
    "ReviewOverdue": "PAM Review Overdue",
    "Drift": "PAM Drift",
    "DarkCall": "PAM Dark Call",
}


def record(
    sequence: int,
    *,
    kind: str = "Voted",
    seconds: float = 0,
    outcome: str = "success",
    detail: str = "",
) -> Record:
    at = timestamps.render(clock.now() + timedelta(seconds=seconds))
    return {
        "session_id": "S",
        "sequence": sequence,
        "type": kind,
        "outcome": outcome,
        "detail": detail,
        "recorded_at": at,
    }


def sink(logs: Any = None, events: Any = None) -> CloudWatchAuditSink:
    return CloudWatchAuditSink(logs, events, "audit", "bus")


@pytest.fixture
def logs(aws: None) -> Any:
    client = boto3.client("logs")
    client.create_log_group(logGroupName="audit")
    return client


def lines(logs: Any) -> list[Mapping[str, Any]]:
    events = logs.filter_log_events(logGroupName="audit")["events"]
    return [json.loads(event["message"]) for event in events]


def test_a_line_is_the_record_itself_in_the_form_that_was_hashed(logs: Any) -> None:
    one = record(1) | {"reason": "Zürich, straße"}
    sink(logs).append([one])
    (event,) = logs.filter_log_events(logGroupName="audit")["events"]
    assert "Zürich, straße" in event["message"]
    assert list(json.loads(event["message"])) == sorted(one)
    assert timestamps.render(timestamps.parse(str(one["recorded_at"]))) == one["recorded_at"]


def test_a_day_has_one_stream_that_is_made_when_it_is_first_needed(logs: Any) -> None:
    for sequence in (1, 2):
        sink(logs).append([record(sequence)])
    streams = logs.describe_log_streams(logGroupName="audit")["logStreams"]
    assert len(streams) == 1
    assert len(streams[0]["logStreamName"].split("/")) == 3


def test_a_stream_that_somebody_else_has_just_made_is_used(logs: Any) -> None:
    class Late:
        """Believes once that there is no stream, after it has been made."""

        exceptions = logs.exceptions
        late = True

        def __getattr__(self, name: str) -> Any:
            return getattr(logs, name)

        def put_log_events(self, **arguments: Any) -> Any:
            if self.late:
                self.late = False
                error = {"Error": {"Code": "ResourceNotFoundException", "Message": "x"}}
                raise logs.exceptions.ResourceNotFoundException(error, "PutLogEvents")
            return logs.put_log_events(**arguments)

    sink(logs).append([record(1)])
    sink(Late()).append([record(2)])
    assert [line["sequence"] for line in lines(logs)] == [1, 2]


@pytest.mark.guarantee("G8")
def test_a_group_that_is_gone_takes_nothing_and_says_so(logs: Any) -> None:
    logs.delete_log_group(logGroupName="audit")
    with pytest.raises(ClientError):
        sink(logs).append([record(1)])


@pytest.mark.guarantee("G7")
def test_two_that_act_at_once_are_logged_in_order_of_sequence(logs: Any) -> None:
    """Whose clock was read first may be written second: sequence and time need not agree."""
    raced = [record(1), record(2, seconds=0.05), record(3, seconds=0.01)]
    sink(logs).append(raced)
    assert lines(logs) == raced


class Strict:
    """CloudWatch's bounds on one call, which moto leaves out."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception): ...

    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, Any]]] = []

    def put_log_events(self, **arguments: Any) -> dict[str, Any]:
        events = arguments["logEvents"]
        times = [event["timestamp"] for event in events]
        size = sum(len(event["message"].encode()) + 26 for event in events)
        assert times == sorted(times), "in order of time"
        assert times[-1] - times[0] <= 24 * 3600 * 1000, "at most 24 hours"
        assert size <= 1_048_576, "at most 1 MiB"
        self.taken += [(arguments["logStreamName"], json.loads(e["message"])) for e in events]
        return {}


def test_a_backlog_of_days_is_taken_day_by_day() -> None:
    strict = Strict()
    days = [record(n + 1, seconds=n * 43_200) for n in range(6)]
    sink(strict).append(days)
    assert [taken for _, taken in strict.taken] == days
    for stream, taken in strict.taken:
        assert stream == str(taken["recorded_at"])[:10].replace("-", "/")


def test_a_backlog_of_large_records_is_taken_in_bounded_calls() -> None:
    strict = Strict()
    widest = {"reason": "\U0001f4a5" * 1000, "detail": "\U0001f4a5" * 1000, "requester": "x" * 2048}
    many = [record(n + 1) | widest for n in range(300)]
    sink(strict).append(many)
    assert [taken["sequence"] for _, taken in strict.taken] == list(range(1, 301))


@pytest.mark.parametrize("kind", RecordType)
def test_the_bus_hears_each_type_by_the_interfaces_name_or_not_at_all(kind: RecordType) -> None:
    events = Recorder(put_events={"FailedEntryCount": 0})
    sink(events=events).publish([record(1, kind=kind.value)])
    named = [entry["DetailType"] for _, call in events.calls for entry in call["Entries"]]
    assert named == [name for heard, name in HEARD.items() if heard == kind.value]


@pytest.mark.parametrize("outcome", ["success", "refused", "failure"])
@pytest.mark.parametrize(
    ("detail", "name"),
    [
        ("dark access: the access was over: s3:GetObject", "PAM Dark Access"),
        ("opened: lets others in: s3:PutBucketPolicy of dark access: ", "PAM Drift"),
    ],
)
def test_of_all_that_sessions_did_the_bus_hears_of_findings_alone(
    outcome: str, detail: str, name: str
) -> None:
    events = Recorder(put_events={"FailedEntryCount": 0})
    sink(events=events).publish([record(1, kind="Activity", outcome=outcome, detail=detail)])
    named = [entry["DetailType"] for _, call in events.calls for entry in call["Entries"]]
    assert named == ([name] if outcome == "failure" else [])


@pytest.mark.parametrize(
    ("count", "calls"), [(0, []), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_the_bus_is_told_at_most_ten_at_once_in_order(count: int, calls: list[int]) -> None:
    events = Recorder(put_events={"FailedEntryCount": 0})
    sink(events=events).publish([record(n, kind="Leased") for n in range(count)])
    assert [len(call["Entries"]) for _, call in events.calls] == calls
    told = [json.loads(e["Detail"])["sequence"] for _, c in events.calls for e in c["Entries"]]
    assert told == list(range(count))
    assert {e["EventBusName"] for _, c in events.calls for e in c["Entries"]} <= {"bus"}


def test_a_bus_that_exists_takes_what_it_is_told(aws: None) -> None:
    events = boto3.client("events")
    events.create_event_bus(Name="bus")
    sink(events=events).publish([record(1, kind="Requested")])
