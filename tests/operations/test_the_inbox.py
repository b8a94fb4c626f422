"""Whoever asks is told who they are, and what waits for them and for nobody else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain.errors import NotEligible
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.operations import read_inbox as module
from pam.operations.add_block import BlockOrder, add_block
from pam.operations.call import Call
from pam.operations.read_inbox import Inbox, read_inbox, read_me
from pam.operations.review_session import ReviewPaper, review_session
from pam.ports.sessions import Page, SessionQuery
from tests.fakes.story import KYC, LEDGER, SANDBOX, Story, arn, caller

HOUR = timedelta(hours=1)


@pytest.fixture
def story() -> Story:
    return Story()


def inbox(story: Story, who: str) -> Inbox:
    return read_inbox(story.call(who))


def review(story: Story, who: str, session: Session) -> None:
    finding = ReviewPaper(
        session_id=session.session_id, judgement=Judgement.JUSTIFIED, comment="as the runbook says"
    )
    review_session(finding, story.call(who))


def ids(sessions: tuple[Session, ...]) -> list[str]:
    return [session.session_id for session in sessions]


def test_a_caller_is_told_their_name_domain_groups_and_principals(story: Story) -> None:
    person, principals = read_me(story.call("bob"))
    assert (person.name, person.domain, person.groups) == (
        "bob",
        "bank-core",
        ("bank-core-approvers",),
    )
    assert principals == (arn("bob"), "slack:T0BANK00001/U0BOB000001")


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("read", [read_me, read_inbox])
def test_nobody_has_neither_a_name_nor_an_inbox(
    story: Story, read: Callable[[Call], object]
) -> None:
    nobody = replace(caller("bob"), person=None)
    with pytest.raises(NotEligible):
        read(story.call(nobody))


def test_a_request_waits_for_those_whose_vote_would_count_until_they_have_voted(
    story: Story,
) -> None:
    first = story.request("alice", LEDGER).session_id
    story.later(seconds=1)
    second = story.request("dave", LEDGER).session_id
    assert ids(inbox(story, "bob").votes) == [first, second]
    assert ids(inbox(story, "alice").votes) == []
    story.vote("bob", first)
    assert ids(inbox(story, "bob").votes) == [second]
    assert ids(inbox(story, "carol").votes) == [first, second]


def test_what_is_granted_or_past_its_time_waits_for_nobodys_vote(story: Story) -> None:
    story.request("alice", SANDBOX)
    waiting = story.request("alice", LEDGER)
    story.later(hours=5)
    assert story.now > waiting.approval_expires_at
    assert inbox(story, "bob").votes == ()


def test_across_domains_a_request_waits_for_both(story: Story) -> None:
    session_id = story.request("alice", KYC).session_id
    assert ids(inbox(story, "bob").votes) == [session_id]
    assert ids(inbox(story, "kate").votes) == [session_id]


def test_an_emergency_waits_for_its_reviewers_and_not_for_its_user(story: Story) -> None:
    session = story.request("alice", LEDGER, break_glass=True)
    assert inbox(story, "bob").reviews == ()
    story.activate(session.session_id)
    assert ids(inbox(story, "bob").reviews) == [session.session_id]
    assert inbox(story, "alice").reviews == ()
    review(story, "bob", session)
    assert inbox(story, "bob").reviews == ()
    assert ids(inbox(story, "carol").reviews) == [session.session_id]
    review(story, "carol", session)
    assert inbox(story, "erin").reviews == ()


def test_what_was_opened_in_somebodys_name_waits_for_their_word(story: Story) -> None:
    session = story.by_runbook("alice", LEDGER)
    assert ids(inbox(story, "alice").confirmations) == [session.session_id]
    assert inbox(story, "dave").confirmations == ()
    story.confirm(session.session_id)
    assert inbox(story, "alice").confirmations == ()


@pytest.mark.guarantee("G14")
def test_nothing_waits_for_the_blocked(story: Story) -> None:
    story.request("alice", LEDGER)
    order = BlockOrder(
        person="bob", principal=arn("bob"), until=story.now + HOUR, reason="account stolen"
    )
    add_block(order, story.call("sam"))
    assert inbox(story, "bob") == Inbox(votes=(), reviews=(), confirmations=())


def test_the_oldest_requests_come_first_and_no_more_are_read_than_are_shown(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = [story.request(who).session_id for who in ("alice", "dave")]
    looked: list[str | None] = []
    find = story.store.find

    def counted(query: SessionQuery) -> Page:
        looked.append(query.after)
        return find(query)

    monkeypatch.setattr(story.store, "find", counted)
    monkeypatch.setattr(module, "_PAGE", 1)
    assert ids(inbox(story, "bob").votes) == opened
    assert looked == [None, opened[0]]
    looked.clear()
    monkeypatch.setattr(module, "_MOST_SHOWN", 1)
    assert ids(inbox(story, "bob").votes) == opened[:1]
    assert looked == [None]
