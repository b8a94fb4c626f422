"""Fifty starts and fifty ends at one instance at once: what is made never keeps an end waiting."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pam.domain.resource import Target
from pam.domain.session import Session
from pam.identity_center.notes import MOST_ENDS, MOST_STARTS
from tests.identity_center.crowd import at_once, people
from tests.identity_center.scene import TARGET, Centre, session_of

FIFTY, OF_A_SET = 50, 25
"""A permission set has room for the denies of about 37."""
FIVE = timedelta(seconds=4.9)


def set_of(centre: Centre, name: str) -> Target:
    arn = str(centre.service.act("create_permission_set", name=name)["permission_set"])
    return replace(
        TARGET,
        names={**TARGET.names, "permission_set": arn},
        settings={**TARGET.settings, "permission_set_name": name},
    )


def sessions_of(centre: Centre, names: list[str], *, first: int) -> list[Session]:
    """On two permission sets."""
    sets = [set_of(centre, f"Pam{first}{letter}") for letter in "AB"]
    return [
        session_of(name, first + number, minutes=240, target=sets[number // OF_A_SET])
        for number, name in enumerate(names)
    ]


@pytest.mark.guarantee("G5")
def test_fifty_ends_are_over_as_if_nobody_started() -> None:
    """Each operation takes five seconds there, and ten may be under way: without any start the last
    of the ends is over after 68 seconds.
    """
    centre = Centre()
    names = people(centre, 2 * FIFTY)
    ending = [centre.active(it) for it in sessions_of(centre, names[:FIFTY], first=100)]
    starting = sessions_of(centre, names[FIFTY:], first=200)
    centre.service.knobs.polls, centre.service.knobs.seconds = 100, 5.0
    began, over, made = centre.now, list[datetime](), list[datetime]()

    def end(session: Session) -> None:
        centre.end(session, tries=200)
        over.append(centre.now)

    def start(session: Session) -> None:
        centre.make(session, tries=400)
        made.append(centre.now)

    acts: list[Callable[[], object]] = [
        *(lambda each=each: start(each) for each in starting),
        *(lambda each=each: end(each) for each in ending),
    ]
    at_once(centre, acts)
    assert (len(over), len(made)) == (FIFTY, FIFTY)
    assert max(over) - began < timedelta(seconds=90)
    assert max(over) < max(made), "the last end does not wait for the last start"
    refused = [call.error for call in centre.service.calls if "Account" in call.operation]
    assert "ServiceQuotaExceededException" not in refused
    assert most_under_way(centre, "CreateAccountAssignment") <= MOST_STARTS
    assert most_under_way(centre, "DeleteAccountAssignment") <= MOST_ENDS


def most_under_way(centre: Centre, operation: str) -> int:
    """Of the last fifty that it took: how many began in one and the same five seconds, as long as
    each takes.
    """
    taken = [it for it in centre.service.calls if it.operation == operation and not it.error]
    at = [call.at for call in taken][-FIFTY:]
    return max(sum(1 for it in at if first <= it < first + FIVE) for first in at)
