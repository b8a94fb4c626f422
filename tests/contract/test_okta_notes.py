"""What PAM notes of sessions at Okta: the table and the fake say the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.aws.attribute_values import from_item
from pam.aws.okta_notes import DynamoDbOktaNotes
from pam.names import Table, table_name
from pam.ports.okta_notes import Mark, Note, OktaNotes
from tests.fakes.okta_notes import FakeOktaNotes
from tests.fakes.story import NOON
from tests.okta.world import ALICE, DAVE, GROUP, ORGANISATION, session_of

ONE, TWO = "01K0000000000000000000000A", "01K0000000000000000000000B"
LATER = NOON + timedelta(minutes=5)
TABLE = table_name("test", Table.OKTA)


@pytest.fixture(params=["table", "fake"])
def notes(request: pytest.FixtureRequest, table: Any) -> OktaNotes:
    return DynamoDbOktaNotes(table, TABLE) if request.param == "table" else FakeOktaNotes()


def found(notes: OktaNotes, session_id: str = ONE, user: str = ALICE, **settings: str) -> Note:
    return notes.found(session_of(session_id=session_id, **settings), user, NOON)


def made(notes: OktaNotes, session_id: str = ONE, user: str = ALICE) -> Note:
    note = found(notes, session_id, user)
    assert notes.will_make(note, NOON) is None
    kept = notes.note(session_id)
    assert kept is not None
    return kept


def test_whom_a_session_is_about_is_kept_and_never_another(notes: OktaNotes) -> None:
    assert notes.note(ONE) is None
    first = found(notes, end_sessions="true")
    assert first == Note(
        session_id=ONE, organisation=ORGANISATION, group=GROUP, user_id=ALICE, end_sessions=True
    )
    assert found(notes, user=DAVE) == first
    assert notes.note(ONE) == first
    assert notes.marks(ORGANISATION, GROUP) == []


def test_that_it_is_made_is_noted_of_the_session_and_of_the_group(notes: OktaNotes) -> None:
    note = made(notes)
    assert note.made
    mark = Mark(user_id=ALICE, session_id=ONE)
    assert notes.mark(ORGANISATION, GROUP, ALICE) == mark
    assert notes.marks(ORGANISATION, GROUP) == [mark]
    assert notes.marks(ORGANISATION, GROUP + "x") == []
    assert notes.will_make(note, LATER) is None, "again is no error"


def test_after_an_end_has_begun_nothing_is_made(notes: OktaNotes) -> None:
    note = found(notes)
    assert notes.stop(ONE) == replace(note, stopped=True)
    assert notes.will_make(note, NOON) == ONE
    assert notes.marks(ORGANISATION, GROUP) == []
    kept = notes.note(ONE)
    assert kept is not None
    assert not kept.made


def test_an_end_may_come_before_anything_is_known(notes: OktaNotes) -> None:
    assert notes.stop(ONE) == Note(session_id=ONE, stopped=True)
    note = found(notes)
    assert (note.user_id, note.stopped) == (ALICE, True)
    assert notes.will_make(note, NOON) == ONE


def test_nobody_at_okta_is_a_member_by_two_sessions(notes: OktaNotes) -> None:
    made(notes)
    two = found(notes, TWO)
    assert notes.will_make(two, NOON) == ONE
    assert notes.note(TWO) == two, "nothing of it was noted"
    made(notes, "01K0000000000000000000000C", DAVE)


def test_what_was_seen_gone_is_free_for_the_next_and_its_evidence_stays(notes: OktaNotes) -> None:
    note = made(notes)
    notes.gone(note, "seen twice", LATER)
    notes.gone(note, "something else", LATER + timedelta(hours=1))
    kept = notes.note(ONE)
    assert kept is not None
    assert (kept.gone_at, kept.evidence) == (LATER, "seen twice")
    assert notes.marks(ORGANISATION, GROUP) == [Mark(user_id=ALICE, session_id=ONE, gone_at=LATER)]
    made(notes, TWO)
    assert notes.marks(ORGANISATION, GROUP) == [Mark(user_id=ALICE, session_id=TWO)]
    notes.gone(note, "late", LATER)
    assert notes.marks(ORGANISATION, GROUP) == [Mark(user_id=ALICE, session_id=TWO)]


def test_a_mark_is_forgotten_only_of_what_is_gone_and_not_of_the_next(notes: OktaNotes) -> None:
    note = made(notes)
    (mark,) = notes.marks(ORGANISATION, GROUP)
    notes.forget(ORGANISATION, GROUP, mark)
    assert notes.marks(ORGANISATION, GROUP) == [mark]
    notes.gone(note, "seen", LATER)
    (gone,) = notes.marks(ORGANISATION, GROUP)
    made(notes, TWO)
    notes.forget(ORGANISATION, GROUP, gone)
    assert [mark.session_id for mark in notes.marks(ORGANISATION, GROUP)] == [TWO]
    notes.gone(made(notes, TWO), "seen", LATER)
    (gone,) = notes.marks(ORGANISATION, GROUP)
    notes.forget(ORGANISATION, GROUP, gone)
    notes.forget(ORGANISATION, GROUP, gone)
    assert notes.marks(ORGANISATION, GROUP) == []


def test_that_nothing_was_made_is_kept_as_well(notes: OktaNotes) -> None:
    notes.gone(notes.stop(ONE), "nothing was made", LATER)
    kept = notes.note(ONE)
    assert kept is not None
    assert (kept.made, kept.gone_at) == (False, LATER)
    assert notes.marks(ORGANISATION, GROUP) == []


def test_a_note_goes_by_itself_only_when_there_is_no_membership(table: Any) -> None:
    notes = DynamoDbOktaNotes(table, TABLE)

    def ttl() -> object:
        return from_item(
            table.get_item(
                TableName=TABLE, Key={"pk": {"S": f"SESSION#{ONE}"}, "sk": {"S": "NOTE"}}
            )["Item"]
        ).get("ttl")

    note = found(notes)
    assert ttl() is not None
    notes.will_make(note, NOON)
    assert ttl() is None
    notes.stop(ONE)
    assert ttl() is None, "however long an end takes"
    notes.gone(note, "seen", LATER)
    assert ttl() is not None
