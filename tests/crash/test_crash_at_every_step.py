"""Whatever dies, wherever it dies: the belts close every session, and leave nothing behind."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product

import pytest

from pam.domain.approval import Ballot
from pam.domain.kinds import POSTGRES_USER
from pam.domain.lifecycle import Status
from pam.operations.admit_request import NextState
from pam.ports.people import Execution
from tests.crash.afterwards import nobody_else, the_same_again
from tests.crash.courses import Courses
from tests.crash.scene import Scene, survives
from tests.fakes.chance import CHANCE
from tests.fakes.likeness import likeness
from tests.fakes.story import LEDGER, NOON, SANDBOX
from tests.fakes.twin import twin

NOBODY = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
DATABASE, REPORTS = "core-ledger-db", "core-reporting-db"
RUNBOOK = Execution(
    arn="arn:aws:states:eu-west-1:111122223333:execution:pam:r7",
    started_at=NOON,
    input="{}",
    running=True,
)
RESOURCES = {"aws-role": LEDGER, "postgres-user": DATABASE, "rotated-secret": REPORTS}
FEWEST = {"aws-role": 4_500, "postgres-user": 6_000, "rotated-secret": 7_000}
FEWEST_OVERTAKEN = {"aws-role": 700, "postgres-user": 1_500, "rotated-secret": 2_500}
FEWEST_FULL = 100

Before = Callable[[Scene, str], str]
Act = Callable[[Scene, str], object]


def nothing(scene: Scene, resource: str) -> str:
    return ""


def pending(scene: Scene, resource: str) -> str:
    session_id = scene.request("alice", resource).session_id
    scene.admit(session_id)
    scene.ask(session_id)
    return session_id


def one_vote(scene: Scene, resource: str) -> str:
    session_id = pending(scene, resource)
    if resource != REPORTS:
        scene.vote("bob", session_id)
    return session_id


def approved(scene: Scene, resource: str) -> str:
    session_id = one_vote(scene, resource)
    scene.vote("carol", session_id)
    return session_id


def approved_by_slack(scene: Scene, resource: str) -> str:
    """Asked for by Slack, and approved there as far as that counts."""
    session_id = scene.request(scene.by_slack("alice"), resource).session_id
    scene.admit(session_id)
    scene.ask(session_id)
    scene.vote(scene.by_slack("bob"), session_id)
    if resource != REPORTS:
        scene.vote("carol", session_id)
    return session_id


def emergency_by_slack(scene: Scene, resource: str) -> str:
    """Which its person has yet to confirm."""
    session_id = scene.request(scene.by_slack("alice"), resource, break_glass=True).session_id
    scene.admit(session_id)
    return session_id


def half_made(scene: Scene, resource: str) -> str:
    """The activation died when the access was there and nobody had said so."""
    session_id = approved(scene, resource)
    issuer = scene.all_issuers[scene.session(session_id).target.kind]
    makes = issuer.activate
    made: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(issuer), "activate", lambda _, *given: made.append(makes(*given)))
        scene.fuse.arm(when=lambda: made)
        assert not survives(lambda: scene.activate(session_id))
    scene.fuse.disarm()
    assert made
    assert scene.session(session_id).status is Status.ACTIVATING
    return session_id


def active(scene: Scene, resource: str) -> str:
    session_id = approved(scene, resource)
    scene.activate(session_id)
    scene.later(seconds=2)
    return session_id


def in_somebodys_name(scene: Scene, resource: str) -> str:
    """Active, opened by a runbook, and not confirmed yet."""
    session_id = scene.start(RUNBOOK, resource).session_id
    scene.ask(session_id)
    for who in ("carol",) if resource == REPORTS else ("bob", "carol"):
        scene.vote(who, session_id)
    scene.activate(session_id)
    scene.later(seconds=2)
    return session_id


def leased(scene: Scene, resource: str) -> str:
    session_id = active(scene, resource)
    assert scene.use(scene.lease(session_id))
    return session_id


def almost_over(scene: Scene, resource: str) -> str:
    """So near its end that whoever tries again does so after it."""
    session_id = leased(scene, resource)
    scene.later(seconds=590)
    return session_id


def expired(scene: Scene, resource: str) -> str:
    session_id = leased(scene, resource)
    scene.later(minutes=10)
    return session_id


def unconfirmed(scene: Scene, resource: str) -> str:
    """An operator's end died as soon as it had been decided."""
    session_id = leased(scene, resource)
    scene.fuse.arm(when=lambda: scene.session(session_id).status is Status.REVOKING)
    assert not survives(lambda: scene.revoke(session_id))
    scene.fuse.disarm()
    scene.later(seconds=30)
    return session_id


