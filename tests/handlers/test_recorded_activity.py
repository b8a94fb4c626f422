"""The recorder as EventBridge and CloudWatch Logs call it."""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pam import wiring
from pam.domain.session import Session
from tests.contract.conftest import TABLES
from tests.fakes.cloudtrail import EVENT_ID, ISSUER, assumption, event, identity
from tests.fakes.story import COMPILED, Story
from tests.handlers.conftest import Function

Load = Callable[[str], Function]
GROUP = "/aws/rds/instance/core-ledger/postgresql"
DATABASE = "core-ledger-db"


def call(session: Session, **changes: Any) -> dict[str, Any]:
    told = {"userIdentity": identity(session.target.arn, session.session_id)}
    return event(**told | {"eventTime": "2026-03-01T12:01:00Z"} | changes)


def statement(session: Session, sql: str, at: str = "12:01:00") -> str:
    user = f"pam_{session.session_id.lower()}"
    return f"2026-03-01 {at} UTC:10.0.0.5(50234):{user}@ledger:[1234]:LOG:  statement: {sql}"


def delivery(*lines: str, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    batch = {
        "messageType": kind,
        "owner": "111122223333",
        "logGroup": GROUP,
        "logStream": "core-ledger.0",
        "subscriptionFilters": ["pam"],
        "logEvents": [
            {"id": f"387{number}", "timestamp": 1_772_366_460_000, "message": line}
            for number, line in enumerate(lines)
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()
    return {"awslogs": {"data": data}}


def activities(story: Story, session: Session) -> list[Any]:
    records = story.store.records(session.session_id)
    return [record for record in records if record["type"] == "Activity"]


def metrics(written: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


@pytest.fixture
def recorder(function: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Function:
    """With a catalogue that names the database's log."""
    resources = tuple(
        replace(r, issuer={**r.issuer, "statement_log": GROUP}) if r.resource_id == DATABASE else r
        for r in COMPILED.resources
    )
    policy = tmp_path / "with-logs.json"
    policy.write_text(replace(COMPILED, resources=resources).to_json(), encoding="utf-8")
    monkeypatch.setattr(wiring, "_POLICY_FILE", policy)
    return function("record_activity")


def test_a_call_of_a_session_goes_into_its_trail_once(
    recorder: Function, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted()
    assert recorder(call(session)) == {"recorded": 1}
    assert recorder(call(session)) == {"recorded": 0}
    (record,) = activities(story, session)
    assert (record["outcome"], record["request_id"]) == ("success", EVENT_ID)
    assert record["policy_version"] == wiring.policy().version
    assert metrics(capsys.readouterr().out) == []


def test_events_of_nobody_that_pam_lent_to_are_left_alone(
    recorder: Function, story: Story, table: Any
) -> None:
    session = story.granted()
    assert recorder(call(session) | {"detail-type": "AWS Service Event via CloudTrail"}) == {
        "recorded": 0
    }
    lease = assumption(identity(ISSUER, None), session.target.arn)
    assert recorder(lease) == {"recorded": 0}
    assert activities(story, session) == []


def test_dark_access_is_counted_and_recorded_where_it_belongs(
    recorder: Function, story: Story, table: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted()
    story.later(hours=2)
    assert recorder(call(session, eventTime="2026-03-01T13:30:00Z")) == {"recorded": 1}
    (record,) = activities(story, session)
    assert record["outcome"] == "failure"
    (counted,) = metrics(capsys.readouterr().out)
    assert (counted["DarkAccess"], counted["environment"]) == ([1.0], "test")
    assert counted["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "MOD046/PAM"


def test_a_lent_role_that_another_assumed_is_a_finding_of_no_session(
    recorder: Function, story: Story, table: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted()
    mallory = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"}
    taken = assumption(mallory, session.target.arn)
    assert recorder(taken) == {"recorded": 1}
    assert recorder(taken) == {"recorded": 0}
    assert len(metrics(capsys.readouterr().out)) == 1, "a repeated delivery is no second finding"
    alone = [
        json.loads(item["record"]["S"])
        for item in table.scan(TableName="sessions")["Items"]
        if item["pk"]["S"].startswith("SESSION#NONE#")
    ]
    (record,) = alone
    assert record["actor"]["principal"] == mallory["arn"]
    assert record["resource"] == session.resource
    assert activities(story, session) == []


def test_an_event_that_cannot_be_read_is_not_lost_in_silence(
    recorder: Function, story: Story
) -> None:
    with pytest.raises(ValueError, match="no eventID"):
        recorder(call(story.granted(), eventID=None))


def test_statements_of_a_session_go_into_its_trail_without_their_values(
    recorder: Function, story: Story
) -> None:
    session = story.granted(resource=DATABASE)
    lines = [
        statement(session, "select * from people where name = 'Alice Secret'"),
        statement(session, "update people\n\tset age = 42"),
        statement(session, "select 1").replace("pam_", "app_"),
        "something else altogether",
    ]
    assert recorder(delivery(*lines)) == {"recorded": 2}
    assert recorder(delivery(*lines)) == {"recorded": 0}
    told = [record["detail"] for record in activities(story, session)]
    assert told == [
        "postgresql 2026-03-01T12:01:00.000Z ledger: select * from people where name = ?",
        "postgresql 2026-03-01T12:01:00.000Z ledger: update people set age = ?",
    ]


def test_what_a_session_opened_is_counted_and_is_no_dark_access(
    recorder: Function, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted()
    opening = {"eventSource": "lambda.amazonaws.com", "eventName": "AddPermission20150331v2"}
    for error in (None, "AccessDenied"):
        event_id = f"{EVENT_ID}-{error}"
        recorder(call(session, **opening, eventID=event_id, errorCode=error))
    first, second = activities(story, session)
    assert first["detail"].startswith("opened: lets others in by a policy of the resource")
    assert second["outcome"] == "refused"
    (counted,) = metrics(capsys.readouterr().out)
    assert counted["DoorOpened"] == [1.0]


def test_a_statement_after_the_session_is_dark_access(
    recorder: Function, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted(resource=DATABASE)
    assert recorder(delivery(statement(session, "select 1", at="18:00:00"))) == {"recorded": 1}
    assert activities(story, session)[0]["detail"].startswith("dark access: the access was over")
    assert len(metrics(capsys.readouterr().out)) == 1


def test_a_user_that_pam_never_made_is_dark_access_of_the_database(
    recorder: Function, story: Story, table: Any
) -> None:
    unknown = replace(story.granted(resource=DATABASE), session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A")
    assert recorder(delivery(statement(unknown, "select 1"))) == {"recorded": 1}
    (item,) = (
        item
        for item in table.scan(TableName="sessions")["Items"]
        if item["pk"]["S"].startswith("SESSION#NONE#")
    )
    assert json.loads(item["record"]["S"])["resource"] == DATABASE


def test_a_line_that_fails_keeps_back_no_other_and_comes_again(
    recorder: Function, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.granted(resource=DATABASE)
    store = wiring.sessions(TABLES)
    save, broken = store.save, [True]

    def failing(before: Any, after: Any, records: Any, once: Any) -> None:
        if broken and any("select ?, ?" in record["detail"] for record in records):
            message = "no answer"
            raise ConnectionError(message)
        save(before, after, records, once)

    monkeypatch.setattr(store, "save", failing)
    lines = [statement(session, "select 1"), statement(session, "select 2, 3")]
    with pytest.raises(Exception, match="1 line"):
        recorder(delivery(*lines))
    assert len(activities(story, session)) == 1
    broken.clear()
    assert recorder(delivery(*lines)) == {"recorded": 1}
    assert len(activities(story, session)) == 2


def test_lines_that_are_not_understood_are_counted_and_keep_back_no_other(
    recorder: Function, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted(resource=DATABASE)
    line = statement(session, "select 'secret'")
    foreign = line.replace("LOG:  statement", "LOG:  dotaz")
    elsewhere = line.replace(":[1234]:", ":[1234]:psql:")
    capsys.readouterr()
    assert recorder(delivery(foreign, line, elsewhere, foreign)) == {"recorded": 1}
    written = capsys.readouterr().out
    (counted,) = metrics(written)
    assert (counted["LineNotUnderstood"], counted["environment"]) == ([3.0], "test")
    assert "secret" not in written


def test_a_test_of_the_subscription_records_nothing(recorder: Function) -> None:
    assert recorder(delivery("Checking health", kind="CONTROL_MESSAGE")) == {"recorded": 0}


UNREADABLE = {
    "nothing": b"",
    "no gzip": b"no gzip",
    "no JSON": gzip.compress(b"no JSON"),
    "no object": gzip.compress(b"[]"),
    "cut off": gzip.compress(b"{}")[:-9],
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_delivery_that_cannot_be_read_is_refused(recorder: Function, case: str) -> None:
    with pytest.raises(ValueError, match=r"CloudWatch Logs|Expecting value"):
        recorder({"awslogs": {"data": base64.b64encode(UNREADABLE[case]).decode()}})


def test_every_record_of_a_session_stays_in_one_chain(recorder: Function, story: Story) -> None:
    session = story.granted()
    for number in range(3):
        recorder(call(session, eventID=f"event-{number}"))
    story.later(minutes=2)
    story.end(session.session_id)
    recorder(call(session, eventID="event-9", eventTime="2026-03-01T12:01:30Z"))
    records = story.store.records(session.session_id)
    assert [r["sequence"] for r in records] == list(range(1, len(records) + 1))
    assert all(a["hash"] == b["previous_hash"] for a, b in pairwise(records))
    assert records[-1]["outcome"] == "success"
