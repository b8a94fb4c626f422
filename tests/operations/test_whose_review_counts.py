"""Who looks back at an emergency: nobody who had part in it, and somebody of its domain."""

from dataclasses import replace

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import NotEligible, SelfApproval
from pam.domain.free_text import ERASED, opened
from pam.domain.lifecycle import Status
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.operations.erase_texts import erase_texts
from pam.operations.read_sessions import read_session
from pam.operations.review_session import ReviewPaper, review_session
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import Identity
from tests.fakes.blocks import operator
from tests.fakes.story import COMPILED, KYC, LEDGER, Story

pytestmark = pytest.mark.guarantee("G15")


def naming(*people: str) -> CedarPolicy:
    """The policy whose catalogue names these as reviewers for bank-kyc."""
    rules = replace(COMPILED.break_glass, reviewers={"bank-kyc": people})
    return CedarPolicy(replace(COMPILED, break_glass=rules))


def review(
    story: Story, who: str, session: Session, judgement: Judgement = Judgement.JUSTIFIED
) -> Session:
    return review_session(
        ReviewPaper(session_id=session.session_id, judgement=judgement, comment="looked"),
        story.call(who),
    )


def outcome(session: Session) -> str:
    assert session.review is not None
    return session.review.outcome


def across(story: Story, who: str = "kim", resource: str = LEDGER, voter: str = "erin") -> Session:
    """An emergency of one domain's engineer on the other's resource, with its one vote."""
    session_id = story.request(who, resource, break_glass=True).session_id
    story.vote(voter, session_id)
    return story.activate(session_id)


def test_two_of_the_requesters_domain_are_not_enough() -> None:
    story = Story()
    session = across(story)
    review(story, "kate", session)
    assert outcome(review(story, "kurt", session)) == ""
    assert story.store.overdue_reviews("kim", story.later(hours=24)) == [session.session_id]
    settled = review(story, "bob", session)
    assert outcome(settled) == "justified"
    assert settled.review is not None
    assert len(settled.review.reviewers) == 3


def test_one_of_the_resources_domain_and_one_other_are() -> None:
    story = Story()
    session = across(story)
    review(story, "bob", session)
    assert outcome(review(story, "kate", session)) == "justified"


def test_a_doubt_of_the_first_stands_though_it_took_a_third_to_settle_it() -> None:
    story = Story()
    session = across(story)
    review(story, "kate", session, Judgement.UNJUSTIFIED)
    review(story, "kurt", session)
    assert outcome(review(story, "bob", session)) == "unjustified"


@pytest.mark.parametrize("ballot", [Ballot.APPROVE, Ballot.DENY])
def test_whoever_voted_does_not_review(ballot: Ballot) -> None:
    story = Story()
    session = story.request("kim", LEDGER, break_glass=True)
    session = story.vote("erin", session.session_id, ballot)
    if ballot is Ballot.APPROVE:
        session = story.activate(session.session_id)
    with pytest.raises(NotEligible):
        review(story, "erin", session)
    assert story.store.sessions[session.session_id].review == session.review


def test_a_named_reviewer_looks_for_the_domain_and_may_see_what_is_to_be_looked_at() -> None:
    story = Story(policy=naming("ada", "bob"))
    session = across(story, "alice", KYC, "kate")
    ordinary = story.request("kim", KYC)
    review(story, "carol", session)
    assert outcome(review(story, "ada", session)) == "justified"
    for seen in (session, ordinary):
        assert read_session(seen.session_id, story.call("ada"))


def test_a_named_reviewer_is_one_for_that_domain_and_for_emergencies_alone() -> None:
    story = Story(policy=naming("dave"))
    session = story.activate(story.request("alice", LEDGER, break_glass=True).session_id)
    with pytest.raises(NotEligible):
        review(story, "dave", session)
    ordinary = story.request("kim", KYC)
    with pytest.raises(NotEligible):
        review(story, "dave", ordinary)
    emergency = story.activate(story.request("kim", KYC, break_glass=True).session_id)
    assert read_session(emergency.session_id, story.call("dave"))
    review(story, "dave", emergency)
    assert outcome(review(story, "kurt", emergency)) == "justified"


