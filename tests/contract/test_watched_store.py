"""Changes of the tables as their streams tell them: PAM's own make no noise, others are told."""

from collections.abc import Callable
from dataclasses import astuple, replace
from datetime import timedelta
from typing import Any

import pytest

from pam.aws import block_items, session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.stream_changes import change_of
from pam.domain import audit_record
from pam.domain.approval import Ballot
from tests.contract.watching import TTL, Watched, another, drifts, rewritten, sealed
from tests.crash.scene import Scene
from tests.fakes.story import LEDGER, NOON, SANDBOX, Story


def whole_life(scene: Scene, watched: Watched) -> None:
    session = scene.request("alice", LEDGER, key="k")
    assert watched.found() == []
    scene.vote("bob", session.session_id, seconds=60)
    assert watched.found() == []
    scene.vote("carol", session.session_id)
    assert watched.found() == []
    Story.activate(scene, session.session_id)
    assert watched.found() == []
    scene.store.note_try(scene.store.get(session.session_id), scene.now)  # type: ignore[arg-type]
    scene.tell(session.session_id)
    scene.revoke(session.session_id)
    assert watched.found() == []
    scene.erase(session.session_id)


def emergency(scene: Scene, watched: Watched) -> None:
    session = scene.request("alice", LEDGER, break_glass=True)
    Story.activate(scene, session.session_id)
    scene.end(session.session_id)
    for reviewer in ("bob", "carol"):
        scene.review(reviewer, session.session_id)
        assert watched.found() == []


def in_somebodys_name(scene: Scene, watched: Watched) -> None:
    declared = scene.by_runbook(break_glass=True).session_id
    assert watched.found() == []
    scene.confirm(declared)
    assert watched.found() == []
    Story.activate(scene, declared)
    leased = scene.by_runbook().session_id
    Story.activate(scene, leased)
    assert watched.found() == []
    Story.lease(scene, leased)


def blocks(scene: Scene, watched: Watched) -> None:
    session = scene.request("alice", SANDBOX)
    scene.block(session.session_id)
    assert watched.found() == []
    scene.block(session.session_id, length=None)
    assert watched.found() == []
    scene.lift("alice")
    assert watched.found() == []
    scene.block(session.session_id)


def denied(scene: Scene, _: Watched) -> None:
    scene.vote("bob", scene.request().session_id, Ballot.DENY, comment="no")


def test_each_proof_is_asked_for_once_when_it_is_written(scene: Scene, watched: Watched) -> None:
    session = scene.request("alice", LEDGER)
    scene.vote("bob", session.session_id)
    scene.vote("carol", session.session_id)
    scene.keys.asked.clear()
    assert watched.found() == []
    assert [len(asked) for asked in scene.keys.asked] == [1, 1, 1]


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("act", [whole_life, emergency, in_somebodys_name, blocks, denied, sealed])
def test_what_pam_itself_does_makes_no_noise(
    scene: Scene, watched: Watched, act: Callable[[Scene, Watched], None]
) -> None:
    act(scene, watched)
    assert watched.found() == []


def record_overwritten(w: Watched) -> None:
    key, item = w.of_kind("RECORD")
    w.put(key, another(item, record=item["record"]["S"].replace("alice", "dave")))


def record_of_no_kind(w: Watched) -> None:
    key, item = w.of_kind("RECORD")
    w.put(key, {name: value for name, value in item.items() if name != "kind"})


def record_removed(w: Watched) -> None:
    w.remove(w.of_kind("RECORD")[0])


def _added(w: Watched, *, ahead: int, **changed: Any) -> None:
    """A record of the next step, that its session never took; well formed but for the changes."""
    (table, pk, _), item = w.of_kind("RECORD")
    last = w.story.store.records(pk.removeprefix("SESSION#"))[-1]
    record = {**last, "sequence": last["sequence"] + ahead, "previous_hash": last["hash"]}
    record |= {"event_id": "01JD8XGZ6Q3M4V5N6P7R8S9T0A", **changed}
    record["hash"] = audit_record.hash_of(record)
    sk = f"RECORD#{last['sequence'] + ahead:08d}"
    text = audit_record.canonical_json(record)
    w.put((table, pk, sk), another(item, sk=sk, record=text))


