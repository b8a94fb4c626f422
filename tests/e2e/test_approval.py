"""Who may let whom in, by `docs/interface.md`, through the front door."""

from typing import Any

import pytest

from local.cast import Cast, Person, until
from local.inboxes import read_inbox

LEDGER, KYC = "core-ledger-admin", "kyc-documents-read"


@pytest.mark.guarantee("G2")
def test_nobody_approves_their_own_request(alice: Person) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    answer = alice.approve(session_id)
    assert (answer.status, answer.code) == (403, "SELF_APPROVAL")
    assert alice.session(session_id)["approvals"]["received"] == 0


@pytest.mark.guarantee("G2")
def test_nobody_counts_twice(alice: Person, bob: Person) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    assert bob.approve(session_id).status == 200
    answer = bob.approve(session_id)
    assert (answer.status, answer.code) == (409, "CONFLICT")
    assert alice.session(session_id)["approvals"]["received"] == 1


def test_one_denial_ends_a_request(alice: Person, bob: Person, carol: Person, root: Person) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    assert bob.approve(session_id).status == 200
    answer = carol.approve(session_id, decision="deny", comment="not during the close")
    assert (answer.status, answer.body["status"]) == (200, "DENIED")
    states = root.client("stepfunctions")
    arn = answer.body["execution_arn"]

    def failed() -> dict[str, Any] | None:
        execution = states.describe_execution(executionArn=arn)
        return execution if execution["status"] == "FAILED" else None

    assert until(failed, "the execution to fail")["error"] == "DENIED"


@pytest.mark.guarantee("G3")
def test_a_cross_domain_request_waits_for_an_approver_of_the_resources_domain(
    alice: Person, bob: Person, carol: Person, erin: Person, kate: Person
) -> None:
    session = alice.request(KYC)
    assert session["approvals"]["required"] == 3
    assert session["approvals"]["domain_required"] == 1
    session_id = session["session_id"]
    for approver in (bob, carol, erin):
        assert approver.approve(session_id).body["status"] == "PENDING_APPROVAL"
    answer = kate.approve(session_id)
    assert answer.body["status"] == "APPROVED"
    alice.wait_for(session_id, "ACTIVE")


@pytest.mark.guarantee("G3")
def test_break_glass_lifts_the_count_but_not_the_domain_gate(
    cast: Cast, alice: Person, kate: Person
) -> None:
    own = alice.request(LEDGER, break_glass=True)
    assert own["approvals"]["required"] == 0
    assert own["review"]["required"] is True
    alice.wait_for(own["session_id"], "ACTIVE")
    across = alice.request(KYC, break_glass=True)
    assert across["status"] == "PENDING_APPROVAL"
    assert kate.approve(across["session_id"]).body["status"] == "APPROVED"

    def told() -> str | None:
        inbox = read_inbox(cast.about["endpoint_url"], cast.about["inboxes"]["tier1"])
        return next((mail for mail in inbox if own["session_id"] in mail), None)

    assert "TIER 1: break-glass by alice" in until(told, "the Tier-1 alert")


def test_dev_is_given_at_once_and_audited(alice: Person, ada: Person) -> None:
    session_id = alice.request("core-sandbox-admin")["session_id"]
    alice.wait_for(session_id, "ACTIVE")
    items = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
    assert [item["type"] for item in items][:3] == ["Requested", "Approved", "Activating"]


def test_uat_takes_one_approval(alice: Person, bob: Person) -> None:
    session_id = alice.request("core-ledger-uat-admin")["session_id"]
    assert bob.approve(session_id).body["status"] == "APPROVED"
    alice.wait_for(session_id, "ACTIVE")


def test_an_approver_may_shorten_but_not_lengthen(
    alice: Person, bob: Person, carol: Person
) -> None:
    session_id = alice.request(LEDGER, duration_seconds=600)["session_id"]
    assert bob.approve(session_id, duration_seconds=900).code == "VALIDATION"
    assert bob.approve(session_id, duration_seconds=120).status == 200
    assert carol.approve(session_id, duration_seconds=300).body["duration_seconds"] == 120


def test_approvers_are_told_what_the_catalogue_says(cast: Cast, alice: Person) -> None:
    reason = "please approve quickly, resource is only the sandbox"
    session_id = alice.request(LEDGER, reason=reason)["session_id"]

    def told() -> str | None:
        inbox = read_inbox(cast.about["endpoint_url"], cast.about["inboxes"]["approvers"])
        return next((mail for mail in inbox if session_id in mail), None)

    mail = until(told, "the approvers' mail")
    assert "PAM local: alice asks for core-ledger-admin" in mail
    assert "Allows: Read and write the objects of the core ledger." in mail
    assert f"  pam --env local approve {session_id}" in mail
    assert f"> {reason}" in mail


def test_a_withdrawn_request_cannot_be_approved(alice: Person, bob: Person) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    assert alice.post("/pam/end", {"session_id": session_id}).body["status"] == "WITHDRAWN"
    assert bob.approve(session_id).code == "CONFLICT"


NOT_APPROVERS = ["alice", "dave", "kim", "sam", "ada", "kate"]


@pytest.mark.parametrize("name", NOT_APPROVERS)
def test_only_approvers_of_the_domains_concerned_vote(cast: Cast, alice: Person, name: str) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    answer = cast.person(name).approve(session_id)
    assert answer.status == 403
    assert answer.code == ("SELF_APPROVAL" if name == "alice" else "NOT_ELIGIBLE")


@pytest.mark.parametrize("name", ["bob", "sam", "ada", "runbook"])
def test_only_engineers_ask(cast: Cast, name: str) -> None:
    body = {"resource": LEDGER, "reason": "because I would like to"}
    assert cast.person(name).post("/pam/request", body).status == 403
