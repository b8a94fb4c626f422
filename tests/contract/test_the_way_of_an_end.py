"""Whoever may write the table may write into the way of an end, and holds up none by it."""

from collections.abc import Callable
from typing import Any

import pytest

from pam.aws import session_codec, table_keys
from pam.aws.attribute_values import to_item
from pam.domain.lifecycle import Status
from tests.contract.conftest import TABLES
from tests.fakes.story import Story

STRAYS = {
    "the next places": ([1, 2], "records {} to {} were"),
    "the next place": ([1], "record {} was"),
    "with a place between that is too small": ([1, 3], "records {} to {} were"),
    "more than anybody would count": (list(range(1, 40)), "records {} to {} were"),
}
"""Where they lie, after the last step."""


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("case", STRAYS)
def test_records_that_no_step_wrote_hold_up_no_end_and_are_told(story: Story, case: str) -> None:
    places, told = STRAYS[case]
    session = story.granted()
    first, last = session.sequence + 1, session.sequence + places[-1]
    records = story.store.records(session.session_id)
    for place in places:
        sequence = session.sequence + place
        story.store.add_refusal({**records[-1], "sequence": sequence, "hash": f"stray {place}"})
    assert story.revoke(session.session_id).status is Status.REVOKED
    after = {each["sequence"]: each for each in story.store.records(session.session_id)}
    drift = after[last + 1]
    assert (drift["type"], drift["previous_hash"]) == ("Drift", f"stray {places[-1]}")
    assert drift["detail"] == (
        f"tampered: {told.format(first, last)} put there by no step of this session"
    )
    assert [after[n]["type"] for n in sorted(after) if n > last + 1] == ["Revoking", "Revoked"]


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"hash": {}}'])
def test_what_lies_in_the_way_of_an_end_may_be_anything(
    story: Story, table: Any, text: str
) -> None:
    session = story.granted()
    key = table_keys.record_key(session.session_id, session.sequence + 1)
    table.put_item(TableName=TABLES.sessions, Item=to_item({**key, "record": text}))
    assert story.revoke(session.session_id).status is Status.REVOKED


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("copied", ["sequence", "status", "notices"])
def test_what_stands_beside_the_document_of_a_session_holds_up_no_end(
    story: Story, table: Any, copied: str
) -> None:
    session = story.granted()
    item = table_keys.session_item(session) | {copied: "ENDED" if copied == "status" else 99}
    table.put_item(TableName=TABLES.sessions, Item=to_item(item))
    assert story.revoke(session.session_id).status is Status.REVOKED


NO_SESSIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "nothing": lambda _: None,
    "a text": lambda _: "x",
    "a part of one": lambda d: {"session_id": d["session_id"]},
    "one in no state": lambda d: d | {"status": "NEVER_HEARD_OF"},
    "one that is too long": lambda d: d | {"asked_duration": 10**30},
    "one that is shorter than nothing": lambda d: d | {"duration": -1},
    "one at the end of time": lambda d: d | {"activating_at": "9999-12-31T23:59:59.999Z"},
    "one at its beginning": lambda d: d | {"expires_at": "0001-01-01T00:00:00.000Z"},
    "one of another target": lambda d: d | {"target": d["target"] | {"settings": {"port": 1}}},
    "one of a vote that is none": lambda d: d | {"votes": [{}]},
}


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("case", NO_SESSIONS)
def test_whatever_lies_where_sessions_do_keeps_no_other_from_its_end(
    story: Story, table: Any, case: str
) -> None:
    over = story.granted(seconds=60)
    item = table_keys.session_item(over)
    for number in range(3):
        spoilt = {"pk": f"SESSION#{number}", "due_at": "2000-01-01T00:00:00.000Z"}
        spoilt |= {"document": NO_SESSIONS[case](session_codec.encode(over))}
        table.put_item(TableName=TABLES.sessions, Item=to_item(item | spoilt))
    story.later(minutes=2)
    unreadable: list[str] = []
    due = story.store.due(story.now, 1, unreadable.append)
    assert [each.session_id for each in due] == [over.session_id]
    assert unreadable == [over.session_id] * 3
    assert [each.session_id for each in story.store.open_sessions()] == [over.session_id]
    assert story.store.ends_that_stand() == []


@pytest.mark.guarantee("G6")
def test_what_only_says_that_it_is_due_takes_no_turn(story: Story, table: Any) -> None:
    over = story.granted(seconds=60)
    early = table_keys.session_item(story.granted("dave", seconds=600))
    table.put_item(
        TableName=TABLES.sessions, Item=to_item(early | {"due_at": "2000-01-01T00:00:00.000Z"})
    )
    story.later(minutes=2)
    assert [each.session_id for each in story.store.due(story.now, 1)] == [over.session_id]


@pytest.mark.guarantee("G6")
def test_an_item_without_a_name_is_told_by_its_place(story: Story, table: Any) -> None:
    nameless = {"pk": "x", "sk": "y", "open": table_keys.AT_STAKE, "due_at": "2000"}
    table.put_item(TableName=TABLES.sessions, Item=to_item(nameless))
    unreadable: list[str] = []
    assert story.store.due(story.now, 1, unreadable.append) == []
    assert unreadable == ["x"]
