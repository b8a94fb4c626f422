"""A permission set that is lent, whatever dies: nobody stays assigned, and who was is denied."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from pam.domain.lifecycle import Status
from tests.crash.afterwards import nobody_else, the_same_again
from tests.crash.scene import survives
from tests.fakes.chance import CHANCE
from tests.fakes.twin import twin
from tests.identity_center.whole import PermissionSetScene

Before = Callable[[PermissionSetScene], str]
Act = Callable[[PermissionSetScene, str], object]


def approved(scene: PermissionSetScene) -> str:
    return scene.with_votes()


def beside_another(scene: PermissionSetScene) -> str:
    """The account has a role of the set already, which has to be given each policy."""
    scene.activate(scene.with_votes("dave"))
    return scene.with_votes()


def active(scene: PermissionSetScene) -> str:
    session_id = scene.with_votes()
    scene.activate(session_id)
    scene.fetch(session_id)
    scene.later(seconds=2)
    return session_id


def active_beside_another(scene: PermissionSetScene) -> str:
    scene.activate(scene.with_votes("dave"))
    return active(scene)


def being_made(scene: PermissionSetScene) -> str:
    """Identity Center took it, and is at it for half a minute."""
    session_id = scene.with_votes()
    scene.centre.knobs.polls, scene.centre.knobs.seconds = 99, 30.0
    survives(lambda: scene.activate(session_id))
    assert scene.session(session_id).status is Status.ACTIVATING
    return session_id


def half_made(scene: PermissionSetScene) -> str:
    """The activation died when somebody was assigned and nobody had said so."""
    session_id = scene.with_votes()
    scene.fuse.arm(when=lambda: scene.assigned)
    assert not survives(lambda: scene.activate(session_id))
    scene.fuse.disarm()
    return session_id


def expired(scene: PermissionSetScene) -> str:
    session_id = active(scene)
    scene.later(minutes=10)
    return session_id


CASES: dict[str, tuple[Before, Act]] = {
    **{
        f"activate when {before.__name__}": (before, lambda s, i: s.activate(i))
        for before in (approved, beside_another, being_made, half_made)
    },
    **{
        f"end when {before.__name__}": (before, lambda s, i: s.end(i))
        for before in (being_made, half_made, active, active_beside_another)
    },
    "fail when half_made": (half_made, lambda s, i: s.fail(i)),
    "end due when expired": (expired, lambda s, i: s.end_due(i)),
    "look when active": (active, lambda s, _: s.look()),
}


AFTERWARDS = (nobody_else, the_same_again)


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("name", CASES)
def test_nobody_stays_in_wherever_a_process_dies(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = 0
    for scene, act in crashed(name):
        afterwards = AFTERWARDS[tried % len(AFTERWARDS)]
        tried += 1
        where = f"{name}, died at call {scene.fuse.count} ({scene.fuse.after}), "
        with told(where + afterwards.__name__):
            scene.check()
            afterwards(scene, act)
            scene.check()
            scene.run_to_the_end()
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {tried} crashes\n")
    assert tried >= FEWEST_OF[name.split(" when ", maxsplit=1)[0]]


FEWEST_OF = {"activate": 25, "end": 50, "fail": 50, "end due": 50, "look": 8}


def crashed(name: str) -> Iterator[tuple[PermissionSetScene, Callable[[], object]]]:
    """A scene for each call at which the act can die, before it and after it, dead there."""
    before, act = CASES[name]
    CHANCE.begin("before")
    ready = PermissionSetScene()
    given = before(ready)
    for after in (False, True):
        for number in range(1, 400):
            scene = twin(ready)
            acting = partial(act, scene, given)
            scene.fuse.arm(number, after=after)
            CHANCE.begin("act")
            survived = survives(acting)
            scene.fuse.disarm()
            if survived:
                assert number > 1, "nothing was ever at risk"
                break
            yield scene, acting


@contextmanager
def told(where: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(where)
        raise
