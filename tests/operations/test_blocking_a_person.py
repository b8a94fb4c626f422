"""Somebody is blocked by name, session or no session; and an operator is blocked within bounds."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from pam.domain.approval import Ballot
from pam.domain.block import EVERYTHING
from pam.domain.errors import (
    Blocked,
    Conflict,
    Invalid,
    IssuerUnavailable,
    NotEligible,
    NotFound,
)
from pam.domain.lifecycle import Status
from pam.domain.people import Caller
from pam.operations.block_person import (
    BlockTerms,
    PersonBlocked,
    PersonOrder,
    block_person,
    block_requester,
)
from pam.operations.note_act import NotedActs, note_act
from tests.fakes.blocks import HOUR, lift, operator, put_block
from tests.fakes.story import LEDGER, SANDBOX, UAT, Story, arn, caller

SET = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Whatever_0123456789abcdef/"


@pytest.fixture
def story() -> Story:
    return Story()


def block(
    story: Story,
    person: str = "alice",
    *,
    length: timedelta | None = HOUR,
    resource: str = EVERYTHING,
    unseen: bool = False,
    by: Caller | None = None,
) -> PersonBlocked:
    return block_person(
        PersonOrder(
            person=person,
            reason="laptop stolen",
            length=length,
            resource=resource,
            unseen=unseen,
        ),
        story.call(by or caller("sam")),
        closer=story.closer,
        notifier=story.notifier,
    )


def acted(story: Story, who: Caller) -> None:
    note_act(story.call(who), NotedActs())


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("named_as", ["alice", "ALICE", arn("alice"), SET + "alice"])
def test_a_person_is_blocked_by_a_name_or_any_principal_and_keeps_nothing(
    story: Story, named_as: str
) -> None:
    active, waiting = story.granted(), story.request(resource=UAT)
    others = story.granted("dave")
    done = block(story, named_as)
    assert done.person == "alice"
    assert arn("alice") in done.principals
    assert set(done.ended) == {active.session_id, waiting.session_id}
    assert [(b.person, b.resource, b.by) for b in done.blocks] == [
        ("alice", EVERYTHING, arn("sam"))
    ]
    assert {story.store.sessions[i].status for i in done.ended} == {Status.REVOKED}
    assert story.issuer.held == {others.session_id}
    with pytest.raises(Blocked):
        story.request()


@pytest.mark.guarantee("G14")
def test_somebody_without_any_session_is_blocked_an_approver_too(story: Story) -> None:
    assert block(story, "bob").ended == ()
    session_id = story.request().session_id
    with pytest.raises(Blocked):
        story.vote("bob", session_id)


@pytest.mark.parametrize("person", ["zoe", SET + "zoe", arn("zoe")])
def test_somebody_unheard_of_is_blocked_only_if_that_is_meant(story: Story, person: str) -> None:
    with pytest.raises(Invalid) as refused:
        block(story, person)
    assert [fault.field for fault in refused.value.errors] == ["person"]
    assert story.store.about_people == []
    assert block(story, person, unseen=True).person == "zoe"
    assert block(story, "zoe").person == "zoe", "now PAM has heard of them"


def test_somebody_who_acted_is_known_by_what_they_acted_as(story: Story) -> None:
    zoe = operator("zoe")
    acted(story, zoe)
    assert block(story, "zoe").principals == (zoe.principal,)


@pytest.mark.parametrize("person", ["", "zoë", "a b", "x", "arn:aws:iam::1:role/x", "é" * 10])
def test_what_can_name_nobody_is_named(story: Story, person: str) -> None:
    with pytest.raises(Invalid) as refused:
        block(story, person, unseen=True)
    assert [fault.field for fault in refused.value.errors] == ["person"]


def test_one_resource_alone_may_be_meant_and_must_be_one(story: Story) -> None:
    ledger, sandbox = story.granted(), story.request(resource=SANDBOX)
    assert block(story, resource=LEDGER).ended == (ledger.session_id,)
    assert story.store.sessions[sandbox.session_id].status is Status.APPROVED
    with pytest.raises(NotFound):
        block(story, resource="no-such-thing")


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("who", ["alice", "bob", "ada", "mallory"])
def test_only_operators_block_by_name_and_nobody_themselves(story: Story, who: str) -> None:
    with pytest.raises(NotEligible):
        block(story, "dave", by=caller(who))
    with pytest.raises(NotEligible, match="themselves"):
        block(story, "sam")
    assert story.store.about_people == []


@pytest.mark.guarantee("G14")
def test_an_operator_is_blocked_for_a_day_at_most_and_tier_1_hears_of_it(story: Story) -> None:
    olga = operator("olga")
    for length in (None, timedelta(hours=24, seconds=1)):
        with pytest.raises(Invalid) as refused:
            block(story, "sam", length=length, by=olga)
        assert [fault.field for fault in refused.value.errors] == ["seconds"]
    block(story, "sam", length=timedelta(hours=24), by=olga)
    assert story.notifier.told == [("operator blocked", "TIER 1: operator sam is blocked")]
    block(story, "alice", length=None, by=olga)
    assert len(story.notifier.told) == 1


SECOND: dict[str, Callable[[Story, Caller], object]] = {
    "by name": lambda s, olga: block(s, "omar", by=olga),
    "by a session": lambda s, olga: block_requester(
        s.request("alice").session_id,
        BlockTerms(length=HOUR, one_resource=False, reason="laptop stolen"),
        s.call(olga),
        closer=s.closer,
        notifier=s.notifier,
    ),
}


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("way", SECOND)
def test_a_second_operator_is_not_blocked_beside_the_first(story: Story, way: str) -> None:
    """Whether somebody is one shows from how they acted, also without being listed."""
    olga = operator("olga")
    for name in ("omar", "alice"):
        acted(story, operator(name))
    block(story, "sam", by=olga)
    with pytest.raises(Conflict, match="sam"):
        SECOND[way](story, olga)
    assert set(story.store.blocks) == {("sam", EVERYTHING)}
    lift(story, "sam", by=olga)
    SECOND[way](story, olga)


def test_a_block_of_an_operator_may_be_made_longer_and_one_on_a_resource_is_no_such_block(
    story: Story,
) -> None:
    olga = operator("olga")
    block(story, "sam", by=olga)
    block(story, "sam", length=2 * HOUR, by=olga)
    acted(story, operator("omar"))
    block(story, "omar", length=None, resource=LEDGER, by=olga)
    assert [what for what, _ in story.notifier.told] == ["operator blocked"] * 2


def test_the_block_stands_though_tier_1_cannot_be_told_and_the_same_call_tells_it(
    story: Story,
) -> None:
    olga = operator("olga")
    story.notifier.down = True
    with pytest.raises(IssuerUnavailable, match="the block stands"):
        block(story, "sam", by=olga)
    assert ("sam", EVERYTHING) in story.store.blocks
    story.notifier.down = False
    block(story, "sam", by=olga)
    assert story.notifier.told == [("operator blocked", "TIER 1: operator sam is blocked")]


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("ballot", Ballot)
def test_nobody_blocks_by_a_session_that_they_voted_on_but_anybody_may_end_it(
    story: Story, ballot: Ballot
) -> None:
    bob = operator("bob", "approvers")
    session_id = story.request().session_id
    story.vote("bob", session_id, ballot)
    terms = BlockTerms(length=HOUR, one_resource=False, reason="laptop stolen")
    with pytest.raises(NotEligible, match="concerns them"):
        block_requester(
            session_id,
            terms,
            story.call(bob),
            closer=story.closer,
            notifier=story.notifier,
        )
    assert story.store.about_people == []
    if ballot is Ballot.APPROVE:
        assert story.revoke(session_id).status is Status.REVOKED


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("resource", [EVERYTHING, LEDGER])
def test_the_approval_of_somebody_who_is_blocked_counts_no_more_at_the_last_vote(
    story: Story, resource: str
) -> None:
    session_id = story.waiting().session_id
    block(story, "bob", resource=resource)
    assert story.vote("carol", session_id).status is Status.PENDING_APPROVAL
    assert story.vote("erin", session_id).status is Status.APPROVED


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G14")
def test_nor_at_activation_and_a_block_elsewhere_changes_nothing(story: Story) -> None:
    session_id = story.request().session_id
    for who in ("bob", "carol"):
        story.vote(who, session_id)
    put_block(story, "bob", SANDBOX)
    put_block(story, "carol", length=HOUR)
    with pytest.raises(NotEligible, match="do not make this grant lawful"):
        story.activate(session_id)
    assert story.issuer.held == set()
    story.later(hours=1)
    assert story.activate(session_id).status is Status.ACTIVE


def test_a_denial_of_somebody_who_is_blocked_later_stays_a_denial(story: Story) -> None:
    session_id = story.request().session_id
    story.vote("bob", session_id, Ballot.DENY)
    block(story, "bob")
    assert story.store.sessions[session_id].status is Status.DENIED
