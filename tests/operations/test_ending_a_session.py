"""How access ends: by the clock, an operator, the requester, or because it could not be made."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pam.aws.role_denies import GRACE, LONGEST_LEASE
from pam.domain import deadlines
from pam.domain.deadlines import START_WITHIN
from pam.domain.ending import Ending
from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible, NotYet
from pam.domain.kinds import AWS_ROLE, KINDS
from pam.domain.lifecycle import Status
from pam.domain.people import WORKFLOW
from pam.domain.session import Session
from pam.operations.close_session import close_session
from pam.operations.decide_end import Verdict
from pam.ports.targets import Receipt
from tests.fakes.story import NOON, Story
from tests.fakes.world import FakeIssuer, FakeStore

OUTLASTING = KINDS[AWS_ROLE].outlasting
assert OUTLASTING is not None
DENY_STANDS = OUTLASTING.at_most


@pytest.mark.guarantee("G4")
def test_the_clock_ends_a_session_at_its_time_and_not_before() -> None:
    story = Story()
    session = story.granted(seconds=60)
    assert session.expires_at is not None
    story.now = session.expires_at - timedelta(milliseconds=1)
    with pytest.raises(NotYet):
        story.end_due(session.session_id)
    story.now = session.expires_at
    assert story.end_due(session.session_id).status is Status.EXPIRED
    assert story.issuer.held == set()
    assert story.store.types(session.session_id)[-2:] == ["Revoking", "Expired"]


def test_the_window_is_exact_and_on_whole_seconds() -> None:
    session = Story().granted(seconds=60)
    assert session.activated_at is not None
    assert session.expires_at is not None
    assert session.expires_at - session.activated_at == timedelta(seconds=60)
    assert session.expires_at.microsecond == 0
    assert session.approved_at is not None
    assert session.activated_at >= session.approved_at


@pytest.mark.guarantee("G5")
def test_an_operator_ends_one_session_and_the_other_on_the_same_target_goes_on() -> None:
    story = Story()
    first, second = story.granted("alice"), story.granted("dave")
    ended = story.revoke(first.session_id)
    assert ended.status is Status.REVOKED
    assert ended.ending is not None
    assert (ended.ending.method, ended.ending.evidence) == ("deny-read-back", "refused")
    assert story.issuer.held == {second.session_id}
    assert story.store.sessions[second.session_id].allows(story.now)
    assert story.workflow.stopped == [(first.session_id, "REVOKED")]


@pytest.mark.guarantee("G5")
def test_revoked_is_said_only_after_the_target_confirmed() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.issuer.down = True
    decided_at = story.now
    assert story.revoke(session_id).status is Status.REVOKING
    assert not story.store.sessions[session_id].allows(story.now)
    with pytest.raises(Conflict):
        story.lease(session_id)
    with pytest.raises(IssuerUnavailable):
        story.end_due(session_id)
    story.issuer.down = False
    confirmed_at = story.later(seconds=30)
    assert story.end_due(session_id).status is Status.REVOKED
    assert story.store.types(session_id)[-2:] == ["Revoking", "Revoked"]
    revoked = story.store.sessions[session_id]
    assert revoked.ended_at == confirmed_at
    assert revoked.ending is not None
    assert (revoked.ending.decided_at, revoked.ending.confirmed_at) == (decided_at, confirmed_at)


@pytest.mark.guarantee("G5")
def test_an_end_asks_no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story()
    session = story.granted(seconds=60)
    story.now = session.expires_at or story.now

    def broken(*_: object, **__: object) -> None:
        pytest.fail("an end asked the policy")

    for name in ("may", "may_request", "grant", "resource", "approvals_needed"):
        monkeypatch.setattr(story.policy, name, broken)
    assert story.end_due(session.session_id).status is Status.EXPIRED


def test_a_requester_gives_access_back() -> None:
    story = Story()
    session_id = story.granted().session_id
    assert story.end(session_id).status is Status.ENDED
    assert story.issuer.held == set()
    with pytest.raises(Conflict):
        story.end(session_id)


def test_a_request_that_waits_is_withdrawn_without_any_other_function() -> None:
    story = Story()
    story.issuer.down = True
    session_id = story.request().session_id
    story.store.put_task_token(session_id, "token", story.now)
    assert story.end(session_id).status is Status.WITHDRAWN
    assert story.workflow.refusals == [("token", "WITHDRAWN")]
    assert story.issuer.ended == []


@pytest.mark.guarantee("G5")
def test_an_end_does_not_wait_for_the_workflow_of_a_request_to_hear_of_it() -> None:
    story = Story()
    session_id = story.request().session_id
    story.store.put_task_token(session_id, "token", story.now)
    story.workflow.down = True
    assert story.end(session_id).status is Status.WITHDRAWN


def test_an_operator_ends_a_request_that_waits_with_a_receipt_that_nothing_was_granted() -> None:
    story = Story()
    session_id = story.request().session_id
    ended = story.revoke(session_id)
    assert ended.status is Status.REVOKED
    assert ended.ending is not None
    assert ended.ending.method == "never-granted"
    assert story.issuer.ended == []


@pytest.mark.parametrize("who", ["alice", "bob", "dave", "ada", "mallory"])
def test_only_operators_revoke(who: str) -> None:
    story = Story()
    session_id = story.granted().session_id
    with pytest.raises(NotEligible):
        story.revoke(session_id, who)
    assert story.store.sessions[session_id].status is Status.ACTIVE


@pytest.mark.parametrize("who", ["bob", "dave", "sam", "ada", "mallory"])
def test_only_the_requester_gives_access_back(who: str) -> None:
    story = Story()
    session_id = story.granted().session_id
    with pytest.raises(NotEligible):
        story.end(session_id, who)


@pytest.mark.guarantee("G6")
def test_access_that_cannot_be_made_leaves_nothing_and_fails() -> None:
    story = Story()
    session_id = story.approved().session_id
    story.issuer.down = True
    with pytest.raises(IssuerUnavailable):
        story.activate(session_id)
    story.issuer.down = False
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason="the workflow failed")
    closed = close_session(
        session_id, verdict, now=story.now, store=story.store, issuers=story.issuers
    )
    assert closed.status is Status.FAILED
    assert story.issuer.ended == [session_id]


@pytest.mark.guarantee("G6")
def test_access_made_while_somebody_ended_the_session_is_unmade_at_once() -> None:
    story = Story()
    session_id = story.approved().session_id
    story.issuer.during_activate = lambda: story.revoke(session_id) and None
    with pytest.raises(Conflict):
        story.activate(session_id)
    assert story.store.sessions[session_id].status is Status.REVOKED
    assert story.issuer.held == set()


OVERDUE = {
    Status.PENDING_APPROVAL: (Status.UNANSWERED, "nobody decided in time"),
    Status.APPROVED: (Status.FAILED, "the workflow did not go on after the approval"),
    Status.ACTIVATING: (Status.FAILED, "the access was not made in time"),
    Status.ACTIVE: (Status.EXPIRED, "the granted time is over"),
}


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("stuck", OVERDUE)
def test_the_tick_drives_whatever_is_overdue_to_its_end(stuck: Status) -> None:
    end, reason = OVERDUE[stuck]
    story = Story()
    session = story.granted(seconds=60)
    if stuck is not Status.ACTIVE:
        session = replace(session, status=stuck, expires_at=None, activated_at=None)
    if stuck in {Status.PENDING_APPROVAL, Status.APPROVED}:
        session = replace(session, activating_at=None)
    story.store.sessions[session.session_id] = session
    story.later(hours=5)
    assert session in story.store.due(story.now, 10)
    swept = story.sweep(session.session_id)
    assert swept.status is end
    assert swept.ending is not None
    assert swept.ending.reason == reason
    assert story.workflow.stopped == [(session.session_id, end.value)]
    assert not story.store.due(story.now, 10)


def test_deadlines_are_what_the_design_says() -> None:
    story = Story()
    session = story.request()
    assert deadlines.deadline(session) == session.approval_expires_at
    story.vote("bob", session.session_id)
    approved = story.vote("carol", session.session_id)
    assert deadlines.deadline(approved) == story.now + START_WITHIN
    activating = replace(approved, status=Status.ACTIVATING, activating_at=story.now)
    assert deadlines.deadline(activating) == story.now + activating.target.row.deadlines.making
    active = story.activate(session.session_id)
    assert deadlines.deadline(active) == active.expires_at


def revoking(session: Session, decided_after: int) -> Session:
    """Its end was decided so many seconds after it began, and no target has confirmed it."""
    assert session.activated_at is not None
    ending = Ending(
        decided_at=session.activated_at + timedelta(seconds=decided_after),
        outcome=Status.EXPIRED,
        reason="enough",
        by="sam",
    )
    return replace(session, status=Status.REVOKING, ending=ending)


STUCK = {
    # how a session of 600 seconds stands, and when it is stuck: so many seconds after it began
    "active": (lambda s: s, 660),
    "ended early": (lambda s: revoking(s, 30), 90),
    "ended late": (lambda s: revoking(s, 650), 660),
    "being made": (
        lambda s: replace(
            s, status=Status.ACTIVATING, activating_at=s.activated_at, expires_at=None
        ),
        180,
    ),
    "waiting for votes": (
        lambda s: replace(s, status=Status.PENDING_APPROVAL, expires_at=None),
        None,
    ),
    "over, with traces left": (
        lambda s: replace(s, status=Status.REVOKED, traces_until=s.activated_at),
        None,
    ),
}


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("case", STUCK)
def test_a_session_is_stuck_when_access_may_stand_for_a_minute_that_should_not(case: str) -> None:
    stands, since = STUCK[case]
    session = stands(Story().granted(seconds=600))
    assert session.activated_at is not None
    begun = session.activated_at
    if since is None:
        assert not deadlines.is_stuck(session, begun + timedelta(days=9))
    else:
        assert not deadlines.is_stuck(session, begun + timedelta(seconds=since - 1))
        assert deadlines.is_stuck(session, begun + timedelta(seconds=since))


def due(store: FakeStore, now: datetime, limit: int) -> list[str]:
    return [session.session_id for session in store.due(now, limit)]


def test_what_an_early_end_left_at_the_target_goes_when_the_last_lease_is_over() -> None:
    story = Story()
    session_id = story.granted(seconds=600).session_id
    lease = story.lease(session_id)
    story.revoke(session_id)
    assert story.issuer.cleared == []
    story.end_due(session_id)
    assert story.issuer.cleared == []
    story.now = lease.credentials.expires_at
    assert due(story.store, story.now, 10) == []
    story.now = NOON + DENY_STANDS + timedelta(minutes=1)
    assert due(story.store, story.now, 10) == [session_id]
    story.end_due(session_id)
    assert story.issuer.cleared == [session_id]
    assert due(story.store, story.now, 10) == []


@pytest.mark.guarantee("G5")
def test_what_keeps_somebody_out_does_not_go_because_an_item_says_that_it_may() -> None:
    story = Story()
    session_id = story.granted(seconds=600).session_id
    story.lease(session_id)
    revoked = story.revoke(session_id)
    forged = replace(revoked, traces_until=story.now, credentials_live_until=story.now)
    story.store.sessions[session_id] = forged
    story.later(minutes=1)
    story.end_due(session_id)
    assert story.issuer.cleared == []


NOT_LEASED: dict[str, dict[str, Any]] = {
    "no lease": {"leases": 0, "leases_end_at": None, "credentials_live_until": None},
    "a lease that is over": {"leases_end_at": NOON, "credentials_live_until": NOON},
    "no access at all": {"activating_at": None, "activated_at": None},
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", NOT_LEASED)
def test_an_end_is_made_although_the_item_says_that_there_is_nothing_to_end(case: str) -> None:
    story = Story()
    session_id = story.granted(seconds=600).session_id
    story.lease(session_id)
    story.store.sessions[session_id] = replace(story.store.sessions[session_id], **NOT_LEASED[case])
    asked: list[Session] = []

    class Asked(FakeIssuer):
        def end(self, session: Session, now: datetime) -> Receipt:
            asked.append(session)
            return super().end(session, now)

    story.issuer = Asked()
    story.revoke(session_id)
    (ended,) = asked
    assert ended.activating_at is not None
    assert ended.leases == 1
    assert ended.credentials_live_until is not None
    assert ended.credentials_live_until >= story.now + timedelta(minutes=14)


def test_a_deny_stands_as_long_as_the_longest_lease_lives() -> None:
    assert DENY_STANDS >= LONGEST_LEASE + GRACE


@pytest.mark.parametrize(("tries", "pause"), [(1, 60), (2, 120), (6, 1920), (7, 3600), (999, 3600)])
def test_traces_that_do_not_go_are_tried_ever_more_rarely_and_at_least_once_an_hour(
    tries: int, pause: int
) -> None:
    story = Story()
    closed = story.end(story.granted().session_id)
    left = replace(closed, traces_until=story.now, tries=tries, tried_at=story.now)
    assert deadlines.due_at(left) == story.now + timedelta(seconds=pause)


def test_every_act_of_ending_may_be_repeated() -> None:
    story = Story()
    session = story.granted(seconds=60)
    story.now = session.expires_at or story.now
    before = story.end_due(session.session_id).status
    trail = story.store.types(session.session_id)
    assert story.end_due(session.session_id).status is before
    assert story.store.types(session.session_id) == trail


def test_a_failure_that_is_told_too_late_leaves_the_closed_session_and_its_target_alone() -> None:
    story = Story()
    session_id = story.granted().session_id
    ended = story.end(session_id)
    story.issuer.down = True
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason="the workflow failed")
    again = close_session(
        session_id, verdict, now=story.now, store=story.store, issuers=story.issuers
    )
    assert again == ended
