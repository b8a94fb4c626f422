"""The end of a membership, whatever was done at Okta in between: PAM says what it saw."""

import pytest

from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.lifecycle import Status
from tests.okta.world import ALICE, DAVE, FED, FINN, GROUP, World, ending, session_of

pytestmark = pytest.mark.guarantee("G4")
TARGET = session_of().target
LISTS = ("listUserGroups", "listGroupUsers")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("late", [LISTS, LISTS[:1], LISTS[1:]])
def test_a_membership_that_shows_eight_seconds_late_is_waited_for(
    world: World, late: tuple[str, ...]
) -> None:
    world.okta.faults.turn({"lag": dict.fromkeys(late, 8.0)})
    begun = world.clock.seconds
    session = world.made()
    assert world.clock.seconds - begun >= 8
    world.later(60)
    begun = world.clock.seconds
    world.revoker.unmake(ending(session), world.clock())
    assert world.clock.seconds - begun >= 8, "no word of it before both lists had it"
    assert world.members() == set()


@pytest.mark.parametrize("late", [LISTS, LISTS[:1], LISTS[1:]])
def test_what_shows_later_than_a_call_may_wait_is_neither_there_nor_gone(
    world: World, late: tuple[str, ...]
) -> None:
    world.okta.faults.turn({"lag": dict.fromkeys(late, 40.0)})
    with pytest.raises(TryAgain, match="yet"):
        world.made()
    world.later(60)
    session = world.made()
    world.later(60)
    with pytest.raises(IssuerUnavailable, match="still shows"):
        world.revoker.unmake(ending(session), world.clock())
    world.later(60)
    world.revoker.unmake(ending(session), world.clock())


@pytest.mark.parametrize("stale", [1, 2, 3])
def test_one_list_that_is_behind_once_more_is_no_proof(world: World, stale: int) -> None:
    """Lists are read from copies, which are not all as old."""
    session = world.made()
    world.later(60)
    real = world.transport.send
    looks = 0

    def one_is_old(method: str, url: str, **given: object) -> object:
        nonlocal looks
        looks += world.okta.operation_of(method, url) in LISTS
        if looks == stale + 1 and world.okta.faults.stale_reads == 0:
            world.okta.faults.turn({"stale_reads": 1})
        return real(method, url, **given)  # type: ignore[arg-type]

    world.transport.send = one_is_old  # type: ignore[method-assign, assignment]
    world.revoker.unmake(ending(session), world.clock())
    assert looks >= 4 + stale, "each of the four in a row"


def test_a_user_who_is_deleted_is_no_member(world: World) -> None:
    session = world.made(end_sessions="true")
    world.okta.directory.delete_user(ALICE)
    receipt = world.revoker.unmake(ending(session), world.clock())
    assert "not at Okta any more" in receipt.evidence
    assert ALICE in receipt.evidence


def test_a_group_that_is_deleted_has_no_members(world: World) -> None:
    session = world.made(end_sessions="true")
    world.okta.directory.delete_group(GROUP)
    world.okta.directory.users[ALICE].sessions = ["s1"]
    receipt = world.revoker.unmake(ending(session), world.clock())
    assert f"group {GROUP} is not at Okta any more" in receipt.evidence
    assert world.okta.directory.users[ALICE].sessions == []


def test_that_okta_shows_neither_is_no_proof_that_both_are_gone(world: World) -> None:
    """It may as well be PAM's right to see them that is gone."""
    session = world.made()
    world.okta.directory.delete_user(ALICE)
    world.okta.directory.delete_group(GROUP)
    with pytest.raises(IssuerUnavailable, match="a person has to look"):
        world.revoker.unmake(ending(session), world.clock())


@pytest.mark.parametrize("status", ["SUSPENDED", "DEPROVISIONED", "LOCKED_OUT", "STAGED"])
def test_a_user_who_may_not_sign_in_any_more_is_removed_all_the_same(
    world: World, status: str
) -> None:
    session = world.made(end_sessions="true")
    world.okta.directory.users[ALICE].status = status
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()


def test_a_user_with_a_new_name_is_still_the_one(world: World) -> None:
    session = world.made()
    directory = world.okta.directory
    directory.users[ALICE].login = "alice.adams@bank.example"
    directory.users[FINN].login = "alice@bank.example"
    world.put(FINN)
    assert world.revoker.stands(session)
    world.issuer.make(session_of(), world.clock())
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == {FINN}


def test_a_rule_that_adds_them_again_is_named(world: World) -> None:
    session = world.made()
    (rule,) = world.okta.directory.rules.values()
    rule.groups, rule.matches, rule.re_adds_after = [FED, GROUP], [ALICE], 2.0
    with pytest.raises(IssuerUnavailable, match=rule.id):
        world.revoker.unmake(ending(session), world.clock())
    rule.status = "INACTIVE"
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()