def revoked(scene: Scene, resource: str) -> str:
    session_id = leased(scene, resource)
    scene.revoke(session_id)
    return session_id


def traces_over(scene: Scene, resource: str) -> str:
    session_id = revoked(scene, resource)
    scene.later(minutes=11)
    return session_id


def overdue_request(scene: Scene, resource: str) -> str:
    session_id = pending(scene, resource)
    scene.later(hours=4)
    return session_id


def overdue_approval(scene: Scene, resource: str) -> str:
    session_id = approved(scene, resource)
    scene.later(minutes=5)
    return session_id


def overdue_activation(scene: Scene, resource: str) -> str:
    session_id = half_made(scene, resource)
    scene.later(minutes=2)
    return session_id


def left_behind(scene: Scene, resource: str) -> str:
    """A session that is closed, and a database user of it that came too late."""
    session_id = revoked(scene, resource)
    scene.all_issuers[POSTGRES_USER].activate(scene.session(session_id), scene.now)
    return session_id


def blocked(scene: Scene, resource: str) -> str:
    """On the list, and the call died before it ended what is open."""
    session_id = leased(scene, resource)
    scene.fuse.arm(when=lambda: scene.real_store.blocks_of("alice"))
    assert not survives(lambda: scene.block(session_id))
    scene.fuse.disarm()
    assert scene.real_store.blocks_of("alice")
    assert not scene.session(session_id).closed
    scene.later(seconds=1)
    return session_id


def emergency(scene: Scene, resource: str) -> str:
    """In use without an approval, so a review is owed."""
    session_id = scene.request("alice", resource, break_glass=True).session_id
    scene.admit(session_id)
    scene.activate(session_id)
    scene.later(seconds=2)
    return session_id


def looked_at_once(scene: Scene, resource: str) -> str:
    session_id = emergency(scene, resource)
    scene.review("bob", session_id)
    return session_id


def overdue_review(scene: Scene, resource: str) -> str:
    session_id = emergency(scene, resource)
    scene.end(session_id)
    scene.later(hours=24)
    return session_id


def waiting_long(scene: Scene, resource: str) -> str:
    session_id = pending(scene, resource)
    scene.later(minutes=10)
    return session_id


def soon_over(scene: Scene, resource: str) -> str:
    session_id = active(scene, resource)
    scene.later(minutes=5)
    return session_id


def crowded(scene: Scene, resource: str) -> str:
    """There is room on the role for the denies of four sessions, and five are to end."""
    scene.targets.aws.foreign = 9_400
    for _ in range(4):
        scene.revoke(leased(scene, resource))
        scene.later(seconds=30)
    return leased(scene, resource)


def gathering(scene: Scene, resource: str) -> str:
    """The next end gathers the denies of all."""
    for _ in range(14):
        session_id = scene.request("alice", SANDBOX).session_id
        scene.activate(session_id)
        scene.later(seconds=2)
        scene.use(scene.lease(session_id))
        scene.revoke(session_id)
    session_id = scene.request("alice", SANDBOX).session_id
    scene.activate(session_id)
    scene.later(seconds=2)
    scene.use(scene.lease(session_id))
    return session_id


def undone(scene: Scene, resource: str) -> str:
    """A helper took the deny of an ended session away."""
    session_id = revoked(scene, resource)
    scene.later(seconds=20)
    scene.undo_end(session_id, lambda _, policies: policies.clear())
    return session_id


EVERY = tuple(RESOURCES)
USERS = ("postgres-user",)
ROLES = ("aws-role",)

