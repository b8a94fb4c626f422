"""How much one person may have at once, also when they ask many times at the same instant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier, Lock
from typing import Any

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import LimitReached
from pam.domain.lifecycle import Status
from pam.domain.limits import Limits, OpenSession
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.operations.count_open import recount_open
from pam.operations.review_session import ReviewPaper, review_session
from pam.policy.cedar import CedarPolicy
from tests.fakes.story import COMPILED, KYC, LEDGER, SANDBOX, UAT, Story
from tests.fakes.world import FakeStore

DATABASES = ("core-ledger-db", "core-reporting-db")
WITHOUT_VOTES = (SANDBOX,)


def ids(*sessions: Session) -> tuple[str, ...]:
    return tuple(sorted(session.session_id for session in sessions))


def refused(act: Callable[[], object]) -> tuple[str, ...]:
    """The sessions in the way."""
    with pytest.raises(LimitReached) as reached:
        act()
    return reached.value.sessions


def reviewed(story: Story, session: Session) -> None:
    for who in ("bob", "carol"):
        review_session(
            ReviewPaper(session_id=session.session_id, judgement=Judgement.JUSTIFIED),
            story.call(who),
        )


def test_five_requests_wait_for_votes_and_the_sixth_is_refused_with_their_ids() -> None:
    story = Story()
    waiting = [story.request(resource=each) for each in (LEDGER, LEDGER, UAT, UAT, KYC)]
    assert refused(lambda: story.request(resource=DATABASES[0])) == ids(*waiting)
    assert len(story.store.sessions) == 5
    assert story.request(resource=SANDBOX).status is Status.APPROVED, "it waits for nobody"
    assert story.request(resource=LEDGER, break_glass=True).status is Status.APPROVED
    assert story.request("dave").status is Status.PENDING_APPROVAL


END_OF_WAITING: dict[str, Callable[[Story, str], Any]] = {
    "a denial": lambda s, i: s.vote("bob", i, Ballot.DENY),
    "the last approval": lambda s, i: [s.vote(who, i) for who in ("bob", "carol")],
    "a withdrawal": lambda s, i: s.end(i),
    "a revocation": lambda s, i: s.revoke(i),
}


@pytest.mark.parametrize("case", END_OF_WAITING)
def test_a_request_that_waits_no_more_makes_room(case: str) -> None:
    story = Story()
    first, *_ = [story.request(resource=each) for each in (LEDGER, LEDGER, UAT, UAT, KYC)]
    END_OF_WAITING[case](story, first.session_id)
    assert story.request(resource=DATABASES[0]).status is Status.PENDING_APPROVAL
    refused(lambda: story.request(resource=DATABASES[1]))


def test_three_sessions_on_one_resource_whatever_their_state() -> None:
    story = Story()
    sessions = [story.granted(), story.request(), story.request(break_glass=True)]
    for wish in ({}, {"break_glass": True}):
        assert refused(lambda wish=wish: story.request(**wish)) == ids(*sessions)
    story.issuer.down = True
    assert story.revoke(sessions[0].session_id).status is Status.REVOKING
    refused(story.request)
    story.issuer.down = False
    story.revoke(sessions[1].session_id)
    story.request()


def test_twenty_open_sessions_in_all() -> None:
    resources = tuple(
        replace(COMPILED.resources[2], resource_id=f"sandbox-{number}") for number in range(21)
    )
    story = Story(policy=CedarPolicy(replace(COMPILED, resources=resources)))
    sessions = [story.request(resource=f"sandbox-{number}") for number in range(20)]
    assert refused(lambda: story.request(resource="sandbox-20")) == ids(*sessions)


@pytest.mark.guarantee("G15")
def test_three_emergencies_without_a_finished_review_closed_ones_included() -> None:
    story = Story()
    sessions = [story.request(resource=each, break_glass=True) for each in (LEDGER, LEDGER, UAT)]
    for session in sessions:
        story.activate(session.session_id)
        story.end(session.session_id)
    assert refused(lambda: story.request(break_glass=True)) == ids(*sessions)
    assert story.request(resource=SANDBOX, break_glass=True).review is None, "owes no review"
    assert story.request().status is Status.PENDING_APPROVAL
    reviewed(story, sessions[0])
    assert story.request(break_glass=True).status is Status.APPROVED


@pytest.mark.guarantee("G9")
def test_of_two_requests_at_once_for_the_last_place_one_gets_it() -> None:
    story = Story()
    for resource in (LEDGER, LEDGER, UAT, UAT):
        story.request(resource=resource)
    twin: list[Session] = []

    def faster() -> None:
        with suppress(LimitReached):
            twin.append(story.request(resource=KYC))

    story.store.before_create = faster
    assert len(refused(lambda: story.request(resource=DATABASES[0]))) == 5
    assert len(twin) == 1
    assert len(story.store.sessions) == 5


@pytest.mark.guarantee("G9")
def test_the_limit_holds_against_many_calls_at_the_same_instant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story, together, one = Story(), Barrier(12, timeout=20), Lock()
    create, first = FakeStore.create, set[str]()

    def all_at_once(store: FakeStore, session: Session, *more: Any) -> None:
        if session.session_id not in first:
            first.add(session.session_id)
            together.wait()
        with one:
            create(store, session, *more)

    monkeypatch.setattr(FakeStore, "create", all_at_once)

    def ask(number: int) -> bool:
        try:
            story.request(resource=(LEDGER, UAT, KYC, *DATABASES)[number % 5])
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        opened = list(pool.map(ask, range(12)))
    assert opened.count(True) == 5
    assert len(story.store.sessions) == 5


def test_an_end_is_held_up_by_no_request_of_the_same_person() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.store.before_save = lambda _: story.request(resource=UAT) and None
    assert story.end(session_id).status is Status.ENDED


def test_a_repeated_key_finds_its_session_though_there_is_no_room_any_more() -> None:
    story = Story()
    first = story.request(key="k")
    for resource in (LEDGER, UAT, UAT, KYC):
        story.request(resource=resource)
    assert story.request(key="k").session_id == first.session_id


def test_nobody_is_refused_because_of_a_session_that_is_over_and_still_counts() -> None:
    story = Story()
    sessions = [story.request() for _ in range(3)]
    over = sessions[0]
    story.end(over.session_id)
    story.store.counted["alice"][over.session_id] = OpenSession(
        session_id=over.session_id, resource=LEDGER, waiting=True, confirmed=True
    )
    assert story.request().status is Status.PENDING_APPROVAL
    refused(story.request)


def test_sessions_that_do_not_count_do_once_a_sweep_has_seen_them() -> None:
    story = Story()
    sessions = [story.request(), story.request(), story.granted()]
    story.end(sessions[2].session_id)
    story.store.counted.clear()
    assert recount_open(store=story.store) == [s.session_id for s in sessions[:2]]
    assert recount_open(store=story.store) == []
    story.request()
    assert len(refused(story.request)) == 3


def test_the_numbers_are_those_of_the_catalogue() -> None:
    limits = Limits(waiting=1, per_resource=9, open=9, unreviewed_break_glass=9, unconfirmed=9)
    story = Story(policy=CedarPolicy(replace(COMPILED, limits=limits)))
    story.request()
    refused(lambda: story.request(resource=UAT))