def record_added(w: Watched) -> None:
    _added(w, ahead=1)


def record_of_another_place(w: Watched) -> None:
    _added(w, ahead=1, sequence=1)


def record_that_is_none(w: Watched) -> None:
    (table, pk, _), item = w.of_kind("RECORD")
    w.put((table, pk, "RECORD#00000099"), another(item, sk="RECORD#00000099", record="{"))


def session_removed(w: Watched) -> None:
    w.remove(w.of_kind("SESSION")[0])


def session_active(w: Watched) -> None:
    rewritten(w, status="ACTIVE")


def session_another_requester(w: Watched) -> None:
    rewritten(w, requester="arn:aws:iam::000000000000:user/dave")


def session_going_back(w: Watched) -> None:
    rewritten(w, sequence=1)


def session_not_found_by_the_tick(w: Watched) -> None:
    key, item = w.of_kind("SESSION")
    w.put(key, {name: value for name, value in item.items() if name not in {"open", "due_at"}})


def session_that_is_none(w: Watched) -> None:
    key, item = w.of_kind("SESSION")
    document = from_item(item)["document"] | {"status": "NEVER_HEARD_OF"}
    w.put(key, another(item, document=document))


def session_with_a_vote(w: Watched) -> None:
    _, item = w.of_kind("SESSION")
    (vote,) = from_item(item)["document"]["votes"]
    rewritten(w, votes=[vote, vote | {"name": "carol"}])


def session_without_proof(w: Watched) -> None:
    rewritten(w, proof="")


def session_forged(w: Watched) -> None:
    key, item = w.of_kind("SESSION")
    document = from_item(item)["document"] | {"session_id": "01JD8XGZ6Q3M4V5N6P7R8S9T0A"}
    forged = to_item(table_keys.session_item(session_codec.decode(document)))
    w.put((key[0], forged["pk"]["S"], "SESSION"), forged)


def block_removed(w: Watched) -> None:
    w.remove(w.of_kind("BLOCK")[0])


def _block(w: Watched, **changed: Any) -> None:
    key, item = w.of_kind("BLOCK")
    block = block_items.block_of(from_item(item))
    w.put(key, to_item(block_items.block_item(replace(block, **changed), item["event_id"]["S"])))


def block_lifted(w: Watched) -> None:
    _block(w, lifted_at=NOON, lifted_by="nobody")


def block_shortened(w: Watched) -> None:
    _block(w, until=NOON)


def block_that_expires(w: Watched) -> None:
    key, item = w.of_kind("BLOCK")
    w.put(key, another(item, ttl=1))


def block_of_nobody(w: Watched) -> None:
    key, item = w.of_kind("BLOCK")
    block = replace(block_items.block_of(from_item(item)), person="kim", principal="kim")
    w.put(key, to_item(block_items.block_item(block, item["event_id"]["S"])))


def blocklist_turned_back(w: Watched) -> None:
    key, item = w.of_kind("BLOCKS")
    w.put(key, another(item, version=0))


def blocklist_without_head(w: Watched) -> None:
    w.remove(w.of_kind("BLOCKS")[0])


def log_turned_back(w: Watched) -> None:
    key, item = w.of_kind("LOG_HEAD")
    w.put(key, another(item, number=1))


def log_without_head(w: Watched) -> None:
    w.remove(w.of_kind("LOG_HEAD")[0])


def log_ahead(w: Watched) -> None:
    key, item = w.of_kind("LOG_HEAD")
    w.put(key, another(item, number=9))


