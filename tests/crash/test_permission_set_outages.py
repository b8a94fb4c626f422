"""A permission set that is lent, PAM whole: operators, outages, and users who are switched off."""

from datetime import timedelta

import pytest

from local.identity_center.portal import Live
from pam.domain import deadlines
from pam.domain.ending import ReceiptMethod
from pam.domain.lifecycle import Status
from tests.crash.scene import survives
from tests.identity_center.whole import PermissionSetScene


@pytest.fixture
def scene() -> PermissionSetScene:
    return PermissionSetScene()


def active(scene: PermissionSetScene) -> tuple[str, Live]:
    session_id = scene.with_votes()
    scene.activate(session_id)
    live = scene.fetch(session_id)
    scene.later(seconds=2)
    assert not scene.centre.refuses(live)
    return session_id, live


def is_stuck(scene: PermissionSetScene, session_id: str) -> bool:
    return deadlines.is_stuck(scene.session(session_id), scene.now)


@pytest.mark.guarantee("G5")
def test_an_operators_revoke_takes_it_and_whoever_waits_for_it_does_not_begin(
    scene: PermissionSetScene,
) -> None:
    session_id, live = active(scene)
    second = scene.with_votes()
    assert scene.session(second).comes_after == session_id
    over = scene.revoke(session_id)
    assert over.status is Status.REVOKED
    assert over.ending is not None
    assert over.ending.method is ReceiptMethod.ASSIGNMENT_GONE
    assert scene.centre.refuses(live)
    survives(lambda: scene.activate(second))
    assert scene.session(second).status is Status.REVOKED
    assert scene.session(second).activated_at is None
    assert scene.assigned == set()
    scene.check()


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_while_identity_center_is_down_a_revoke_is_stuck_and_it_is_over_when_that_is_mended(
    scene: PermissionSetScene,
) -> None:
    session_id, live = active(scene)
    scene.centre.knobs.down = True
    survives(lambda: scene.revoke(session_id))
    assert scene.session(session_id).status is Status.REVOKING
    assert not is_stuck(scene, session_id)
    scene.later(minutes=1)
    assert is_stuck(scene, session_id)
    for _ in range(3):
        survives(lambda: scene.sweep(session_id))
        scene.later(minutes=1)
        assert scene.session(session_id).status is Status.REVOKING
    scene.centre.knobs.down = False
    assert scene.sweep(session_id).status is Status.REVOKED
    assert not is_stuck(scene, session_id)
    assert scene.centre.refuses(live)
    assert scene.assigned == set()
    scene.check()


@pytest.mark.guarantee("G4")
def test_an_outage_at_the_end_by_the_clock_lets_nobody_in(scene: PermissionSetScene) -> None:
    """The end was armed before there was access."""
    session_id, live = active(scene)
    scene.centre.knobs.down = True
    expires_at = scene.session(session_id).expires_at
    assert expires_at is not None
    scene.now = expires_at
    assert scene.centre.refuses(live)
    survives(lambda: scene.end_due(session_id))
    assert scene.session(session_id).status is Status.REVOKING
    for _ in range(60):
        scene.later(minutes=1)
        survives(lambda: scene.sweep(session_id))
        assert scene.centre.refuses(live)
    assert is_stuck(scene, session_id)
    scene.centre.knobs.down = False
    assert scene.sweep(session_id).status is Status.EXPIRED
    scene.check()


def test_a_slow_provisioning_is_confirmed_by_a_later_try_and_counts_as_stuck_after_a_minute(
    scene: PermissionSetScene,
) -> None:
    """As AWS takes it at its worst: a try of PAM's has fourteen seconds for it."""
    session_id, live = active(scene)
    scene.centre.knobs.polls, scene.centre.knobs.seconds = 1000, 50.0
    decided_at = scene.now
    survives(lambda: scene.revoke(session_id))
    assert scene.session(session_id).status is Status.REVOKING
    assert not is_stuck(scene, session_id)
    while not scene.session(session_id).closed:
        scene.later(seconds=30)
        survives(lambda: scene.sweep(session_id))
        assert scene.now - decided_at < timedelta(minutes=5)
    assert scene.centre.refuses(live)
    assert scene.session(session_id).status is Status.REVOKED


@pytest.mark.parametrize("how", ["switched off", "deleted"])
def test_a_user_who_is_gone_before_the_start_is_lent_nothing(
    scene: PermissionSetScene, how: str
) -> None:
    session_id = scene.with_votes()
    if how == "deleted":
        scene.centre.act("delete_user", name="alice")
    else:
        scene.centre.act("enable_user", name="alice", enabled=False)
    survives(lambda: scene.activate(session_id))
    survives(lambda: scene.fail(session_id))
    assert scene.session(session_id).status is Status.FAILED
    assert scene.assigned == set()
    made = [it for it in scene.centre.calls if it.operation == "CreateAccountAssignment"]
    assert made == []


@pytest.mark.guarantee("G5")
def test_a_user_who_is_switched_off_in_between_is_denied_and_unassigned_all_the_same(
    scene: PermissionSetScene,
) -> None:
    session_id, live = active(scene)
    scene.centre.act("enable_user", name="alice", enabled=False)
    assert scene.end(session_id).status is Status.ENDED
    assert scene.centre.refuses(live)
    assert scene.assigned == set()
    scene.check()
