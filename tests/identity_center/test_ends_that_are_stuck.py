"""What AWS will not do for one session, or not soon, keeps no other from its turn, and no end from
being seen.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from pam.domain.errors import IssuerUnavailable
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.identity_center.notes import MOST_ENDS, MOST_STARTS
from tests.identity_center.crowd import at_once, people
from tests.identity_center.scene import TARGET, Centre, session_of

MANY = 99


@pytest.fixture
def centre() -> Centre:
    return Centre()


def ended(session: Session) -> Session:
    return replace(session, status=Status.REVOKING)


def refused(centre: Centre) -> None:
    centre.service.faults.refuse("DeleteAccountAssignment", "AccessDeniedException", times=MANY)


def failed(centre: Centre) -> None:
    centre.service.faults.fail("DeleteAccountAssignment", "not today", times=MANY)


def throttled(centre: Centre) -> None:
    centre.service.faults.refuse("DeleteAccountAssignment", "ThrottlingException", times=MANY)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("befalls", [refused, failed, throttled])
def test_ends_that_do_not_get_through_keep_no_other_from_its_turn(
    centre: Centre, befalls: Callable[[Centre], None]
) -> None:
    names = people(centre, MOST_ENDS)
    stuck = [centre.active(session_of(name, n)) for n, name in enumerate(names)]
    other = centre.active(session_of("alice", 50))
    befalls(centre)

    def tried(session: Session) -> None:
        with pytest.raises(IssuerUnavailable):
            centre.target().unmake(session, centre.now)

    at_once(centre, [partial(tried, session) for session in stuck])
    centre.service.faults.forget()
    centre.end(other, tries=1)
    assert not centre.is_assigned("alice")


def test_starts_that_are_refused_keep_no_other_from_its_turn(centre: Centre) -> None:
    names = people(centre, MOST_STARTS)
    centre.active(session_of("carol", 9, minutes=240))  # so the account has a role of the set
    centre.service.faults.refuse("CreateAccountAssignment", "AccessDeniedException", times=MANY)
    for number, name in enumerate(names):
        with pytest.raises(IssuerUnavailable):
            centre.make(session_of(name, number))
    centre.service.faults.forget()
    centre.make(session_of("alice", 50), tries=1)


@pytest.mark.parametrize("missing", ["succeeds", "fails"])
@pytest.mark.parametrize("by_a_peer", [False, True])
def test_a_deletion_that_outlasts_a_try_is_asked_for_once(
    centre: Centre, missing: str, *, by_a_peer: bool
) -> None:
    """Also of what is gone already: else each try would begin another, and none see it done."""
    session = centre.active(session_of("alice", 1, minutes=1))
    centre.time.later(minutes=1)
    centre.service.knobs.turn({"polls": 1000, "seconds": 20.0, "missing": missing})
    if by_a_peer:
        centre.service.act("unassign", user="alice")
    with pytest.raises(IssuerUnavailable):
        centre.target().unmake(ended(session), centre.now)
    centre.time.later(minutes=1)
    centre.end(session, tries=1)
    assert centre.calls()["DeleteAccountAssignment"] == 1
    assert not centre.is_assigned("alice")


def test_what_a_peer_assigned_again_after_that_is_deleted_anew(centre: Centre) -> None:
    session = centre.active(session_of("alice", 1, minutes=1))
    centre.time.later(minutes=1)
    centre.service.knobs.turn({"polls": 1000, "seconds": 20.0})
    with pytest.raises(IssuerUnavailable):
        centre.target().unmake(ended(session), centre.now)
    centre.time.later(minutes=1)
    assert centre.target().standing_at(TARGET) == []
    centre.service.act("assign", user="alice")
    centre.end(session)
    assert not centre.is_assigned("alice")
    assert centre.calls()["DeleteAccountAssignment"] == 2
