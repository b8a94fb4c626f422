"""A session in somebody's name says whose word it waits for."""

import pytest

from tests.cli.fake_api import ALICE, SESSION_ID, FakeApi, Pam, approvals, session

NO_VOTES = {**approvals(), "required": 0, "domain_required": 0}
WAITING = {"break_glass": True, "origin": "runbook", "requester_verified": False}


@pytest.mark.parametrize("needed", [NO_VOTES, approvals()])
def test_an_emergency_that_waits_for_a_word_says_how_to_give_it(
    fake: FakeApi, pam: Pam, needed: dict[str, object]
) -> None:
    fake.on(
        f"GET /pam/sessions/{SESSION_ID}",
        session(approvals=needed, needs_confirmation=True, **WAITING),
    )
    shown = pam("show", SESSION_ID).stdout
    word = f"waiting for the word of {ALICE}: pam confirm {SESSION_ID}, or pam end {SESSION_ID}"
    assert word in shown
    assert ("waiting for 0" in shown) is False
    assert ("an approver runs" in shown) is (needed != NO_VOTES)


def test_what_is_confirmed_waits_for_no_word(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session(needs_confirmation=False, **WAITING))
    assert "pam confirm" not in pam("show", SESSION_ID).stdout
