"""Identity Center is asked no more than is written down, with a reason for each call."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from documents.vendor_calls import AT_IDENTITY_CENTER, BY_NAME, SHARED
from pam.domain.lifecycle import Status
from tests.identity_center.scene import TARGET, Centre, is_poll, session_of

ALICE = session_of("alice")
OF_PEOPLE = {"GetUserId", "DescribeUser"}


@pytest.fixture
def centre() -> Centre:
    return Centre()


def asked(centre: Centre, act: Callable[[], object]) -> list[str]:
    """Without polls."""
    begin = len(centre.service.calls)
    act()
    made = [call.operation for call in centre.service.calls[begin:] if not is_poll(call.operation)]
    return [f"{'identitystore' if it in OF_PEOPLE else 'sso'}:{it}" for it in made]


def written(act: str, *holds: str) -> list[str]:
    """Those of an act, where that holds; all that are for nothing else are made always."""

    def is_made(when: str) -> bool:
        denied = when.removeprefix("not: ")
        return not when or (denied not in holds if when != denied else when in holds)

    return [each.call for each in AT_IDENTITY_CENTER[act] if is_made(each.when)]


@pytest.mark.parametrize("holds", [(), (BY_NAME,), (SHARED,), (BY_NAME, SHARED)])
def test_each_act_asks_what_is_written_down_and_no_more(
    centre: Centre, holds: Sequence[str]
) -> None:
    if SHARED in holds:
        centre.active(session_of("bob", 2, minutes=240))
    if BY_NAME in holds:
        centre.user_ids.clear()

    def start() -> None:
        assert not centre.target().stands(ALICE)
        centre.make(ALICE)

    def look() -> None:
        centre.search()
        centre.target().sessions_at(TARGET)
        centre.target().standing_at(TARGET)
        centre.target().strangers(TARGET, centre.now)

    assert asked(centre, start) == written("start of a permission set", *holds)
    minute = "each minute, of a permission set in an account"
    assert asked(centre, look) == written(minute, "a session has it")
    session = centre.active(ALICE)
    early = asked(centre, lambda: centre.end(replace(session, status=Status.REVOKING)))
    assert early == written("early end of a permission set", *holds)


def test_an_end_by_the_clock_and_what_comes_an_hour_later(centre: Centre) -> None:
    session = centre.active(ALICE)
    by_the_clock = asked(centre, lambda: centre.expire(session))
    assert by_the_clock == written("end of a permission set by the clock")
    centre.time.later(minutes=63)
    centre.target().clear_traces(session, centre.now)
    later = asked(centre, centre.search)
    assert later == written("an hour after the last session of a permission set")
