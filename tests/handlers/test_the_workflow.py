"""The functions as the state machine, the stream and the tick call them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

import revoke_session
from pam import clock, wiring
from pam.aws.audit_sink import CloudWatchAuditSink
from pam.domain import messages, new_records
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import IssuerUnavailable, NotYet
from pam.domain.free_text import LONGEST_CAUSE
from pam.domain.lifecycle import Status
from pam.domain.messages import event_of
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from pam.names import RECORD
from pam.ports.people import Failure
from pam.ports.sessions import Once
from tests.fakes.clients import Recorder
from tests.fakes.story import LEDGER, SANDBOX, Story, arn
from tests.handlers.conftest import Function, call
from tests.handlers.executions import EXECUTION, START, failed, started

Load = Callable[[str], Function]


def test_a_direct_start_opens_a_session_once_however_often_it_is_tried(
    function: Load, story: Story
) -> None:
    admit = function("admit_request")
    first = admit(started(story, START))
    again = admit(started(story, START))
    assert first == again
    assert first["outcome"] == "NEEDS_APPROVAL"
    session = story.store.get(first["session_id"])
    assert session is not None
    assert (session.circumstances.surface.value, session.requester_verified) == ("runbook", False)


@pytest.mark.guarantee("G7")
def test_an_execution_that_names_the_session_of_another_is_refused_and_that_is_recorded(
    function: Load, story: Story, table: Any
) -> None:
    others = story.request("dave", SANDBOX)
    assert others.status is Status.APPROVED
    event = started(story, START | {"session_id": others.session_id})
    answer = function("admit_request")(event)
    assert (answer["outcome"], answer["error"]) == ("REFUSED", "CONFLICT")
    assert story.store.get(others.session_id) == others
    records = [
        json.loads(item["record"]["S"])
        for item in table.scan(TableName="sessions")["Items"]
        if "record" in item
    ]
    (refused,) = (each for each in records if each["type"] == "Refused")
    assert refused["actor"]["principal"] == EXECUTION


@pytest.mark.guarantee("G3")
def test_an_emergency_that_nobody_can_be_told_of_is_not_admitted(
    function: Load, story: Story
) -> None:
    admit = function("admit_request")
    session = story.request(break_glass=True)
    event = started(story, {"session_id": session.session_id}, session.execution_arn)
    story.notifier.down = True
    with pytest.raises(ConnectionError):
        admit(event)
    story.notifier.down = False
    assert admit(event)["outcome"] == "APPROVED"
    assert len(story.notifier.alarmed) == 1


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
def test_a_runbooks_emergency_is_admitted_and_granted_by_the_word_of_the_person_named(
    function: Load, story: Story
) -> None:
    event = started(story, START | {"break_glass": True})
    admitted = function("admit_request")(event)
    assert (admitted["outcome"], story.notifier.alarmed) == ("NEEDS_APPROVAL", [])
    session_id = admitted["session_id"]

    def confirm(who: str) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"session_id": session_id})
        answer = function("request_api")(call("POST", "/pam/confirm", who, body))
        return answer["statusCode"], json.loads(answer["body"])

    shown = json.loads(
        function("request_api")(
            call("GET", "/pam/sessions/{session_id}", "alice", session_id=session_id)
        )["body"]
    )
    assert (shown["status"], shown["needs_confirmation"]) == ("PENDING_APPROVAL", True)
    assert shown["review"]["required"] is False
    assert (confirm("bob")[0], confirm("bob")[1]["code"]) == (403, "NOT_ELIGIBLE")
    status, session = confirm("alice")
    assert (status, session["status"], session["needs_confirmation"]) == (200, "APPROVED", False)
    assert session["review"]["required"] is True
    assert story.notifier.alarmed == [session_id]
    assert (confirm("alice")[0], confirm("alice")[1]["code"]) == (409, "CONFLICT")


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize(
    ("error", "status"), [("States.Timeout", "UNANSWERED"), ("Lambda.Unknown", "FAILED")]
)
def test_a_workflow_that_failed_closes_its_session(
    function: Load, story: Story, error: str, status: str
) -> None:
    session = story.request()
    answer = function("revoke_session")(failed(story, session, error, "ü" * 5000))
    assert (answer["status"], answer["error"]) == (status, error)
    assert answer["cause"].startswith("ü" * 400)
    assert len(answer["cause"].encode()) <= LONGEST_CAUSE
    stored = story.store.get(session.session_id)
    assert stored is not None
    assert stored.status.value == status


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("status", ["APPROVED", "ACTIVATING", "ACTIVE"])
def test_a_state_that_timed_out_after_the_votes_is_a_failure_and_no_missing_answer(
    function: Load, story: Story, status: str
) -> None:
    session = story.granted()
    story.store.save(session, replace(session, status=Status(status)), ())
    answer = function("revoke_session")(failed(story, session, "States.Timeout"))
    assert answer["status"] == "FAILED"
    assert story.issuer.held == set(), "whatever the status says of what was made"


@pytest.mark.guarantee("G6")
def test_a_try_of_the_tick_that_fails_is_no_error_and_of_what_is_over_it_is_counted(
    function: Load, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted(seconds=60)
    story.lease(session.session_id)
    event = event_of(messages.Sweep(session_id=session.session_id))
    story.later(minutes=2)
    story.issuer.down = True
    assert function("revoke_session")(event)["error"] == "IssuerUnavailable"
    assert "TracesLeft" not in capsys.readouterr().out
    story.issuer.down = False
    assert function("revoke_session")(event)["status"] == "EXPIRED"
    # No auditor carried its end here, so what it left waits for the longest life of a session.
    story.later(hours=31)
    story.issuer.down = True
    assert function("revoke_session")(event)["error"] == "IssuerUnavailable"
    assert "TracesLeft" in capsys.readouterr().out
    stored = story.store.get(session.session_id)
    assert stored is not None
    assert stored.tries == 2, "what was tried ahead of its turn does not count"


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("own_id", ["", "01KJMMA2R0000000000000000A"])
def test_an_admission_that_died_closes_the_session_of_its_execution_or_finds_none(
    function: Load, story: Story, own_id: str
) -> None:
    revoke = function("revoke_session")
    admit = started(story, START | ({"session_id": own_id} if own_id else {}))
    died = event_of(messages.AdmissionFailed(execution_arn=EXECUTION))
    story.workflow.failures[EXECUTION] = Failure(error="Boom", cause="")
    assert revoke(died)["status"] == "NONE"
    admitted = function("admit_request")(admit)
    assert revoke(died) == {"status": "FAILED", "error": "Boom", "cause": ""}
    stored = story.store.get(admitted["session_id"])
    assert stored is not None
    assert stored.status is Status.FAILED


@pytest.mark.guarantee("G6")
def test_an_admission_that_died_closes_the_session_that_started_it_and_none_of_that_name(
    function: Load, story: Story
) -> None:
    revoke, session = function("revoke_session"), story.request()
    named_like_it = f"{EXECUTION.rpartition(':')[0]}:other:{session.session_id}"
    for execution, status in ((named_like_it, "NONE"), (session.execution_arn, "FAILED")):
        started(story, {}, execution)
        story.workflow.failures[execution] = Failure(error="Boom", cause="")
        died = event_of(messages.AdmissionFailed(execution_arn=execution))
        assert revoke(died)["status"] == status
        assert (story.store.get(session.session_id) == session) is (status == "NONE")


@pytest.mark.parametrize("cause", ["no JSON", "[]", "{}"])
def test_a_refusal_whose_sentence_is_not_understood_closes_the_session_all_the_same(
    function: Load, story: Story, cause: str
) -> None:
    answer = function("revoke_session")(failed(story, story.request(), "Conflict", cause))
    assert (answer["status"], answer["cause"]) == ("FAILED", "see the execution")


@pytest.mark.guarantee("G4")
def test_the_workflow_that_comes_too_early_tries_again_and_the_tick_lets_it_be(
    function: Load, story: Story
) -> None:
    session = story.granted(seconds=60)
    revoke = function("revoke_session")
    due = event_of(messages.EndDue(session_id=session.session_id))
    with pytest.raises(NotYet):
        revoke(due)
    early = revoke(event_of(messages.Sweep(session_id=session.session_id)))
    assert early["status"] == "NOT_YET"
    story.now = session.expires_at or story.now
    assert revoke(due)["status"] == "EXPIRED"
    assert story.workflow.stopped == []


def test_a_withdrawn_session_is_not_activated(function: Load, story: Story) -> None:
    session_id = story.request().session_id
    story.end(session_id)
    with pytest.raises(Exception, match="WITHDRAWN"):
        function("activate_session")(event_of(messages.Activate(session_id=session_id)))


@pytest.fixture
def logs(aws: None, monkeypatch: pytest.MonkeyPatch, story: Story) -> Any:
    story.now = clock.now()  # CloudWatch takes nothing older than two weeks
    client = boto3.client("logs")
    client.create_log_group(logGroupName="audit")
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="archive")
    sink = CloudWatchAuditSink(client, Recorder(put_events={"FailedEntryCount": 0}), "audit", "b")
    monkeypatch.setattr(wiring, "sink", lambda *_: sink)
    return client


def stream_of(table: Any) -> list[dict[str, Any]]:
    """What the stream would bring: every item there is, as an insert."""
    items = table.scan(TableName="sessions")["Items"]
    return [
        {"dynamodb": {"NewImage": item, "SequenceNumber": str(number)}}
        for number, item in enumerate(items)
    ]


def logged(logs: Any) -> list[dict[str, Any]]:
    events = logs.filter_log_events(logGroupName="audit")["events"]
    return [json.loads(event["message"]) for event in events]


@pytest.mark.guarantee("G7")
def test_the_auditor_carries_every_record_once_however_often_the_stream_repeats(
    function: Load, story: Story, table: Any, logs: Any
) -> None:
    sessions = [story.granted().session_id, story.granted("dave").session_id]
    audit = function("audit_session")
    for _ in range(2):
        assert audit({"Records": stream_of(table)}) == {"batchItemFailures": []}
    for session_id in sessions:
        lines = [line for line in logged(logs) if line["session_id"] == session_id]
        assert lines == story.store.records(session_id)


def test_a_finding_of_no_session_is_logged_and_announced(
    function: Load, story: Story, table: Any, logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Recorder(put_events={"FailedEntryCount": 0})
    monkeypatch.setattr(wiring, "sink", lambda *_: CloudWatchAuditSink(logs, bus, "audit", "bus"))
    entry = Entry(
        type=RecordType.ACTIVITY,
        actor=Actor(principal=arn("mallory"), kind=ActorKind.PERSON),
        outcome=Outcome.FAILURE,
        detail="dark access: it has no source identity",
    )
    record = new_records.finding(entry=entry, resource=LEDGER, now=story.now, new_id=new_id)
    story.store.add_finding(record, Once(key="event-1", until=story.now))
    assert function("audit_session")({"Records": stream_of(table)}) == {"batchItemFailures": []}
    assert logged(logs) == [record]
    ((_, told),) = bus.calls
    (announced,) = told["Entries"]
    assert announced["DetailType"] == "PAM Dark Access"
    assert json.loads(announced["Detail"]) == record


@pytest.mark.guarantee("G7")
def test_a_record_that_cannot_be_carried_is_where_the_stream_begins_again(
    function: Load, story: Story, table: Any, logs: Any
) -> None:
    story.request()
    records = stream_of(table)
    number = next(
        record["dynamodb"]["SequenceNumber"]
        for record in records
        if record["dynamodb"]["NewImage"]["kind"]["S"] == RECORD
    )
    logs.delete_log_group(logGroupName="audit")
    audit = function("audit_session")
    failed = audit({"Records": records})
    assert failed == {"batchItemFailures": [{"itemIdentifier": number}]}
    logs.create_log_group(logGroupName="audit")
    story.later(minutes=1)
    assert audit({"Records": records}) == {"batchItemFailures": []}
    assert len(logged(logs)) == 1


@pytest.mark.guarantee("G7")
def test_a_record_that_cannot_be_carried_keeps_no_other_waiting(
    function: Load, story: Story, table: Any, logs: Any
) -> None:
    first, other = story.request(), story.request("dave")
    spoilt = new_records.finding(
        entry=Entry(
            type=RecordType.DRIFT,
            actor=Actor(principal="x", kind=ActorKind.PERSON),
            policy_version="0" * 64,
        ),
        resource="",
        now=story.now,
        new_id=new_id,
    )
    story.store.add_finding(spoilt, Once(key="spoilt", until=story.now))
    records = stream_of(table)
    records.sort(key=lambda each: "NONE#" not in each["dynamodb"]["NewImage"]["pk"]["S"])
    (failed,) = function("audit_session")({"Records": records})["batchItemFailures"]
    assert failed["itemIdentifier"] == records[0]["dynamodb"]["SequenceNumber"]
    assert {line["session_id"] for line in logged(logs)} == {first.session_id, other.session_id}


def test_a_lease_that_waits_for_its_record_is_told_how_far_the_log_is(
    function: Load, story: Story, logs: Any
) -> None:
    session = story.granted()
    answer = function("audit_session")(event_of(messages.Settle(session_id=session.session_id)))
    assert answer == {"delivered": session.sequence}


def run_out(session_id: str) -> dict[str, Any]:
    """What DynamoDB's own clock leaves in the stream."""
    keys = {"pk": {"S": "GRANT#alice#core-ledger-admin"}, "sk": {"S": session_id}}
    return {"dynamodb": {"Keys": keys, "SequenceNumber": "7"}}


