"""What AWS will not do for one session keeps no other from its turn."""

from collections.abc import Callable
from functools import partial

import pytest

from pam.domain.errors import IssuerUnavailable
from pam.domain.session import Session
from pam.identity_center.notes import MOST_ENDS, MOST_STARTS
from tests.identity_center.crowd import at_once, people
from tests.identity_center.scene import Centre, session_of

MANY = 99


@pytest.fixture
def centre() -> Centre:
    return Centre()


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
