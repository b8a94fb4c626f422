"""Who is blocked gets nothing and keeps nothing; who may block, and that somebody always may."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from pam.domain import free_text
from pam.domain.approval import Ballot
from pam.domain.block import EVERYTHING, Block
from pam.domain.errors import (
    Blocked,
    IssuerUnavailable,
    NotEligible,
    NotFound,
)
from pam.domain.lifecycle import Status
from pam.domain.people import Caller, Person
from pam.domain.session import Session
from pam.operations.add_block import BlockOrder, add_block
from pam.operations.block_person import Wish, block_requester, end_all_blocked
from pam.operations.check_access import check_access
from pam.operations.close_session import WORKFLOW, Verdict, close_session
from pam.operations.erase_texts import erase_texts
from pam.operations.lift_block import lift_block
from pam.operations.list_blocks import list_blocks
from pam.ports.targets import Receipt
from tests.fakes.story import KYC, LEDGER, NOON, SANDBOX, UAT, Story, arn, caller
from tests.fakes.world import FakeIssuer, FakeStore

HOUR = timedelta(hours=1)
LEDGER_DB = "core-ledger-db"


def operator(name: str, *more: str) -> Caller:
    """A second operator, or a person of several roles; the local people have one each."""
    person = Person(
        name=name,
        principal=arn(name),
        domain="bank-core",
        groups=(),
        roles=frozenset({"operators", *more}),
    )
    return replace(caller("sam"), principal=arn(name), person=person)


def put_block(
    story: Story,
    person: str = "alice",
    resource: str = EVERYTHING,
    length: timedelta | None = HOUR,
    by: Caller | None = None,
) -> Block:
    """On the list alone: what the person has open is not ended."""
    order = BlockOrder(
        person=person,
        principal=arn(person),
        resource=resource,
        until=None if length is None else story.now + length,
        reason="laptop stolen",
    )
    return add_block(
        order, caller=by or caller("sam"), now=story.now, store=story.store, policy=story.policy
    )


def block(
    story: Story,
    session_id: str,
    *,
    length: timedelta | None = HOUR,
    one_resource: bool = False,
    by: Caller | None = None,
) -> Session:
    return block_requester(
        session_id,
        Wish(length=length, one_resource=one_resource, reason="laptop stolen"),
        caller=by or caller("sam"),
        now=story.now,
        store=story.store,
        policy=story.policy,
        closer=story.closer,
        notifier=story.notifier,
    )


def lift(
    story: Story, who: str = "alice", resource: str | None = None, by: Caller | None = None
) -> list[Block]:
    return lift_block(
        who,
        resource,
        "laptop found",
        caller=by or caller("sam"),
        now=story.now,
        store=story.store,
        policy=story.policy,
    )


def holds(story: Story, resource: str = LEDGER, who: str = "alice") -> bool:
    return check_access(
        resource,
        None,
        caller=caller(who),
        now=story.now,
        store=story.store,
        policy=story.policy,
    ).allowed


def waiting(story: Story) -> str:
    """A session that one more approval grants."""
    session_id = story.request().session_id
    story.vote("bob", session_id)
    return session_id


def approved(story: Story) -> str:
    session_id = waiting(story)
    story.vote("carol", session_id)
    return session_id


def half_made(story: Story) -> str:
    """A session whose activation died at the target."""
    session_id = approved(story)
    story.issuer.down = True
    with suppress(IssuerUnavailable):
        story.activate(session_id)
    story.issuer.down = False
    return session_id


def voted(story: Story, by: str, decision: Ballot = Ballot.APPROVE) -> Callable[[], object]:
    session_id = waiting(story)
    return partial(story.vote, by, session_id, decision)


STEPS: dict[str, tuple[str, Callable[[Story], Callable[[], object]]]] = {
    "asking": ("alice", lambda s: s.request),
    "asking in an emergency": ("alice", lambda s: partial(s.request, break_glass=True)),
    "the last approval": ("alice", lambda s: voted(s, "carol")),
    "activation": ("alice", lambda s: partial(s.activate, approved(s))),
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


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("one_resource", [False, True])
def test_blocking_ends_all_that_is_open_in_its_scope_each_with_its_own_receipt(
    *, one_resource: bool
) -> None:
    story = Story()
    first, second = story.granted(), story.granted()
    elsewhere = story.activate(story.request(resource=SANDBOX).session_id)
    pending, others = story.request(), story.granted("dave")
    ended = block(story, first.session_id, one_resource=one_resource)
    assert ended.status is Status.REVOKED
    stored = story.store.sessions
    for session, method in ((first, "seen"), (second, "seen"), (pending, "never-granted")):
        ending = stored[session.session_id].ending
        assert stored[session.session_id].status is Status.REVOKED
        assert ending is not None
        assert (ending.method, ending.by) == (method, arn("sam"))
        assert story.store.types(session.session_id)[-2:] == ["Revoking", "Revoked"]
    kept = {others.session_id} | ({elsewhere.session_id} if one_resource else set())
    assert story.issuer.held == kept


@pytest.mark.guarantee("G14")
def test_targets_are_asked_side_by_side_and_one_that_fails_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    wanted = (*[LEDGER] * 3, *[LEDGER_DB] * 2)
    sessions = [story.granted(resource=each).session_id for each in wanted]
    together, end = Barrier(5, timeout=10), FakeIssuer.end

    def slow(issuer: FakeIssuer, session: Session, now: object) -> Receipt:
        assert all(s.status is Status.REVOKING for s in story.store.sessions.values())
        together.wait()
        if session.session_id == sessions[0]:
            message = "the target did not answer"
            raise IssuerUnavailable(message)
        if session.session_id == sessions[1]:
            message = "a fault of the adapter"
            raise RuntimeError(message)
        return end(issuer, session, story.now)

    monkeypatch.setattr(FakeIssuer, "end", slow)
    with pytest.raises(RuntimeError):
        block(story, sessions[0])
    states = [story.store.sessions[i].status for i in sessions]
    assert states[:2] == [Status.REVOKING] * 2
    assert states[2:] == [Status.REVOKED] * 3
    monkeypatch.setattr(FakeIssuer, "end", end)
    assert block(story, sessions[0]).status is Status.REVOKED
    assert story.issuer.held == set()


@pytest.mark.guarantee("G14")
def test_what_the_index_of_open_sessions_does_not_show_yet_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    sandbox = story.activate(story.request(resource=SANDBOX).session_id).session_id
    granted = [story.granted().session_id, sandbox]
    others, pending = story.granted("dave").session_id, waiting(story)
    monkeypatch.setattr(story.store, "open_sessions", lambda *_: [])
    assert block(story, pending).status is Status.REVOKED
    assert [story.store.sessions[i].status for i in granted] == [Status.REVOKED] * 2
    assert story.issuer.held == {others}


@pytest.mark.guarantee("G14")
def test_an_end_that_cannot_be_decided_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story()
    undecided, *others = [story.granted().session_id for _ in range(3)]
    save = FakeStore.save

    def failing_for_one(store: FakeStore, before: Session, *step: Any) -> None:
        if before.session_id == undecided:
            message = "a fault of the table"
            raise RuntimeError(message)
        save(store, before, *step)

    monkeypatch.setattr(FakeStore, "save", failing_for_one)
    with pytest.raises(RuntimeError, match="the table"):
        block(story, others[0])
    assert [story.store.sessions[i].status for i in others] == [Status.REVOKED] * 2
    assert story.issuer.held == {undecided}


@pytest.mark.guarantee("G14")
def test_a_block_that_lands_while_the_access_is_made_leaves_no_access() -> None:
    story = Story()
    session_id = approved(story)
    story.issuer.during_activate = lambda: put_block(story) and None
    with pytest.raises(Blocked):
        story.activate(session_id)
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason="the workflow failed")
    close_session(session_id, verdict, now=story.now, store=story.store, issuers=story.issuers)
    assert story.store.sessions[session_id].status is Status.FAILED
    assert story.issuer.held == set()


@pytest.mark.guarantee("G14")
def test_what_a_dying_call_left_open_is_found_and_ended() -> None:
    story = Story()
    left, others = story.granted().session_id, story.granted("dave").session_id
    put_block(story)
    put_block(story, "dave", length=timedelta(seconds=1))
    story.later(seconds=1)
    search = {
        "now": story.now,
        "store": story.store,
        "policy": story.policy,
        "closer": story.closer,
    }
    (ended,) = end_all_blocked(**search)  # type: ignore[arg-type]
    assert (ended.session_id, ended.status) == (left, Status.REVOKED)
    assert ended.ending is not None
    assert (ended.ending.by, ended.ending.reason) == (arn("sam"), "laptop stolen")
    assert story.issuer.held == {others}
    assert end_all_blocked(**search) == []  # type: ignore[arg-type]


@pytest.mark.guarantee("G14")
def test_a_search_for_the_blocked_that_fails_at_one_ends_the_others_and_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    failing, other = story.granted().session_id, story.granted("dave").session_id
    put_block(story)
    put_block(story, "dave")
    end = FakeIssuer.end

    def faulty(issuer: FakeIssuer, session: Session, now: datetime) -> Receipt:
        if session.session_id == failing:
            message = "a fault of the adapter"
            raise RuntimeError(message)
        return end(issuer, session, now)

    monkeypatch.setattr(FakeIssuer, "end", faulty)
    with pytest.raises(RuntimeError, match="the adapter"):
        end_all_blocked(
            now=story.now,
            store=story.store,
            policy=story.policy,
            closer=story.closer,
        )
    assert story.issuer.ended == [other]


def test_whoever_is_blocked_and_has_no_end_left_to_decide_is_looked_at_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    leased, unconfirmed = story.granted().session_id, story.granted().session_id
    story.lease(leased)
    assert story.revoke(leased).due_at is not None, "the traces of its lease are the tick's"
    story.issuer.down = True
    assert story.revoke(unconfirmed).status is Status.REVOKING
    story.issuer.down = False
    put_block(story)

    def looked_further(*_: object) -> list[str]:
        pytest.fail("a query more for everybody who is blocked")

    monkeypatch.setattr(story.store, "grants", looked_further)
    search = {
        "now": story.now,
        "store": story.store,
        "policy": story.policy,
        "closer": story.closer,
    }
    assert end_all_blocked(**search) == []  # type: ignore[arg-type]


def test_a_session_that_is_over_tells_whom_to_block_all_the_same() -> None:
    story = Story()
    over, still_open = story.granted().session_id, story.granted().session_id
    story.end(over)
    assert block(story, over).status is Status.ENDED
    assert story.store.sessions[still_open].status is Status.REVOKED


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
    "erasing": lambda s, who, i: erase_texts(
        i, caller=who, now=s.now, store=s.store, policy=s.policy
    ),
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
        found = list_blocks(
            caller=caller(who), now=story.now, store=story.store, policy=story.policy
        )
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
