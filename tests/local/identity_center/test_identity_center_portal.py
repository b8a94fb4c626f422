"""Who may sign in, and what refuses the credentials that they hold."""

from datetime import timedelta
from typing import Any

import pytest

from local.identity_center.directory import user_id_of
from local.identity_center.portal import NotPermittedError, UnreadablePolicyError
from tests.local.identity_center.centers import Case, deny, from_, issued_before

ALICE, BOB = user_id_of("alice"), user_id_of("bob")
AN_HOUR = timedelta(hours=1)


def write(case: Case, *statements: dict[str, Any]) -> None:
    case.center.act("write_policy", statements=list(statements))


@pytest.mark.parametrize("by", [{"user": "alice"}, {"group": "bank-core-engineers"}])
def test_the_portal_shows_what_is_assigned_to_the_user_or_to_a_group(
    case: Case, by: dict[str, str]
) -> None:
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice")
    case.center.act("assign", **by)
    live = case.center.sign_in("alice")
    assert live.user_id == ALICE
    assert live.principal.endswith(f"assumed-role/{live.role_name}/alice")
    assert live.role_name.startswith("AWSReservedSSO_PamPayments_")
    case.center.act("unassign", **by)
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice")


def test_the_portal_lets_in_nobody_who_is_deactivated_deleted_or_known_by_an_old_name(
    case: Case,
) -> None:
    case.center.act("assign", user="alice")
    case.center.act("enable_user", name="alice", enabled=False)
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice")
    case.center.act("enable_user", name="alice", enabled=True)
    case.center.act("rename_user", name="alice", to="alice.b")
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice")
    assert case.center.sign_in("alice.b").user_id == ALICE
    case.center.act("delete_user", name="alice.b")
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice.b")


def test_who_signs_in_elsewhere_or_with_another_set_is_not_let_in(case: Case) -> None:
    case.center.act("assign", user="alice")
    other = case.center.act("create_permission_set", name="Other")["permission_set"]
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice", permission_set=other)
    with pytest.raises(NotPermittedError):
        case.center.sign_in("alice", account="999999999999")


def test_a_deny_armed_for_later_refuses_from_that_instant_on_and_only_its_user(
    case: Case,
) -> None:
    for name in ("alice", "bob"):
        case.center.act("assign", user=name)
    end = case.clock.now + timedelta(minutes=10)
    write(case, deny(ALICE, DateGreaterThanEquals=from_(end)))
    alice, bob = case.center.sign_in("alice"), case.center.sign_in("bob")
    case.clock.forward(599.9)
    assert not case.center.refuses(alice)
    case.clock.forward(0.1)
    assert case.center.refuses(alice)
    assert case.center.refuses(case.center.sign_in("alice"))
    assert not case.center.refuses(bob)


def test_a_deny_of_what_was_issued_before_lets_a_later_sign_in_work(case: Case) -> None:
    case.center.act("assign", user="alice")
    old = case.center.sign_in("alice")
    case.clock.forward(0.5)
    write(case, deny(ALICE, DateLessThan=issued_before(case.clock.now + timedelta(seconds=1))))
    assert case.center.refuses(old)
    case.clock.forward(1)
    assert not case.center.refuses(case.center.sign_in("alice"))
    assert case.center.refuses(old)


def test_credentials_outlive_the_assignment_but_not_their_own_end(case: Case) -> None:
    for name in ("alice", "bob"):
        case.center.act("assign", user=name)
    live = case.center.sign_in("alice")
    case.center.act("unassign", user="alice")
    assert not case.center.refuses(live)
    case.clock.now += AN_HOUR
    assert case.center.refuses(live)


def test_a_deny_for_another_account_refuses_nothing(case: Case) -> None:
    case.center.act("assign", user="alice")
    elsewhere = deny(ALICE)
    elsewhere["Condition"]["StringEquals"]["aws:PrincipalAccount"] = "999999999999"
    write(case, elsewhere)
    assert not case.center.refuses(case.center.sign_in("alice"))


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b"},
        {"Effect": "Deny", "NotAction": "*", "Resource": "*"},
        deny(ALICE, StringLike={"identitystore:userId": "*"}),
        deny(ALICE, StringEquals={"aws:userName": "alice"}),
        deny(ALICE, Bool={"aws:SecureTransport": "true"}),
        deny(ALICE, DateGreaterThan=from_(Case().clock.now)),
    ],
)
def test_nothing_is_concluded_from_a_deny_that_is_not_evaluated_here(
    case: Case, statement: dict[str, Any]
) -> None:
    case.center.act("assign", user="alice")
    live = case.center.sign_in("alice")
    write(case, statement)
    with pytest.raises(UnreadablePolicyError):
        case.center.refuses(live)
