"""What somebody gets who may invoke functions, and hands them whatever they like."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pam.domain import messages
from pam.domain.errors import NoSuchExecution, NotFound, NotYet
from pam.domain.handled_call import NO_CALL
from pam.domain.lifecycle import Status
from pam.domain.messages import UnknownEvent, event_of
from pam.domain.session import Session
from pam.ports.people import Failure
from tests.fakes.story import LEDGER, SANDBOX, Story, arn
from tests.fakes.world import FakeCalls
from tests.handlers.conftest import Function, call
from tests.handlers.executions import EXECUTION, START, failed, snapshot, started

Load = Callable[[str], Function]
ULID = "01KJMMA2R0000000000000000A"
ASK = json.dumps({"resource": LEDGER, "reason": "ledger stuck, INC-1"})
DOORS = ("issue_credentials", "request_api")
POWERS = (
    "activate_session",
    "admit_request",
    "ask_approvers",
    "audit_session",
    "find_dark_calls",
    "record_activity",
    "revoke_session",
    "send_notices",
    "tick",
    "watch_store",
)
TAKES: dict[str, set[str]] = {
    "activate_session": {"Activate"},
    "admit_request": {"Admit"},
    "ask_approvers": {"AskApprovers"},
    "audit_session": {"Settle"},
    "find_dark_calls": {"MatchCalls"},
    "revoke_session": {
        "EndDue",
        "EndDecided",
        "Sweep",
        "CloseUnfinished",
        "AdmissionFailed",
        "SearchTargets",
        "SearchDenies",
        "SearchBlocked",
    },
    "send_notices": {"SendNotices"},
    "tick": {"Tick"},
    "watch_store": set(),
}
ALL: dict[str, dict[str, Any]] = {
    "Activate": event_of(messages.Activate(session_id=ULID)),
    "Admit": event_of(messages.Admit(execution_arn=EXECUTION)),
    "AdmissionFailed": event_of(messages.AdmissionFailed(execution_arn=EXECUTION)),
    "AskApprovers": event_of(messages.AskApprovers(session_id=ULID, task_token="t")),
    "CloseUnfinished": event_of(messages.CloseUnfinished(execution_arn=EXECUTION, session_id=ULID)),
    "EndDecided": event_of(messages.EndDecided(session_id=ULID)),
    "EndDue": event_of(messages.EndDue(session_id=ULID)),
    "MatchCalls": event_of(messages.MatchCalls()),
    "SealRecords": event_of(messages.SealRecords()),
    "SearchBlocked": event_of(messages.SearchBlocked()),
    "SearchDenies": event_of(messages.SearchDenies()),
    "SearchTargets": event_of(messages.SearchTargets()),
    "SendNotices": event_of(messages.SendNotices(session_id=ULID)),
    "Settle": event_of(messages.Settle(session_id=ULID)),
    "Sweep": event_of(messages.Sweep(session_id=ULID)),
    "Tick": event_of(messages.Tick()),
}
SHAPELESS: dict[str, Any] = {
    "nothing": {},
    "a list": [],
    "a text": "Tick",
    "no tag": {"session_id": ULID},
    "a tag that is none": {"message": "Grant", "session_id": ULID},
    "a tag that is no text": {"message": ["Activate"], "session_id": ULID},
    "a failure": {"session_id": ULID, "failure": {"error": "Boom", "cause": ""}},
    "an actor": {"session_id": ULID, "by": "tick"},
    "the stream's own tag": {"message": "StreamRecords", "records": []},
    "records that are none": {"Records": "all of them"},
    "records and more": {"Records": [], "message": "Tick"},
}


def close(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Very like it, and not it."""
    more = {"one field more": message | {"verdict": "REVOKED"}}
    for name in set(message) - {"message"}:
        more |= {
            f"without {name}": {k: v for k, v in message.items() if k != name},
            f"{name} of another type": message | {name: [message[name]]},
            f"{name} empty": message | {name: ""},
        }
    if "session_id" in message:
        more |= {"an id that is none": message | {"session_id": f"{ULID}#RECORD"}}
    return more


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("power", POWERS)
def test_a_power_knows_no_callers(function: Load, story: Story, power: str) -> None:
    session_id = story.granted().session_id
    before = snapshot(story)
    for event in (
        call("POST", "/pam/revoke", "sam", json.dumps({"session_id": session_id})),
        call("POST", "/pam/sessions/{session_id}/credentials", "alice", session_id=session_id),
        call("POST", "/pam/request", "alice", ASK),
    ):
        with pytest.raises(UnknownEvent):
            function(power)(event)
    assert snapshot(story) == before


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("door", DOORS)
def test_a_door_takes_calls_of_the_gateway_and_nothing_else(
    function: Load, story: Story, calls: FakeCalls, door: str
) -> None:
    before = snapshot(story)
    asked = call("POST", "/pam/request", "alice", ASK)
    context = asked["requestContext"]
    nobody = [
        asked | {"requestContext": {**context, "identity": {}}},
        asked | {"requestContext": {**context, "identity": None}},
        asked | {"requestContext": {**context, "identity": {"userArn": ["a"]}}},
        *(
            asked | {"requestContext": {k: v for k, v in context.items() if k != name}}
            for name in ("extendedRequestId", "requestId", "path")
        ),
        # What no table takes could not be noted.
        *(
            asked | {"requestContext": {**context, name: text}}
            for name in ("extendedRequestId", "path")
            for text in ("x" * 20_000, "\ud800")
        ),
        asked | {"requestContext": {**context, "identity": {"userArn": "\ud800"}}},
        asked | {"requestContext": "sam"},
        {k: v for k, v in asked.items() if k != "httpMethod"},
    ]
    for event in [*ALL.values(), *SHAPELESS.values(), *nobody]:
        with pytest.raises(UnknownEvent):
            function(door)(event)
    assert snapshot(story) == before
    assert len(calls.noted) == len([*ALL, *SHAPELESS, *nobody])
    assert {noted.again for noted in calls.noted.values()} == {NO_CALL}, "each is told"
    for noted in calls.noted.values():
        assert len(f"{noted.request_id}{noted.principal}{noted.path}".encode()) < 4000


