"""Standing kinds, whatever dies and whoever comes in between: a door opens for whom a session lets
in, for one session at a time, and for nobody when all is over.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product

import pytest

from pam.domain.lifecycle import Status
from pam.ports.people import Execution
from tests.crash.afterwards import nobody_else, the_same_again, the_workflow_gives_up
from tests.crash.courses import Courses
from tests.crash.scene import survives
from tests.fakes.chance import CHANCE
from tests.fakes.likeness import likeness
from tests.fakes.story import NOON
from tests.fakes.twin import twin
from tests.kinds.scene import DoorScene, doors_are_lent
from tests.kinds.table import BADGE, VAULT, VAULT_DEV, VAULT_UAT

RUNBOOK = Execution(
    arn="arn:aws:states:eu-west-1:111122223333:execution:pam:r7",
    started_at=NOON,
    input="{}",
    running=True,
)
FEWEST, FEWEST_OVERTAKEN = 3_500, 3_000


@pytest.fixture(autouse=True, scope="module")
def badges() -> Iterator[None]:
    with doors_are_lent():
        yield


Before = Callable[[DoorScene], str]
Act = Callable[[DoorScene, str], object]


def nothing(scene: DoorScene) -> str:
    return ""


def approved(scene: DoorScene) -> str:
    session_id = scene.request("alice", VAULT).session_id
    scene.vote("bob", session_id)
    scene.vote("carol", session_id)
    return session_id


def one_vote(scene: DoorScene) -> str:
    return scene.request("alice", VAULT_UAT).session_id


def active(scene: DoorScene) -> str:
    session_id = approved(scene)
    scene.activate(session_id)
    scene.later(seconds=2)
    return session_id


def being_made(scene: DoorScene) -> str:
    """The doors are still being told."""
    session_id = approved(scene)
    scene.doors.slow = 1
    survives(lambda: scene.activate(session_id))
    assert scene.session(session_id).status is Status.ACTIVATING
    return session_id


def half_made(scene: DoorScene) -> str:
    """The activation died when the door opened and nobody had said so."""
    session_id = approved(scene)
    scene.fuse.arm(when=lambda: scene.doors.passes)
    assert not survives(lambda: scene.activate(session_id))
    scene.fuse.disarm()
    assert scene.session(session_id).status is Status.ACTIVATING
    return session_id


def expired(scene: DoorScene) -> str:
    session_id = active(scene)
    scene.later(minutes=10)
    return session_id


def overdue(scene: DoorScene) -> str:
    session_id = half_made(scene)
    scene.later(minutes=9)
    return session_id


def foreign(scene: DoorScene) -> str:
    session_id = approved(scene)
    session = scene.session(session_id)
    scene.others.add((session.target.label, "alice"))
    scene.doors.passes |= scene.others
    return session_id


def next_one(scene: DoorScene) -> str:
    """It waits for one that has the access."""
    active(scene)
    return scene.request("alice", VAULT_DEV).session_id


def its_turn(scene: DoorScene) -> str:
    first = active(scene)
    second = scene.request("alice", VAULT_DEV).session_id
    scene.end(first)
    return second


def turn_lost(scene: DoorScene) -> str:
    first = active(scene)
    second = scene.request("alice", VAULT_DEV).session_id
    scene.revoke(first)
    return second


def in_the_very_second(scene: DoorScene) -> str:
    """The earlier one is over just now, and nobody has looked yet."""
    second = next_one(scene)
    scene.later(minutes=10)
    return second


def waited_too_long(scene: DoorScene) -> str:
    """The earlier one begins with the whole second after, and so is over only then."""
    first = scene.request("alice", VAULT_DEV, seconds=14_400).session_id
    second = scene.request("alice", VAULT_DEV).session_id
    scene.activate(first)
    scene.now = scene.session(second).approval_expires_at
    return second


def unconfirmed(scene: DoorScene) -> str:
    return scene.start(RUNBOOK, VAULT_DEV).session_id


def earlier(scene: DoorScene) -> str:
    return min(scene.real_store.sessions)


CASES: dict[str, tuple[Before, Act]] = {
    "request": (nothing, lambda s, _: s.request("alice", VAULT, key="k")),
    "request the next": (active, lambda s, _: s.request("alice", VAULT_DEV, key="k")),
    "request in somebody's name": (nothing, lambda s, _: s.start(RUNBOOK, VAULT_DEV)),
    "confirm": (unconfirmed, lambda s, i: s.confirm(i)),
    "last vote": (one_vote, lambda s, i: s.vote("bob", i)),
    **{
        f"activate when {before.__name__}": (before, lambda s, i: s.activate(i))
        for before in (
            approved,
            being_made,
            half_made,
            foreign,
            next_one,
            its_turn,
            turn_lost,
            in_the_very_second,
            waited_too_long,
        )
    },
    **{
        f"{name} when {before.__name__}": (before, act)
        for name, act in (
            ("end", lambda s, i: s.end(i)),
            ("revoke", lambda s, i: s.revoke(i)),
            ("fail", lambda s, i: s.fail(i)),
            ("block", lambda s, i: s.block(i)),
        )
        for before in (approved, being_made, half_made, active, next_one)
    },
    "end the earlier": (next_one, lambda s, _: s.end(earlier(s))),
    "revoke the earlier": (next_one, lambda s, _: s.revoke(earlier(s))),
    **{
        f"{name} when {before.__name__}": (before, act)
        for name, act in (
            ("end due", lambda s, i: s.end_due(i)),
            ("sweep", lambda s, i: s.sweep(i)),
        )
        for before in (expired, overdue, waited_too_long)
    },
}
Afterwards = Callable[[DoorScene, Callable[[], object]], None]


def the_workflow_goes_on(scene: DoorScene, act: Callable[[], object]) -> None:
    """The oldest first; each ends when its user has passed the door."""
    for session_id in sorted(scene.real_store.sessions):
        steps: tuple[Act, ...] = (
            lambda s, i: s.activate(i),
            lambda s, i: s.activate(i),
            lambda s, i: s.lease(i),
            lambda s, i: s.end(i),
        )
        for step in steps:
            scene.later(seconds=2)
            survives(partial(step, scene, session_id))
            scene.check()


AFTERWARDS: tuple[Afterwards, ...] = (
    nobody_else,
    the_same_again,
    the_workflow_gives_up,
    the_workflow_goes_on,
)
INTRUDERS: dict[str, Act] = {
    "the operator": lambda s, i: s.revoke(i),
    "the requester": lambda s, i: s.end(i),
    "the workflow": lambda s, i: s.fail(i),
    "its own twin": lambda s, i: s.activate(i),
    "a block": lambda s, i: s.block(i),
    "the next": lambda s, _: s.activate(s.request("alice", VAULT_DEV).session_id),
}
OVERTAKEN = (
    "confirm",
    "last vote",
    "activate when approved",
    "activate when being_made",
    "activate when half_made",
    "activate when foreign",
    "activate when its_turn",
    "activate when in_the_very_second",
    "end when active",
    "revoke when half_made",
    "block when next_one",
    "revoke the earlier",
    "sweep when overdue",
)


def goes_on(dead: DoorScene, afterwards: Afterwards, act: Act, given: str) -> None:
    """All that must hold from there on."""
    scene = twin(dead)
    scene.check()
    afterwards(scene, partial(act, scene, given))
    scene.check()
    scene.run_to_the_end()


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_every_door_is_shut_wherever_a_process_dies(capsys: pytest.CaptureFixture[str]) -> None:
    tried, courses = 0, Courses()
    for name, act, dead, given, where in (each for it in CASES for each in crashed(it)):
        like = likeness(dead)
        for afterwards in AFTERWARDS:
            tried += 1
            again = act if afterwards is the_same_again else None
            with told(f"{name}, died {where}, then {afterwards.__name__}"):
                went = partial(goes_on, dead, afterwards, act, given)
                courses.of((like, afterwards, again), went)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{BADGE.name}: {tried} crashes in {len(CASES)} acts; "
            f"{len(courses.known)} of them not alike\n"
        )
    assert tried >= FEWEST


@pytest.mark.guarantee("G6")
@pytest.mark.guarantee("G9")
def test_every_door_is_shut_wherever_another_comes_in_between_and_one_of_them_dies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tried, courses = 0, Courses()
    for name, (who, intrude) in product(OVERTAKEN, INTRUDERS.items()):
        for dead, act, given, where in overtaken(name, intrude):
            tried += 1
            with told(f"{name}, {who} came in before call {where}"):
                went = partial(goes_on, dead, the_same_again, act, given)
                courses.of((likeness(dead), act), went)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{BADGE.name}: {tried} crashes and races in {len(OVERTAKEN)} acts; "
            f"{len(courses.known)} of them not alike\n"
        )
    assert tried >= FEWEST_OVERTAKEN


def crashed(name: str) -> Iterator[tuple[str, Act, DoorScene, str, str]]:
    """A scene for each call at which the act can die, before it and after it, dead there; with the
    act and what it is given, and where that was.
    """
    before, act = CASES[name]
    CHANCE.begin("before")
    ready = DoorScene()
    given = before(ready)
    for after in (False, True):
        for number in range(1, 200):
            scene = twin(ready)
            scene.fuse.arm(number, after=after)
            CHANCE.begin("act")
            survived = survives(partial(act, scene, given))
            scene.fuse.disarm()
            if survived:
                assert number > 1, "nothing was ever at risk"
                break
            yield name, act, scene, given, f"{'after' if after else 'before'} call {number}"


def overtaken(name: str, intrude: Act) -> Iterator[tuple[DoorScene, Act, str, str]]:
    """Another acts, all of it, before each call; the act dies at every third after it, or not."""
    before, act = CASES[name]
    CHANCE.begin("before")
    ready = DoorScene()
    session_id = before(ready)
    for where in range(1, 200):
        for dies in (0, *range(where, 200, 3)):
            scene = twin(ready)
            meanwhile = partial(survives, partial(intrude, scene, session_id))
            scene.fuse.arm(dies, after=True, meanwhile=meanwhile, meanwhile_at=where)
            CHANCE.begin("act")
            survived = survives(partial(act, scene, session_id))
            reached = scene.fuse.count
            scene.fuse.disarm()
            if reached < where:
                return
            if survived and dies:
                break
            yield scene, act, session_id, f"{where}, it died at {dies}"


@contextmanager
def told(where: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(where)
        raise
