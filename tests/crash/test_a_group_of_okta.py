"""A group of Okta, whatever dies and whoever comes in between: who is a member by a session is one
while that session has access, and nobody is when all is over.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product

import pytest

from pam.domain.kinds import OKTA_GROUP
from pam.domain.lifecycle import Status
from tests.crash.afterwards import nobody_else, the_same_again, the_workflow_gives_up
from tests.crash.scene import survives
from tests.fakes.twin import twin
from tests.okta.scene import SUPPORT, OktaScene

Before = Callable[[OktaScene], str]
Act = Callable[[OktaScene, str], object]
FEWEST, FEWEST_OVERTAKEN = 3_000, 1_500


def approved(scene: OktaScene) -> str:
    session_id = scene.request("alice", SUPPORT).session_id
    scene.vote("bob", session_id)
    return session_id


def active(scene: OktaScene) -> str:
    session_id = approved(scene)
    scene.activate(session_id)
    scene.later(seconds=2)
    return session_id


def half_made(scene: OktaScene) -> str:
    """The activation died when the user was a member and nobody had said so."""
    session_id = approved(scene)
    scene.fuse.arm(when=lambda: scene.group.users)
    assert not survives(lambda: scene.activate(session_id))
    scene.fuse.disarm()
    assert scene.session(session_id).status is Status.ACTIVATING
    return session_id


def noted(scene: OktaScene) -> str:
    """It died between the note that it makes a member and the call that does."""
    session_id = approved(scene)
    scene.fuse.arm(when=lambda: scene.notes.by_user)
    assert not survives(lambda: scene.activate(session_id))
    scene.fuse.disarm()
    assert scene.group.users == set()
    return session_id


def overdue(scene: OktaScene) -> str:
    session_id = half_made(scene)
    scene.later(minutes=12)
    return session_id


def expired(scene: OktaScene) -> str:
    session_id = active(scene)
    scene.later(minutes=10)
    return session_id


def half_ended(scene: OktaScene) -> str:
    """The end died when the user was no member any more, and nobody had seen that."""
    session_id = active(scene)
    scene.fuse.arm(when=lambda: not scene.group.users)
    assert not survives(lambda: scene.end(session_id))
    scene.fuse.disarm()
    return session_id


def seen_gone(scene: OktaScene) -> str:
    """It died when that was seen and noted, and the checkout was not given back."""
    session_id = active(scene)
    scene.fuse.arm(when=lambda: scene.notes.notes[session_id].gone_at)
    assert not survives(lambda: scene.end(session_id))
    scene.fuse.disarm()
    return session_id


def foreign(scene: OktaScene) -> str:
    session_id = approved(scene)
    scene.by_hand("alice")
    return session_id


def next_one(scene: OktaScene) -> str:
    active(scene)
    return approved(scene)


def its_turn(scene: OktaScene) -> str:
    first = active(scene)
    second = approved(scene)
    scene.end(first)
    return second


def in_the_very_second(scene: OktaScene) -> str:
    second = next_one(scene)
    scene.later(minutes=10)
    return second


CASES: dict[str, tuple[Before, Act]] = {
    **{
        f"activate when {before.__name__}": (before, lambda s, i: s.activate(i))
        for before in (approved, half_made, noted, foreign, its_turn, in_the_very_second)
    },
    **{
        f"{name} when {before.__name__}": (before, act)
        for name, act in (
            ("end", lambda s, i: s.end(i)),
            ("revoke", lambda s, i: s.revoke(i)),
            ("fail", lambda s, i: s.fail(i)),
        )
        for before in (half_made, noted, active, half_ended, seen_gone)
    },
    **{
        f"{name} when {before.__name__}": (before, act)
        for name, act in (
            ("end due", lambda s, i: s.end_due(i)),
            ("sweep", lambda s, i: s.sweep(i)),
        )
        for before in (expired, overdue)
    },
    "search when active": (active, lambda s, _: s.search_groups()),
    "search when half_made": (half_made, lambda s, _: s.search_groups()),
}


def okta_is_out_for_an_hour(scene: OktaScene, act: Callable[[], object]) -> None:
    """At the end of it whatever should be over is."""
    scene.group.down = True
    scene.later(seconds=1)
    survives(act)
    scene.group.down = False


AFTERWARDS = (nobody_else, the_same_again, the_workflow_gives_up, okta_is_out_for_an_hour)
INTRUDERS: dict[str, Act] = {
    "the operator": lambda s, i: s.revoke(i),
    "the requester": lambda s, i: s.end(i),
    "the workflow": lambda s, i: s.fail(i),
    "its own twin": lambda s, i: s.activate(i),
    "a block": lambda s, i: s.block(i),
    "the next": lambda s, _: s.activate(approved(s)),
    "the search": lambda s, _: s.search_groups(),
}
OVERTAKEN = (
    "activate when approved",
    "activate when half_made",
    "activate when noted",
    "activate when its_turn",
    "end when active",
    "revoke when half_made",
    "sweep when overdue",
)


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_no_member_is_left_wherever_a_process_dies(capsys: pytest.CaptureFixture[str]) -> None:
    tried = 0
    for name, act, dead, given in (each for it in CASES for each in crashed(it)):
        for afterwards in AFTERWARDS:
            tried, scene = tried + 1, twin(dead)
            with told(f"{name}, died at call {scene.fuse.count}, then {afterwards.__name__}"):
                scene.check()
                afterwards(scene, partial(act, scene, given))
                scene.check()
                scene.run_to_the_end()
    with capsys.disabled():
        sys.stdout.write(f"\n{OKTA_GROUP}: {tried} crashes in {len(CASES)} acts\n")
    assert tried >= FEWEST


@pytest.mark.guarantee("G6")
@pytest.mark.guarantee("G9")
def test_no_member_is_left_wherever_another_comes_in_between_and_one_of_them_dies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tried = 0
    for name, (who, intrude) in product(OVERTAKEN, INTRUDERS.items()):
        for scene, act, where in overtaken(name, intrude):
            tried += 1
            with told(f"{name}, {who} came in before call {where}"):
                scene.check()
                the_same_again(scene, act)
                scene.check()
                scene.run_to_the_end()
    with capsys.disabled():
        sys.stdout.write(f"\n{OKTA_GROUP}: {tried} crashes and races in {len(OVERTAKEN)} acts\n")
    assert tried >= FEWEST_OVERTAKEN


def crashed(name: str) -> Iterator[tuple[str, Act, OktaScene, str]]:
    """A scene for each call at which the act can die, before it and after it, dead there."""
    before, act = CASES[name]
    ready = OktaScene()
    given = before(ready)
    for after in (False, True):
        for number in range(1, 200):
            scene = twin(ready)
            scene.fuse.arm(number, after=after)
            survived = survives(partial(act, scene, given))
            scene.fuse.disarm()
            if survived:
                assert number > 1, "nothing was ever at risk"
                break
            yield name, act, scene, given


def overtaken(name: str, intrude: Act) -> Iterator[tuple[OktaScene, Callable[[], object], str]]:
    """Another acts, all of it, before each call; the act dies at the third after it, or not."""
    before, act = CASES[name]
    ready = OktaScene()
    session_id = before(ready)
    for where in range(1, 200):
        for dies in (0, where + 3):
            scene = twin(ready)
            acting = partial(act, scene, session_id)
            meanwhile = partial(survives, partial(intrude, scene, session_id))
            scene.fuse.arm(dies, after=True, meanwhile=meanwhile, meanwhile_at=where)
            survived = survives(acting)
            reached = scene.fuse.count
            scene.fuse.disarm()
            if reached < where:
                return
            if survived and dies:
                continue
            yield scene, acting, f"{where}, it died at {dies}"


@contextmanager
def told(where: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(where)
        raise
