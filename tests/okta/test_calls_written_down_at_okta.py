"""Okta is asked no more than is written down, with a reason for each call."""

from collections.abc import Callable
from typing import Any

import pytest

from documents.vendor_calls import AT_OKTA, BY_NAME, SESSIONS_TOO
from tests.okta.world import ALICE, World, ending, session_of

TARGET = session_of().target


def asked(world: World, act: Callable[[], object]) -> list[str]:
    with world.counted() as made:
        act()
    return [each for each in made if each != "token"]


def written(act: str, *holds: str) -> list[str]:
    return [each.call for each in AT_OKTA[act] if not each.when or each.when in holds]


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("sessions_too", [True, False])
def test_each_act_asks_what_is_written_down_and_no_more(by_name: bool, sessions_too: bool) -> None:
    world = World()
    if not by_name:
        world.user_ids["alice"] = ALICE
    settings: dict[str, Any] = {"end_sessions": "true"} if sessions_too else {}

    def start() -> None:
        assert not world.issuer.stands(session_of(**settings))
        world.made(**settings)

    def look() -> None:
        world.revoker.keep(TARGET, world.clock())
        world.revoker.tidy(TARGET, world.clock())
        world.revoker.sessions_at(TARGET)
        world.revoker.standing_at(TARGET)
        world.revoker.strangers(TARGET, world.clock())

    holds = [*([BY_NAME] if by_name else []), *([SESSIONS_TOO] if sessions_too else [])]
    assert asked(world, start) == written("start of a group", *holds)
    assert asked(world, look) == written("each minute, of a group")
    (session_id,) = world.revoker.standing_at(TARGET)
    session = ending(session_of(session_id=session_id, **settings))
    over = asked(world, lambda: world.revoker.unmake(session, world.clock()))
    assert over == written("end of a group", *holds)
