"""A group with more members than PAM looks through: the list of the user's groups says it alone.

Ten pages are looked through for one user, fifty for all; here a page has one member.
"""

from dataclasses import replace

import pytest

from pam.domain.errors import ForeignAccess, IssuerUnavailable
from tests.okta.world import ALICE, World, ending, session_of

TARGET = session_of().target
TOO_MANY_FOR_A_LOOK, TOO_MANY = 11, 51


@pytest.fixture
def world() -> World:
    """Alice comes after all others in the group's list."""
    world = World()
    add_others(world, TOO_MANY_FOR_A_LOOK)
    return world


def add_others(world: World, count: int) -> None:
    users = world.okta.directory.users
    for number in range(count):
        user_id = f"00u{number:017d}"
        users[user_id] = replace(users[ALICE], id=user_id, login=f"u{number}@bank.example")
        world.put(user_id)
    world.okta.faults.turn({"page_size": 1})


@pytest.mark.guarantee("G4")
def test_an_end_in_a_large_group_is_seen_by_the_users_own_list_and_says_so(world: World) -> None:
    session = world.made()
    with world.counted() as asked:
        receipt = world.revoker.unmake(ending(session), world.clock())
    assert ALICE not in world.members()
    assert asked.count("listUserGroups") >= 4
    assert f"the groups of user {ALICE}" in receipt.evidence
    assert "more members than PAM looks through" in receipt.evidence
    assert len(world.members()) == TOO_MANY_FOR_A_LOOK


@pytest.mark.guarantee("G4")
def test_while_the_users_list_is_behind_no_end_of_a_large_group_is_told(world: World) -> None:
    session = world.made()
    world.later(60)
    world.okta.faults.turn({"lag": {"listUserGroups": 40.0}})
    with pytest.raises(IssuerUnavailable, match="still shows"):
        world.revoker.unmake(ending(session), world.clock())
    world.later(60)
    world.revoker.unmake(ending(session), world.clock())


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_one_old_answer_of_the_users_list_begins_the_looks_anew(world: World, gone: int) -> None:
    session = world.made()
    world.later(60)
    real, looks = world.transport.send, 0

    def one_is_old(method: str, url: str, **given: object) -> object:
        nonlocal looks
        if world.okta.operation_of(method, url) != "listUserGroups":
            return real(method, url, **given)  # type: ignore[arg-type]
        looks += 1
        if looks == gone + 1:
            world.put(ALICE)
        reply = real(method, url, **given)  # type: ignore[arg-type]
        world.put(ALICE, member=False)
        return reply

    world.transport.send = one_is_old  # type: ignore[method-assign,assignment]
    world.revoker.unmake(ending(session), world.clock())
    assert looks >= gone + 1 + 4


def test_a_user_who_is_deleted_is_looked_for_by_a_person_in_a_large_group(world: World) -> None:
    """Nobody shows that they are not among its members."""
    session = world.made()
    del world.okta.directory.users[ALICE]
    with pytest.raises(IssuerUnavailable, match="looks through: a person has to look"):
        world.revoker.unmake(ending(session), world.clock())


def test_who_was_a_member_of_a_large_group_before_is_lent_nothing(world: World) -> None:
    assert not world.issuer.stands(session_of())
    world.put(ALICE)
    with pytest.raises(ForeignAccess):
        world.issuer.make(session_of(), world.clock())
    assert ALICE in world.members()


def test_who_is_missing_from_a_group_too_large_to_list_is_found_by_their_own_list(
    world: World,
) -> None:
    session = world.made()
    add_others(world, TOO_MANY)
    assert world.revoker.standing_at(TARGET) == [session.session_id]
    world.put(ALICE, member=False)
    assert world.revoker.standing_at(TARGET) == []
    with pytest.raises(IssuerUnavailable, match="does not read to its end"):
        world.revoker.strangers(TARGET, world.clock())
