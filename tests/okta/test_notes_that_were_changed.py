"""Somebody who may write PAM's table changes what it noted of a session at Okta: whoever the
session made a member is taken all the same, and whom no note of PAM's own explains is told.
"""

from dataclasses import replace
from typing import Any

import pytest

from pam.domain.session import Session
from pam.ports.okta_notes import Mark
from tests.okta.world import ALICE, DAVE, FED, GROUP, ORGANISATION, World, ending, session_of

pytestmark = pytest.mark.guarantee("G4")
TARGET = session_of().target
CHANGES: dict[str, dict[str, Any]] = {
    "of another user": {"user_id": DAVE},
    "of another group": {"group": FED},
    "of another organisation": {"organisation": "other.okta.com"},
    "of nothing made": {"made": False},
    "gone already": {"gone_at": World().clock(), "evidence": "believe me"},
}


@pytest.fixture
def world() -> World:
    return World()


def changed(world: World, session: Session, **what: Any) -> None:
    world.notes.notes[session.session_id] = replace(world.notes.notes[session.session_id], **what)


def marked(world: World, user: str, session_id: str) -> None:
    world.notes.by_user[ORGANISATION, GROUP, user] = Mark(user_id=user, session_id=session_id)


@pytest.mark.parametrize("how", CHANGES)
def test_whoever_the_session_made_a_member_is_taken(world: World, how: str) -> None:
    session = world.made()
    changed(world, session, **CHANGES[how])
    receipt = world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()
    assert ALICE in receipt.evidence
    assert world.revoker.sessions_at(TARGET) == []


def test_of_a_note_that_is_gone_the_mark_is_enough(world: World) -> None:
    session = world.made(end_sessions="true")
    world.okta.directory.users[ALICE].sessions = ["s1"]
    world.notes.notes.clear()
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()
    assert world.okta.directory.users[ALICE].sessions == []


def test_of_a_start_that_died_the_mark_is_enough(world: World) -> None:
    """Nothing says that it was ACTIVE, and its note says that nothing was made."""
    session = world.made()
    changed(world, session, made=False)
    asked = replace(session_of(), session_id=session.session_id)
    world.revoker.unmake(asked, world.clock())
    assert world.members() == set()


def test_what_another_session_has_is_left(world: World) -> None:
    """Its user is named in this one's note, by somebody."""
    session, other = world.made(), world.made("dave", session_id="01K00000000000000000000001")
    changed(world, session, user_id=DAVE)
    with pytest.raises(Exception, match="by its mark"):
        world.revoker.unmake(ending(session), world.clock())
    assert world.members() == {DAVE}
    assert world.revoker.standing_at(TARGET) == [other.session_id]


def test_two_users_of_one_session_are_one_and_a_stranger(world: World) -> None:
    """Put in by hand at Okta, and explained by a mark that PAM did not make."""
    session = world.made()
    world.put(DAVE)
    marked(world, DAVE, session.session_id)
    (told,) = world.revoker.strangers(TARGET, world.clock())
    assert DAVE in told
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()


def test_a_mark_of_a_session_that_is_over_explains_nobody_for_long(world: World) -> None:
    session = world.made()
    world.revoker.unmake(ending(session), world.clock())
    world.put(DAVE)
    marked(world, DAVE, session.session_id)
    assert world.revoker.sessions_at(TARGET) == [session.session_id]
    world.revoker.clear_traces(session, world.clock())
    assert world.members() == set()
