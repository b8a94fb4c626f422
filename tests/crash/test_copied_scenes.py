"""A scene that is copied is whole, and leaves the one that it was copied from alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.lifecycle import Status
from pam.policy.cedar import CedarPolicy
from tests.crash.scene import PEOPLE, Scene, survives
from tests.fakes.chance import CHANCE
from tests.fakes.likeness import likeness
from tests.fakes.story import LEDGER
from tests.fakes.twin import twin
from tests.identity_center.whole import PermissionSetScene


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


def scene_of(seed: str) -> Scene:
    CHANCE.begin(seed)
    return leased()[0]


def test_what_was_told_twice_is_alike_and_so_is_a_copy() -> None:
    scene = scene_of("one")
    assert likeness(scene) == likeness(scene_of("one")) == likeness(twin(scene))


def a_later_hour(scene: Scene) -> None:
    scene.now += timedelta(milliseconds=1)


def another_record(scene: Scene) -> None:
    (trail,) = scene.real_store.trails.values()
    trail[0] = {**trail[0], "ticket": "INC-2"}


CHANGES: dict[str, Callable[[Scene], object]] = {
    "another time": a_later_hour,
    "another record": another_record,
    "a record less": lambda scene: next(iter(scene.real_store.trails.values())).pop(),
    "another session": lambda scene: scene.request("dave", LEDGER),
    "a claim on the records": lambda scene: scene.carriage.claims.update(x=scene.now),
    "a deny": lambda scene: scene.targets.aws.denies.update({("role", "name"): {}}),
    "a connection": lambda scene: scene.targets.server.connect_as("somebody", "pam_issuer"),
    "a password": lambda scene: scene.targets.server._account("secret", "reports", "another"),
    "a checkout": lambda scene: scene.checkouts.take("account", "session"),
    "a notice": lambda scene: scene.real_notifier.told.append(("ending soon", "session")),
    "a lease less": lambda scene: scene.leases.pop(),
    "a fuse that is armed": lambda scene: scene.fuse.arm(3),
    "a fuse that blew": lambda scene: setattr(scene.fuse, "blown", 1),
    "what an issuer keeps": lambda scene: scene.all_issuers["aws-role"]._sts.clear(),
    "other policies": lambda scene: setattr(scene, "policy", CedarPolicy(PEOPLE)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_scene_in_which_anything_is_otherwise_is_another(change: str) -> None:
    scene = scene_of("one")
    CHANGES[change](scene)
    assert likeness(scene) != likeness(scene_of("one"))


def test_chance_makes_another_scene() -> None:
    assert likeness(scene_of("one")) != likeness(scene_of("two"))


def test_a_function_that_holds_on_to_what_is_not_seen_is_alike_to_nothing() -> None:
    scene, _ = leased()
    scene.targets.aws.clock = lambda: scene.now
    with pytest.raises(TypeError, match="holds on"):
        likeness(scene)


def test_a_copy_has_an_identity_center_of_its_own() -> None:
    scene = PermissionSetScene()
    session_id = scene.with_votes()
    scene.centre.knobs.polls, scene.centre.knobs.seconds = 99, 30.0
    survives(lambda: scene.activate(session_id))
    before = (dict(scene.memory.items), scene.now, len(scene.centre.calls))
    copy = twin(scene)
    assert copy.centre.running.in_progress()
    copy.run_to_the_end()
    assert copy.session(session_id).closed
    assert copy.assigned == scene.assigned == set()
    assert before == (dict(scene.memory.items), scene.now, len(scene.centre.calls))
    assert scene.session(session_id).status is Status.ACTIVATING
