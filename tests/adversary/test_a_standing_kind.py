"""Somebody who passes a door by a session, and does what they can to go on passing it.

Each tactic is one more row. Access that was taken away comes back by no session that was asked for
before, and what anybody does holds no end up.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from pam.domain.lifecycle import CLOSED, Status
from tests.crash.conftest import targets_in_memory
from tests.crash.scene import REFUSED
from tests.kinds.scene import DoorScene, doors_are_lent
from tests.kinds.table import VAULT, VAULT_DEV, VAULT_UAT

__all__ = ["targets_in_memory"]

pytestmark = [pytest.mark.guarantee("G4"), pytest.mark.guarantee("G5")]

Act = Callable[[DoorScene, str], object]


@pytest.fixture(autouse=True, scope="module")
def badges(targets_in_memory: None) -> Iterator[None]:
    with doors_are_lent():
        yield


def nothing(scene: DoorScene, session_id: str) -> None:
    """The door is open, and that is all."""


def the_next_is_asked_for(scene: DoorScene, session_id: str) -> None:
    scene.request("alice", VAULT_DEV)


def the_next_by_another_name(scene: DoorScene, session_id: str) -> None:
    """Another resource that lends the same door, with its vote."""
    scene.vote("bob", scene.request("alice", VAULT_UAT).session_id)


def the_next_in_an_emergency(scene: DoorScene, session_id: str) -> None:
    scene.admit(scene.request("alice", VAULT, break_glass=True).session_id)


def the_mark_is_taken_away(scene: DoorScene, session_id: str) -> None:
    """A helper who may write sessions makes the next one wait for nobody."""
    second = scene.request("alice", VAULT_DEV)
    scene.real_store.sessions[second.session_id] = replace(second, waits_for="")


def the_mark_points_elsewhere(scene: DoorScene, session_id: str) -> None:
    """To a session of before, that ended as it should."""
    over = scene.request("alice", VAULT_DEV)
    scene.end(over.session_id)
    second = scene.request("alice", VAULT_DEV)
    forged = replace(second, waits_for=over.session_id)
    scene.real_store.sessions[second.session_id] = forged


def the_doors_do_not_answer(scene: DoorScene, session_id: str) -> None:
    """For as long as the end is being decided."""
    scene.request("alice", VAULT_DEV)
    scene.doors.down = True


TACTICS = (
    nothing,
    the_next_is_asked_for,
    the_next_by_another_name,
    the_next_in_an_emergency,
    the_mark_is_taken_away,
    the_mark_points_elsewhere,
    the_doors_do_not_answer,
)
TAKEN_AWAY: dict[str, Act] = {
    "the operator": lambda s, i: s.revoke(i),
    "a block": lambda s, i: s.block(i, length=None),
    "a block of the resource": lambda s, i: (s.block(i, one_resource=True), s.revoke(i)),
}


def everything_is_tried(scene: DoorScene) -> None:
    """Every session, by its workflow, as often as that tries."""
    for session_id in list(scene.real_store.sessions):
        with suppress(*REFUSED):
            scene.activate(session_id)


@pytest.mark.parametrize("end", TAKEN_AWAY)
@pytest.mark.parametrize("tactic", TACTICS, ids=lambda tactic: tactic.__name__)
def test_what_was_taken_away_comes_back_by_nothing_that_was_asked_for_before(
    tactic: Act, end: str
) -> None:
    scene = DoorScene()
    session_id = scene.request("alice", VAULT_DEV).session_id
    scene.activate(session_id)
    scene.later(seconds=2)
    tactic(scene, session_id)
    everything_is_tried(scene)
    with suppress(*REFUSED):
        TAKEN_AWAY[end](scene, session_id)
    assert scene.session(session_id).status in CLOSED | {Status.REVOKING}
    everything_is_tried(scene)
    scene.doors.down = False
    for _ in range(12):
        scene.tick()
        scene.check()
        everything_is_tried(scene)
        assert scene.doors.passes == set()
    for stored in scene.real_store.sessions.values():
        assert stored.activated_at is None or stored.session_id == session_id


@pytest.mark.parametrize("tactic", TACTICS, ids=lambda tactic: tactic.__name__)
def test_a_window_is_as_long_as_it_was_granted(tactic: Act) -> None:
    """The next one, if there is one, is a session of its own: asked for, approved and recorded."""
    scene = DoorScene()
    session_id = scene.request("alice", VAULT_DEV).session_id
    scene.activate(session_id)
    scene.later(seconds=2)
    tactic(scene, session_id)
    scene.doors.down = False
    expires_at = scene.session(session_id).expires_at
    assert expires_at is not None
    scene.now = expires_at
    scene.tick()
    ended = scene.session(session_id)
    assert ended.status is Status.EXPIRED
    assert scene.doors.passes == set(), "a gap between the two"
    everything_is_tried(scene)
    scene.check()
    if scene.doors.passes:
        assert [s for s in scene.real_store.sessions.values() if s.allows(scene.now)]