TAMPERING: dict[Callable[[Watched], None], str] = {
    record_overwritten: "a record was overwritten; it was Voted ",
    record_of_no_kind: "a record was overwritten; it was Voted ",
    record_removed: "a record was removed; it was Voted ",
    record_added: "a record was added of a step that its session did not take",
    record_of_another_place: "a record was added where it does not belong",
    record_that_is_none: "a record was added that is none",
    session_removed: "a session was removed",
    session_active: "a session went from PENDING_APPROVAL to ACTIVE",
    session_another_requester: "a session was made one of something else",
    session_going_back: "a session went back to an earlier step",
    session_not_found_by_the_tick: "a session was overwritten with what is none, or with another",
    session_that_is_none: "a session was overwritten with what is none, or with another",
    session_with_a_vote: "a session says PENDING_APPROVAL and is not proven",
    session_without_proof: "a session was made one of something else",
    session_forged: "a session says PENDING_APPROVAL and is not proven",
    block_removed: "a block was removed",
    block_lifted: "a block was changed, and no record of the change is there",
    block_shortened: "a block was changed, and no record of the change is there",
    block_that_expires: "a block was overwritten with what is none",
    block_of_nobody: "a block was changed, and no record of the change is there",
    blocklist_turned_back: "the blocklist's head went from 1 to 0",
    blocklist_without_head: "the blocklist's head was removed",
    log_turned_back: "the log's head went from 2 to 1",
    log_without_head: "the log's head was removed",
    log_ahead: "the log's head went from 2 to 9",
}


@pytest.mark.guarantee("G7")
@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda tamper: tamper.__name__)
def test_whatever_is_changed_around_pam_is_told_and_is_on_record(
    lived: Watched, tamper: Callable[[Watched], None]
) -> None:
    tamper(lived)
    (wrong,) = lived.found()
    assert wrong.startswith(TAMPERING[tamper])
    (drift,) = drifts(lived)
    assert wrong in drift
    assert '"session_id":""' in drift
    assert lived.found() == [], "what the watch itself writes is no finding"


def test_a_finding_holds_nothing_that_people_wrote(lived: Watched) -> None:
    session_removed(lived)
    record_removed(lived)
    lived.found()
    assert "ledger stuck" not in "".join(drifts(lived))


def test_a_change_that_is_told_twice_is_on_record_once(lived: Watched) -> None:
    record_removed(lived)
    (change,) = lived.stream
    assert lived.judged(change) is not None
    assert lived.judged(change) is None
    assert len(drifts(lived)) == 1


def test_a_block_that_is_over_goes_by_its_time_to_live_and_by_nothing_else(
    scene: Scene, watched: Watched
) -> None:
    session = scene.request("dave", SANDBOX)
    scene.block(session.session_id)
    watched.found()
    key, item = watched.of_kind("BLOCK")
    block_removed(watched)
    assert watched.found(TTL) == []
    watched.put(key, item)
    watched.found()
    scene.now = NOON + timedelta(seconds=1)
    scene.lift("dave")
    scene.block(session.session_id, length=None)
    watched.found()
    block_removed(watched)
    assert watched.found(TTL) == ["a block was removed"]


def test_what_nobody_watches_is_no_change() -> None:
    token = to_item({"pk": "SESSION#X", "sk": "TASK_TOKEN", "kind": "TASK_TOKEN"})
    assert change_of({"eventID": "1", "dynamodb": {"Keys": token, "NewImage": token}}) is None


def test_votes_that_are_struck_and_sessions_of_earlier_versions_make_no_noise(
    scene: Scene, watched: Watched
) -> None:
    session = scene.request("alice", LEDGER)
    stored = scene.store.get(session.session_id)
    assert stored is not None
    watched.found()
    older = replace(stored, proof="")
    scene.store.save(stored, older, ())
    watched.found()
    scene.vote("bob", session.session_id)
    told = watched.found()
    assert told == ["a session says PENDING_APPROVAL and is not proven"]


def test_what_is_looked_at_after_each_write_is_what_a_scan_finds(lived: Watched) -> None:
    scanned = {
        (table, item["pk"]["S"], item["sk"]["S"]): item
        for table in astuple(lived.tables)
        for item in lived.client.scan(TableName=table)["Items"]
    }
    assert len(scanned) > 5
    assert lived.items() == scanned
