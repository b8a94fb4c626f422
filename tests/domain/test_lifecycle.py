"""Every pair of states, decided."""

from dataclasses import replace
from itertools import product

import pytest

from pam.domain.errors import IllegalTransition
from pam.domain.lifecycle import CLOSED, TRANSITIONS, Status
from tests.fakes.story import Story

ASKED = Story().request()

# The life of a session, written down once more and independently.
LAWFUL = {
    ("PENDING_APPROVAL", "APPROVED"),
    ("PENDING_APPROVAL", "DENIED"),
    ("PENDING_APPROVAL", "WITHDRAWN"),
    ("PENDING_APPROVAL", "UNANSWERED"),
    ("PENDING_APPROVAL", "REVOKING"),
    ("PENDING_APPROVAL", "FAILED"),
    ("APPROVED", "ACTIVATING"),
    ("APPROVED", "WITHDRAWN"),
    ("APPROVED", "UNANSWERED"),
    ("APPROVED", "REVOKING"),
    ("APPROVED", "FAILED"),
    ("ACTIVATING", "ACTIVE"),
    ("ACTIVATING", "REVOKING"),
    ("ACTIVE", "REVOKING"),
    ("REVOKING", "EXPIRED"),
    ("REVOKING", "REVOKED"),
    ("REVOKING", "ENDED"),
    ("REVOKING", "FAILED"),
}


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_a_session_goes_from_one_state_to_another_only_as_the_interface_says(
    before: Status, after: Status
) -> None:
    session = replace(ASKED, status=before)
    if (before.value, after.value) in LAWFUL:
        assert session.advance(after).status is after
    else:
        with pytest.raises(IllegalTransition):
            session.advance(after)


def test_every_state_has_its_onward_states_listed() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_closed_states_are_those_of_the_interface() -> None:
    assert {status.value for status in CLOSED} == {
        "EXPIRED", "REVOKED", "ENDED", "DENIED", "WITHDRAWN", "UNANSWERED", "FAILED",
    }  # fmt: skip


def test_access_that_was_or_may_have_been_made_ends_only_through_revoking() -> None:
    for status in (Status.ACTIVATING, Status.ACTIVE):
        assert not TRANSITIONS[status] & CLOSED


def test_there_is_no_way_back() -> None:
    def reachable(status: Status) -> set[Status]:
        onward = TRANSITIONS[status]
        return set(onward).union(*(reachable(each) for each in onward))

    for status in Status:
        assert status not in reachable(status)
