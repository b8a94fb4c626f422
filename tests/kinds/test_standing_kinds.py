"""Standing kinds: one session a person and target, one that waits, and nobody else's rights."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain import deadlines
from pam.domain.approval import Ballot
from pam.domain.errors import (
    Conflict,
    IssuerUnavailable,
    LimitReached,
    NotEligible,
    NotYet,
    TryAgain,
    Unproven,
    code_of,
)
from pam.domain.lifecycle import Status
from pam.domain.people import CLOCK as THE_CLOCK
from pam.domain.session import Session
from pam.edge.views import session_view
from pam.kinds.one_per_person import LONGEST_CALL, checkout_of
from pam.operations.close_session import close_session
from pam.operations.decide_end import Verdict
from pam.ports.targets import SignInPlace
from tests.fakes.story import LEDGER, SANDBOX
from tests.fakes.world import FakeStore
from tests.kinds.story import DoorStory
from tests.kinds.table import STORE_DEV, VAULT, VAULT_DEV, VAULT_UAT


def active(story: DoorStory, resource: str = VAULT_DEV, who: str = "alice") -> Session:
    session = story.activate(story.request(who, resource).session_id)
    assert session.status is Status.ACTIVE
    story.later(minutes=1)
    return session


def waiting(story: DoorStory, resource: str = VAULT_DEV) -> Session:
    session = story.request("alice", resource)
    assert session.status is Status.APPROVED
    return session


def passes(story: DoorStory, session: Session) -> bool:
    return (session.target.label, session.requester_name) in story.doors.passes


def test_the_access_stands_while_the_session_does(story: DoorStory) -> None:
    session = active(story)
    assert passes(story, session)
    ended = story.end(session.session_id)
    assert (ended.status, passes(story, session)) == (Status.ENDED, False)
    assert ended.ending is not None
    assert (ended.ending.method, ended.ending.evidence) == ("membership-gone", "the door said no")


def test_a_lease_says_where_to_go_and_is_none(story: DoorStory) -> None:
    session = active(story)
    before = story.store.types(session.session_id)
    lease = story.lease(session.session_id)
    assert lease.lease_id == ""
    assert lease.credentials == SignInPlace(
        url="https://doors.example/",
        instructions="Hold your badge to the door vault of north.",
        expires_at=session.expires_at or story.now,
    )
    assert story.store.types(session.session_id) == before, "nothing was handed out"
    assert story.stored(session.session_id) == session


@pytest.mark.parametrize("who", ["dave", "bob", "sam", "mallory"])
def test_where_to_go_is_said_to_the_requester_alone(story: DoorStory, who: str) -> None:
    with pytest.raises(NotEligible):
        story.lease(active(story).session_id, who)


def test_where_to_go_is_not_said_before_and_after_the_session(story: DoorStory) -> None:
    session = waiting(story)
    with pytest.raises(Conflict):
        story.lease(session.session_id)
    story.activate(session.session_id)
    story.end(session.session_id)
    with pytest.raises(Conflict):
        story.lease(session.session_id)


def test_the_doors_may_take_longer_than_one_call(story: DoorStory) -> None:
    session = waiting(story)
    story.doors.slow = 2
    for _ in range(2):
        with pytest.raises(TryAgain):
            story.activate(session.session_id)
        assert story.stored(session.session_id).status is Status.ACTIVATING
        story.later(minutes=4)
    assert story.activate(session.session_id).status is Status.ACTIVE


def test_how_long_they_may_take_is_the_kinds_own_to_say(story: DoorStory) -> None:
    session = waiting(story)
    story.doors.slow = 9
    with pytest.raises(TryAgain):
        story.activate(session.session_id)
    making = story.stored(session.session_id)
    assert deadlines.deadline(making) == story.now + timedelta(minutes=9)
    story.later(minutes=8, seconds=59)
    with pytest.raises(NotYet):
        story.end_due(session.session_id)
    story.later(seconds=1)
    story.doors.down = True
    with pytest.raises(IssuerUnavailable):
        story.end_due(session.session_id)
    stuck_at = story.now + timedelta(minutes=5)
    revoking = story.stored(session.session_id)
    assert revoking.status is Status.REVOKING
    assert deadlines.due_at(revoking) == story.now + timedelta(seconds=40)
    assert not deadlines.is_stuck(revoking, stuck_at - timedelta(seconds=1))
    assert deadlines.is_stuck(revoking, stuck_at)


# One session a person and target.


def test_the_next_one_waits_and_says_for_which(story: DoorStory) -> None:
    first = active(story)
    second = waiting(story)
    assert second.comes_after == first.session_id
    assert session_view(second)["waits_for"] == first.session_id
    assert session_view(first)["waits_for"] is None
    for _ in range(3):
        with pytest.raises(TryAgain):
            story.activate(second.session_id)
    assert story.stored(second.session_id).status is Status.APPROVED
    assert story.store.types(second.session_id) == ["Requested", "Approved"]


def test_it_says_so_only_while_it_waits(story: DoorStory) -> None:
    first = active(story)
    asked = story.request("alice", VAULT_UAT)
    assert session_view(asked)["waits_for"] is None, "it waits for votes"
    approved = story.vote("bob", asked.session_id)
    assert session_view(approved)["waits_for"] == first.session_id
    story.end(first.session_id)
    assert session_view(story.activate(asked.session_id))["waits_for"] is None


@pytest.mark.parametrize("by", ["its user", "the clock"])
def test_it_begins_when_the_receipt_of_the_earlier_one_stands(story: DoorStory, by: str) -> None:
    first, second = active(story), waiting(story)
    story.doors.down = True
    if by == "the clock":
        story.later(minutes=10)
        with pytest.raises(IssuerUnavailable):
            story.end_due(first.session_id)
    else:
        assert story.end(first.session_id).status is Status.REVOKING
    with pytest.raises(TryAgain):
        story.activate(second.session_id)
    story.doors.down = False
    assert story.confirm_end(first.session_id).closed
    began = story.activate(second.session_id)
    assert (began.status, passes(story, began)) == (Status.ACTIVE, True)


def revoke(story: DoorStory, session_id: str) -> None:
    story.revoke(session_id)


def fail(story: DoorStory, session_id: str) -> None:
    verdict = Verdict(outcome=Status.FAILED, actor=THE_CLOCK, reason="the workflow failed: Lost")
    close_session(session_id, verdict, now=story.now, store=story.store, issuers=story.issuers)


@pytest.mark.parametrize("how", [revoke, fail])
def test_after_access_that_was_taken_away_the_next_one_does_not_begin(
    story: DoorStory, how: Callable[[DoorStory, str], None]
) -> None:
    first, second = active(story), waiting(story)
    how(story, first.session_id)
    with pytest.raises(Conflict):
        story.activate(second.session_id)
    closed = story.stored(second.session_id)
    assert closed.status is Status.REVOKED
    assert closed.ending is not None
    assert first.session_id in closed.ending.reason
    assert closed.ending.method == "never-granted"
    assert story.doors.passes == set()


def test_it_does_not_begin_either_if_only_the_clock_looks_at_it(story: DoorStory) -> None:
    first, second = active(story), waiting(story)
    story.revoke(first.session_id)
    story.now = second.approval_expires_at
    assert story.end_due(second.session_id).status is Status.REVOKED


def test_who_asked_after_the_revocation_begins(story: DoorStory) -> None:
    story.revoke(active(story).session_id)
    second = waiting(story)
    assert second.comes_after == ""
    assert story.activate(second.session_id).status is Status.ACTIVE


@pytest.mark.parametrize("ballot", [Ballot.DENY, None])
def test_an_earlier_one_that_never_had_access_keeps_nobody_from_it(
    story: DoorStory, ballot: Ballot | None
) -> None:
    first, second = story.request("alice", VAULT), waiting(story)
    with pytest.raises(TryAgain):
        story.activate(second.session_id)
    if ballot:
        story.vote("bob", first.session_id, ballot)
    else:
        story.end(first.session_id)
    assert story.activate(second.session_id).status is Status.ACTIVE


@pytest.mark.parametrize("found_by", ["the workflow", "the clock"])
def test_it_waits_as_long_as_for_its_votes_at_most(story: DoorStory, found_by: str) -> None:
    story.activate(story.request("alice", VAULT_DEV, seconds=14_400).session_id)
    story.later(seconds=-5)
    second = waiting(story)
    assert deadlines.due_at(second) == second.approval_expires_at
    story.now = second.approval_expires_at
    if found_by == "the workflow":
        with pytest.raises(Conflict):
            story.activate(second.session_id)
    else:
        story.end_due(second.session_id)
    closed = story.stored(second.session_id)
    assert closed.status is Status.UNANSWERED
    assert story.store.types(second.session_id) == ["Requested", "Approved", "Unanswered"]


def test_an_end_that_came_too_late_for_it_does_not_help_it(story: DoorStory) -> None:
    first = story.activate(story.request("alice", VAULT_DEV, seconds=14_400).session_id)
    story.later(seconds=-5)
    second = waiting(story)
    story.now = second.approval_expires_at
    story.end(first.session_id)
    with pytest.raises(Conflict):
        story.activate(second.session_id)
    assert story.stored(second.session_id).status is Status.UNANSWERED


def test_who_waited_and_was_approved_late_has_time_to_start(story: DoorStory) -> None:
    first = active(story)
    second = story.request("alice", VAULT_UAT)
    story.end(first.session_id)
    story.now = second.approval_expires_at - timedelta(seconds=1)
    story.vote("bob", second.session_id)
    story.later(minutes=2)
    with pytest.raises(NotYet):
        story.end_due(second.session_id)
    story.later(minutes=3)
    assert story.end_due(second.session_id).status is Status.FAILED


def test_a_second_one_that_would_wait_is_one_too_many(story: DoorStory) -> None:
    first, second = active(story), waiting(story)
    with pytest.raises(LimitReached) as reached:
        story.request("alice", VAULT)
    assert set(reached.value.sessions) == {first.session_id, second.session_id}
    story.end(second.session_id)
    assert story.request("alice", VAULT).comes_after == first.session_id


def test_of_two_that_ask_at_once_one_waits_for_the_other(story: DoorStory) -> None:
    other: list[Session] = []
    story.store.before_create = lambda: other.append(story.request("alice", VAULT_DEV))
    mine = story.request("alice", VAULT_DEV)
    assert mine.comes_after == other[0].session_id
    assert other[0].comes_after == ""


def test_of_three_that_ask_at_once_one_is_refused(story: DoorStory) -> None:
    def two_more() -> None:
        for _ in range(2):
            story.request("alice", VAULT_DEV)

    story.store.before_create = two_more
    with pytest.raises(LimitReached):
        story.request("alice", VAULT_DEV)


def test_other_people_and_other_targets_wait_for_nobody(story: DoorStory) -> None:
    active(story)
    active(story, who="dave")
    active(story, STORE_DEV)
    assert len(story.doors.passes) == 3


def test_sessions_of_leased_kinds_overlap_as_ever(story: DoorStory) -> None:
    sessions = [active(story, SANDBOX) for _ in range(3)]
    assert all(each.comes_after == "" for each in sessions)
    with pytest.raises(LimitReached, match="open sessions on core-sandbox-admin"):
        story.request("alice", SANDBOX)


def test_the_checkout_holds_whatever_the_session_says(story: DoorStory) -> None:
    """Somebody who may write sessions takes the mark away that makes it wait."""
    first, second = active(story), waiting(story)
    story.store.sessions[second.session_id] = replace(second, waits_for="")
    with pytest.raises(Unproven):
        story.activate(second.session_id)
    forged = story.keys.signed(replace(second, waits_for=""))
    story.store.sessions[second.session_id] = forged
    with pytest.raises(TryAgain):
        story.activate(second.session_id)
    assert story.checkouts.has(checkout_of(first), first.session_id)


# Rights that PAM has not made.


def test_what_others_made_is_neither_adopted_nor_removed(story: DoorStory) -> None:
    session = waiting(story)
    story.doors.passes.add((session.target.label, "alice"))
    with pytest.raises(Conflict) as fault:
        story.activate(session.session_id)
    assert code_of(type(fault.value).__name__) == "CONFLICT", "the workflow hears the code"
    failed = story.stored(session.session_id)
    assert failed.status is Status.FAILED
    assert failed.ending is not None
    assert failed.ending.reason.startswith("CONFLICT")
    assert passes(story, session)
    assert story.doors.unmade == []
    story.doors.passes.clear()
    assert active(story).status is Status.ACTIVE


def test_what_pam_made_in_a_call_that_died_is_its_own(story: DoorStory) -> None:
    session = waiting(story)
    makes = story.doors.make

    def made_and_lost(session: Session, now: Any) -> None:
        makes(session, now)
        message = "the answer was lost"
        raise IssuerUnavailable(message)

    story.doors.make = made_and_lost  # type: ignore[method-assign]
    with pytest.raises(IssuerUnavailable):
        story.activate(session.session_id)
    story.doors.make = makes  # type: ignore[method-assign]
    assert passes(story, session)
    assert story.activate(session.session_id).status is Status.ACTIVE
    story.end(session.session_id)
    assert not passes(story, session)


def test_an_end_takes_nothing_that_it_did_not_make(story: DoorStory) -> None:
    session = waiting(story)
    story.doors.passes.add((session.target.label, "alice"))
    story.badges.reserve(session, story.now)
    receipt = story.badges.end(session, story.now)
    assert receipt.method == "never-granted"
    assert passes(story, session)


def test_what_is_made_while_its_end_is_decided_does_not_outlive_it(story: DoorStory) -> None:
    session = waiting(story)
    makes = story.doors.make

    def overtaken(session: Session, now: Any) -> None:
        assert story.revoke(session.session_id).status is Status.REVOKING
        assert not passes(story, session)
        makes(session, now)
        with pytest.raises(IssuerUnavailable, match="may go on until"):
            story.confirm_end(session.session_id)
        makes(session, now)

    story.doors.make = overtaken  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        story.activate(session.session_id)
    assert not passes(story, session)
    assert story.confirm_end(session.session_id).status is Status.REVOKED


def test_what_a_twin_of_the_call_has_made_meanwhile_is_nobody_elses(story: DoorStory) -> None:
    """It looks, and between its two questions the twin makes the access, and dies."""
    session = waiting(story)
    looks = story.doors.stands

    def overtaken(session: Session) -> bool:
        story.doors.stands = looks  # type: ignore[method-assign]
        story.badges.activate(session, story.now)
        return looks(session)

    story.doors.stands = overtaken  # type: ignore[method-assign]
    assert story.activate(session.session_id).status is Status.ACTIVE
    assert passes(story, session)
    story.end(session.session_id)
    assert not passes(story, session)


def test_a_call_that_died_while_it_made_it_is_waited_for(story: DoorStory) -> None:
    """What it asked for may still be on its way, and be made again behind the end's back."""
    session = waiting(story)
    makes = story.doors.make

    def lost(session: Session, now: Any) -> None:
        message = "no answer"
        raise IssuerUnavailable(message)

    story.doors.make = lost  # type: ignore[method-assign]
    with pytest.raises(IssuerUnavailable):
        story.activate(session.session_id)
    assert story.revoke(session.session_id).status is Status.REVOKING
    makes(session, story.now)
    story.later(seconds=LONGEST_CALL.total_seconds() - 1)
    with pytest.raises(IssuerUnavailable):
        story.confirm_end(session.session_id)
    assert not passes(story, session)
    story.later(seconds=1)
    assert story.confirm_end(session.session_id).status is Status.REVOKED


