"""To provision an account takes longer than one call waits, and others come all the while."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.lifecycle import Status
from tests.identity_center.crowd import people
from tests.identity_center.scene import Centre, session_of

EVERY = 20.0
"""Seconds: so often somebody starts."""


def slow(seconds: float) -> Centre:
    """An operation takes so long, however often it is asked after."""
    centre = Centre()
    centre.active(session_of("carol", 99, minutes=240))
    centre.service.knobs.polls, centre.service.knobs.seconds = 10_000, seconds
    return centre


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("seconds", [20.0, 40.0])
def test_an_early_end_is_not_put_off_by_those_who_start(seconds: float) -> None:
    centre = slow(3.0)
    session = replace(centre.active(session_of("alice", 98)), status=Status.REVOKING)
    centre.service.knobs.seconds = seconds
    began = next_try = next_start = centre.now
    waiting = [session_of(name, number) for number, name in enumerate(people(centre, 12))]
    starting = []
    while centre.is_assigned("alice"):
        assert centre.now < began + timedelta(minutes=4)
        if centre.now >= next_start and waiting:
            starting.append(waiting.pop())
            next_start += timedelta(seconds=EVERY)
        if centre.now >= next_try:
            next_try = centre.now + timedelta(minutes=1)
            with suppress(IssuerUnavailable):
                centre.target().unmake(session, centre.now)
        for each in starting:
            with suppress(TryAgain):
                centre.target().make(each, centre.now)
        centre.time.pause(0.5)