CASES: dict[str, tuple[Before, Act, tuple[str, ...]]] = {
    "request": (nothing, lambda s, r: s.request("alice", RESOURCES[r], key="k"), EVERY),
    "request that needs nobody": (
        nothing,
        lambda s, _: s.request("alice", SANDBOX, key="k"),
        ROLES,
    ),
    "request in an emergency": (
        nothing,
        lambda s, r: s.request("alice", RESOURCES[r], key="k", break_glass=True),
        EVERY,
    ),
    "admit": (lambda s, r: s.request("alice", r).session_id, lambda s, i: s.admit(i), EVERY),
    "admit an emergency": (
        lambda s, r: s.request("alice", r, break_glass=True).session_id,
        lambda s, i: s.admit(i),
        EVERY,
    ),
    "admit a runbook": (nothing, lambda s, r: s.start(RUNBOOK, RESOURCES[r]), EVERY),
    "admit a runbook's emergency": (
        nothing,
        lambda s, r: s.start(RUNBOOK, RESOURCES[r], break_glass=True),
        EVERY,
    ),
    "confirm a runbook's emergency": (
        lambda s, r: s.start(RUNBOOK, r, break_glass=True).session_id,
        lambda s, i: s.confirm(i),
        EVERY,
    ),
    "request by Slack in an emergency": (
        nothing,
        lambda s, r: s.request(s.by_slack("alice"), RESOURCES[r], key="k", break_glass=True),
        EVERY,
    ),
    "confirm an emergency by Slack": (
        emergency_by_slack,
        lambda s, i: s.confirm(i),
        EVERY,
    ),
    "vote by Slack": (one_vote, lambda s, i: s.vote(s.by_slack("erin"), i), EVERY),
    "activate by votes of Slack": (approved_by_slack, lambda s, i: s.activate(i), EVERY),
    "lease of a runbook's session": (
        in_somebodys_name,
        lambda s, i: s.use(s.lease(i)),
        EVERY,
    ),
    "ask": (lambda s, r: s.request("alice", r).session_id, lambda s, i: s.ask(i), EVERY),
    "ask too late": (approved, lambda s, i: s.ask(i), EVERY),
    "first vote": (pending, lambda s, i: s.vote("bob", i), EVERY),
    "last vote": (one_vote, lambda s, i: s.vote("erin", i), EVERY),
    "deny": (one_vote, lambda s, i: s.vote("erin", i, Ballot.DENY), EVERY),
    "activate": (approved, lambda s, i: s.activate(i), EVERY),
    "activate what is half made": (half_made, lambda s, i: s.activate(i), EVERY),
    "lease": (active, lambda s, i: s.use(s.lease(i)), EVERY),
    "lease again": (leased, lambda s, i: s.use(s.lease(i)), EVERY),
    **{
        f"{name} when {before.__name__}": (before, act, EVERY)
        for name, act in (("end", Scene.end), ("revoke", Scene.revoke), ("fail", Scene.fail))
        for before in (pending, approved, half_made, active, leased, almost_over, unconfirmed)
    },
    **{
        f"{name} when {before.__name__}": (before, act, EVERY)
        for name, act in (("end due", Scene.end_due), ("sweep", Scene.sweep))
        for before in (
            overdue_request,
            overdue_approval,
            overdue_activation,
            expired,
            unconfirmed,
            traces_over,
        )
    },
    **{
        f"block when {before.__name__}": (before, lambda s, i: s.block(i), EVERY)
        for before in (pending, approved, half_made, leased, unconfirmed)
    },
    "block on one resource": (leased, lambda s, i: s.block(i, one_resource=True), EVERY),
    "lift": (blocked, lambda s, _: s.lift("alice"), EVERY),
    "end all blocked": (blocked, lambda s, _: s.end_all_blocked(), EVERY),
    "first review": (emergency, lambda s, i: s.review("bob", i), ROLES),
    "second review": (looked_at_once, lambda s, i: s.review("carol", i), ROLES),
    **{
        f"tell when {before.__name__}": (before, lambda s, i: s.tell(i), ROLES)
        for before in (waiting_long, soon_over, overdue_review)
    },
    "record an activity": (leased, lambda s, i: s.record("event-1", i), EVERY),
    "record a finding": (nothing, lambda s, _: s.record("event-1", NOBODY), ROLES),
    "revoke when gathering": (gathering, Scene.revoke, ROLES),
    "revoke when crowded": (crowded, Scene.revoke, ROLES),
    "keep ends that were undone": (undone, lambda s, _: s.keep_ends(), ROLES),
    "search the targets": (left_behind, lambda s, _: s.search(), USERS),
    "deliver": (leased, lambda s, i: s.deliver(i), EVERY),
    "erase": (revoked, lambda s, i: s.erase(i), EVERY),
}


Afterwards = Callable[[Scene, Callable[[], object]], None]


def the_same_again_late(scene: Scene, act: Callable[[], object]) -> None:
    scene.later(seconds=45)
    survives(act)


def the_workflow_gives_up(scene: Scene, act: Callable[[], object]) -> None:
    scene.later(seconds=1)
    for session_id in list(scene.real_store.sessions):
        survives(partial(scene.fail, session_id))


def the_workflow_goes_on(scene: Scene, act: Callable[[], object]) -> None:
    """From its first state again; the requester uses what comes of it, and gives it back."""
    for session_id in list(scene.real_store.sessions):
        scene.later(seconds=1)
        if scene.admit(session_id).next_state not in {NextState.APPROVED, NextState.NEEDS_APPROVAL}:
            continue
        steps: tuple[Act, ...] = (Scene.activate, lambda s, i: s.use(s.lease(i)), Scene.end)
        for step in steps:
            scene.later(seconds=2)
            survives(partial(step, scene, session_id))
            scene.check()


