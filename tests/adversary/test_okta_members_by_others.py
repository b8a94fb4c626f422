"""Others who change the members of a group that PAM lends: by hand, by a program that puts back
what it read before, by one that takes away on an error of its own.

PAM takes what it made, tells what it did not, and gives nothing back.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest

from pam.domain.errors import IssuerUnavailable, Refusal
from pam.domain.lifecycle import Status
from tests.crash.conftest import targets_in_memory
from tests.okta.scene import SUPPORT, OktaScene

__all__ = ["targets_in_memory"]

pytestmark = [pytest.mark.guarantee("G4"), pytest.mark.guarantee("G5")]
Act = Callable[[OktaScene, str], object]


@pytest.fixture
def scene(targets_in_memory: None) -> OktaScene:
    return OktaScene()


def active(scene: OktaScene, who: str = "alice") -> str:
    session_id = scene.request(who, SUPPORT).session_id
    scene.vote("bob", session_id)
    scene.activate(session_id)
    scene.later(seconds=2)
    return session_id


def the_clock(scene: OktaScene, session_id: str) -> None:
    scene.later(minutes=11)
    scene.sweep(session_id)


ENDS: dict[str, Act] = {
    "its user": lambda s, i: s.end(i),
    "an operator": lambda s, i: s.revoke(i),
    "the clock": the_clock,
}


@pytest.mark.parametrize("end", ENDS)
def test_a_member_whom_somebody_puts_back_at_once_is_not_told_as_gone(
    scene: OktaScene, end: str
) -> None:
    """A program that removes, fails, and writes the list that it read before."""
    session_id = active(scene)
    scene.group.re_adds = 1
    with suppress(IssuerUnavailable):
        ENDS[end](scene, session_id)
    assert scene.group.users == {"alice"}
    assert scene.session(session_id).status is Status.REVOKING
    scene.later(minutes=1)
    scene.run_belts()
    assert scene.session(session_id).closed
    assert scene.group.users == set()


@pytest.mark.parametrize("end", ENDS)
def test_a_member_whom_somebody_puts_back_after_the_end_is_told_and_left(
    scene: OktaScene, end: str
) -> None:
    session_id = active(scene)
    ENDS[end](scene, session_id)
    assert scene.session(session_id).closed
    scene.later(minutes=2)
    scene.by_hand("alice")
    (told,) = scene.search_groups()
    assert "alice" in told
    for _ in range(5):
        scene.tick()
        scene.check()
    assert scene.group.users == {"alice"}, "PAM has not made it, so PAM does not take it"
    assert scene.search_groups() == [], "once a day"


def test_a_member_whom_somebody_adds_meanwhile_is_told_and_left(scene: OktaScene) -> None:
    session_id = active(scene)
    scene.by_hand("mallory")
    (told,) = scene.search_groups()
    assert "mallory" in told
    scene.end(session_id)
    assert scene.group.users == {"mallory"}


def test_what_others_gave_before_is_no_session(scene: OktaScene) -> None:
    session_id = scene.request("alice", SUPPORT).session_id
    scene.vote("bob", session_id)
    scene.by_hand("alice")
    with pytest.raises(Refusal, match="already"):
        scene.activate(session_id)
    session = scene.session(session_id)
    assert session.status is Status.FAILED
    assert session.ending is not None
    assert session.ending.reason.startswith("CONFLICT")
    assert scene.group.users == {"alice"}


def test_a_member_whom_somebody_removes_is_missing_and_is_not_given_back(scene: OktaScene) -> None:
    """A program that falls through to its revocation on an error."""
    session_id = active(scene)
    scene.group.users.clear()
    scene.search_groups()
    assert scene.group.users == set()
    assert "Drift" in scene.real_store.types(session_id)
    scene.end(session_id)
    assert scene.session(session_id).status is Status.ENDED


def test_a_stale_list_that_is_written_back_twice_does_not_outlast_the_belts(
    scene: OktaScene,
) -> None:
    session_id = active(scene)
    scene.group.re_adds = 2
    for _ in range(6):
        scene.later(minutes=10)
        scene.run_belts()
    assert scene.session(session_id).closed
    assert scene.group.users == set()


def test_an_hour_without_okta_at_the_end_is_said_and_then_over(scene: OktaScene) -> None:
    session_id = active(scene)
    scene.group.down = True
    with suppress(IssuerUnavailable):
        scene.revoke(session_id)
    with pytest.raises(IssuerUnavailable):
        scene.sweep(session_id)
    for _ in range(60):
        scene.later(minutes=1)
        scene.run_belts()
        assert scene.session(session_id).status is Status.REVOKING
        assert scene.group.users == {"alice"}, "nothing at Okta ends by itself"
    scene.group.down = False
    scene.later(minutes=1)
    scene.run_belts()
    assert scene.session(session_id).status is Status.REVOKED
    assert scene.group.users == set()