def test_a_second_call_that_makes_it_does_not_outlive_the_end(story: DoorStory) -> None:
    """It began while the first one made the access, and is under way yet."""
    session = active(story)
    story.checkouts.begin_making(
        checkout_of(session), session.session_id, until=story.now + LONGEST_CALL
    )
    assert story.end(session.session_id).status is Status.REVOKING
    assert not passes(story, session)
    story.doors.make(session, story.now)
    story.later(seconds=LONGEST_CALL.total_seconds())
    assert story.confirm_end(session.session_id).status is Status.ENDED
    assert not passes(story, session)


def test_no_call_makes_it_once_its_end_has_begun(story: DoorStory) -> None:
    session = waiting(story)
    story.badges.reserve(session, story.now)
    assert story.checkouts.stop_making(checkout_of(session), session.session_id) is None
    with pytest.raises(IssuerUnavailable, match="has ended"):
        story.badges.activate(session, story.now)
    assert not passes(story, session)


def test_a_session_whose_access_is_gone_is_told(story: DoorStory) -> None:
    session = active(story)
    assert story.badges.missing(session.target, [session]) == {}
    story.doors.passes.clear()
    assert list(story.badges.missing(session.target, [session])) == [session.session_id]


# In somebody's name.


def test_what_a_runbook_asks_for_waits_for_the_person_named(story: DoorStory) -> None:
    session_id = story.by_runbook("alice", VAULT_DEV).session_id
    opened = story.stored(session_id)
    assert (opened.status, opened.comes_after) == (Status.PENDING_APPROVAL, "")
    assert session_view(opened)["needs_confirmation"]
    assert "BreakGlass" not in story.store.types(session_id)
    confirmed = story.confirm(session_id)
    assert confirmed.status is Status.APPROVED
    assert confirmed.review is None
    assert story.notifier.alarmed == []
    assert story.activate(session_id).status is Status.ACTIVE


