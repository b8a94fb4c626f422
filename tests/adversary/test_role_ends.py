"""A borrower of a role who does what they can to stay, against each that ends sessions.

Each tactic is one more row; whoever finds another adds it. What they do at AWS is done on targets
that decide by IAM's rules, as if each resource named the session in a policy of its own.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pam.aws.role_deny_documents import deny_of
from pam.domain.lifecycle import Status
from tests.crash.conftest import targets_in_memory
from tests.crash.scene import Scene
from tests.fakes.story import SANDBOX

__all__ = ["targets_in_memory"]

pytestmark = [pytest.mark.guarantee("G4"), pytest.mark.guarantee("G5")]

Act = Callable[[Scene, str], object]
ROLE = "pam-target-core-sandbox-admin"


def borrow(scene: Scene, who: str = "alice") -> str:
    session_id = scene.request(who, SANDBOX).session_id
    scene.activate(session_id)
    scene.later(seconds=2)
    assert scene.use(scene.lease(session_id, who))
    return session_id


def nothing(scene: Scene, session_id: str) -> None:
    """A resource that names the session is enough."""


def a_lease_at_the_last_second(scene: Scene, session_id: str) -> None:
    """STS gives no less than 15 minutes, so this one lives long after the end."""
    session = scene.session(session_id)
    assert session.expires_at is not None
    scene.now = session.expires_at - timedelta(seconds=1)
    assert scene.use(scene.lease(session_id))


def many_leases(scene: Scene, session_id: str) -> None:
    for _ in range(20):
        scene.later(seconds=5)
        assert scene.use(scene.lease(session_id))


def many_sessions(scene: Scene, session_id: str) -> None:
    """So many ends at one role that their denies are gathered."""
    for _ in range(16):
        scene.end(borrow(scene))


def a_full_role(scene: Scene, session_id: str) -> None:
    """A helper fills the room for denies to the brim."""
    aws = scene.targets.aws
    for size in (1_000, 100, 1):
        with suppress(ClientError):
            for number in range(200):
                statement = {"Sid": f"F{'x' * size}", "Effect": "Allow", "Action": "none:x"}
                document = {"Statement": [{**statement, "Resource": "*"}]}
                aws.put_role_policy(
                    RoleName=ROLE,
                    PolicyName=f"flood-{size}-{number}",
                    PolicyDocument=json.dumps(document),
                )


def a_flood_of_calls(scene: Scene, session_id: str) -> None:
    """Each is recorded in the session's own chain, some between another's read and write."""
    for number in range(30):
        scene.record(f"call-{number}", session_id)

    def more(_: object) -> None:
        scene.record("call-in-between", session_id)

    scene.real_store.before_save = more


TACTICS: dict[str, Act] = {
    "a resource names the session": nothing,
    "a lease at the last second": a_lease_at_the_last_second,
    "many leases": many_leases,
    "many sessions": many_sessions,
    "a full role": a_full_role,
    "a flood of calls": a_flood_of_calls,
}


def until_its_time(scene: Scene, session_id: str) -> None:
    expires_at = scene.session(session_id).expires_at
    assert expires_at is not None
    scene.now = max(scene.now, expires_at)


def by_the_workflow(scene: Scene, session_id: str) -> object:
    until_its_time(scene, session_id)
    return scene.end_due(session_id)


def by_the_tick(scene: Scene, session_id: str) -> object:
    until_its_time(scene, session_id)
    return scene.sweep(session_id)


def by_the_search_for_the_blocked(scene: Scene, session_id: str) -> None:
    """The call that blocked died as soon as the block stood."""
    scene.fuse.arm(when=lambda: scene.real_store.blocks_of("alice"))
    with suppress(BaseException):
        scene.block(session_id)
    scene.fuse.disarm()
    assert scene.real_store.blocks_of("alice")
    scene.end_all_blocked()


CALLERS: dict[str, Act] = {
    "the operator": lambda scene, session_id: scene.revoke(session_id),
    "the requester": lambda scene, session_id: scene.end(session_id),
    "a block": lambda scene, session_id: scene.block(session_id),
    "the clock": by_the_workflow,
    "the tick": by_the_tick,
    "the search for the blocked": by_the_search_for_the_blocked,
    "a failing workflow": lambda scene, session_id: scene.fail(session_id),
}


def nobody_is_let_in(scene: Scene, session_id: str) -> None:
    """Now, and whatever is left of the life of the credentials."""
    for key, of in scene.targets.aws.keys.items():
        if of.session_id == session_id:
            for minutes in range(0, 32, 2):
                at = scene.now + timedelta(minutes=minutes)
                assert not scene.targets.aws.lets_in(key, at), f"in {minutes} minutes"


@pytest.mark.parametrize("by", CALLERS)
@pytest.mark.parametrize("tactic", TACTICS)
def test_an_end_comes_at_once_whatever_its_borrower_does(tactic: str, by: str) -> None:
    scene = Scene()
    session_id = borrow(scene)
    TACTICS[tactic](scene, session_id)
    bystander = borrow(scene, "dave") if tactic != "a lease at the last second" else ""
    CALLERS[by](scene, session_id)
    session = scene.session(session_id)
    assert session.closed, f"{session.status}: it waits for somebody"
    assert session.ending is not None
    assert session.ending.method == "deny-read-back"
    nobody_is_let_in(scene, session_id)
    scene.check()
    if bystander:
        assert scene.session(bystander).status is Status.ACTIVE
        scene.later(seconds=3)
        if scene.now < (scene.session(bystander).expires_at or scene.now):
            assert scene.use(scene.lease(bystander, "dave")), "nobody else is ended"
    scene.targets.aws.denies = {
        place: document
        for place, document in scene.targets.aws.denies.items()
        if not place[1].startswith("flood-")
    }
    scene.run_to_the_end()


Undo = Callable[[str, dict[Any, Any]], None]


def ours(role: str, policies: dict[Any, Any]) -> list[Any]:
    return [each for each in policies if each[0] == role and each[1].startswith("pam-revoke-")]


def deleted(role: str, policies: dict[Any, Any]) -> None:
    for place in ours(role, policies):
        del policies[place]


def turned_into_an_allow(role: str, policies: dict[Any, Any]) -> None:
    for place in ours(role, policies):
        (statement,) = policies[place]["Statement"]
        policies[place] = {**policies[place], "Statement": [{**statement, "Effect": "Allow"}]}


def of_somebody_else(role: str, policies: dict[Any, Any]) -> None:
    for place in ours(role, policies):
        policies[place] = deny_of(["01JD8XGZ6Q3M4V5N6P7R8S9T0A"])


def of_one_service(role: str, policies: dict[Any, Any]) -> None:
    for place in ours(role, policies):
        (statement,) = policies[place]["Statement"]
        policies[place] = {**policies[place], "Statement": [{**statement, "Action": "ec2:*"}]}


UNDONE: dict[str, Undo] = {
    each.__name__: each
    for each in (deleted, turned_into_an_allow, of_somebody_else, of_one_service)
}


@pytest.mark.parametrize("by", CALLERS)
@pytest.mark.parametrize("how", UNDONE)
@pytest.mark.parametrize("gathered", [False, True], ids=["its own deny", "a pack"])
def test_an_end_that_a_helper_undoes_is_back_within_a_minute_and_told(
    how: str, by: str, *, gathered: bool
) -> None:
    scene = Scene()
    session_id = borrow(scene)
    CALLERS[by](scene, session_id)
    assert scene.session(session_id).closed
    if gathered:
        if scene.real_store.blocks_of("alice"):
            scene.lift("alice")
        many_sessions(scene, session_id)
        assert any("-pack-" in name for _, name in scene.targets.aws.denies)
    scene.later(seconds=20)
    scene.undo_end(session_id, UNDONE[how])
    for other in scene.real_store.sessions:
        scene.undone[other] = scene.now
    scene.tick()
    assert scene.undone == {}
    nobody_is_let_in(scene, session_id)
    told = [r["detail"] for r in scene.real_store.records(session_id) if r["type"] == "Drift"]
    assert len(told) == 1
    assert told[0].startswith("undone: the deny of this ended session")
    scene.run_to_the_end()
