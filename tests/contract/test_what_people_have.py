"""What a person has open and where they acted, in the stand-in and in the table alike."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.aws import person_items, table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain import timestamps
from pam.domain.apart import Act
from pam.domain.errors import StaleSession
from pam.domain.limits import OpenNow, OpenSession
from pam.domain.review import Judgement
from pam.ids import new_id
from pam.operations.count_open import recount_open
from pam.operations.review_session import ReviewPaper, review_session
from pam.ports.sessions import SessionStore
from tests.contract.both_stores import store
from tests.contract.conftest import TABLE, TABLES
from tests.fakes.story import LEDGER, NOON, SANDBOX, UAT, Story

__all__ = ["store"]


def counted(store: SessionStore, person: str = "alice") -> set[OpenSession]:
    return set(store.open_now(person).sessions)


def test_a_session_counts_from_its_request_to_its_end(story: Story, store: SessionStore) -> None:
    assert store.open_now("alice") == OpenNow()
    session_id = story.request().session_id
    waiting = OpenSession(session_id=session_id, resource=LEDGER, waiting=True, confirmed=True)
    assert counted(store) == {waiting}
    story.vote("bob", session_id)
    assert counted(store) == {waiting}
    story.vote("carol", session_id)
    story.activate(session_id)
    assert counted(store) == {replace(waiting, waiting=False)}
    story.issuer.down = True
    story.end(session_id)
    assert counted(store) == {replace(waiting, waiting=False)}, "it is not closed yet"
    story.issuer.down = False
    story.end(session_id)
    assert counted(store) == set()
    assert counted(store, "dave") == set()


def test_what_owes_a_review_is_known_until_it_is_settled(story: Story, store: SessionStore) -> None:
    session_id = story.request(break_glass=True).session_id
    story.activate(session_id)
    story.end(session_id)
    for who in ("bob", "carol"):
        assert store.open_now("alice").unreviewed == (session_id,)
        review_session(
            ReviewPaper(session_id=session_id, judgement=Judgement.JUSTIFIED),
            replace(story, store=store).call(who),
        )
    assert store.open_now("alice").unreviewed == ()


def test_an_emergency_that_is_confirmed_owes_its_review_from_then(
    story: Story, store: SessionStore
) -> None:
    session_id = story.by_runbook("alice", LEDGER, break_glass=True).session_id
    held = store.open_now("alice")
    assert ([each.confirmed for each in held.sessions], held.unreviewed) == ([False], ())
    story.confirm(session_id)
    held = store.open_now("alice")
    assert ([each.confirmed for each in held.sessions], held.unreviewed) == ([True], (session_id,))
    assert store.get(session_id).confirmation is not None  # type: ignore[union-attr]


@pytest.mark.guarantee("G9")
def test_of_two_additions_decided_on_one_reading_the_second_is_refused(
    story: Story, store: SessionStore
) -> None:
    held = store.open_now("alice")
    first = story.request()
    for late in (held, replace(store.open_now("alice"), version=7)):
        twin = replace(first, session_id=new_id(NOON))
        with pytest.raises(StaleSession):
            store.create(twin, (), None, late)
        with pytest.raises(StaleSession):
            store.save(first, replace(first, notices=1), (), None, late)
        assert store.get(twin.session_id) is None
    second = story.request(resource=UAT)
    assert {each.session_id for each in counted(store)} == {first.session_id, second.session_id}


def test_what_takes_away_moves_no_version(story: Story, store: SessionStore) -> None:
    session_id = story.request().session_id
    before = store.open_now("alice").version
    story.end(session_id)
    assert store.open_now("alice").version == before


def test_what_counts_wrongly_is_put_right_and_a_close_is_never_undone(
    story: Story, store: SessionStore
) -> None:
    session_id = story.request(resource=SANDBOX).session_id
    as_read = store.get(session_id)
    assert as_read is not None
    story.end(session_id)
    store.recount(as_read)
    if isinstance(store, DynamoDbSessions):
        assert counted(store) == set()


def test_a_sweep_counts_what_an_earlier_version_stored(table: Any) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    store: Any = story.store
    session_id = story.request().session_id
    head, item = person_items.open_key("alice"), person_items.open_key("alice", session_id)
    for key in (head, item):
        table.delete_item(TableName=TABLE, Key=to_item(dict(key)))
    assert store.open_now("alice") == OpenNow()
    assert recount_open(store=store) == [session_id]
    assert recount_open(store=store) == []
    assert len(store.open_now("alice").sessions) == 1
    story.request()
    assert len(store.open_now("alice").sessions) == 2


def put(table: Any, *items: dict[str, Any]) -> None:
    for item in items:
        table.put_item(TableName=TABLE, Item=to_item(item))


@pytest.mark.guarantee("G9")
def test_what_is_open_counts_again_though_somebody_wrote_that_it_is_done(table: Any) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    store: Any = story.store
    waiting = story.request()
    emergency = story.request(break_glass=True).session_id
    story.activate(emergency)
    closed = story.request(break_glass=True).session_id
    story.end(closed)
    before = store.open_now("alice")
    put(table, person_items.open_item(waiting) | {"done": True})
    for session_id in (emergency, closed):
        put(table, {**table_keys.review_key("alice", session_id), "done": True})
    assert store.open_now("alice") != before
    assert set(recount_open(store=store)) == {waiting.session_id, emergency, closed}
    assert recount_open(store=store) == []
    assert set(store.open_now("alice").sessions) == set(before.sessions)
    assert store.open_now("alice").unreviewed == before.unreviewed


@pytest.mark.guarantee("G9")
def test_nobody_is_refused_because_of_what_is_none_of_theirs(table: Any) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    store: Any = story.store
    others = story.request(who="dave", resource=LEDGER)
    emergency = story.request(who="dave", break_glass=True, resource=UAT).session_id
    ids = [*(new_id(NOON) for _ in range(4)), others.session_id, emergency]
    for session_id in ids:
        counted_as = replace(others, session_id=session_id, requester_name="alice")
        due = {"kind": "REVIEW", "review_due_at": timestamps.render(NOON)}
        put(table, person_items.open_item(counted_as))
        put(table, {**table_keys.review_key("alice", session_id), **due})
    story.request()
    story.request(break_glass=True)
    assert len(store.open_now("alice").sessions) == 2
    assert {each.session_id for each in store.open_now("dave").sessions} == set(ids[-2:])


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize(
    "written", [{"version": "many"}, {"version": None}, {}], ids=["a text", "nothing", "absent"]
)
def test_a_count_that_somebody_wrote_over_keeps_nobody_out(
    table: Any, written: dict[str, Any]
) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    store: Any = story.store
    first = story.request().session_id
    put(table, {**person_items.open_key("alice"), **written})
    put(table, {**person_items.open_key("alice", first), "kind": "OPEN"})
    second = story.request().session_id
    assert recount_open(store=store) == [first]
    assert {each.session_id for each in counted(store)} == {first, second}


def test_where_somebody_acted_is_kept_by_their_principals(store: SessionStore) -> None:
    first = Act(person="zoe", principal="p1", groups=("a", "b"), roles=("engineers",), at=NOON)
    other = replace(first, groups=("c",), roles=("approvers",), principal="p2")
    third = replace(first, principal="p3" * 1000)
    later = replace(first, at=NOON + timedelta(hours=2))
    for act in (first, other, third, later):
        store.note_act(act)
    acts = sorted(store.acts_of("zoe"), key=lambda act: act.principal)
    assert acts == [later, other, third]
    assert store.acts_of("zo") == []


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("store", ["dynamodb"], indirect=True)
def test_what_is_added_while_it_is_counted_is_counted_or_makes_the_count_void(
    story: Story, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes two reads; the addition comes between them, whichever is the first."""
    added: list[str] = []

    def then_added(read: Any) -> Any:
        def reads(*asked: Any) -> Any:
            found = read(*asked)
            if not added:
                added.append("now")
                added.append(story.request(break_glass=True).session_id)
            return found

        return reads

    for name in ("_open_items", "_owed_reviews"):
        monkeypatch.setattr(store, name, then_added(getattr(store, name)))
    held, fresh = store.open_now("alice"), store.open_now("alice")
    assert added[1] in fresh.unreviewed
    assert held == fresh or held.version < fresh.version