def test_votes_alone_do_not_begin_it(story: DoorStory) -> None:
    session_id = story.by_runbook("alice", VAULT_UAT).session_id
    assert story.vote("bob", session_id).status is Status.PENDING_APPROVAL
    assert story.confirm(session_id).status is Status.APPROVED


def test_a_forged_confirmation_begins_nothing(story: DoorStory) -> None:
    session_id = story.by_runbook("alice", VAULT_DEV).session_id
    confirmed = story.confirm(session_id)
    assert confirmed.confirmation is not None
    word = replace(confirmed.confirmation, proof="forged")
    story.store.sessions[session_id] = replace(confirmed, confirmation=word)
    with pytest.raises(Unproven):
        story.activate(session_id)


def test_nobody_waits_for_a_session_that_nobody_confirmed(story: DoorStory) -> None:
    named = story.by_runbook("alice", VAULT_DEV).session_id
    own = waiting(story)
    assert own.comes_after == ""
    story.activate(own.session_id)
    confirmed = story.confirm(named)
    assert confirmed.comes_after == own.session_id, "it begins to count with the word"
    with pytest.raises(TryAgain):
        story.activate(named)
    word = confirmed.confirmation
    assert word is not None
    story.store.sessions[named] = replace(confirmed, confirmation=replace(word, waits_for=""))
    story.end(own.session_id)
    with pytest.raises(Unproven):
        story.activate(named)
    story.store.sessions[named] = replace(story.stored(named), confirmation=word)
    assert story.activate(named).status is Status.ACTIVE


def test_a_leased_kind_is_confirmed_by_its_first_lease_as_ever(story: DoorStory) -> None:
    session_id = story.by_runbook("alice", SANDBOX).session_id
    assert story.activate(session_id).unconfirmed
    story.lease(session_id)
    assert not story.stored(session_id).unconfirmed


def test_a_store_that_lost_the_earlier_session_has_no_receipt_of_it(story: DoorStory) -> None:
    first, second = active(story), waiting(story)
    assert isinstance(story.store, FakeStore)
    lost = story.store.sessions.pop(first.session_id)
    with pytest.raises(TryAgain):
        story.activate(second.session_id)
    story.store.sessions[first.session_id] = lost


def test_the_ledger_is_lent_as_ever(story: DoorStory) -> None:
    assert story.granted("alice", LEDGER).status is Status.ACTIVE
