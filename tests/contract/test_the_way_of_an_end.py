"""Whoever may write the table may write into the way of an end, and holds up none by it."""

from typing import Any

import pytest

from pam.aws import table_keys
from pam.aws.dynamodb_sessions import DynamoDbSessions, to_item
from pam.domain.lifecycle import Status
from tests.contract.conftest import TABLES
from tests.fakes.story import Story


@pytest.fixture
def story(table: Any) -> Story:
    store: Any = DynamoDbSessions(table, TABLES)
    return Story(store=store)


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