AFTERWARDS: tuple[Afterwards, ...] = (
    nobody_else,
    the_same_again,
    the_same_again_late,
    the_workflow_gives_up,
    the_workflow_goes_on,
)


THE_ACT_AGAIN = {the_same_again, the_same_again_late}
"""For the others it is the same which act it was that died."""


def crashed(name: str, kind: str) -> Iterator[tuple[str, Act, Scene, str, str]]:
    """A scene for each call at which the act can die, before it and after it, dead there; with the
    act and what it is given, and where that was.
    """
    before, act, _ = CASES[name]
    CHANCE.begin("before")
    ready = Scene()
    given = before(ready, RESOURCES[kind]) or kind
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


def goes_on(dead: Scene, afterwards: Afterwards, act: Act, given: str) -> bool:
    """All that must hold from there on; whether a role was full meanwhile."""
    scene = twin(dead)
    scene.check()
    afterwards(scene, partial(act, scene, given))
    scene.check()
    scene.run_to_the_end()
    return bool(scene.full)


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
@pytest.mark.guarantee("G7")
@pytest.mark.parametrize(("kind", "at_least"), FEWEST.items())
def test_a_session_ends_closed_wherever_a_process_dies(
    kind: str, at_least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = full = 0
    courses = Courses()
    names = [name for name, (_, _, kinds) in CASES.items() if kind in kinds]
    for name, act, dead, given, where in (each for it in names for each in crashed(it, kind)):
        like = likeness(dead)
        for afterwards in AFTERWARDS:
            tried += 1
            again = act if afterwards in THE_ACT_AGAIN else None
            with told(f"{name}, died {where}, then {afterwards.__name__}"):
                went = partial(goes_on, dead, afterwards, act, given)
                full += courses.of((like, afterwards, again), went)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{kind}: {tried} crashes in {len(names)} acts, {full} on a full role; "
            f"{len(courses.known)} of them not alike\n"
        )
    assert tried >= at_least
    assert kind not in ROLES or full >= FEWEST_FULL


def its_own_twin(scene: Scene, session_id: str) -> None:
    """The same activation, thought dead and tried again; and the requester works at once."""
    scene.activate(session_id)
    scene.later(seconds=2)
    scene.use(scene.lease(session_id))


def its_own_twin_and_an_outage(scene: Scene, session_id: str) -> None:
    its_own_twin(scene, session_id)
    scene.targets.server.down = True


INTRUDERS: dict[str, Callable[[Scene, str], object]] = {
    "the operator": lambda scene, session_id: scene.revoke(session_id),
    "the requester": lambda scene, session_id: scene.end(session_id),
    "the workflow": lambda scene, session_id: scene.fail(session_id),
    "its own twin": its_own_twin,
    "its own twin and an outage": its_own_twin_and_an_outage,
}
OVERTAKEN = (
    "last vote",
    "deny",
    "activate",
    "activate what is half made",
    "lease",
    "lease again",
    "end when leased",
    "revoke when leased",
    "sweep when expired",
    "end due when overdue_activation",
)


@pytest.mark.guarantee("G6")
@pytest.mark.guarantee("G9")
@pytest.mark.parametrize(("kind", "at_least"), FEWEST_OVERTAKEN.items())
def test_a_session_ends_closed_wherever_another_comes_in_between_and_one_of_them_dies(
    kind: str, at_least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tried, courses = 0, Courses()
    for name, (who, intrude) in product(OVERTAKEN, INTRUDERS.items()):
        for dead, act, given, where in overtaken(name, kind, intrude):
            tried += 1
            with told(f"{name}, {who} came in before call {where}"):
                went = partial(goes_on, dead, the_same_again, act, given)
                courses.of((likeness(dead), act), went)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{kind}: {tried} crashes and races in {len(OVERTAKEN)} acts; "
            f"{len(courses.known)} of them not alike\n"
        )
    assert tried >= at_least


def overtaken(
    name: str, kind: str, intrude: Callable[[Scene, str], object]
) -> Iterator[tuple[Scene, Act, str, str]]:
    """Another acts, all of it, before each call; the act dies at every third after it, or not."""
    before, act, _ = CASES[name]
    CHANCE.begin("before")
    ready = Scene()
    session_id = before(ready, RESOURCES[kind])
    for where in range(1, 200):
        for dies in (0, *range(where, 200, 3)):
            scene = twin(ready)
            meanwhile = partial(survives, partial(intrude, scene, session_id))
            scene.fuse.arm(dies, after=True, meanwhile=meanwhile, meanwhile_at=where)
            CHANCE.begin("act")
            survived = survives(partial(act, scene, session_id))
            reached = scene.fuse.count
            scene.fuse.disarm()
            scene.targets.server.down = False
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
