"""A request: its records, its workflow, its repetition; and what is refused is recorded too."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from pam.domain.audit_record import hash_of
from pam.domain.errors import (
    IdempotencyMismatch,
    IssuerUnavailable,
    NotEligible,
    NotFound,
    Refusal,
    SelfApproval,
)
from pam.domain.lifecycle import Status
from pam.operations.check_access import check_access
from pam.operations.open_session import AccessRequest
from pam.operations.read_sessions import changed_since, list_sessions, read_session
from pam.operations.record_refusal import Attempt, record_refusal
from pam.ports.sessions import SessionQuery
from tests.fakes.story import KYC, LEDGER, SANDBOX, UAT, Story, caller


@pytest.mark.guarantee("G7")
def test_each_step_has_its_record_and_the_records_form_a_chain() -> None:
    story = Story()
    session = story.granted()
    story.lease(session.session_id)
    story.end(session.session_id)
    records = story.store.records(session.session_id)
    assert [record["type"] for record in records] == [
        "Requested", "Voted", "Voted", "Approved", "Activating", "Activated", "Leased",
        "Revoking", "Ended",
    ]  # fmt: skip
    for earlier, later in pairwise(records):
        assert later["previous_hash"] == earlier["hash"] == hash_of(earlier)
    assert all(record["policy_version"] == story.policy.version for record in records[:7])


def test_a_workflow_that_cannot_be_started_leaves_a_failed_session() -> None:
    story = Story()
    story.workflow.down = True
    with pytest.raises(IssuerUnavailable):
        story.request()
    (session,) = story.store.sessions.values()
    assert session.status is Status.FAILED


def test_a_repeated_key_gives_the_same_session_and_starts_its_workflow_if_nobody_had() -> None:
    story = Story()
    first = story.request(key="k")
    story.workflow.started.clear()
    again = story.request(key="k")
    assert again.session_id == first.session_id
    assert story.workflow.started == [first.session_id]
    with pytest.raises(IdempotencyMismatch):
        story.request(key="k", reason="another reason entirely")
    assert story.request("dave", key="k").session_id != first.session_id


WISH = AccessRequest(resource=LEDGER, reason="ledger stuck", duration=timedelta(minutes=5))
OTHER_WISHES = {
    "resource": replace(WISH, resource=UAT),
    "reason": replace(WISH, reason="another reason entirely"),
    "duration": replace(WISH, duration=timedelta(minutes=6)),
    "default duration": replace(WISH, duration=None),
    "ticket": replace(WISH, ticket="CHG-1"),
    "emergency": replace(WISH, break_glass=True),
}


@pytest.mark.parametrize("field", OTHER_WISHES)
def test_two_wishes_that_differ_in_anything_are_not_one_behind_the_same_key(field: str) -> None:
    assert OTHER_WISHES[field].fingerprint() != WISH.fingerprint()
    assert replace(WISH).fingerprint() == WISH.fingerprint()


def test_a_key_repeated_after_the_approval_phase_starts_no_workflow_again() -> None:
    story = Story()
    session = story.granted(key="k")
    assert story.request(key="k").status is Status.ACTIVE
    story.end(session.session_id)
    assert story.request(key="k").status is Status.ENDED
    assert story.workflow.started == [session.session_id]


def test_a_repeated_call_that_cannot_start_the_workflow_leaves_the_session_as_it_is() -> None:
    story = Story()
    session_id = story.request(key="k").session_id
    story.workflow.down = True
    with pytest.raises(IssuerUnavailable):
        story.request(key="k")
    assert story.store.sessions[session_id].status is Status.PENDING_APPROVAL


@pytest.mark.guarantee("G15")
def test_break_glass_is_recorded_and_owes_a_review() -> None:
    story = Story()
    session = story.request(break_glass=True)
    assert story.store.types(session.session_id) == ["Requested", "BreakGlass", "Approved"]
    assert session.review is not None
    assert (session.review.due_at - session.created_at).total_seconds() == 24 * 3600
    assert (session.approved_at, session.requester_verified) == (session.created_at, True)
    assert story.request("alice", SANDBOX, break_glass=True).review is None


@pytest.mark.guarantee("G7")
def test_a_refused_act_is_recorded_in_the_session_it_was_aimed_at() -> None:
    story = Story()
    session_id = story.request().session_id
    with pytest.raises(SelfApproval) as refused:
        story.vote("alice", session_id)
    attempt = Attempt(
        act="POST /pam/approve", actor=caller("alice").actor, person=caller("alice").person
    )
    record_refusal(refused.value, attempt, now=story.now, store=story.store, policy=story.policy)
    record = story.store.records(session_id)[-1]
    assert (record["type"], record["outcome"], record["sequence"]) == ("Refused", "refused", 2)
    assert record["detail"].startswith("SELF_APPROVAL")
    assert story.store.sessions[session_id].status is Status.PENDING_APPROVAL


@pytest.mark.guarantee("G7")
def test_a_refusal_without_a_session_is_recorded_on_its_own() -> None:
    story = Story()
    with pytest.raises(Refusal) as refused:
        story.request("mallory")
    attempt = Attempt(act="POST /pam/request", actor=caller("mallory").actor)
    record_refusal(refused.value, attempt, now=story.now, store=story.store, policy=story.policy)
    (record,) = story.store.refusals
    assert (record["session_id"], record["sequence"], record["type"]) == ("", 0, "Refused")
    assert record["hash"] == hash_of(record)


def test_check_answers_yes_only_while_the_access_may_be_used() -> None:
    story = Story()
    session = story.granted(seconds=60)

    def held(who: str = "alice", principal: str | None = None) -> bool:
        return check_access(
            LEDGER,
            principal,
            story.call(who),
        ).allowed

    assert held()
    assert not held("dave")
    assert held("sam", "alice")
    assert held("ada", caller("alice").principal)
    with pytest.raises(NotEligible):
        held("dave", "alice")
    before, story.now = story.now, session.expires_at or story.now
    assert not held()
    story.now = before
    story.issuer.down = True
    story.revoke(session.session_id)
    assert not held()


@pytest.mark.parametrize(
    ("who", "resource", "refusal"),
    [("mallory", LEDGER, NotEligible), ("alice", "no-such-thing", NotFound)],
)
def test_check_is_answered_to_people_and_of_resources_that_are_listed(
    who: str, resource: str, refusal: type[Refusal]
) -> None:
    story = Story()
    with pytest.raises(refusal):
        check_access(
            resource,
            None,
            story.call(who),
        )


def test_of_two_sessions_the_one_that_lasts_longest_answers() -> None:
    story = Story()
    story.granted(seconds=60)
    longer = story.granted(seconds=600)
    story.granted(seconds=120)
    access = check_access(
        LEDGER,
        None,
        story.call("alice"),
    )
    assert access.session_id == longer.session_id


READERS = {
    "alice": True, "dave": False, "bob": True, "kate": False, "sam": True, "ada": True,
    "mallory": False,
}  # fmt: skip


@pytest.mark.parametrize("who", READERS)
def test_who_may_look_at_a_session_of_alices(who: str) -> None:
    story = Story()
    session_id = story.request().session_id
    story.request("kim", KYC)
    if READERS[who]:
        found = read_session(session_id, story.call(who))
        assert found.session_id == session_id
        page = list_sessions(SessionQuery(), None, story.call(who))
        assert session_id in [session.session_id for session in page.sessions]
    else:
        with pytest.raises(Refusal) as refused:
            read_session(session_id, story.call(who))
        assert refused.value.code == "NOT_FOUND"


def test_what_has_changed_since_a_picture_is_told_to_those_who_may_look() -> None:
    story = Story()
    asked = story.request()
    assert changed_since(asked.sequence, asked.session_id, story.call("alice")) is None
    voted = story.vote("bob", asked.session_id)
    assert changed_since(asked.sequence, asked.session_id, story.call("alice")) == voted
    with pytest.raises(NotFound):
        changed_since(asked.sequence, asked.session_id, story.call("dave"))
