"""What a runbook opens in somebody's name is theirs only once they say so; an emergency waits."""

from dataclasses import replace

import pytest

from pam.domain.approval import Ballot
from pam.domain.audit_record import RecordType
from pam.domain.errors import (
    Blocked,
    Conflict,
    IssuerUnavailable,
    LimitReached,
    NotEligible,
    NotFound,
)
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Surface
from pam.domain.session import Session
from pam.operations.admit_request import NextState
from pam.operations.confirm_session import confirmed_by, word_of
from tests.fakes.blocks import put_block
from tests.fakes.story import KYC, LEDGER, SANDBOX, UAT, Story, arn


@pytest.fixture
def story() -> Story:
    return Story()


def opened(story: Story, resource: str = LEDGER, *, break_glass: bool = True) -> Session:
    admission = story.by_runbook("alice", resource, break_glass=break_glass)
    return story.store.sessions[admission.session_id]


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
def test_an_emergency_in_somebodys_name_waits_for_their_word_and_begins_with_it(
    story: Story,
) -> None:
    session = opened(story)
    assert (session.status, session.unconfirmed) == (Status.PENDING_APPROVAL, True)
    assert (session.review, story.notifier.alarmed) == (None, [])
    assert story.store.types(session.session_id) == ["Requested"]
    story.store.put_task_token(session.session_id, "token", story.now)
    story.later(hours=1)
    confirmed = story.confirm(session.session_id)
    assert (confirmed.status, confirmed.unconfirmed) == (Status.APPROVED, False)
    assert story.notifier.alarmed == [session.session_id]
    assert story.workflow.approvals == ["token"]
    assert confirmed.review is not None
    assert (confirmed.review.due_at - story.now).total_seconds() == 24 * 3600
    assert story.store.types(session.session_id)[1:] == ["Confirmed", "BreakGlass", "Approved"]
    record = story.store.records(session.session_id)[1]
    assert record["type"] == RecordType.CONFIRMED.value
    actor = record["actor"]
    assert (actor["principal"], actor["surface"], actor["auth"]) == (arn("alice"), "api", "sigv4")
    assert confirmed.confirmation is not None
    assert (confirmed.confirmation.surface, confirmed.confirmation.auth) == (
        Surface.API,
        Auth.SIGV4,
    )
    assert story.activate(session.session_id).status is Status.ACTIVE


