"""Who may ask, whose votes count and for how long: all by the rules of the one resource that is
asked for. What the same people may do with another adds nothing, and what was so when it was asked
for is looked at again before anything is made.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from pam.domain.errors import Invalid, NotEligible, NotFound, Refusal
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from pam.policy.compiler import load
from tests.fakes.story import COMPILED, KYC, LEDGER, ROOT, Story, arn

LONGEST = {each.resource_id: int(each.max_duration.total_seconds()) for each in COMPILED.resources}
SHORTER = [(a, b) for a, b in permutations(LONGEST, 2) if LONGEST[a] < LONGEST[b]]


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(("resource", "other"), SHORTER)
def test_the_longest_time_of_another_resource_is_not_to_be_had(resource: str, other: str) -> None:
    story = Story()
    assert story.request("kim", other, seconds=LONGEST[other])
    with pytest.raises(Invalid):
        story.request("kim", resource, seconds=LONGEST[resource] + 1)
    own = story.request("kim", resource, seconds=LONGEST[resource])
    assert own.duration == timedelta(seconds=LONGEST[resource])


ENGINEERS_ASK = """  action == PAM::Action::"request",
  resource
);"""
IN_THEIR_OWN_DOMAIN = """  action == PAM::Action::"request",
  resource
)
when { principal.domain == resource.domain };"""


@pytest.fixture
def domains_apart(tmp_path: Path) -> Story:
    """PAM with a policy by which each engineer may ask for some of the resources only."""
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    request = (policy / "request.cedar").read_text(encoding="utf-8")
    assert ENGINEERS_ASK in request
    narrow = request.replace(ENGINEERS_ASK, IN_THEIR_OWN_DOMAIN)
    (policy / "request.cedar").write_text(narrow, encoding="utf-8")
    return Story(policy=CedarPolicy(load(policy, ROOT / "local" / "identities.yaml")))


ASKED: dict[tuple[str, str, int], type[Refusal] | None] = {
    # who asks, for what, for how many hours
    ("alice", LEDGER, 4): None,
    ("alice", KYC, 2): NotEligible,
    ("alice", KYC, 4): NotEligible,
    ("kim", KYC, 2): None,
    ("kim", KYC, 4): Invalid,
    ("kim", LEDGER, 4): NotEligible,
}


@pytest.mark.guarantee("G10")
def test_eligibility_for_one_resource_and_the_time_of_another_do_not_add_up(
    domains_apart: Story,
) -> None:
    def refusal(who: str, resource: str, hours: int) -> type[Refusal] | None:
        try:
            domains_apart.request(who, resource, seconds=hours * 3600)
        except Refusal as refused:
            return type(refused)
        return None

    assert {case: refusal(*case) for case in ASKED} == ASKED


@pytest.mark.guarantee("G2")
def test_votes_on_two_resources_are_not_added_up() -> None:
    story = Story()
    ledger = story.request("alice", LEDGER).session_id
    database = story.request("alice", "core-ledger-db").session_id
    assert story.vote("bob", ledger).status is Status.PENDING_APPROVAL
    assert story.vote("carol", database).status is Status.PENDING_APPROVAL
    assert story.vote("carol", ledger).status is Status.APPROVED
    assert story.store.sessions[database].status is Status.PENDING_APPROVAL


@pytest.mark.guarantee("G2")
def test_the_approvers_of_one_resource_have_no_vote_on_another_of_the_same_person() -> None:
    story = Story()
    ledger = story.request("alice", LEDGER).session_id
    documents = story.request("alice", KYC).session_id
    story.vote("kate", documents)
    with pytest.raises(NotEligible):
        story.vote("kate", ledger)


CHANGED: dict[str, tuple[Callable[[Session], Session], type[Refusal]]] = {
    "the requester is nobody any more": (
        lambda session: replace(session, requester="arn:aws:iam::1:user/gone"),
        NotEligible,
    ),
    "the requester's principal is another person now": (
        lambda session: replace(session, requester=arn("dave")),
        NotEligible,
    ),
    "the resource is not lent any more": (
        lambda session: replace(session, resource="no-such-thing"),
        NotFound,
    ),
    "a vote is gone": (lambda session: replace(session, votes=session.votes[:1]), NotEligible),
    "an approver is nobody any more": (
        lambda session: with_first_vote(session, principal="arn:aws:iam::1:user/gone"),
        NotEligible,
    ),
    "an approver is of another domain now": (
        lambda session: with_first_vote(session, domain="kyc"),
        NotEligible,
    ),
    "a vote is the requester's own": (
        lambda session: with_first_vote(session, name="alice", principal=arn("alice")),
        NotEligible,
    ),
    "a vote is of somebody who approves nothing": (
        lambda session: with_first_vote(session, name="dave", principal=arn("dave")),
        NotEligible,
    ),
}


def with_first_vote(session: Session, **changed: str) -> Session:
    first, *rest = session.votes
    return replace(session, votes=(replace(first, **changed), *rest))


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", CHANGED)
def test_what_is_lawful_no_longer_is_not_made_though_it_was_approved(case: str) -> None:
    change, refusal = CHANGED[case]
    story = Story()
    session_id = story.waiting().session_id
    changed = story.keys.signed(change(story.vote("carol", session_id)))
    story.store.sessions[session_id] = changed
    with pytest.raises(refusal):
        story.activate(session_id)
    assert story.store.sessions[session_id].status is Status.APPROVED
    assert story.issuer.held == set()


@pytest.mark.guarantee("G2")
def test_the_vote_of_an_approver_who_has_left_does_not_count_and_another_makes_up_for_it() -> None:
    story = Story()
    session_id = story.request().session_id
    voted = story.vote("bob", session_id)
    gone = with_first_vote(voted, principal="arn:aws:iam::1:user/gone")
    story.store.sessions[session_id] = gone
    assert story.vote("carol", session_id).status is Status.PENDING_APPROVAL
    assert story.vote("erin", session_id).status is Status.APPROVED


@pytest.mark.guarantee("G4")
def test_waiting_for_votes_and_for_the_target_takes_nothing_from_the_window() -> None:
    story = Story()
    session_id = story.request(seconds=60).session_id
    for approver in ("bob", "carol"):
        story.later(hours=1)
        story.vote(approver, session_id)
    begun = story.later(minutes=1)
    active = story.activate(session_id)
    assert active.activated_at is not None
    assert active.expires_at is not None
    assert begun <= active.activated_at < begun + timedelta(seconds=1)
    assert active.expires_at - active.activated_at == timedelta(seconds=60)
