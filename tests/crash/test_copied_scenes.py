"""A scene that is copied is whole, and leaves the one that it was copied from alone."""

from typing import Any

import pytest

from pam.domain.lifecycle import Status
from tests.crash.scene import Scene
from tests.fakes.story import LEDGER
from tests.fakes.twin import twin


def leased() -> tuple[Scene, str]:
    scene = Scene()
    session_id = scene.request("alice", LEDGER).session_id
    scene.vote("bob", session_id)
    scene.vote("carol", session_id)
    scene.activate(session_id)
    scene.use(scene.lease(session_id))
    return scene, session_id


def all_of(scene: Scene) -> str:
    parts: tuple[Any, ...] = (
        *(scene.real_store, scene.carriage.marks, scene.real_workflow, scene.real_notifier),
        *(scene.targets.aws.keys, scene.targets.aws.denies, scene.targets.server.users),
        *(scene.leases, scene.now, scene.checked, scene.fuse, scene.keys),
    )
    return repr(parts)


def test_what_happens_in_a_copy_leaves_the_other_as_it_was() -> None:
    scene, session_id = leased()
    before = all_of(scene)
    copy = twin(scene)
    assert all_of(copy) == before
    copy.revoke(session_id)
    copy.later(minutes=1)
    copy.run_to_the_end()
    assert copy.session(session_id).status is Status.REVOKED
    assert all_of(scene) == before
    assert scene.session(session_id).status is Status.ACTIVE


def test_what_was_one_thing_is_one_thing_in_the_copy() -> None:
    copy = twin(leased()[0])
    assert copy.carriage.store is copy.real_store
    assert copy.targets.aws.fuse is copy.fuse
    copy.later(minutes=1)
    assert copy.targets.server.clock() == copy.now


def test_a_function_that_holds_on_to_the_other_scene_is_refused() -> None:
    scene, _ = leased()
    scene.targets.aws.clock = lambda: scene.now
    with pytest.raises(TypeError, match="holds on to its world"):
        twin(scene)
