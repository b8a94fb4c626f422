"""Whoever knows the tables well writes what looks right, or what nobody can read. It is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.aws import session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.domain import new_records
from pam.domain.audit_record import Entry, RecordType
from pam.domain.lifecycle import Status
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.decide_end import Verdict, decide_end
from tests.contract.watching import Watched, another, drifts, rewritten
from tests.crash.scene import Scene
from tests.fakes.story import LEDGER, NOON, SANDBOX, Story

ELSE = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"


def stored(w: Watched) -> Session:
    _, item = w.of_kind("SESSION")
    return session_codec.decode(from_item(item)["document"])


def put(w: Watched, session: Session, **beside: Any) -> None:
    item = table_keys.session_item(session) | beside
    w.put((w.tables.sessions, item["pk"], item["sk"]), to_item(item))


def called_otherwise(kind: str, of: str) -> Callable[[Watched], None]:
    """What an item says that it is does not hide what it was."""

    def tamper(w: Watched) -> None:
        key, _ = w.of_kind(of)
        put_there = {"pk": key[1], "sk": key[2], "kind": kind, "number": 1, "version": 1}
        w.put(key, to_item(put_there))

    return tamper


def added_without_a_kind(w: Watched) -> None:
    item = table_keys.session_item(replace(stored(w), session_id=ELSE))
    del item["kind"]
    w.put((w.tables.sessions, item["pk"], item["sk"]), to_item(item))


def record_without_a_kind(w: Watched) -> None:
    key, item = w.of_kind("RECORD")
    place = (key[0], key[1], "RECORD#00000099")
    w.put(
        place,
        {name: value for name, value in item.items() if name != "kind"} | {"sk": {"S": place[2]}},
    )


def record_that_will_expire(w: Watched) -> None:
    (table, pk, _), item = w.of_kind("RECORD")
    w.put((table, pk, "RECORD#00000099"), another(item, sk="RECORD#00000099", ttl=1))


def added_as(status: Status) -> Callable[[Watched], None]:
    return lambda w: put(w, replace(stored(w), session_id=ELSE, status=status))


def next_step_without_record(w: Watched) -> None:
    before = stored(w)
    verdict = Verdict(outcome=Status.REVOKED, actor=CLOCK, reason="x")
    step = decide_end(before, verdict, NOON)
    assert step is not None
    after, _ = new_records.chain(step.after, step.entries, now=NOON, new_id=new_id)
    put(w, after)


def vote_taken_away(w: Watched) -> None:
    put(w, replace(stored(w), votes=(), sequence=stored(w).sequence + 1))


def in_the_same_step(changed: dict[str, Any]) -> Callable[[Watched], None]:
    return lambda w: rewritten(w, **changed)


SAME_STEP: dict[str, dict[str, Any]] = {
    "an end": {"status": "DENIED"},
    "refusals": {"refusals": 7},
    "a shorter time": {"duration": 1},
    "another chain": {"last_hash": "0" * 64},
    "somebody who asked in person": {"auth": None},
    "fewer approvals": {"needed": {"total": 0, "domain": 0}},
    "leases": {"leases": 3},
}

TAMPERING: dict[str, tuple[Callable[[Watched], None], str]] = {
    **{
        f"a {of} called a {kind}": (called_otherwise(kind, of), said)
        for of, said in (
            ("RECORD", "a record was overwritten"),
            ("SESSION", "a session was overwritten"),
            ("BLOCK", "a block was overwritten"),
            ("LOG_HEAD", "the log's head went from 2"),
            ("BLOCKS", "the blocklist's head went from 1"),
        )
        for kind in ("BLOCK", "BLOCKS", "LOG_HEAD", "RECORD", "SESSION", "NOTHING")
        if (of, kind) not in {("LOG_HEAD", "LOG_HEAD"), ("BLOCKS", "BLOCKS")}
    },
    "a session of no kind": (added_without_a_kind, "a session was overwritten with what is none"),
    "a record of no kind": (record_without_a_kind, "a record was added that is none"),
    "a record that will expire": (record_that_will_expire, "a record was added that is none"),
    **{
        f"a session that is {status} from the beginning": (
            added_as(status),
            f"a session was added that says {status}",
        )
        for status in set(Status) - {Status.PENDING_APPROVAL, Status.APPROVED}
    },
    "the next step, and no record of it": (
        next_step_without_record,
        "a session took a step, and no record of it is there",
    ),
    "a vote less": (vote_taken_away, "a vote was taken away"),
    **{
        f"{case} in the same step": (
            in_the_same_step(changed),
            "a session was ",
        )
        for case, changed in SAME_STEP.items()
    },
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", TAMPERING)
def test_what_looks_like_a_step_of_pams_own_is_told(lived: Watched, case: str) -> None:
    tamper, said = TAMPERING[case]
    tamper(lived)
    (wrong,) = lived.found()
    assert wrong.startswith(said)
    assert wrong in drifts(lived)[0]


@pytest.mark.guarantee("G7")
def test_a_receipt_that_nobody_wrote_on_record_is_told(scene: Scene, watched: Watched) -> None:
    session = Story.activate(scene, scene.request("alice", SANDBOX).session_id)
    revoking = replace(
        session,
        status=Status.REVOKING,
        sequence=session.sequence + 1,
    )
    watched.found()
    put(watched, revoking)
    assert watched.found() == ["a session took a step, and no record of it is there"]


OTHER_ENDS: dict[str, dict[str, Any]] = {
    "decided later": {"decided_at": NOON + timedelta(hours=1)},
    "as something else": {"outcome": Status.ENDED},
    "by another": {"by": "another"},
    "in force later": {"effective_at": NOON + timedelta(hours=1)},
    "not proven": {"proven": False},
    "seen otherwise": {"evidence": "another"},
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", [*OTHER_ENDS, "none"])
def test_an_end_that_is_changed_with_a_step_that_is_on_record_is_told(
    scene: Scene, watched: Watched, case: str
) -> None:
    """Whoever may record activity could hide by it that something was done after the end."""
    session = scene.revoke(
        Story.activate(scene, scene.request("alice", SANDBOX).session_id).session_id
    )
    watched.found()
    assert session.ending is not None
    other = replace(session.ending, **OTHER_ENDS[case]) if case in OTHER_ENDS else None
    told = Entry(type=RecordType.ACTIVITY, actor=CLOCK)
    for ending in (session.ending, other):
        now = stored(watched)
        after, records = new_records.chain(now, (told,), now=scene.now, new_id=new_id)
        scene.store.save(now, replace(after, ending=ending), records)
    assert watched.found() == ["a decided end was changed"]


@pytest.mark.guarantee("G7")
def test_a_review_that_nobody_gave_is_told(scene: Scene, watched: Watched) -> None:
    session = scene.request("alice", LEDGER, break_glass=True)
    watched.found()
    assert session.review is not None
    put(watched, replace(session, review=replace(session.review, outcome="justified")))
    put(watched, replace(session, review=None))
    assert watched.found() == ["a session was changed without a step of its own"] * 2


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("turned_back_to", [0, 1], ids=["an earlier block", "an earlier lifting"])
def test_a_block_that_is_turned_back_is_told_though_its_record_is_there(
    scene: Scene, watched: Watched, turned_back_to: int
) -> None:
    session = scene.request("dave", SANDBOX)
    scene.block(session.session_id)
    seen = [watched.of_kind("BLOCK")]
    scene.now += timedelta(seconds=1)
    scene.lift("dave")
    seen.append(watched.of_kind("BLOCK"))
    scene.now += timedelta(seconds=1)
    scene.block(session.session_id, length=None)
    assert watched.found() == []
    watched.put(*seen[turned_back_to])
    assert watched.found() == ["a block was changed, and no record of the change is there"]


@pytest.mark.guarantee("G5")
def test_an_end_that_is_said_to_need_nothing_at_its_target_any_more_is_told(
    scene: Scene, watched: Watched
) -> None:
    session = scene.revoke(
        Story.activate(scene, scene.request("alice", SANDBOX).session_id).session_id
    )
    until = scene.now + timedelta(minutes=20)
    put(watched, replace(session, traces_until=until))
    watched.found()
    for earlier in (scene.now - timedelta(minutes=1), None):
        put(watched, replace(session, traces_until=earlier))
        put(watched, replace(session, traces_until=until))
    assert set(watched.found()) == {"a session was changed without a step of its own"}
    scene.now = until
    put(watched, replace(session, traces_until=None))
    assert watched.found() == []


UNREADABLE = {
    "no fields": '{"hash":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}',
    "too deep": "[" * 100_000,
    "half a character": '{"hash":"\\ud800","type":"\\ud800"}',
    "no number": '{"hash":NaN}',
    "no object": "[]",
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_record_that_nobody_can_read_is_told_and_hides_nothing_behind_it(
    lived: Watched, case: str
) -> None:
    (table, pk, _), item = lived.of_kind("RECORD")
    sk = "RECORD#00000099"
    lived.put((table, pk, sk), another(item, sk=sk, record=UNREADABLE[case]))
    lived.put((table, pk, sk), item | {"sk": {"S": sk}})
    first, second = lived.found()
    assert first.startswith(("a record was added that is none", "it holds what cannot be judged"))
    assert second.startswith("a record was overwritten")


NO_SESSION: dict[str, dict[str, Any]] = {
    "too long": {"asked_duration": 10**30},
    "of no year": {"created_at": "9999-12-31T23:59:59.999Z"},
    "no text": {"requester": 7},
    "a list of nothing": {"votes": [None]},
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", NO_SESSION)
def test_a_session_that_nobody_can_read_is_told_and_hides_nothing_behind_it(
    lived: Watched, case: str
) -> None:
    key, item = lived.of_kind("SESSION")
    document = from_item(item)["document"] | NO_SESSION[case]
    lived.put(key, another(item, document=document))
    lived.remove(key)
    told = lived.found()
    assert len(told) == 2
    assert told[1] == "a session was removed"