@pytest.mark.parametrize("resource", [LEDGER, UAT, SANDBOX])
def test_every_emergency_waits_whatever_it_is_for(story: Story, resource: str) -> None:
    session_id = opened(story, resource).session_id
    forged = story.store.sessions[session_id].advance(Status.APPROVED, approved_at=story.now)
    story.store.sessions[session_id] = forged
    with pytest.raises(NotEligible, match="not confirmed by the person named"):
        story.activate(session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("first", ["vote", "word"])
def test_across_domains_the_word_and_the_gate_are_both_wanted_in_any_order(
    story: Story, first: str
) -> None:
    session_id = opened(story, KYC).session_id
    if first == "vote":
        assert story.vote("kate", session_id).status is Status.PENDING_APPROVAL
        assert story.confirm(session_id).status is Status.APPROVED
    else:
        assert story.confirm(session_id).status is Status.PENDING_APPROVAL
        assert story.vote("kate", session_id).status is Status.APPROVED


def test_the_alert_comes_before_anything_is_granted_or_nothing_is(story: Story) -> None:
    session_id = opened(story).session_id
    story.notifier.down = True
    with pytest.raises(IssuerUnavailable, match="Tier-1"):
        story.confirm(session_id)
    assert story.store.sessions[session_id].unconfirmed
    assert story.store.types(session_id) == ["Requested"]
    story.notifier.down = False
    assert story.confirm(session_id).status is Status.APPROVED


@pytest.mark.parametrize("who", ["dave", "bob", "sam", "mallory"])
def test_nobody_confirms_for_somebody_else(story: Story, who: str) -> None:
    session_id = opened(story).session_id
    with pytest.raises(NotEligible):
        story.confirm(session_id, who)
    assert story.notifier.alarmed == []
    assert story.store.sessions[session_id].unconfirmed


def test_there_is_nothing_to_confirm_twice_or_of_ones_own_or_of_what_is_over(story: Story) -> None:
    own = story.request().session_id
    over, late, twice = (opened(story, UAT).session_id for _ in range(3))
    story.end(over)
    story.confirm(twice)
    for session_id in (own, over, twice):
        with pytest.raises(Conflict):
            story.confirm(session_id)
    story.now = story.store.sessions[late].approval_expires_at
    with pytest.raises(Conflict, match="time to confirm"):
        story.confirm(late)
    with pytest.raises(NotFound):
        story.confirm("01JD8XGZ6Q3M4V5N6P7R8S9T0A")
    assert story.notifier.alarmed == [twice]


def test_a_word_that_stood_before_its_call_died_reaches_the_workflow_by_the_next(
    story: Story,
) -> None:
    session_id = opened(story).session_id
    story.confirm(session_id)
    story.store.put_task_token(session_id, "token", story.now)
    with pytest.raises(Conflict):
        story.confirm(session_id)
    assert story.workflow.approvals == ["token"]


def test_the_blocked_confirm_nothing(story: Story) -> None:
    session_id = opened(story).session_id
    put_block(story)
    with pytest.raises(Blocked):
        story.confirm(session_id)
    assert story.notifier.alarmed == []


@pytest.mark.guarantee("G15")
def test_whoever_owes_an_overdue_review_confirms_no_emergency(story: Story) -> None:
    owed = story.request(break_glass=True)
    story.later(hours=23, minutes=59)
    session_id = opened(story, UAT).session_id
    story.later(minutes=1)
    with pytest.raises(NotEligible, match=owed.session_id):
        story.confirm(session_id)


def test_one_denial_ends_it_before_the_word_too(story: Story) -> None:
    session_id = opened(story, KYC).session_id
    assert story.vote("kate", session_id, Ballot.DENY).status is Status.DENIED


def test_the_person_ends_what_they_did_not_ask_for(story: Story) -> None:
    assert story.end(opened(story).session_id).status is Status.WITHDRAWN


@pytest.mark.parametrize("resource", [SANDBOX, LEDGER])
def test_an_ordinary_session_is_confirmed_by_the_first_lease(story: Story, resource: str) -> None:
    session_id = opened(story, resource, break_glass=False).session_id
    if resource == LEDGER:
        for who in ("bob", "carol"):
            story.vote(who, session_id)
    assert story.activate(session_id).unconfirmed
    story.lease(session_id)
    story.lease(session_id)
    assert story.store.types(session_id).count("Confirmed") == 1
    assert story.store.types(session_id)[-3:] == ["Confirmed", "Leased", "Leased"]
    stored = story.store.sessions[session_id]
    assert (stored.unconfirmed, stored.requester_verified) == (False, False)


def test_an_ordinary_session_may_be_confirmed_before(story: Story) -> None:
    session_id = opened(story, LEDGER, break_glass=False).session_id
    assert story.confirm(session_id).status is Status.PENDING_APPROVAL
    assert story.notifier.alarmed == []
    for who in ("bob", "carol"):
        story.vote(who, session_id)
    story.activate(session_id)
    story.lease(session_id)
    assert story.store.types(session_id).count("Confirmed") == 1


def test_a_runbook_opens_three_in_a_name_and_the_fourth_fails_with_limit(story: Story) -> None:
    sessions = [opened(story, each, break_glass=False) for each in (SANDBOX, LEDGER, UAT)]
    refused = story.by_runbook("alice", KYC)
    assert (refused.next_state, refused.error) == (NextState.REFUSED, "LIMIT")
    assert story.by_runbook("dave").next_state is NextState.APPROVED
    assert story.store.refusals[-1]["detail"].startswith("LIMIT: start")
    story.end(sessions[0].session_id)
    assert story.by_runbook("alice", KYC).next_state is NextState.NEEDS_APPROVAL


def test_what_runbooks_open_takes_none_of_the_persons_own_places(story: Story) -> None:
    for _ in range(3):
        opened(story, LEDGER, break_glass=False)
    for _ in range(3):
        story.request()
    with pytest.raises(LimitReached):
        story.request()


def test_what_is_confirmed_counts_and_is_refused_where_there_is_no_room(story: Story) -> None:
    early = opened(story, SANDBOX, break_glass=False).session_id
    story.activate(early)
    waiting = opened(story, SANDBOX, break_glass=False).session_id
    for _ in range(3):
        story.request(resource=SANDBOX)
    with pytest.raises(LimitReached):
        story.lease(early)
    with pytest.raises(LimitReached):
        story.confirm(waiting)
    assert "Leased" not in story.store.types(early)
    assert story.store.sessions[waiting].unconfirmed


def test_three_confirmed_emergencies_are_as_many_as_three_asked_for(story: Story) -> None:
    for resource in (LEDGER, LEDGER, UAT):
        story.request(resource=resource, break_glass=True)
    session_id = opened(story).session_id
    with pytest.raises(LimitReached):
        story.confirm(session_id)
    assert story.notifier.alarmed == []


@pytest.mark.guarantee("G9")
def test_a_word_and_a_request_at_once_do_not_both_take_the_last_place(story: Story) -> None:
    session_id = opened(story).session_id
    for _ in range(2):
        story.request()
    story.store.before_save = lambda _: story.request() and None
    with pytest.raises(LimitReached):
        story.confirm(session_id)


def test_nobody_is_asked_to_vote_on_what_wants_no_vote(story: Story) -> None:
    def asked(session: Session) -> list[str]:
        story.ask(session.session_id)
        return story.notifier.asked

    assert asked(opened(story)) == []
    across = opened(story, KYC)
    assert asked(across) == [across.session_id]


def test_the_person_named_is_asked_within_a_minute_and_again_like_any_approver(
    story: Story,
) -> None:
    session = opened(story)
    story.tell(session.session_id)
    story.tell(session.session_id)
    assert story.notifier.told == [("confirmation needed", session.session_id)]
    story.later(minutes=10)
    story.tell(session.session_id)
    assert len(story.notifier.told) == 2
    story.confirm(session.session_id)
    story.later(minutes=10)
    story.tell(session.session_id)
    assert len(story.notifier.told) == 2


def test_a_session_of_before_that_nobody_confirmed_is_confirmed_by_its_next_lease(
    story: Story,
) -> None:
    session_id = story.by_runbook().session_id
    story.activate(session_id)
    assert story.store.sessions[session_id].unconfirmed
    story.lease(session_id)
    assert story.store.types(session_id)[-2:] == ["Confirmed", "Leased"]


def test_an_emergency_of_before_keeps_the_review_that_it_owes(story: Story) -> None:
    session_id = story.activate(story.request(break_glass=True).session_id).session_id
    stored = story.store.sessions[session_id]
    unproven = replace(stored.circumstances, surface=Surface.RUNBOOK, auth=None)
    of_before = replace(stored, circumstances=unproven)
    story.later(minutes=1)
    call = story.call("alice")
    confirmed, _ = confirmed_by(word_of(call), of_before, call)
    assert confirmed.review == stored.review
    assert story.store.types(session_id).count("BreakGlass") == 1
