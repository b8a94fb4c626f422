"""A group of Okta, lent and taken back: what PAM says is what both of Okta's lists say."""

from dataclasses import replace
from itertools import pairwise

import pytest

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import ForeignAccess, IssuerUnavailable, TryAgain, Unreached
from pam.domain.lifecycle import Status
from tests.okta.world import (
    ALICE,
    EVERYONE,
    FED,
    GROUP,
    OF_APP,
    POLLS,
    ROLED,
    World,
    ending,
    session_of,
)

TARGET = session_of().target


@pytest.fixture
def world() -> World:
    return World()


def test_the_person_is_a_member_while_the_session_has_access(world: World) -> None:
    assert not world.issuer.stands(session_of())
    session = world.made()
    assert world.members() == {ALICE}
    assert world.issuer.stands(session)
    receipt = world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()
    assert receipt.method is ReceiptMethod.MEMBERSHIP_GONE
    assert ALICE in receipt.evidence
    assert not world.revoker.stands(session)


def test_a_session_begins_with_the_read_back_because_nothing_is_armed_at_okta(
    world: World,
) -> None:
    assert world.issuer.make(session_of(), world.clock()) is None


@pytest.mark.parametrize("early", [True, False])
def test_a_session_takes_at_most_ten_calls_besides_tokens_and_polls(
    world: World, early: bool
) -> None:
    world.issuer.stands(session_of(end_sessions="true"))
    looked_for = world.okta.calls["listUserGroups"]
    session = world.made(end_sessions="true")
    checked = 1  # by the other list, before the membership was asked for
    if not early:
        world.later(3600)
    world.revoker.unmake(ending(session), world.clock())
    made = sum(world.calls().values()) + looked_for + checked
    assert made <= 10, world.okta.calls
    assert world.okta.refused == {"token 400": world.okta.refused["token 400"]}


def test_there_is_at_most_one_look_a_second(world: World) -> None:
    world.okta.faults.turn({"lag": {"listUserGroups": 6.0, "listGroupUsers": 6.0}})
    session = world.made()
    world.later(60)
    world.okta.recorder.calls.clear()
    world.revoker.unmake(ending(session), world.clock())
    looks = [call.at for call in world.okta.recorder.calls if call.operation in POLLS]
    assert len(looks) > 5
    assert all(after - before >= 1 for before, after in pairwise(looks))


def test_again_is_no_error_and_makes_nothing_twice(world: World) -> None:
    session = world.made()
    world.issuer.make(session_of(), world.clock())
    assert world.members() == {ALICE}
    first = world.revoker.unmake(ending(session), world.clock())
    again = world.revoker.unmake(ending(session), world.clock())
    assert replace(again, seen_at=None) == replace(first, seen_at=None)
    assert again.seen_at is not None
    assert first.seen_at is not None
    assert again.seen_at > first.seen_at, "it was looked for anew"
    assert world.members() == set()


@pytest.mark.parametrize(
    ("group", "why"),
    [
        (OF_APP, "APP_GROUP"),
        (EVERYONE, "BUILT_IN"),
        (FED, "group rule"),
        (ROLED, "admin role"),
        ("00gnosuchgroup000001", "no group"),
    ],
)
def test_a_group_that_is_not_pams_to_lend_is_refused_before_anything_is_made(
    world: World, group: str, why: str
) -> None:
    with pytest.raises(Unreached, match=why):
        world.issuer.make(session_of(group=group), world.clock())
    assert world.calls().keys().isdisjoint({"assignUserToGroup"})


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "INVALID"])
def test_a_rule_of_the_group_is_refused_whether_or_not_it_is_switched_on(
    world: World, status: str
) -> None:
    (rule,) = world.okta.directory.rules.values()
    rule.status = status
    with pytest.raises(Unreached, match=rule.id):
        world.issuer.make(session_of(group=FED), world.clock())


def test_a_rule_on_the_second_page_is_found(world: World) -> None:
    (rule,) = world.okta.directory.rules.values()
    rule.groups = [GROUP]
    other = replace(rule, id="0pr0000000000000other", groups=[FED])
    world.okta.directory.rules = {other.id: other, rule.id: rule}
    world.okta.faults.turn({"page_size": 1})
    with pytest.raises(Unreached, match=rule.id):
        world.issuer.make(session_of(), world.clock())