@pytest.mark.guarantee("G6")
def test_a_grant_that_ran_out_ends_its_session_though_nothing_else_did(
    function: Load, story: Story
) -> None:
    session_id = story.granted().session_id
    revocation = function("revoke_session")
    assert revocation({"Records": [run_out(session_id)]}) == {"batchItemFailures": []}
    assert story.store.get(session_id).status is Status.ACTIVE  # type: ignore[union-attr]
    story.later(minutes=11)
    assert revocation({"Records": [run_out(session_id)]}) == {"batchItemFailures": []}
    assert story.store.get(session_id).status is Status.EXPIRED  # type: ignore[union-attr]


def test_a_grant_whose_target_does_not_answer_is_brought_again(
    function: Load, story: Story
) -> None:
    session_id = story.granted().session_id
    story.later(minutes=11)
    story.issuer.down = True
    told = function("revoke_session")({"Records": [run_out(session_id), run_out(session_id)]})
    assert told == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_search_counts_what_it_removed_and_what_is_missing(
    function: Load, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    over, lost = story.granted().session_id, story.granted().session_id
    story.end(over)
    story.issuer.left = {over}
    story.issuer.held.discard(lost)
    counted = []
    for _ in range(2):
        capsys.readouterr()
        found = function("revoke_session")(event_of(messages.SearchTargets()))
        assert (found["missing"], found["unreached"], found["postponed"]) == ([lost], [], [])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        names = ("OrphanRemoved", "AccessMissing", "BoundaryMissing", "DenyMissing")
        counted.append([(n, line[n]) for n in names for line in lines if n in line])
    assert story.issuer.cleared == [over]
    missing = ("AccessMissing", [1.0])
    assert counted == [[("OrphanRemoved", [1.0]), missing], [missing]]


def test_a_search_counts_ends_that_were_undone_and_what_binds_no_more(
    function: Load, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = story.granted().session_id
    story.lease(session_id)
    story.revoke(session_id)
    story.later(seconds=20)
    story.issuer.let_in_again = {session_id}
    story.issuer.boundary_fault = "none"
    assert function("revoke_session")(event_of(messages.SearchDenies()))["undone"] == [session_id]
    assert function("revoke_session")(event_of(messages.SearchDenies()))["undone"] == []
    unbound = function("revoke_session")(event_of(messages.SearchTargets()))["unbounded"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ("DenyMissing", "BoundaryMissing")
    counted = {n: sum(sum(line[n]) for line in lines if n in line) for n in names}
    assert counted == {"DenyMissing": 1, "BoundaryMissing": len(unbound)}
    assert unbound


def test_a_search_for_denies_that_did_not_reach_a_role_is_an_error(
    function: Load, story: Story
) -> None:
    session_id = story.granted().session_id
    story.lease(session_id)
    story.revoke(session_id)
    story.later(seconds=20)
    story.issuer.down = True
    with pytest.raises(IssuerUnavailable, match="not reached: arn:aws:"):
        function("revoke_session")(event_of(messages.SearchDenies()))


def test_a_search_that_did_not_reach_a_target_is_an_error(function: Load, story: Story) -> None:
    story.issuer.down = True
    with pytest.raises(IssuerUnavailable, match="not reached: arn:aws:"):
        function("revoke_session")(event_of(messages.SearchTargets()))


@pytest.mark.parametrize(("wanted", "begun"), [(60_001, False), (60_000, True)])
def test_a_search_begins_no_target_that_it_may_have_no_time_to_give_up(
    function: Load, monkeypatch: pytest.MonkeyPatch, wanted: int, *, begun: bool
) -> None:
    monkeypatch.setattr(revoke_session, "_TIME_FOR_A_TARGET_MS", wanted)
    found = function("revoke_session")(event_of(messages.SearchTargets()))
    assert (found["postponed"] == []) is begun
