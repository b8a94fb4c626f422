"""The receipt of an end says how the target was seen to refuse, by a closed list of methods."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pam.domain import timestamps
from pam.domain.approval import Ballot
from pam.domain.ending import NOTHING_MADE, ReceiptMethod, in_force_from, read_receipt
from pam.domain.kinds import Bites
from pam.domain.lifecycle import Status
from tests.fakes.story import NOON, Story

LAMBDAS = Path(__file__).resolve().parent.parent.parent / "lambdas"


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
    assert given == set(ReceiptMethod.__members__) - {"OTHER"}


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


A_MINUTE = timedelta(seconds=60)
LATE = Bites(within=A_MINUTE, by_the_clock=True)
DECIDED, SEEN = NOON + timedelta(minutes=5), NOON + timedelta(minutes=5, seconds=2)
EXPIRES = NOON + timedelta(minutes=30)
IN_FORCE: dict[str, tuple[ReceiptMethod, Bites, datetime | None, datetime]] = {
    "an AWS deny, early": (ReceiptMethod.DENY_READ_BACK, LATE, EXPIRES, SEEN + A_MINUTE),
    "shortly before the lease is over": (
        ReceiptMethod.DENY_READ_BACK, LATE, SEEN + A_MINUTE / 2, SEEN + A_MINUTE / 2,
    ),
    "by the clock": (
        ReceiptMethod.DENY_READ_BACK, LATE, DECIDED - A_MINUTE, DECIDED - A_MINUTE,
    ),
    "never activated": (ReceiptMethod.DENY_READ_BACK, LATE, None, SEEN + A_MINUTE),
    "no lease was out": (ReceiptMethod.NO_LEASE, LATE, EXPIRES, DECIDED),
    "every lease was over": (ReceiptMethod.LEASE_OVER, LATE, EXPIRES, SEEN),
    "nothing was made": (ReceiptMethod.NEVER_GRANTED, LATE, None, DECIDED),
    "a database": (ReceiptMethod.LOGIN_REFUSED, Bites(), EXPIRES, SEEN),
    "a database, by the clock": (ReceiptMethod.LOGIN_REFUSED, Bites(), DECIDED, SEEN),
    "a membership": (
        ReceiptMethod.MEMBERSHIP_GONE, Bites(within=A_MINUTE), EXPIRES, SEEN + A_MINUTE,
    ),
}  # fmt: skip


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", IN_FORCE)
def test_a_receipt_says_from_when_the_end_is_in_force(case: str) -> None:
    method, bites, expires_at, wanted = IN_FORCE[case]
    found = in_force_from(
        method, decided_at=DECIDED, confirmed_at=SEEN, bites=bites, expires_at=expires_at
    )
    assert found == wanted


@pytest.mark.guarantee("G5")
def test_an_early_end_of_a_role_says_so_on_its_session_and_in_its_record() -> None:
    story = Story()
    session = story.granted()
    story.later(minutes=1)
    closed = story.end(session.session_id)

    assert closed.ending is not None
    assert closed.ending.proven is True
    assert closed.ending.effective_at == story.now + A_MINUTE
    record = story.store.trails[session.session_id][-1]
    assert record["type"] == "Ended"
    said = timestamps.render(closed.ending.effective_at)
    assert f"; in force from {said}]" in record["detail"]