def test_being_named_lifts_no_part_that_one_had() -> None:
    story = Story(policy=naming("kim", "kate"))
    voted = across(story, "alice", KYC, "kate")
    with pytest.raises(NotEligible):
        review(story, "kate", voted)
    own = story.activate(story.request("kim", KYC, break_glass=True).session_id)
    with pytest.raises(SelfApproval):
        review(story, "kim", own)


def test_how_many_must_look_is_the_policys_to_say() -> None:
    cedar = COMPILED.cedar.replace("context.looks >= 2", "context.looks >= 3")
    story = Story(policy=CedarPolicy(replace(COMPILED, cedar=cedar)))
    session = story.activate(story.request(break_glass=True).session_id)
    for who in ("bob", "carol"):
        assert outcome(review(story, who, session)) == ""
    assert outcome(review(story, "erin", session)) == "justified"
    record = story.store.records(session.session_id)[-1]
    assert (record["decision"]["required"], record["decision"]["received"]) == (3, 3)


def test_no_look_settles_anything_where_no_policy_says_so() -> None:
    cedar = COMPILED.cedar.replace("context.looks >= 2", "context.looks >= 200")
    story = Story(policy=CedarPolicy(replace(COMPILED, cedar=cedar)))
    session = story.activate(story.request(break_glass=True).session_id)
    assert outcome(review(story, "bob", session)) == ""
    assert story.store.records(session.session_id)[-1]["decision"]["required"] == 0


@pytest.mark.guarantee("G12")
@pytest.mark.parametrize("part", ["requester", "approver", "denier"])
def test_nobody_erases_where_they_had_part(part: str) -> None:
    pat = Identity(
        accounts=("000000000000",),
        domain="bank-core",
        groups=("bank-core-engineers", "bank-core-approvers", "pam-operators"),
        user="sam",
        person="sam",
    )
    others = tuple(each for each in COMPILED.identities if each.person != "sam")
    story = Story(policy=CedarPolicy(replace(COMPILED, identities=(*others, pat))))
    both = operator("sam", "engineers", "approvers")
    session = story.request("alice")
    stored = story.store.sessions[session.session_id]
    if part == "requester":
        story.store.sessions[session.session_id] = replace(stored, requester_name="sam")
        session = story.vote("bob", session.session_id, Ballot.DENY)
    else:
        story.vote("bob", session.session_id)
        voted = story.store.sessions[session.session_id]
        (vote,) = voted.votes
        decision = Ballot.APPROVE if part == "approver" else Ballot.DENY
        ours = replace(vote, name="sam", decision=decision)
        story.store.sessions[session.session_id] = replace(voted, votes=(ours,))
        session = story.end(session.session_id)
    assert session.closed
    with pytest.raises(NotEligible):
        erase_texts(
            session.session_id,
            story.call(both),
        )
    erased = erase_texts(
        session.session_id,
        story.call(operator("olga")),
    )
    assert erased.reason == ERASED


@pytest.mark.guarantee("G12")
def test_what_a_reviewer_writes_after_an_erasure_is_committed_to_with_a_fresh_key() -> None:
    """Sessions that an earlier version erased before their review was finished."""
    story = Story()
    session = story.end(story.activate(story.request(break_glass=True).session_id).session_id)
    before = session.text_key
    story.store.sessions[session.session_id] = session.without_texts()
    reviewed = review(story, "bob", session)
    assert reviewed.status is Status.ENDED
    assert reviewed.text_key not in {"", before}
    record = story.store.records(session.session_id)[-1]
    commitment = str(record["detail"]).removeprefix("justified: ")
    assert opened(reviewed.text_key, reviewed.texts) == {commitment: "looked"}
    assert record["reason"] == ERASED