def test_a_group_with_an_admin_role_is_lent_if_the_catalogue_says_so(world: World) -> None:
    world.okta.directory.groups[GROUP].roles = ["HELP_DESK_ADMIN"]
    for app in world.okta.directory.apps.values():
        app.super_admin = True
    with pytest.raises(Unreached, match="carries_admin_role"):
        world.issuer.make(session_of(), world.clock())
    world.issuer.make(session_of(carries_admin_role="true"), world.clock())
    assert world.members() == {ALICE}


@pytest.mark.parametrize("person", ["nora", "steve", "dora"])
def test_nobody_is_given_access_who_may_not_sign_in(world: World, person: str) -> None:
    """STAGED, SUSPENDED, DEPROVISIONED: they would have it whenever they come back."""
    with pytest.raises(Unreached, match="not ACTIVE"):
        world.issuer.make(session_of(person), world.clock())
    assert world.members() == set()


def test_who_is_a_member_already_is_left_as_they_are(world: World) -> None:
    world.put(ALICE)
    assert world.issuer.stands(session_of())
    with pytest.raises(ForeignAccess):
        world.issuer.make(session_of(), world.clock())
    assert world.members() == {ALICE}
    receipt = world.revoker.unmake(session_of(status=Status.FAILED), world.clock())
    assert receipt.method is ReceiptMethod.NEVER_GRANTED
    assert world.members() == {ALICE}, "PAM has not made it, so PAM does not take it"
    assert world.revoker.sessions_at(TARGET) == []


def test_two_people_who_are_one_user_at_okta_get_no_two_sessions(world: World) -> None:
    world.user_ids = {"alice": ALICE, "alice.admin": ALICE}
    first = world.made("alice", session_id="01K0000000000000000000000A")
    with pytest.raises(ForeignAccess):
        world.issuer.make(
            session_of("alice.admin", session_id="01K0000000000000000000000B"), world.clock()
        )
    world.put(ALICE, member=False)
    with pytest.raises(TryAgain, match=first.session_id):
        world.issuer.make(
            session_of("alice.admin", session_id="01K0000000000000000000000B"), world.clock()
        )


def test_an_end_whose_note_is_gone_is_not_reported(world: World) -> None:
    """Somebody took the note and the mark away of access that was made. Either is enough to end it:
    see `test_notes_that_were_changed.py`.
    """
    session = world.made()
    world.notes.notes.clear()
    world.notes.by_user.clear()
    with pytest.raises(IssuerUnavailable, match="note is gone"):
        world.revoker.unmake(ending(session), world.clock())
    assert world.members() == {ALICE}


def test_an_end_that_came_first_lets_nothing_be_made_any_more(world: World) -> None:
    session = session_of()
    receipt = world.revoker.unmake(session_of(status=Status.FAILED), world.clock())
    assert receipt.method is ReceiptMethod.NEVER_GRANTED
    with pytest.raises(IssuerUnavailable, match="has ended"):
        world.issuer.make(session, world.clock())
    assert world.members() == set()


def test_a_group_of_another_organisation_than_okta_knows_is_not_asked_for(world: World) -> None:
    names = {"organisation": "bank-admin.okta.com", "group": GROUP}
    session = replace(session_of(), target=replace(TARGET, names=names))
    with pytest.raises(Unreached, match="-admin"):
        world.issuer.make(session, world.clock())
    assert world.transport.sent == []


def test_of_two_calls_for_one_session_neither_takes_the_others_work_for_strangers(
    world: World,
) -> None:
    real, other = world.transport.send, world.issuer
    world.organisation().group_type(GROUP)

    def overtaken(method: str, url: str, **given: object) -> object:
        if world.okta.operation_of(method, url) == "listGroupRules":
            world.transport.send = real  # type: ignore[method-assign]
            other.make(session_of(), world.clock())
        return real(method, url, **given)  # type: ignore[arg-type]

    world.transport.send = overtaken  # type: ignore[method-assign, assignment]
    world.issuer.make(session_of(), world.clock())
    assert world.members() == {ALICE}
