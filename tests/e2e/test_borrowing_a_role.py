"""The main job, on the deployed app, under enforced IAM."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from local.cast import Cast, Person, is_refused, until
from tests.e2e.ends import assert_taken_away_at

LEDGER = "core-ledger-admin"


def granted(alice: Person, *approvers: Person, **fields: Any) -> dict[str, Any]:
    """A session of alice's on the ledger, approved and active."""
    session_id = alice.request(LEDGER, **fields)["session_id"]
    for approver in approvers:
        assert approver.approve(session_id).status == 200
    return alice.wait_for(session_id, "ACTIVE")


def put(cast: Cast, lease: dict[str, Any], resource: str = LEDGER) -> None:
    s3 = cast.with_lease(lease, "s3")
    s3.put_object(Bucket=cast.bucket(resource), Key="note", Body=b"borrowed")


@pytest.mark.guarantee("G1")
def test_nobody_reaches_a_resource_with_their_own_credentials(cast: Cast, alice: Person) -> None:
    s3 = alice.client("s3")
    assert is_refused(lambda: s3.get_object(Bucket=cast.bucket(LEDGER), Key="note"))
    assert is_refused(lambda: s3.put_object(Bucket=cast.bucket(LEDGER), Key="note", Body=b""))


@pytest.mark.guarantee("G1")
def test_nobody_but_pam_can_assume_a_target_role(cast: Cast) -> None:
    for name in cast.about["profiles"]:
        if name == "root":
            continue
        sts = cast.person(name).client("sts")
        role = "arn:aws:iam::000000000000:role/pam-target-core-ledger-admin"
        assert is_refused(
            lambda sts=sts, role=role: sts.assume_role(RoleArn=role, RoleSessionName="x1")
        ), name


@pytest.mark.guarantee("G2")
def test_two_approvers_give_credentials_that_reach_this_resource_and_no_other(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session = granted(alice, bob, carol, duration_seconds=60)
    lease = alice.lease(session["session_id"])
    assert lease["kind"] == "aws"
    put(cast, lease)
    s3 = cast.with_lease(lease, "s3")
    assert s3.get_object(Bucket=cast.bucket(LEDGER), Key="note")["Body"].read() == b"borrowed"
    assert is_refused(lambda: put(cast, lease, "kyc-documents-read"))
    caller = cast.with_lease(lease, "sts").get_caller_identity()["Arn"]
    assert caller.endswith(":assumed-role/pam-target-core-ledger-admin/alice")


@pytest.mark.guarantee("G2")
def test_one_approval_is_not_enough_for_production(alice: Person, bob: Person) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    answer = bob.approve(session_id)
    assert answer.body["status"] == "PENDING_APPROVAL"
    assert answer.body["approvals"]["received"] == 1
    assert alice.post(f"/pam/sessions/{session_id}/credentials").code == "CONFLICT"


@pytest.mark.guarantee("G4")
def test_the_clock_takes_the_very_same_credentials_away_to_the_second(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session = granted(alice, bob, carol, duration_seconds=10)
    lease = alice.lease(session["session_id"])
    assert_taken_away_at(
        datetime.fromisoformat(session["expires_at"]),
        lambda: not is_refused(lambda: put(cast, lease)),
    )
    over = alice.wait_for(session["session_id"], "EXPIRED")
    assert over["ending"]["confirmed_at"] is not None
    held = alice.get(f"/pam/check?resource={LEDGER}&principal={quote(alice.principal, safe='')}")
    assert held.body["session_id"] != session["session_id"]
    assert alice.post(f"/pam/sessions/{session['session_id']}/credentials").code == "CONFLICT"


@pytest.mark.guarantee("G5")
def test_an_operator_ends_one_session_at_once_and_the_other_goes_on(
    cast: Cast, alice: Person, dave: Person, bob: Person, carol: Person, sam: Person
) -> None:
    first = granted(alice, bob, carol, duration_seconds=120)
    second = granted(dave, bob, carol, duration_seconds=120)
    lease, other = alice.lease(first["session_id"]), dave.lease(second["session_id"])
    put(cast, lease)
    answer = sam.post("/pam/revoke", {"session_id": first["session_id"], "reason": "wrong ledger"})
    assert (answer.status, answer.body["status"]) == (200, "REVOKED")
    assert is_refused(lambda: put(cast, lease))
    assert answer.body["ending"]["method"] == "deny-read-back"
    assert answer.body["end_reason"] == "wrong ledger"
    put(cast, other)
    assert alice.post(f"/pam/sessions/{first['session_id']}/credentials").code == "CONFLICT"


@pytest.mark.guarantee("G5")
def test_a_requester_gives_access_back_and_their_second_session_on_it_goes_on(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    first = granted(alice, bob, carol, duration_seconds=120)
    second = granted(alice, bob, carol, duration_seconds=120)
    lease, other = alice.lease(first["session_id"]), alice.lease(second["session_id"])
    answer = alice.post("/pam/end", {"session_id": first["session_id"]})
    assert (answer.status, answer.body["status"]) == (200, "ENDED")
    assert is_refused(lambda: put(cast, lease))
    put(cast, other)
    held = alice.get(f"/pam/check?resource={LEDGER}").body
    assert held["allowed"] is True
    assert held["session_id"] != first["session_id"]


def test_a_lease_cannot_be_traded_in_for_other_credentials(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session = granted(alice, bob, carol, duration_seconds=60)
    sts = cast.with_lease(alice.lease(session["session_id"]), "sts")
    role = "arn:aws:iam::000000000000:role/pam-target-kyc-documents-read"
    assert is_refused(lambda: sts.assume_role(RoleArn=role, RoleSessionName="x1"))


@pytest.mark.guarantee("G6")
def test_the_workflow_of_a_session_that_ran_out_has_succeeded_in_few_steps(
    alice: Person, bob: Person, carol: Person, root: Person
) -> None:
    session = alice.request(LEDGER, duration_seconds=1)
    for approver in (bob, carol):
        assert approver.approve(session["session_id"]).status == 200
    alice.wait_for(session["session_id"], "EXPIRED")
    states = root.client("stepfunctions")
    arn = session["execution_arn"]
    until(
        lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" or None,
        "the execution to succeed",
    )
    events = states.get_execution_history(executionArn=arn)["events"]
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in events
        if "stateEnteredEventDetails" in event
    ]
    assert len(entered) <= 8, entered
