"""The belt behind the workflow: what is overdue is driven to its end, whoever has died."""

from typing import Any

import pytest

from local.cast import Cast, Person, until
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.names import Table, table_name
from tests.e2e.overdue import make_overdue

LEDGER, SANDBOX = "core-ledger-admin", "core-sandbox-admin"


@pytest.mark.guarantee("G6")
def test_a_request_that_nobody_decides_is_closed_and_so_is_its_workflow(
    cast: Cast, alice: Person, bob: Person, root: Person
) -> None:
    session = alice.request(LEDGER)
    make_overdue(cast, session["session_id"])
    cast.tick()
    closed = alice.wait_for(session["session_id"], "UNANSWERED")
    assert closed["end_reason"] == "nobody decided in time"
    assert bob.approve(session["session_id"]).code == "CONFLICT"
    states = root.client("stepfunctions")

    def over() -> Any:
        execution = states.describe_execution(executionArn=session["execution_arn"])
        return execution if execution["status"] != "RUNNING" else None

    assert until(over, "the execution to end")["error"] == "UNANSWERED"


@pytest.mark.guarantee("G6")
def test_a_session_whose_workflow_was_killed_ends_at_its_time_all_the_same(
    cast: Cast, alice: Person, root: Person
) -> None:
    session = alice.request(SANDBOX, duration_seconds=10)
    alice.wait_for(session["session_id"], "ACTIVE")
    states, killed = root.client("stepfunctions"), session["execution_arn"]
    states.stop_execution(executionArn=killed)
    assert states.describe_execution(executionArn=killed)["status"] == "ABORTED"

    def closed() -> Any:
        cast.tick()
        found = alice.session(session["session_id"])
        return found if found["status"] == "EXPIRED" else None

    assert until(closed, "the tick to close it")["ending"]["confirmed_at"]


@pytest.mark.guarantee("G5")
def test_a_deny_is_taken_off_the_role_when_the_last_lease_would_have_ended(
    cast: Cast, alice: Person, sam: Person, root: Person
) -> None:
    iam = root.client("iam")

    def denies() -> list[str]:
        role = "pam-target-core-sandbox-admin"
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
        return [name for page in pages for name in page["PolicyNames"]]

    def denied() -> str | None:
        """A session that has just ended by a deny of its own. The fifteenth on a role is gathered
        into one with those that other tests ended there; then the next has its own.
        """
        session_id = str(alice.request(SANDBOX, duration_seconds=60)["session_id"])
        alice.wait_for(session_id, "ACTIVE")
        alice.lease(session_id)
        sam.post("/pam/revoke", {"session_id": session_id, "reason": "enough"})
        alice.wait_for(session_id, "REVOKED")
        return session_id if f"pam-revoke-{session_id}" in denies() else None

    session_id = denied() or denied()
    assert session_id is not None, denies()
    name = f"pam-revoke-{session_id}"
    cast.invoke("revoke_session", {"message": "Sweep", "session_id": session_id})
    assert name in denies()
    then = {":then": {"S": "2020-01-01T00:00:00.000Z"}}

    def set_back(table: str, key: dict[str, str], update: str) -> None:
        root.client("dynamodb").update_item(
            TableName=table,
            Key=to_item(key),
            UpdateExpression=update,
            ExpressionAttributeValues=then,
        )

    of_session = "document.traces_until = :then, document.tried_at = :then"

    def due_long_ago() -> None:
        table = cast.parameter("/bank/local/mod046/session-store/table-name")
        key = table_keys.session_key(session_id)
        set_back(table, key, f"SET due_at = :then, {of_session}")

    due_long_ago()
    cast.invoke("revoke_session", {"message": "Sweep", "session_id": session_id})
    assert name in denies(), "what the session's own item says moves no deny"
    delivered = table_name("local", Table.DELIVERED)
    key = table_keys.delivered_key(session_id)
    dynamodb = root.client("dynamodb")
    until(
        lambda: (
            dynamodb.get_item(TableName=delivered, Key=to_item(key))
            .get("Item", {})
            .get(table_keys.ENDED_MARK)
        ),
        "the end to be delivered",
    )
    set_back(delivered, key, f"SET {table_keys.ENDED_MARK} = :then")
    due_long_ago()

    def gone() -> bool | None:
        cast.tick()
        return name not in denies() or None

    assert until(gone, "the deny to be removed")
