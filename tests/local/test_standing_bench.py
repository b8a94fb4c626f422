"""Which calls of a directory the bench charges a session with."""

from collections import Counter
from typing import Any

import pytest

from local.bench import standing
from local.bench.directory_calls import Directory, calls_of, fewest


def asked(*names: str) -> list[dict[str, Any]]:
    """Each answered; `name status` if by another status than 200."""
    split = [name.partition(" ") for name in names]
    return [{"operation": name, "status": int(status or 200)} for name, _, status in split]


def test_how_far_an_operation_is_is_a_poll_and_what_a_user_is_is_none() -> None:
    made = calls_of(
        Directory.IDENTITY_CENTER,
        asked(
            "DescribeUser",
            "CreateAccountAssignment",
            "DescribeAccountAssignmentCreationStatus",
            "DescribeAccountAssignmentCreationStatus",
            "DescribePermissionSetProvisioningStatus",
            "DescribePermissionSet",
            "ListAccountAssignments",
            "ListAccountAssignments",
        ),
    )
    assert made.total() == 5
    assert made["ListAccountAssignments"] == 2


def test_a_look_at_okta_is_a_call_before_the_membership_is_asked_for_and_a_poll_after() -> None:
    made = calls_of(
        Directory.OKTA,
        asked(
            "token",
            "getUser",
            "listUserGroups",
            "listGroupUsers",
            "assignUserToGroup 204",
            "listUserGroups",
            "listGroupUsers",
            "unassignUserFromGroup 204",
            "listUserGroups",
        ),
    )
    once = ("getUser", "listUserGroups", "listGroupUsers", "assignUserToGroup")
    assert made == Counter([*once, "unassignUserFromGroup"])


@pytest.mark.parametrize("status", [400, 401, 429])
def test_what_okta_wants_to_be_asked_again_is_counted_once(status: int) -> None:
    calls = asked(f"getUser {status}", "getUser", "unassignUserFromGroup 404")
    assert calls_of(Directory.OKTA, calls) == Counter(["getUser", "unassignUserFromGroup"])


def test_the_session_that_no_look_fell_into_is_the_one_that_is_told() -> None:
    assert fewest([Counter(["a", "a", "b"]), Counter(["b"]), Counter(["a", "b"])]) == Counter(["b"])


def test_each_kind_is_measured_against_the_calls_that_it_may_make() -> None:
    bars = {lent.kind: lent.most_calls for lent in standing.KINDS}
    assert bars == {"identity-center": 18, "okta-group": 10}
