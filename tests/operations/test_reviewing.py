"""A break-glass session is reviewed by two others, or nobody forgets it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain import deadlines
from pam.domain.audit_record import Outcome, RecordType
from pam.domain.block import EVERYTHING
from pam.domain.errors import (
    Blocked,
    Conflict,
    IssuerUnavailable,
    NotEligible,
    NotFound,
    SelfApproval,
)
from pam.domain.free_text import ERASED, opened
from pam.domain.lifecycle import Status
from pam.domain.people import Caller
from pam.domain.review import Judgement, LookBack, LooksGathered, Review
from pam.domain.session import Session
from pam.operations.add_block import BlockOrder, add_block
from pam.operations.erase_texts import erase_texts
from pam.operations.review_session import ReviewPaper, review_session
from tests.fakes.story import KYC, LEDGER, NOON, SANDBOX, UAT, Story, caller

pytestmark = pytest.mark.guarantee("G15")


@pytest.fixture
def story() -> Story:
    return Story()


def review(
    story: Story,
    who: str | Caller,
    session: Session,
    judgement: Judgement = Judgement.JUSTIFIED,
    comment: str = "",
) -> Session:
    return review_session(
        ReviewPaper(session_id=session.session_id, judgement=judgement, comment=comment),
        story.call(who),
    )


def emergency(story: Story, who: str = "alice", resource: str = LEDGER) -> Session:
    """A break-glass session in use."""
    return story.activate(story.request(who, resource, break_glass=True).session_id)


OUTCOMES = {
    ("justified", "justified"): "justified",
    ("justified", "unjustified"): "unjustified",
    ("unjustified", "justified"): "unjustified",
    ("unjustified", "unjustified"): "unjustified",
}


@pytest.mark.parametrize("given", OUTCOMES)
def test_the_second_reviewer_settles_it_and_one_doubt_is_enough(
    story: Story, given: tuple[str, str]
) -> None:
    session = story.end(emergency(story).session_id)
    assert session.status is Status.ENDED
    first = review(story, "bob", session, Judgement(given[0]))
    assert first.review is not None
    assert (first.review.outcome, len(first.review.reviewers)) == ("", 1)
    second = review(story, "carol", session, Judgement(given[1]))
    assert second.review is not None
    assert second.review.outcome == OUTCOMES[given]
    assert second.status is Status.ENDED
    looks = story.store.records(session.session_id)[-2:]
    assert [(look["type"], look["detail"]) for look in looks] == [("Reviewed", j) for j in given]
    counts = [(look["decision"]["received"], look["decision"]["required"]) for look in looks]
    assert counts == [(1, 2), (2, 2)]


def test_a_session_may_be_reviewed_while_it_is_in_use_and_goes_on(story: Story) -> None:
    session = emergency(story)
    assert review(story, "bob", session).status is Status.ACTIVE
    assert story.lease(session.session_id)


def test_two_principals_of_one_person_are_one_reviewer(story: Story) -> None:
    session = emergency(story)
    review(story, "bob", session)
    second = "arn:aws:iam::000000000000:user/second-bob"
    bob = caller("bob")
    assert bob.person is not None
    other = replace(bob, principal=second, person=replace(bob.person, principal=second))
    with pytest.raises(Conflict, match="bob has reviewed"):
        review(story, other, session)
    stored = story.store.sessions[session.session_id]
    assert stored.review is not None
    assert stored.review.open


def test_one_person_who_somehow_looked_twice_still_counts_once() -> None:
    def look(name: str, principal: str) -> LookBack:
        return LookBack(
            name=name,
            principal=principal,
            judgement=Judgement.JUSTIFIED,
            comment="",
            at=NOON,
            for_domain=True,
        )

    twice = Review(due_at=NOON).with_look(look("bob", "b1")).with_look(look("bob", "b2"))
    assert twice.gathered == LooksGathered(total=1, domain=1)
    assert twice.with_look(look("carol", "c")).gathered == LooksGathered(total=2, domain=2)


REFUSED = {
    "its own user": ("alice", SelfApproval),
    "an engineer": ("dave", NotEligible),
    "an approver of neither domain": ("kate", NotEligible),
    "an operator": ("sam", NotEligible),
    "an auditor": ("ada", NotEligible),
    "nobody": ("mallory", NotEligible),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nobody_reviews_who_may_not(story: Story, case: str) -> None:
    who, refusal = REFUSED[case]
    session = emergency(story)
    with pytest.raises(refusal) as refused:
        review(story, who, session)
    assert refused.value.session_id == session.session_id


def test_approvers_of_the_resources_and_of_the_requesters_domain_review(story: Story) -> None:
    asked = story.request(resource=KYC, break_glass=True)
    with pytest.raises(Conflict, match="nothing to look back on yet"):
        review(story, "bob", asked)
    story.vote("kate", asked.session_id)
    story.issuer.down = True
    with pytest.raises(IssuerUnavailable):
        story.activate(asked.session_id)
    with pytest.raises(Conflict, match="ACTIVATING; there is nothing to look back on yet"):
        review(story, "bob", asked)
    story.issuer.down = False
    session = story.activate(asked.session_id)
    review(story, "kurt", session)
    settled = review(story, "bob", session)
    assert settled.review is not None
    assert settled.review.outcome == "justified"


def test_a_settled_review_takes_no_further_look(story: Story) -> None:
    session = emergency(story)
    for who in ("bob", "carol"):
        review(story, who, session)
    with pytest.raises(Conflict, match="has been reviewed: justified"):
        review(story, "erin", session)


def test_what_owes_no_review_gets_none(story: Story) -> None:
    for session in (story.granted(), story.request(resource=SANDBOX, break_glass=True)):
        with pytest.raises(Conflict, match="owes no review"):
            review(story, "erin", session)
    with pytest.raises(NotFound):
        review(story, "erin", replace(story.granted(), session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A"))


@pytest.mark.guarantee("G9")
def test_two_reviewers_at_the_same_time_both_count(story: Story) -> None:
    session = emergency(story)

    def carol_is_faster(_: Session) -> None:
        review(story, "carol", session)

    story.store.before_save = carol_is_faster
    settled = review(story, "bob", session)
    assert settled.review is not None
    assert (settled.review.people, settled.review.open) == (frozenset({"bob", "carol"}), False)


@pytest.mark.guarantee("G12")
def test_what_a_reviewer_wrote_is_kept_apart_from_the_record_and_can_be_erased(
    story: Story,
) -> None:
    comment = "Jane Roe was on call"
    session = story.end(emergency(story).session_id)
    reviewed = review(story, "bob", session, comment=comment)
    record = story.store.records(session.session_id)[-1]
    assert comment not in json.dumps(record)
    commitment = str(record["detail"]).removeprefix("justified: ")
    assert opened(reviewed.text_key, reviewed.texts)[commitment] == comment

    def erased() -> list[str]:
        gone = erase_texts(
            session.session_id,
            story.call("sam"),
        )
        assert gone.review is not None
        return [look.comment for look in gone.review.given]

    with pytest.raises(Conflict, match="not reviewed yet"):
        erased()
    review(story, "carol", session, comment=comment)
    assert erased() == [ERASED, ERASED]


def overdue(story: Story, resource: str = LEDGER) -> Session:
    session = story.end(emergency(story, resource=resource).session_id)
    assert session.review is not None
    story.now = session.review.due_at
    return session


@pytest.mark.parametrize("resource", [LEDGER, UAT])
def test_while_a_review_is_overdue_its_person_gets_no_further_break_glass(
    story: Story, resource: str
) -> None:
    session = overdue(story, resource)
    for wanted in (LEDGER, UAT, SANDBOX):
        with pytest.raises(NotEligible, match=f"session {session.session_id} is overdue"):
            story.request(resource=wanted, break_glass=True)
    assert story.request().status is Status.PENDING_APPROVAL, "the ordinary way stays open"
    assert story.request("dave", break_glass=True).status is Status.APPROVED
    review(story, "bob", session)
    with pytest.raises(NotEligible):
        story.request(break_glass=True)
    review(story, "carol", session)
    assert story.request(break_glass=True).status is Status.APPROVED


def test_a_review_that_is_not_due_yet_stands_in_nobodys_way(story: Story) -> None:
    session = emergency(story)
    assert session.review is not None
    assert session.review.due_at == session.created_at + timedelta(hours=24)
    story.now = session.review.due_at - timedelta(milliseconds=1)
    assert story.request(break_glass=True).status is Status.APPROVED


def test_an_overdue_review_is_escalated_once_and_recorded(story: Story) -> None:
    session = overdue(story)
    before = story.now - timedelta(milliseconds=1)
    assert story.store.due(before, 10) == []
    assert [each.session_id for each in story.store.due(story.now, 10)] == [session.session_id]
    for _ in range(3):
        story.tell(session.session_id)
        story.later(minutes=5)
    assert story.notifier.told == [("review overdue", session.session_id)]
    record = story.store.records(session.session_id)[-1]
    assert (record["type"], record["outcome"]) == (RecordType.REVIEW_OVERDUE, Outcome.FAILURE)
    assert story.store.types(session.session_id).count("ReviewOverdue") == 1
    assert story.store.due(story.later(days=365), 10) == []
    with pytest.raises(NotEligible):
        story.request(break_glass=True)


def test_a_session_in_use_for_longer_than_its_review_may_take_is_escalated_too(
    story: Story,
) -> None:
    session = emergency(story)
    assert session.review is not None
    early = replace(session.review, due_at=story.now)
    story.store.sessions[session.session_id] = replace(session, review=early)
    assert story.tell(session.session_id) == ("escalate",)


def test_a_review_in_time_is_never_escalated(story: Story) -> None:
    session = story.end(emergency(story).session_id)
    for who in ("bob", "carol"):
        review(story, who, session)
    assert story.store.due(story.later(days=365), 10) == []
    assert story.tell(session.session_id) == ()


def test_what_is_left_at_the_target_is_cleared_at_its_own_time_all_the_same(story: Story) -> None:
    session_id = emergency(story).session_id
    story.lease(session_id)
    ended = story.revoke(session_id)
    assert ended.traces_until is not None
    assert ended.review is not None
    assert deadlines.deadline(ended) == deadlines.due_at(ended) == ended.traces_until
    story.store.forget_traces(ended)
    assert deadlines.due_at(story.store.sessions[session_id]) == ended.review.due_at


def test_a_blocked_approver_reviews_nothing(story: Story) -> None:
    session = emergency(story)
    order = BlockOrder(
        person="bob",
        principal=caller("bob").principal,
        resource=EVERYTHING,
        until=None,
        reason="laptop stolen",
    )
    add_block(order, story.call("sam"))
    with pytest.raises(Blocked):
        review(story, "bob", session)
    reviewed = review(story, "carol", session)
    assert reviewed.review is not None
    assert set(reviewed.review.people) == {"carol"}
