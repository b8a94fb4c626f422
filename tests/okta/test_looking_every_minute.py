"""What the search of each minute asks Okta: of a group, and not of each who has it."""

import pytest

from pam.domain.errors import IssuerUnavailable
from tests.okta.world import ALICE, DAVE, GROUP, World, session_of

TARGET = session_of().target
HAVE_IT = ("alice", "dave", "bob", "carol", "erin", "kim")


@pytest.fixture
def world() -> World:
    return World()


def id_of(number: int) -> str:
    return f"01K{number:023d}"


def looked(world: World) -> list[str]:
    """What is asked in one minute."""
    with world.counted() as asked:
        world.revoker.keep(TARGET, world.clock())
        world.revoker.tidy(TARGET, world.clock())
        world.revoker.sessions_at(TARGET)
        world.revoker.standing_at(TARGET)
        world.revoker.strangers(TARGET, world.clock())
    return [each for each in asked if each != "token"]


def test_the_calls_of_a_minute_do_not_grow_with_the_sessions(world: World) -> None:
    seen = []
    for number, person in enumerate(HAVE_IT):
        world.made(person, session_id=id_of(number))
        seen.append(looked(world))
    assert seen == [["listGroupUsers", "listGroupUsers"]] * len(HAVE_IT)


def test_who_is_missing_is_found_among_the_others(world: World) -> None:
    for number, person in enumerate(HAVE_IT):
        world.made(person, session_id=id_of(number))
    everybody = [id_of(number) for number in range(len(HAVE_IT))]
    assert sorted(world.revoker.standing_at(TARGET)) == everybody
    world.put(DAVE, member=False)
    assert sorted(world.revoker.standing_at(TARGET)) == [it for it in everybody if it != id_of(1)]


def test_one_list_that_is_behind_is_no_absence(world: World) -> None:
    """Of what PAM made: the other one is asked before anybody is told."""
    session = world.made()
    world.put(ALICE, member=False)
    world.later(60)
    world.okta.faults.turn({"lag": {"listGroupUsers": 30.0}})
    world.put(ALICE)
    assert world.revoker.standing_at(TARGET) == [session.session_id]


def test_of_a_group_that_is_gone_everybody_is_missing_and_of_one_unanswered_nobody(
    world: World,
) -> None:
    world.made()
    world.okta.faults.turn({"down": True})
    with pytest.raises(IssuerUnavailable):
        world.revoker.standing_at(TARGET)
    world.okta.faults.turn({"down": False})
    del world.okta.directory.groups[GROUP]
    assert world.revoker.standing_at(TARGET) == []


def test_what_is_over_or_not_noted_does_not_stand(world: World) -> None:
    """Whoever put it back, it is not the session's."""
    session = world.made()
    world.revoker.unmake(session, world.clock())
    world.put(ALICE)
    assert world.revoker.standing_at(TARGET) == []