def test_who_lost_their_membership_by_others_is_missing_and_its_end_is_one(world: World) -> None:
    """Somebody else's program revoked it, on an error of its own."""
    session = world.made()
    world.put(ALICE, member=False)
    assert not world.revoker.stands(session)
    world.revoker.unmake(ending(session), world.clock())
    assert world.revoker.strangers(TARGET, world.clock()) == []


@pytest.mark.parametrize(("wanted", "left"), [({}, ["s1"]), ({"end_sessions": "true"}, [])])
def test_sessions_at_okta_end_where_the_catalogue_says_so(
    world: World, wanted: dict[str, str], left: list[str]
) -> None:
    user = world.okta.directory.users[ALICE]
    session = world.made(**wanted)
    user.sessions, user.tokens, user.remembered = ["s1"], ["s1"], True
    world.revoker.unmake(ending(session), world.clock())
    assert (user.sessions, user.tokens) == (left, left)
    assert user.remembered, "which device is theirs is no access"


def test_a_revoker_that_may_not_end_sessions_takes_the_membership_and_says_what_is_missing(
    world: World,
) -> None:
    session = world.made(end_sessions="true")
    world.okta.directory.apps["0oapamrevoker0000001"].scopes.remove("okta.users.manage")
    with pytest.raises(IssuerUnavailable, match="invalid_scope"):
        world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()


def test_what_a_closed_session_left_is_taken_and_nothing_of_the_next_one(world: World) -> None:
    one = world.made(session_id="01K0000000000000000000000A")
    two = world.made("dave", session_id="01K0000000000000000000000B")
    assert sorted(world.revoker.sessions_at(TARGET)) == [one.session_id, two.session_id]
    closed = session_of(session_id=one.session_id, status=Status.FAILED)
    world.revoker.clear_traces(closed, world.clock())
    assert world.members() == {DAVE}
    world.later(120)
    next_one = world.made(session_id="01K0000000000000000000000C")
    world.revoker.clear_traces(closed, world.clock())
    assert world.members() == {ALICE, DAVE}
    assert next_one.session_id in world.revoker.sessions_at(TARGET)


def test_what_others_gave_after_the_end_is_no_trace_of_it(world: World) -> None:
    """Whoever asks PAM to clear it once more has it take nothing."""
    session = world.made()
    world.revoker.unmake(ending(session), world.clock())
    world.later(660)
    world.revoker.tidy(TARGET, world.clock())
    world.put(ALICE)
    closed = session_of(session_id=session.session_id, status=Status.EXPIRED)
    world.revoker.clear_traces(closed, world.clock())
    assert world.members() == {ALICE}
    assert world.revoker.strangers(TARGET, world.clock()) != []


def test_the_next_session_of_the_same_person_does_not_take_a_late_list_for_others_access(
    world: World,
) -> None:
    session = world.made(session_id="01K0000000000000000000000A")
    world.later(60)
    world.revoker.unmake(ending(session), world.clock())
    after = session_of(session_id="01K0000000000000000000000B")
    world.okta.faults.turn({"stale_reads": 1})
    with pytest.raises(TryAgain, match=session.session_id):
        world.issuer.stands(after)
    assert not world.issuer.stands(after)
    world.okta.faults.turn({"stale_reads": 1})
    with pytest.raises(TryAgain, match=session.session_id):
        world.issuer.make(after, world.clock())
    world.issuer.make(after, world.clock())
    assert world.members() == {ALICE}


def test_marks_of_what_is_gone_go_when_no_list_is_behind_any_more(world: World) -> None:
    session = world.made()
    world.revoker.unmake(ending(session), world.clock())
    world.revoker.tidy(TARGET, world.clock())
    assert len(world.notes.by_user) == 1
    world.later(3600)
    open_one = world.made("dave", session_id="01K0000000000000000000000B")
    world.revoker.tidy(TARGET, world.clock())
    assert world.revoker.sessions_at(TARGET) == [open_one.session_id]
    assert len(world.notes.by_user) == 1


def test_what_came_through_after_it_was_seen_gone_is_taken_by_the_next_try(world: World) -> None:
    """A call that makes the membership was under way when the end looked."""
    session = world.made()
    world.revoker.unmake(ending(session), world.clock())
    world.put(ALICE)
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()


def test_an_end_that_is_repeated_late_takes_nothing_of_the_next_session(world: World) -> None:
    session = world.made(session_id="01K0000000000000000000000A")
    receipt = world.revoker.unmake(ending(session), world.clock())
    world.later(120)
    world.made(session_id="01K0000000000000000000000B")
    assert world.revoker.unmake(ending(session), world.clock()) == receipt
    assert world.members() == {ALICE}