@pytest.mark.parametrize("power", TAKES)
def test_a_power_refuses_every_message_that_is_not_its_own_to_the_letter(
    function: Load, story: Story, power: str
) -> None:
    before = snapshot(story)
    others = [event for name, event in ALL.items() if name not in TAKES[power]]
    close_by = [event for name in TAKES[power] for event in close(ALL[name]).values()]
    for event in [*others, *close_by, *SHAPELESS.values()]:
        with pytest.raises(UnknownEvent):
            function(power)(event)
    assert snapshot(story) == before


def test_each_message_is_taken_by_whom_it_is_for() -> None:
    kinds = {name: getattr(messages, name) for name in ALL}
    assert {
        event_of(messages.read(event, kinds[name]))["message"] for name, event in ALL.items()
    } == set(ALL)


STANDING: dict[str, Callable[[Story], Session]] = {
    "waits for votes": lambda story: story.request(),
    "approved": lambda story: story.request("alice", SANDBOX),
    "active": lambda story: story.granted(),
}


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("stands", STANDING)
def test_nobody_ends_a_session_by_saying_that_its_workflow_failed(
    function: Load, story: Story, stands: str
) -> None:
    session = STANDING[stands](story)
    before = snapshot(story)
    revoke = function("revoke_session")
    said = messages.CloseUnfinished(
        execution_arn=session.execution_arn, session_id=session.session_id
    )
    with pytest.raises(NotYet):
        revoke(event_of(said))
    # Another execution did fail: somebody's own.
    story.workflow.failures[EXECUTION] = Failure(error="States.Timeout", cause="")
    with pytest.raises(NotFound):
        revoke(
            event_of(
                messages.CloseUnfinished(execution_arn=EXECUTION, session_id=session.session_id)
            )
        )
    with pytest.raises(NotYet):
        revoke(event_of(messages.AdmissionFailed(execution_arn=session.execution_arn)))
    assert snapshot(story) == before
    # And it is no deaf ear: what Step Functions says is done.
    assert revoke(failed(story, session, "Boom"))["status"] == "FAILED"


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("stands", STANDING)
def test_nobody_ends_a_session_by_saying_that_it_is_decided(
    function: Load, story: Story, stands: str
) -> None:
    session = STANDING[stands](story)
    before = snapshot(story)
    with pytest.raises(NotYet):
        function("revoke_session")(event_of(messages.EndDecided(session_id=session.session_id)))
    assert snapshot(story) == before


@pytest.mark.guarantee("G5")
def test_an_end_that_a_door_decided_is_done_by_whoever_asks(function: Load, story: Story) -> None:
    session_id = story.granted().session_id
    story.issuer.down = True
    assert story.revoke(session_id).status is Status.REVOKING
    story.issuer.down = False
    function("revoke_session")(event_of(messages.EndDecided(session_id=session_id)))
    stored = story.store.get(session_id)
    assert stored is not None
    assert stored.status is Status.REVOKED
    revoked = story.store.records(session_id)[-1]
    assert revoked["actor"]["principal"] == arn("sam"), "who decided, not who asked"


@pytest.mark.guarantee("G2")
def test_a_request_is_what_step_functions_was_started_with_and_not_what_a_message_says(
    function: Load, story: Story
) -> None:
    admit, before = function("admit_request"), snapshot(story)
    with pytest.raises(NoSuchExecution):
        admit(event_of(messages.Admit(execution_arn=EXECUTION)))
    with pytest.raises(UnknownEvent):
        admit(started(story, START, running=False))
    with pytest.raises(UnknownEvent):
        admit(started(story, START) | {"input": START | {"requester": arn("dave")}})
    assert snapshot(story) == before
    session = story.store.get(admit(started(story, START))["session_id"])
    assert session is not None
    assert session.requester == arn("alice")


@pytest.mark.guarantee("G6")
def test_a_token_that_nobody_waits_for_takes_no_others_place(function: Load, story: Story) -> None:
    session_id = story.request().session_id
    ask = function("ask_approvers")
    ask(event_of(messages.AskApprovers(session_id=session_id, task_token="real")))
    story.workflow.used_up.add("forged")
    with pytest.raises(UnknownEvent):
        ask(event_of(messages.AskApprovers(session_id=session_id, task_token="forged")))
    assert story.store.task_token(session_id) == "real"


@pytest.mark.guarantee("G8")
def test_making_access_answers_with_no_credential(function: Load, story: Story) -> None:
    session_id = story.request("alice", SANDBOX).session_id
    answer = function("activate_session")(event_of(messages.Activate(session_id=session_id)))
    assert set(answer) == {"status", "hold_until"}
    assert story.issuer.held == {session_id}
