"""The blocklist against the deployed app: at once, everywhere, and back again."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from local.cast import Answer, Cast, Person, is_refused, until

LEDGER, UAT, SANDBOX = "core-ledger-admin", "core-ledger-uat-admin", "core-sandbox-admin"
TARGETS = (LEDGER, UAT, SANDBOX, SANDBOX)


def block(sam: Person, session_id: str, seconds: int = 0, **fields: str) -> Answer:
    body = {"session_id": session_id, "reason": "laptop stolen", "block_seconds": seconds}
    return sam.post("/pam/revoke", body | fields)


def lift(sam: Person, who: str, **query: str) -> Answer:
    query = {"reason": "laptop%20found"} | query
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return sam.call("DELETE", f"/pam/blocklist/{quote(who, safe='')}?{asked}")


def ask(who: Person, resource: str = LEDGER) -> Answer:
    return who.post("/pam/request", {"resource": resource, "reason": "ledger stuck, INC-1"})


def blocked(sam: Person) -> list[dict[str, Any]]:
    """What stands against dave; others of the stack may be blocked by other tests."""
    answer = sam.get("/pam/blocklist")
    assert answer.status == 200, answer
    return [item for item in answer.body["items"] if item["person"] == "dave"]


@pytest.fixture
def dave(cast: Cast, sam: Person) -> Iterator[Person]:
    """Whoever is blocked here, and is free again afterwards."""
    yield cast.person("dave")
    lift(sam, "dave")


def granted(who: Person, bob: Person, carol: Person) -> list[str]:
    """An open access on each of three targets, and a second one on the last."""
    sessions = [who.request(name)["session_id"] for name in TARGETS]
    bob.approve(sessions[0])
    carol.approve(sessions[0])
    bob.approve(sessions[1])
    for session_id in sessions:
        who.wait_for(session_id, "ACTIVE")
    return sessions


@pytest.mark.guarantee("G14")
def test_a_blocked_person_keeps_nothing_and_gets_nothing_until_lifted(
    cast: Cast, alice: Person, dave: Person, bob: Person, carol: Person, sam: Person
) -> None:
    sessions = granted(dave, bob, carol)
    pending = dave.request(LEDGER)["session_id"]
    other = alice.request(SANDBOX)["session_id"]
    alice.wait_for(other, "ACTIVE")
    leases = [dave.lease(session_id) for session_id in sessions]
    answer = block(sam, sessions[0])
    assert (answer.status, answer.body["status"]) == (200, "REVOKED"), answer
    for session_id, lease, resource in zip(sessions, leases, TARGETS, strict=True):
        session = dave.session(session_id)
        assert (session["status"], session["ending"]["method"]) == ("REVOKED", "deny-read-back")
        s3, bucket = cast.with_lease(lease, "s3"), cast.bucket(resource)
        assert is_refused(lambda s3=s3, bucket=bucket: s3.list_objects_v2(Bucket=bucket))
    assert dave.session(pending)["ending"]["method"] == "never-granted"
    for resource in (LEDGER, SANDBOX):
        refused = ask(dave, resource)
        assert (refused.status, refused.code) == (403, "BLOCKED")
    assert alice.session(other)["status"] == "ACTIVE"
    assert ask(alice).status == 202
    (entry,) = blocked(sam)
    assert (entry["person"], entry["until"], entry["resource"]) == ("dave", None, None)
    assert lift(sam, dave.principal).status == 200
    assert blocked(sam) == []
    assert ask(dave).status == 202


@pytest.mark.guarantee("G14")
def test_a_person_is_blocked_by_name_and_all_that_they_have_ends_in_one_call(
    cast: Cast, dave: Person, bob: Person, carol: Person, sam: Person
) -> None:
    sessions = granted(dave, bob, carol)
    lease = dave.lease(sessions[0])
    order = {"person": "DAVE", "reason": "laptop stolen", "seconds": 3600}
    answer = sam.post("/pam/block", order)
    assert answer.status == 200, answer
    assert answer.body["person"] == "dave"
    # In Slack, too, if he linked his account there.
    assert dave.principal in answer.body["principals"]
    assert sorted(answer.body["ended"]) == sorted(sessions)
    assert [item["person"] for item in answer.body["items"]] == ["dave"]
    assert {dave.session(session_id)["status"] for session_id in sessions} == {"REVOKED"}
    s3 = cast.with_lease(lease, "s3")
    assert is_refused(lambda: s3.list_objects_v2(Bucket=cast.bucket(LEDGER)))
    assert ask(dave).code == "BLOCKED"


@pytest.mark.guarantee("G14")
def test_the_approval_of_somebody_who_is_blocked_counts_no_more(
    cast: Cast, alice: Person, bob: Person, carol: Person, erin: Person, sam: Person
) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    bob.approve(session_id)
    order = {"person": bob.principal, "reason": "account stolen", "seconds": 60}
    assert sam.post("/pam/block", order).body["ended"] == []
    try:
        assert carol.approve(session_id).body["status"] == "PENDING_APPROVAL"
        assert erin.approve(session_id).body["status"] == "APPROVED"
        alice.wait_for(session_id, "ACTIVE")
    finally:
        lift(sam, "bob")


def test_somebody_unheard_of_is_blocked_only_if_that_is_meant(sam: Person, alice: Person) -> None:
    # Whoever was blocked once is heard of.
    zoe = f"zoe-{uuid4().hex[:8]}"
    order = {"person": zoe, "reason": "left the bank", "seconds": 60}
    refused = sam.post("/pam/block", order)
    assert (refused.status, refused.code) == (400, "VALIDATION")
    meant = sam.post("/pam/block", order | {"unseen": True})
    assert (meant.status, meant.body["person"], meant.body["principals"]) == (200, zoe, [])
    assert sam.post("/pam/block", order | {"person": "sam"}).code == "NOT_ELIGIBLE"
    assert alice.post("/pam/block", order).code == "NOT_ELIGIBLE"
    assert lift(sam, zoe).status == 200


@pytest.mark.guarantee("G14")
def test_a_block_on_one_resource_leaves_the_others(
    dave: Person, bob: Person, carol: Person, sam: Person
) -> None:
    ledger, uat, sandbox, _ = granted(dave, bob, carol)
    assert block(sam, ledger, block_scope="resource").body["status"] == "REVOKED"
    assert dave.session(uat)["status"] == dave.session(sandbox)["status"] == "ACTIVE"
    dave.lease(uat)
    assert ask(dave).code == "BLOCKED"
    assert ask(dave, SANDBOX).status == 202
    assert lift(sam, "dave", resource=LEDGER).status == 200


@pytest.mark.guarantee("G14")
def test_a_block_ends_by_itself_at_its_time(dave: Person, sam: Person) -> None:
    session_id = dave.request(LEDGER)["session_id"]
    assert block(sam, session_id, 5).status == 200
    (entry,) = blocked(sam)
    over, refused = datetime.fromisoformat(entry["until"]), 0
    # Of what is asked before the end and answered after it, either is right.
    while (asked := datetime.now(UTC)) < over:
        answer = ask(dave)
        assert answer.code == "BLOCKED" or datetime.now(UTC) > over, over - asked
        refused += answer.code == "BLOCKED"
        time.sleep(0.2)
    assert refused, "the block was over before anything was asked"
    assert answer.status == 202 or ask(dave).status == 202
    assert lift(sam, "dave").code == "NOT_FOUND"


@pytest.mark.guarantee("G14")
def test_a_runbook_does_not_get_a_blocked_person_in(cast: Cast, dave: Person, sam: Person) -> None:
    block(sam, dave.request(LEDGER)["session_id"])
    machine = cast.parameter("/bank/local/mod046/approval-workflow/arn")
    states = cast.person("runbook").client("stepfunctions")
    wish = {"requester": "dave", "resource": SANDBOX, "reason": "nightly repair job"}
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(wish))["executionArn"]
    watching = cast.person("root").client("stepfunctions")

    def failed() -> dict[str, Any] | None:
        execution = watching.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    execution = until(failed, "the execution to end")
    assert (execution["status"], execution["error"]) == ("FAILED", "BLOCKED")


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("name", ["alice", "bob", "ada", "dave"])
def test_nobody_but_an_operator_blocks_or_lifts(
    cast: Cast, dave: Person, sam: Person, name: str
) -> None:
    session_id = dave.request(LEDGER)["session_id"]
    assert block(cast.person(name), session_id).code == "NOT_ELIGIBLE"
    assert blocked(sam) == []
    block(sam, session_id)
    assert lift(cast.person(name), "dave").code == "NOT_ELIGIBLE"
    assert len(blocked(cast.person("ada"))) == 1
    assert cast.person("bob").get("/pam/blocklist").code == "NOT_ELIGIBLE"


@pytest.mark.guarantee("G14")
def test_block_and_lift_reach_the_audit_log_without_the_reason(
    dave: Person, sam: Person, ada: Person
) -> None:
    block(sam, dave.request(LEDGER)["session_id"], 3600)
    answer = lift(sam, "dave")
    assert answer.body["items"][0]["lift_reason"] == "laptop found"
    (lifted,) = answer.body["items"]
    wanted = [("Blocked", lifted["blocked_at"]), ("Unblocked", lifted["lifted_at"])]
    logs = ada.client("logs")

    def recorded() -> list[dict[str, Any]] | None:
        # Of his alone: all that other tests left is more than one answer has room for.
        answer = logs.filter_log_events(
            logGroupName="/bank/local/mod046/audit", filterPattern=f'"{dave.principal}"'
        )
        lines = [json.loads(event["message"]) for event in answer["events"]]
        found = [line for line in lines if (line["type"], line["at"]) in wanted]
        return found if [(line["type"], line["at"]) for line in found] == wanted else None

    for record in until(recorded, "both records"):
        assert (record["session_id"], record["sequence"]) == ("", 0)
        assert record["requester"] == dave.principal
        assert record["actor"]["principal"] == sam.principal
        assert "laptop" not in json.dumps(record)
