"""Who is blocked gets nothing; who may block, and that somebody always may."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from pam.domain import free_text
from pam.domain.approval import Ballot
from pam.domain.block import EVERYTHING
from pam.domain.errors import (
    Blocked,
    IssuerUnavailable,
    NotEligible,
    NotFound,
)
from pam.domain.lifecycle import Status
from pam.domain.people import Caller
from pam.operations.check_access import check_access
from pam.operations.erase_texts import erase_texts
from pam.operations.list_blocks import list_blocks
from tests.fakes.blocks import HOUR, block, lift, operator, put_block
from tests.fakes.story import KYC, LEDGER, NOON, SANDBOX, UAT, Story, arn, caller


def holds(story: Story, resource: str = LEDGER, who: str = "alice") -> bool:
    return check_access(
        resource,
        None,
        story.call(who),
    ).allowed


def half_made(story: Story) -> str:
    """A session whose activation died at the target."""
    session_id = story.approved().session_id
    story.issuer.down = True
    with suppress(IssuerUnavailable):
        story.activate(session_id)
    story.issuer.down = False
    return session_id


def voted(story: Story, by: str, decision: Ballot = Ballot.APPROVE) -> Callable[[], object]:
    session_id = story.waiting().session_id
    return partial(story.vote, by, session_id, decision)


STEPS: dict[str, tuple[str, Callable[[Story], Callable[[], object]]]] = {
    "asking": ("alice", lambda s: s.request),
    "asking in an emergency": ("alice", lambda s: partial(s.request, break_glass=True)),
    "the last approval": ("alice", lambda s: voted(s, "carol")),
    "activation": ("alice", lambda s: partial(s.activate, s.approved().session_id)),
    "activation once more": ("alice", lambda s: partial(s.activate, half_made(s))),
    "activation of what is active": (
        "alice",
        lambda s: partial(s.activate, s.granted().session_id),
    ),
    "a lease": ("alice", lambda s: partial(s.lease, s.granted().session_id)),
    "a vote of the blocked": ("carol", lambda s: voted(s, "carol")),
    "a denial of the blocked": ("carol", lambda s: voted(s, "carol", Ballot.DENY)),
}


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("resource", [EVERYTHING, LEDGER])
@pytest.mark.parametrize("step", STEPS)
def test_every_step_towards_access_is_refused_while_the_block_stands(
    step: str, resource: str
) -> None:
    who, prepare = STEPS[step]
    story = Story()
    act = prepare(story)
    put_block(story, who, resource)
    before, held = dict(story.store.sessions), set(story.issuer.held)
    with pytest.raises(Blocked):
        act()
    assert story.store.sessions == before
    assert story.issuer.held == held


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("step", STEPS)
def test_none_is_refused_before_after_or_beside_the_block(step: str) -> None:
    who, prepare = STEPS[step]
    story = Story()
    act = prepare(story)
    put_block(story, who, KYC)
    put_block(story, who, LEDGER, length=timedelta(seconds=1))
    put_block(story, "dave")
    story.later(seconds=1)
    act()


@pytest.mark.guarantee("G14")
def test_check_says_no_the_instant_the_block_stands_and_for_its_resource_alone() -> None:
    story = Story()
    story.granted()
    story.activate(story.request(resource=SANDBOX).session_id)
    assert holds(story)
    put_block(story, resource=LEDGER)
    assert not holds(story)
    assert holds(story, SANDBOX)
    put_block(story)
    assert not holds(story, SANDBOX)


def test_the_blocked_may_give_back_what_they_have() -> None:
    story = Story()
    session_id = story.granted().session_id
    put_block(story)
    assert story.end(session_id).status is Status.ENDED


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("who", ["alice", "bob", "ada", "mallory"])
def test_only_operators_block_and_lift(who: str) -> None:
    story = Story()
    session_id = story.granted("dave").session_id
    with pytest.raises(NotEligible):
        block(story, session_id, by=caller(who))
    assert story.store.about_people == []
    assert story.store.sessions[session_id].status is Status.ACTIVE
    put_block(story)
    with pytest.raises(NotEligible):
        lift(story, by=caller(who))
    assert not story.store.blocks["alice", EVERYTHING].lifted_at


@pytest.mark.guarantee("G14")
def test_an_operator_blocks_neither_themselves_nor_lifts_a_block_of_their_own() -> None:
    story = Story()
    session_id = story.granted().session_id
    alice = operator("alice", "engineers")
    with pytest.raises(NotEligible, match="concerns them"):
        block(story, session_id, by=alice)
    with pytest.raises(NotEligible, match="themselves"):
        put_block(story, "alice", by=alice)
    assert story.store.sessions[session_id].status is Status.ACTIVE
    put_block(story, resource=LEDGER)
    with pytest.raises(NotEligible, match="of their own"):
        lift(story, by=alice)


ACTS: dict[str, Callable[[Story, Caller, str], object]] = {
    "blocking": lambda s, who, i: block(s, i, by=who),
    "blocking on the list": lambda s, who, _: put_block(s, "dave", by=who),
    "lifting": lambda s, who, _: lift(s, "kim", by=who),
    "lifting their own": lambda s, who, _: lift(s, "sam", by=who),
    "revoking": lambda s, _, i: s.revoke(i),
    "erasing": lambda s, who, i: erase_texts(i, s.call(who)),
}


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("act", ACTS)
def test_a_blocked_operator_administers_nothing(act: str) -> None:
    story = Story()
    session_id = story.granted().session_id
    put_block(story, "kim")
    put_block(story, "sam", by=operator("olga"))
    with pytest.raises(Blocked):
        ACTS[act](story, caller("sam"), session_id)
    assert story.store.sessions[session_id].status is Status.ACTIVE
    assert len(story.store.about_people) == 2


@pytest.mark.guarantee("G14")
@pytest.mark.guarantee("G9")
def test_of_two_operators_who_block_each_other_at_once_one_is_left() -> None:
    story = Story()
    olga = operator("olga")
    story.store.before_block = lambda: put_block(story, "sam", by=olga) and None
    with pytest.raises(Blocked):
        put_block(story, "olga", by=caller("sam"))
    assert set(story.store.blocks) == {("sam", EVERYTHING)}


def test_a_lifted_block_is_over_at_once_and_the_person_is_as_before() -> None:
    story = Story()
    put_block(story, length=None)
    put_block(story, resource=LEDGER)
    lifted = lift(story)
    assert {found.resource for found in lifted} == {EVERYTHING, LEDGER}
    assert {(b.lifted_by, b.lift_reason, b.lifted_at) for b in lifted} == {
        (arn("sam"), "laptop found", story.now)
    }
    assert story.request().status is Status.PENDING_APPROVAL
    with pytest.raises(NotFound):
        lift(story)


def test_one_resource_is_lifted_and_the_other_block_goes_on() -> None:
    story = Story()
    put_block(story, resource=LEDGER)
    put_block(story, resource=UAT)
    lift(story, arn("alice"), LEDGER)
    story.request()
    with pytest.raises(Blocked):
        story.request(resource=UAT)


def test_somebody_who_is_nobody_any_more_is_lifted_by_what_the_list_says() -> None:
    story = Story()
    put_block(story, "gone")
    for name in ("gone", arn("gone")):
        put_block(story, "gone")
        assert [found.person for found in lift(story, name)] == ["gone"]


def test_a_block_is_made_longer_and_never_shorter() -> None:
    story = Story()
    put_block(story, length=HOUR)
    longer = put_block(story, length=2 * HOUR)
    beside = put_block(story, resource=KYC, length=None)
    assert put_block(story, length=HOUR) == longer
    assert put_block(story, resource=KYC, length=HOUR) == beside
    endless = put_block(story, length=None)
    assert put_block(story, length=HOUR) == endless
    assert len(story.store.about_people) == 4
    story.later(days=1000)
    with pytest.raises(Blocked):
        story.request()


def test_whoever_is_refused_is_told_until_when_and_not_by_whom_or_why() -> None:
    story = Story()
    put_block(story)
    with pytest.raises(Blocked) as refused:
        story.request()
    assert refused.value.detail == "alice is blocked until 2026-03-01T13:00:00.250Z"


@pytest.mark.parametrize(("who", "may"), [("sam", True), ("ada", True), ("bob", False)])
def test_operators_and_auditors_see_who_is_blocked_now(who: str, *, may: bool) -> None:
    story = Story()
    put_block(story, "kim", length=timedelta(seconds=1))
    put_block(story, "dave", length=None)
    put_block(story)
    lift(story, "dave")
    story.later(seconds=1)

    def listed() -> list[str]:
        found = list_blocks(story.call(who))
        return [one.person for one in found]

    if may:
        assert listed() == ["alice"]
    else:
        with pytest.raises(NotEligible):
            listed()


@pytest.mark.guarantee("G7")
@pytest.mark.guarantee("G12")
def test_block_and_lift_are_recorded_on_their_own_without_what_people_wrote() -> None:
    story = Story()
    session_id = story.granted().session_id
    block(story, session_id, one_resource=True)
    lift(story)
    blocked, unblocked = story.store.about_people
    for record, kind in ((blocked, "Blocked"), (unblocked, "Unblocked")):
        assert (record["type"], record["session_id"], record["sequence"]) == (kind, "", 0)
        assert (record["requester"], record["resource"]) == (arn("alice"), LEDGER)
        assert record["actor"]["principal"] == arn("sam")
        assert record["outcome"] == "success"
        assert "laptop" not in str(record)
    assert blocked["detail"] == f"alice is blocked on {LEDGER} until 2026-03-01T13:00:00.250Z"
    assert unblocked["detail"] == f"alice is no longer blocked on {LEDGER}"
    revoked = story.store.records(session_id)[-1]
    key = story.store.sessions[session_id].text_key
    assert free_text.commitment(key, "laptop stolen") in revoked["detail"]


def test_a_block_ends_at_its_very_instant() -> None:
    made = put_block(Story())
    assert made.until == NOON + HOUR
    assert made.stands(NOON + HOUR - timedelta(milliseconds=1))
    assert not made.stands(NOON + HOUR)
