"""A block ends what the person has open, each session with its own receipt."""

from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from pam.domain import deadlines
from pam.domain.errors import Blocked, IssuerUnavailable
from pam.domain.lifecycle import Status
from pam.domain.people import WORKFLOW
from pam.domain.session import Session
from pam.operations.block_person import end_all_blocked
from pam.operations.close_session import close_session
from pam.operations.decide_end import Verdict
from pam.ports.targets import Receipt
from tests.fakes.blocks import block, put_block
from tests.fakes.story import LEDGER, SANDBOX, Story, arn
from tests.fakes.world import FakeIssuer, FakeStore

LEDGER_DB = "core-ledger-db"


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
    for session, method in (
        (first, "deny-read-back"),
        (second, "deny-read-back"),
        (pending, "never-granted"),
    ):
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
    others, pending = story.granted("dave").session_id, story.waiting().session_id
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
    session_id = story.approved().session_id
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
    ended = story.revoke(leased)
    assert deadlines.due_at(ended) is not None, "the traces of its lease are the tick's"
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
