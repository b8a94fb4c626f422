"""One suite for the store that operations are tested with and the one that is deployed, so that
the stand-in cannot drift from the real one."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain import audit_record, new_records
from pam.domain.audit_record import Entry, Record, RecordType
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import Status
from pam.domain.people import Actor, ActorKind
from pam.domain.review import Judgement, LookBack
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.block_person import PersonOrder, block_person
from pam.operations.count_open import recount_open
from pam.operations.end_due import end_due
from pam.ports.sessions import IdempotencyKey, Once, SessionQuery, SessionStore
from tests.contract.both_stores import store
from tests.contract.conftest import TABLE, TABLES
from tests.fakes.story import KYC, LEDGER, NOON, SANDBOX, Story

__all__ = ["store"]

BOB = Actor(principal="arn:aws:iam::000000000000:user/bob", kind=ActorKind.PERSON)


def step(session: Session, **changes: Any) -> tuple[Session, tuple[Record, ...]]:
    entry = Entry(type=RecordType.VOTED, actor=BOB)
    return new_records.chain(replace(session, **changes), (entry,), now=NOON, new_id=new_id)


def test_a_session_is_read_as_it_was_written(story: Story, store: SessionStore) -> None:
    session = story.granted()
    story.lease(session.session_id)
    ended = story.end(session.session_id)
    assert store.get(session.session_id) == ended
    assert store.get("01JD8XGZ6Q3M4V5N6P7R8S9T0A") is None


def test_records_come_in_order_as_they_were_written(story: Story, store: SessionStore) -> None:
    session_id = story.granted().session_id
    records = store.records(session_id)
    assert [record["sequence"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert [record["hash"] for record in records] == [
        audit_record.hash_of(record) for record in records
    ]


@pytest.mark.guarantee("G9")
def test_of_two_writers_from_one_reading_the_second_is_refused(
    story: Story, store: SessionStore
) -> None:
    before = story.request()
    first, first_records = step(before, reason="first")
    second, second_records = step(before, reason="second")
    store.save(before, first, first_records)
    for records in (second_records, ()):
        with pytest.raises(StaleSession):
            store.save(before, second, records)
    stored = store.get(before.session_id)
    assert stored is not None
    assert stored.reason == "first"
    assert len(store.records(before.session_id)) == 2


def test_a_session_id_is_taken_once(story: Story, store: SessionStore) -> None:
    session = story.request()
    with pytest.raises(StaleSession):
        store.create(session, [], None)


@pytest.mark.guarantee("G9")
def test_an_idempotency_key_is_taken_once_and_nothing_half_written_stays(
    story: Story, store: SessionStore
) -> None:
    first = story.request(key="k")
    key = IdempotencyKey(person="alice", key="k", fingerprint="another")
    other, records = step(replace(first, session_id=new_id(NOON), sequence=0, last_hash=""))
    with pytest.raises(StaleSession):
        store.create(other, records, key)
    assert store.get(other.session_id) is None
    assert store.records(other.session_id) == []
    found = store.find_by_key(key)
    assert found is not None
    assert found[0] == first.session_id
    assert store.find_by_key(replace(key, person="dave")) is None


def test_a_grant_stands_exactly_while_its_session_is_active(
    story: Story, store: SessionStore
) -> None:
    session_id = story.request().session_id
    assert store.grants("alice", LEDGER) == []
    story.vote("bob", session_id)
    story.vote("carol", session_id)
    assert store.grants("alice", LEDGER) == []
    story.activate(session_id)
    assert store.grants("alice", LEDGER) == [session_id]
    assert store.grants("dave", LEDGER) == []
    assert store.grants("alice", SANDBOX) == []
    story.lease(session_id)
    assert store.grants("alice", LEDGER) == [session_id]
    story.issuer.down = True
    story.revoke(session_id)
    assert store.grants("alice", LEDGER) == []


def walk(store: SessionStore, query: SessionQuery) -> list[str]:
    found: list[str] = []
    while True:
        page = store.find(query)
        found += [session.session_id for session in page.sessions]
        if page.after is None:
            return found
        query = replace(query, after=page.after)


@pytest.fixture
def many(story: Story) -> dict[str, Session]:
    made = []
    for who, resource in [
        ("alice", LEDGER), ("dave", LEDGER), ("alice", SANDBOX), ("kim", KYC), ("alice", LEDGER),
    ]:  # fmt: skip
        story.later(milliseconds=1)
        made.append(story.request(who, resource))
    return {session.session_id: session for session in made}


FILTERS = {
    "all": SessionQuery(),
    "a person's": SessionQuery(requester_name="alice"),
    "a resource's": SessionQuery(resource=LEDGER),
    "a status": SessionQuery(status=Status.PENDING_APPROVAL),
    "a person's on a resource": SessionQuery(requester_name="alice", resource=LEDGER),
    "a person's in a status": SessionQuery(requester_name="alice", status=Status.APPROVED),
    "a resource's in a status": SessionQuery(resource=SANDBOX, status=Status.APPROVED),
    "nobody's": SessionQuery(requester_name="mallory"),
}


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("case", FILTERS)
def test_a_walk_finds_what_matches_newest_first_without_gap_or_repeat(
    store: SessionStore, many: dict[str, Session], case: str, limit: int
) -> None:
    query = FILTERS[case]
    expected = [
        session_id
        for session_id, session in sorted(many.items(), reverse=True)
        if query.requester_name in {None, session.requester_name}
        and query.resource in {None, session.resource}
        and query.status in {None, session.status}
    ]
    assert walk(store, replace(query, limit=limit)) == expected


def due(store: SessionStore, now: datetime, limit: int) -> list[str]:
    return [session.session_id for session in store.due(now, limit)]


def test_what_is_due_is_found_and_nothing_else(
    story: Story, store: SessionStore, many: dict[str, Session]
) -> None:
    assert due(store, story.now, 10) == []
    sandbox = next(s.session_id for s in many.values() if s.resource == SANDBOX)
    assert due(store, story.now + timedelta(minutes=5), 10) == [sandbox]
    everything = due(store, story.now + timedelta(hours=5), 10)
    assert everything[0] == sandbox
    assert set(everything) == set(many)
    assert due(store, story.now + timedelta(hours=5), 2) == everything[:2]


@pytest.mark.guarantee("G6")
def test_where_access_may_exist_comes_before_all_that_waits_however_long(
    story: Story, store: SessionStore
) -> None:
    waiting = story.request().session_id
    story.later(hours=1)
    active = story.granted(seconds=60).session_id
    later = story.later(days=1)
    assert due(store, later, 10) == [active, waiting]
    assert due(store, later, 1) == [active, waiting], "at most so many of each"


@pytest.mark.guarantee("G6")
def test_a_try_puts_a_session_behind_those_that_had_none_and_is_no_step(
    story: Story, store: SessionStore
) -> None:
    first, second = (story.granted(seconds=60) for _ in range(2))
    later = story.later(days=1)
    longest = due(store, later, 1)[0]
    session, other = (first, second) if longest == first.session_id else (second, first)
    store.note_try(session, later)
    assert due(store, later, 10) == [other.session_id]
    again = later + first.target.row.deadlines.ending
    assert set(due(store, again, 10)) == {first.session_id, second.session_id}
    stored = store.get(session.session_id)
    assert stored == replace(session, tries=1, tried_at=later)
    assert len(store.records(session.session_id)) == session.sequence


def test_a_closed_session_is_never_due_but_for_what_it_left_behind(
    story: Story, store: SessionStore
) -> None:
    session_id = story.granted().session_id
    story.lease(session_id)
    story.end(session_id)
    # No auditor carried its end here: then the longest life that a session can have is waited for.
    much_later = story.now + timedelta(hours=30)
    assert due(store, much_later, 10) == [session_id]
    story.now = much_later
    end_due(session_id, now=story.now, store=store, issuers=story.issuers)
    assert due(store, much_later, 10) == []
    stored = store.get(session_id)
    assert stored is not None
    assert stored.traces_until is None


def test_a_token_is_kept_and_a_new_one_replaces_it(story: Story, store: SessionStore) -> None:
    session_id = story.request().session_id
    assert store.task_token(session_id) is None
    store.put_task_token(session_id, "first", NOON)
    store.put_task_token(session_id, "second", NOON)
    assert store.task_token(session_id) == "second"


@pytest.mark.guarantee("G9")
def test_a_notice_and_a_step_from_one_reading_never_undo_each_other(
    story: Story, store: SessionStore
) -> None:
    before = story.request()
    told = replace(before, notices=1, noticed_at=NOON)
    store.save(before, told, ())
    late, late_records = step(before)
    for after, records in ((told, ()), (late, late_records)):
        with pytest.raises(StaleSession):
            store.save(before, after, records)
    next_step, records = step(told)
    store.save(told, next_step, records)
    with pytest.raises(StaleSession):
        store.save(told, replace(told, notices=2), ())
    assert store.get(before.session_id) == next_step


@pytest.mark.guarantee("G15")
def test_what_a_person_owes_a_review_counts_from_its_deadline_until_two_have_looked(
    story: Story, store: SessionStore
) -> None:
    session = story.request(break_glass=True)
    story.request()
    another = story.request("dave", break_glass=True).session_id
    assert session.review is not None
    due_at = session.review.due_at
    assert store.open_reviews(10) == [session.session_id, another]
    assert store.open_reviews(1) == [session.session_id]
    assert store.overdue_reviews("alice", due_at - timedelta(milliseconds=1)) == []
    assert store.overdue_reviews("alice", due_at) == [session.session_id]
    assert store.overdue_reviews("kim", due_at) == []
    looked = session
    for name, left in (("bob", [session.session_id]), ("carol", [])):
        look = LookBack(
            name=name, principal=name, judgement=Judgement.JUSTIFIED, comment="", at=NOON
        )
        assert looked.review is not None
        review = looked.review.with_look(look)
        after, records = step(looked, review=review if left else review.settled())
        store.save(looked, after, records)
        looked = after
        assert store.overdue_reviews("alice", due_at) == left
        assert store.open_reviews(10) == [*left, another]


ONCE = Once(key="5f2c0b8e-3f3f-4a57-9a53-0f5b4f9f8a10", until=NOON + timedelta(days=7))


def test_what_is_done_once_is_not_done_again_with_another_step(
    story: Story, store: SessionStore
) -> None:
    before = story.request()
    first, first_records = step(before)
    assert not store.is_done(ONCE)
    store.save(before, first, first_records, ONCE)
    assert store.is_done(ONCE)
    second, second_records = step(first)
    with pytest.raises(StaleSession):
        store.save(first, second, second_records, ONCE)
    assert store.get(before.session_id) == first
    assert store.records(before.session_id)[-1] == first_records[-1]


def test_a_step_that_lost_its_race_has_not_done_it(story: Story, store: SessionStore) -> None:
    before = story.request()
    first, first_records = step(before)
    store.save(before, first, first_records)
    late, late_records = step(before)
    with pytest.raises(StaleSession):
        store.save(before, late, late_records, ONCE)
    assert not store.is_done(ONCE)


def test_a_finding_of_no_session_is_written_once(store: SessionStore) -> None:
    entry = Entry(type=RecordType.ACTIVITY, actor=BOB)
    for attempt in range(2):
        record = new_records.finding(entry=entry, resource=LEDGER, now=NOON, new_id=new_id)
        if attempt:
            with pytest.raises(StaleSession):
                store.add_finding(record, ONCE)
        else:
            store.add_finding(record, ONCE)
    assert store.is_done(ONCE)


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("document", ["{}", "", "[]", "null", "x"])
def test_a_session_that_somebody_wrote_over_holds_up_no_end_of_the_others(
    table: Any, document: str
) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    store: Any = story.store
    active = story.granted()
    spoilt = table_keys.session_item(replace(active, session_id=new_id(NOON)))
    table.put_item(TableName=TABLE, Item=to_item(spoilt | {"document": document}))
    order = PersonOrder(person="alice", reason="stolen laptop", length=timedelta(hours=1))
    done = block_person(
        order,
        replace(story.call("sam"), store=store),
        closer=story.closer,
        notifier=story.notifier,
    )
    assert done.ended == (active.session_id,)
    assert recount_open(store=store) == []
    found = store.find(SessionQuery(limit=10)).sessions
    assert [each.session_id for each in found] == [active.session_id]
