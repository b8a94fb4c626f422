"""A user's sessions of one permission set and account: one after the other, and never two."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from local.aws import ACCOUNT
from local.identity_center.directory import PERMISSION_SET, user_id_of
from pam.domain.errors import ForeignAccess, TryAgain
from pam.domain.standing import LONGEST_CALL
from pam.identity_center.vendor import Assigned, Vendor
from tests.identity_center.scene import Centre, session_of

FIRST, NEXT = session_of("alice", 1, minutes=1), session_of("alice", 2)


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of users who are in the next list of whom a change was not seen there yet; one each."""
    users, listed = list[str](), Vendor.assigned

    def of_before(vendor: Vendor) -> Assigned:
        found = listed(vendor)
        return replace(found, users=found.users | {users.pop()}) if users else found

    monkeypatch.setattr(Vendor, "assigned", of_before)
    return users


def test_a_list_that_still_has_the_one_before_is_no_access_by_others(
    centre: Centre, late: list[str]
) -> None:
    centre.expire(centre.active(FIRST))
    late.append(user_id_of("alice"))
    with pytest.raises(TryAgain, match=f"still lists the assignment of session {FIRST.session_id}"):
        centre.target().stands(NEXT)
    assert not centre.target().stands(NEXT)
    late.append(user_id_of("alice"))
    centre.active(NEXT)
    assert late == []
    assert centre.is_assigned("alice")


def test_what_is_listed_longer_than_that_is_others_and_is_left(centre: Centre) -> None:
    centre.expire(centre.active(FIRST))
    centre.service.act("assign", account=ACCOUNT, user="alice")
    with pytest.raises(TryAgain):
        centre.target().stands(NEXT)
    centre.time.later(seconds=61)
    assert centre.target().stands(NEXT)
    with pytest.raises(ForeignAccess):
        centre.make(NEXT)
    assert centre.is_assigned("alice")


def test_two_people_who_are_one_user_there_get_no_two_sessions(centre: Centre) -> None:
    """Not even when neither is assigned yet as the other one looks."""
    centre.user_ids = {"alice": user_id_of("bob")}
    centre.active(session_of("carol", 3))
    of_alice, of_bob = session_of("alice", 1), session_of("bob", 2)
    centre.service.faults.refuse("CreateAccountAssignment", "ConflictException", times=99)
    with pytest.raises(TryAgain, match="ConflictException"):
        centre.target().make(of_alice, centre.now)
    with pytest.raises(TryAgain, match=f"by session {of_alice.session_id}, which is not over"):
        centre.target().make(of_bob, centre.now)
    centre.service.faults.accept("CreateAccountAssignment")
    centre.active(of_alice)
    with pytest.raises(ForeignAccess):
        centre.make(of_bob)
    centre.end(of_alice)
    assert not centre.is_assigned("bob")


def test_who_borrows_for_a_second_again_and_again_fills_nothing(centre: Centre) -> None:
    """All that PAM knows of a permission set is one item, and no end may find it full. Each token
    is denied all the same.
    """
    tokens = []
    for number in range(30):
        short = replace(session_of("alice", number), duration=timedelta(seconds=3))
        session = centre.active(short)
        tokens.append(centre.sign_in("alice"))
        centre.expire(session)
    kept = [
        it for it in centre.known.denies if it.gone_at and it.gone_at < centre.now - LONGEST_CALL
    ]
    assert len(kept) <= 2
    assert len(centre.known.denies) < 10
    assert all(centre.refuses(token) for token in tokens)
    centre.active(session_of("alice", 99))
    assert all(centre.refuses(token) for token in tokens), "by what the last of them left"
    assert not centre.refuses(centre.sign_in("alice"))
    centre.time.later(minutes=50)
    centre.search()
    assert all(centre.refuses(token) for token in tokens), "as long as any of them may live"


def test_what_was_undone_is_told_of_however_many_came_after(centre: Centre) -> None:
    session = centre.active(FIRST)
    centre.service.directory.permission_sets[PERMISSION_SET].inline_policy = None
    with suppress(TryAgain):
        assert centre.search() == [session.session_id]
    centre.expire(session)
    for number in range(2, 6):
        centre.time.later(minutes=1)
        centre.expire(centre.active(session_of("alice", number, minutes=1)))
    assert session.session_id in centre.known.undone(ACCOUNT, centre.now)
