"""Statements of the policy that have no use any more: when they go, and which of them wait."""

import json
from dataclasses import replace

import pytest

from local.identity_center.directory import PERMISSION_SET
from pam.domain.errors import IssuerUnavailable
from pam.identity_center.permission_set import LOCKED_FOR
from pam.identity_center.statements import written
from tests.identity_center.scene import Centre, session_of


@pytest.fixture
def centre() -> Centre:
    return Centre()


def writes(centre: Centre) -> int:
    return centre.calls()["PutInlinePolicyToPermissionSet"]


def sids(centre: Centre) -> set[str]:
    return {each.session_id for each in centre.statements}


def test_what_nobody_is_barred_by_waits_while_others_have_the_set(centre: Centre) -> None:
    """It bars nobody's session; to let it go now, the account would be provisioned for that."""
    over, other = centre.active(session_of("alice", 1)), session_of("bob", 2, minutes=240)
    centre.active(other)
    centre.end(over)
    centre.time.later(minutes=63)
    before = writes(centre)
    for _ in range(3):
        assert centre.search() == []
        centre.time.later(minutes=1)
    assert writes(centre) == before
    assert over.session_id in sids(centre)
    centre.end(centre.active(session_of("carol", 3)))
    assert over.session_id not in sids(centre), "the next write has what is stored"


def test_it_goes_within_the_minute_when_nobody_has_the_set(centre: Centre) -> None:
    over = centre.active(session_of("alice", 1))
    other = centre.active(session_of("bob", 2, minutes=90))
    centre.end(over)
    centre.time.later(minutes=63)
    centre.search()
    assert over.session_id in sids(centre)
    centre.expire(other)
    centre.search()
    assert over.session_id not in sids(centre)
    assert centre.statements, "what denies the other one for an hour"
    centre.time.later(minutes=63)
    centre.search()
    centre.search()
    assert sids(centre) == set()


@pytest.mark.guarantee("G6")
def test_what_bars_somebody_whose_session_lives_goes_within_the_minute(centre: Centre) -> None:
    """Somebody wrote it as PAM writes: a deny of a session that there never was."""
    centre.active(session_of("alice", 1))
    bob = centre.active(session_of("bob", 2))
    live = centre.sign_in("bob")
    (of_bob,) = (each for each in centre.statements if each.session_id == bob.session_id)
    forged = replace(of_bob, session_id="0" * 26, start=centre.now.replace(microsecond=0))
    policy = json.loads(written([*centre.statements, forged]))
    centre.service.act("write_policy", statements=policy["Statement"])
    centre.time.later(seconds=2)
    assert centre.refuses(live)
    assert centre.search() == []
    assert "0" * 26 not in sids(centre)
    assert not centre.refuses(live)
    assert centre.service.directory.permission_sets[PERMISSION_SET].inline_policy


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("operation", ["PutInlinePolicyToPermissionSet", "ProvisionPermissionSet"])
def test_whoever_fails_to_let_it_go_leaves_no_lock_that_an_end_would_wait_for(
    centre: Centre, operation: str
) -> None:
    alice = centre.active(session_of("alice", 1))
    bob = centre.active(session_of("bob", 2))
    (of_bob,) = (each for each in centre.statements if each.session_id == bob.session_id)
    forged = replace(of_bob, session_id="0" * 26, start=centre.now.replace(microsecond=0))
    policy = json.loads(written([*centre.statements, forged]))
    centre.service.act("write_policy", statements=policy["Statement"])
    centre.time.later(seconds=2)
    centre.service.faults.refuse(operation, "AccessDeniedException", times=1)
    with pytest.raises(IssuerUnavailable):
        centre.search()
    assert centre.known.locked_until is None
    live, decided = centre.sign_in("alice"), centre.now
    centre.end(alice)
    assert centre.refuses(live)
    assert (centre.now - decided).total_seconds() < LOCKED_FOR.total_seconds() / 2
