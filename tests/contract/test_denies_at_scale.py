"""However many sessions of a role are ended early, each is refused while a lease of it lives."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pam.aws.role_denies import GRACE, LONGEST_LEASE
from pam.aws.role_deny_documents import name_of
from pam.domain.errors import IssuerUnavailable
from pam.ids import new_id
from tests.fakes.roles import Lease, Role, denies_on, ids
from tests.fakes.story import NOON

pytestmark = pytest.mark.guarantee("G5")


def end(role: Role, session_id: str) -> bool:
    """Whether the role was full."""
    full = list[bool]()
    evidence = denies_on(role).deny(session_id, lambda: full.append(True))
    with role.lock:
        role.expected[session_id] = Lease()
    assert role.refuses(session_id), evidence
    return bool(full)


def test_a_hundred_and_eighty_ends_fit_on_one_role_and_each_is_refused_at_every_moment() -> None:
    role = Role()
    assert not any(end(role, session_id) for session_id in ids(180))
    assert role.most < 50
    bystander = new_id(NOON + timedelta(days=1))
    assert not role.refuses(bystander)


def test_ends_at_once_do_not_lose_each_other() -> None:
    """However many gather at the same time, and whether or not it fits in the end."""
    for _ in range(10):
        role = Role()
        with ThreadPoolExecutor(max_workers=12) as pool:
            list(pool.map(lambda session_id, r=role: end(r, session_id), ids(150)))
        assert all(role.refuses(session_id) for session_id in role.expected)


def test_ends_at_once_on_a_full_role_are_confirmed_or_tried_again() -> None:
    def ended(role: Role, session_id: str) -> bool:
        try:
            end(role, session_id)
        except IssuerUnavailable:
            return False
        return True

    for _ in range(10):
        role = Role(foreign=8_000)
        with ThreadPoolExecutor(max_workers=12) as pool:
            confirmed = list(pool.map(lambda session_id, r=role: ended(r, session_id), ids(60)))
        assert confirmed.count(True) >= 30
        role.check()


def test_denies_go_when_the_last_lease_would_have_ended() -> None:
    role = Role()
    sessions = ids(60)
    for session_id in sessions:
        end(role, session_id)
    role.expected.clear()
    role.now += LONGEST_LEASE + GRACE
    denies = denies_on(role)
    for session_id in sessions:
        denies.forget(session_id, role.now)
    assert role.policies == {}


def test_a_pack_stays_while_a_lease_of_one_of_its_sessions_may_live() -> None:
    role = Role()
    sessions = ids(30)
    for session_id in sessions:
        end(role, session_id)
    denies_on(role).forget(sessions[0], role.now + LONGEST_LEASE)
    assert all(role.refuses(session_id) for session_id in sessions[:20])
    role.expected.clear()
    denies_on(role).tidy(role.now + LONGEST_LEASE + GRACE)
    assert not role.refuses(sessions[0])


def test_a_role_that_is_full_all_the_same_ends_every_lease_of_before_and_says_so() -> None:
    role = Role()
    full = [end(role, session_id) for session_id in ids(700)]
    assert any(full)
    assert all(role.refuses(session_id) for session_id in role.expected)
    later = NOON + timedelta(seconds=3)
    assert not role.refuses(new_id(later), issued=later), "a lease fetched after that works"


def test_a_role_with_policies_of_others_in_it_falls_back_early() -> None:
    role = Role(foreign=9_700)
    outcomes = [end(role, session_id) for session_id in ids(10)]
    assert True in outcomes
    assert all(role.refuses(session_id) for session_id in role.expected)


def test_a_role_with_room_for_three_may_not_end_a_fourth_and_keeps_the_three_ended() -> None:
    role = Role(foreign=9_620)
    first, second, third, fourth = ids(4)
    assert not any(end(role, session_id) for session_id in (first, second, third))
    with pytest.raises(IssuerUnavailable, match="no room"):
        denies_on(role).deny(fourth)
    role.check()


def test_a_role_that_is_full_of_others_policies_is_not_said_to_refuse() -> None:
    with pytest.raises(IssuerUnavailable, match="no room"):
        denies_on(Role(foreign=10_200)).deny(ids(1)[0])


def test_a_pack_that_cannot_be_written_leaves_the_single_denies() -> None:
    role = Role()
    sessions = ids(40)
    for session_id in sessions[:14]:
        end(role, session_id)
    put = role.put_role_policy

    def only_singles(**arguments: Any) -> None:
        if "pack" in arguments["PolicyName"]:
            raise ClientError({"Error": {"Code": "ServiceFailure", "Message": "x"}}, "Put")
        put(**arguments)

    role.put_role_policy = only_singles  # type: ignore[method-assign]
    for session_id in sessions[14:]:
        end(role, session_id)
    assert set(role.policies) == {name_of(session_id) for session_id in sessions}
