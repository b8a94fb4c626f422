"""The receipt of an end says how the target was seen to refuse, by a closed list of methods."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pam.domain.approval import Ballot
from pam.domain.ending import NOTHING_MADE, ReceiptMethod, read_receipt
from pam.domain.lifecycle import Status
from tests.fakes.story import Story

LAMBDAS = Path(__file__).resolve().parent.parent.parent / "lambdas"
OF_NO_KIND_THAT_IS_LENT = {"MEMBERSHIP_GONE"}


@pytest.mark.parametrize("method", ReceiptMethod)
def test_a_method_of_the_list_is_read_as_it_was_stored(method: ReceiptMethod) -> None:
    assert read_receipt(method.value, "seen") == (method, "seen")


@pytest.mark.parametrize("stored", ["device-lapsed", "Login-Refused", "login-refused ", 7])
def test_a_method_that_nobody_knows_is_other_and_stands_before_the_evidence(stored: object) -> None:
    method, evidence = read_receipt(stored, "seen")
    assert (method, evidence) == (ReceiptMethod.OTHER, f"{stored}: seen")
    assert read_receipt(method, evidence) == (method, evidence), "stored again it stays so"


def test_each_method_of_the_list_is_given_by_some_target_and_other_by_none() -> None:
    given = {
        name
        for path in LAMBDAS.rglob("*.py")
        if path.name != "ending.py"
        for name in re.findall(r"\bReceiptMethod\.([A-Z_]+)", path.read_text(encoding="utf-8"))
    }
    assert given == set(ReceiptMethod.__members__) - {"OTHER"} - OF_NO_KIND_THAT_IS_LENT


def denied(story: Story, session_id: str) -> None:
    story.vote("bob", session_id, decision=Ballot.DENY)


def withdrawn(story: Story, session_id: str) -> None:
    story.end(session_id)


def revoked(story: Story, session_id: str) -> None:
    story.revoke(session_id)


def unanswered(story: Story, session_id: str) -> None:
    story.now = story.store.sessions[session_id].approval_expires_at
    story.end_due(session_id)


def not_taken_up(story: Story, session_id: str) -> None:
    story.vote("bob", session_id)
    story.vote("carol", session_id)
    story.now += timedelta(minutes=5)
    story.end_due(session_id)


WITHOUT_ACCESS: dict[Status, Callable[[Story, str], None]] = {
    Status.DENIED: denied,
    Status.WITHDRAWN: withdrawn,
    Status.REVOKED: revoked,
    Status.UNANSWERED: unanswered,
    Status.FAILED: not_taken_up,
}


@pytest.mark.parametrize("status", WITHOUT_ACCESS)
def test_every_end_without_access_has_the_same_receipt_at_once(status: Status) -> None:
    story = Story()
    session_id = story.request().session_id
    WITHOUT_ACCESS[status](story, session_id)
    closed = story.store.sessions[session_id]
    assert closed.ending is not None
    assert (closed.status, closed.ending.outcome) == (status, status)
    assert closed.ending.decided_at == closed.ending.confirmed_at == closed.ended_at == story.now
    assert (closed.ending.method, closed.ending.evidence) == (
        ReceiptMethod.NEVER_GRANTED,
        NOTHING_MADE,
    )


def test_an_end_that_no_target_has_confirmed_has_no_method() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.issuer.down = True
    story.revoke(session_id)
    revoking = story.store.sessions[session_id]
    assert revoking.ending is not None
    assert (revoking.status, revoking.ending.method) == (Status.REVOKING, None)
