"""Who is meant there, what stood there before, and what becomes of people and sets in between."""

from dataclasses import replace
from typing import Any

import pytest

from local.aws import ACCOUNT
from local.identity_center.directory import PERMISSION_SET, user_id_of
from pam.domain.ending import ReceiptMethod
from pam.domain.errors import ForeignAccess, IssuerUnavailable, Unreached
from tests.identity_center.scene import TARGET, Centre, session_of

ALICE = session_of("alice")
ADMINS_OWN = {"Sid": "AdminsOwn", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture
def centre() -> Centre:
    return Centre()


def changing(centre: Centre) -> set[str]:
    return {
        name for name in centre.calls() if name.startswith(("Put", "Provision", "Create", "Delete"))
    }


def test_the_id_that_a_person_wrote_down_is_the_one_that_counts(centre: Centre) -> None:
    centre.user_ids["alice"] = user_id_of("bob")
    centre.make(ALICE)
    assert centre.is_assigned("bob")
    assert not centre.is_assigned("alice")
    assert centre.calls()["GetUserId"] == 0


def test_others_are_found_once_by_their_user_name_and_never_by_mail(centre: Centre) -> None:
    centre.user_ids.clear()
    twin = centre.service.directory.user_named("bob")
    twin.emails = ["ALICE@bank.example"]
    centre.make(ALICE)
    centre.end(ALICE)
    assert centre.calls()["GetUserId"] == 1
    assert centre.notes.of_session(ALICE.session_id).user_id == user_id_of("alice")


def test_the_id_is_noted_before_anything_is_made(centre: Centre) -> None:
    centre.user_ids.clear()
    centre.service.faults.refuse("DescribeUser", "AccessDeniedException")
    with pytest.raises(IssuerUnavailable):
        centre.make(ALICE)
    assert changing(centre) == set()
    assert centre.notes.of_session(ALICE.session_id).user_id == user_id_of("alice")


def renamed(centre: Centre) -> None:
    """Somebody else has the name now."""
    centre.service.act("rename_user", name="alice", to="alice.b")
    centre.service.act("create_user", name="alice", mail="new@bank.example", reborn=1)


@pytest.mark.parametrize("named", [True, False])
def test_an_end_takes_what_was_made_whoever_has_the_name_by_then(
    centre: Centre, named: bool
) -> None:
    if not named:
        centre.user_ids.clear()
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    renamed(centre)
    centre.user_ids.clear()
    centre.service.act("assign", user="alice")
    centre.end(session)
    assert centre.refuses(live)
    assigned = {it.principal.id for it in centre.service.directory.assignments if not it.gone_at}
    assert assigned == {user_id_of("alice 1")}, "the other one's is not PAM's"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ({"name": "delete_user", "of": {"name": "alice"}}, "deleted"),
        ({"name": "enable_user", "of": {"name": "alice", "enabled": False}}, "not enabled"),
        ({"name": "set_session_duration", "of": {"duration": "PT2H"}}, "PT1H"),
        ({"name": "set_session_duration", "of": {"duration": "PT12H"}}, "PT1H"),
        ({"name": "delete_permission_set", "of": {}}, "no permission set"),
    ],
)
def test_what_cannot_be_lent_is_refused_before_anything_is_asked_for(
    centre: Centre, act: dict[str, Any], told: str
) -> None:
    centre.service.act(act["name"], **act["of"])
    with pytest.raises(Unreached, match=told):
        centre.make(ALICE)
    assert changing(centre) == set()
    assert centre.end(ALICE).method is ReceiptMethod.NEVER_GRANTED
    assert changing(centre) == set()


def test_a_person_whom_nobody_knows_there_has_nothing_and_gets_nothing(centre: Centre) -> None:
    stranger = session_of("mallory")
    assert not centre.target().stands(stranger)
    with pytest.raises(Unreached, match=r"identities\.yaml"):
        centre.make(stranger)
    assert centre.end(stranger).method is ReceiptMethod.NEVER_GRANTED


def test_a_set_that_the_catalogue_calls_otherwise_is_not_lent(centre: Centre) -> None:
    named = replace(TARGET, settings={**TARGET.settings, "permission_set_name": "Payments"})
    with pytest.raises(Unreached, match="not called Payments"):
        centre.make(session_of("alice", target=named))


def by_itself(centre: Centre) -> None:
    centre.service.act("assign", user="alice")


def by_a_group(centre: Centre) -> None:
    centre.service.act("create_group", name="payments")
    centre.service.act("add_member", group="payments", user="alice")
    centre.service.act("assign", group="payments")


@pytest.mark.parametrize("stood", [by_itself, by_a_group])
@pytest.mark.parametrize("before", [True, False])
def test_access_that_is_not_pams_is_a_conflict_and_is_left(
    centre: Centre, stood: Any, before: bool
) -> None:
    """Also if it comes while PAM arms the end."""
    if before:
        stood(centre)
        assert centre.target().stands(ALICE)
    else:
        assert not centre.target().stands(ALICE)
        put = centre.service.call

        def and_then(service: str, operation: str, params: Any) -> Any:
            answer = put(service, operation, params)
            if operation == "PutInlinePolicyToPermissionSet":
                stood(centre)
            return answer

        centre.service.call = and_then  # type: ignore[method-assign]
    with pytest.raises(ForeignAccess, match="not by PAM"):
        centre.make(ALICE)
    assert "CreateAccountAssignment" not in centre.calls()
    assert centre.target().stands(ALICE)
    assert centre.target().sessions_at(TARGET) == [], "what was armed for it is taken back"
    centre.search()
    assert not centre.refuses(centre.sign_in("alice"))


def test_a_group_that_the_person_is_not_in_is_in_nobodys_way(centre: Centre) -> None:
    centre.service.act("create_group", name="payments")
    centre.service.act("add_member", group="payments", user="bob")
    centre.service.act("assign", group="payments")
    session = centre.active(ALICE)
    centre.end(session)
    assert not centre.target().stands(session)


def test_a_statement_of_somebody_else_is_a_conflict_and_is_left(centre: Centre) -> None:
    centre.service.act("add_statement", statement=ADMINS_OWN)
    with pytest.raises(ForeignAccess, match="AdminsOwn"):
        centre.make(ALICE)
    assert "AdminsOwn" in centre.policy
    assert changing(centre) == set()
    (told,) = centre.target().strangers(TARGET, centre.now)
    assert "AdminsOwn" in told


def test_who_has_it_without_a_session_is_told_and_left(centre: Centre) -> None:
    session = centre.active(ALICE)
    assert centre.target().strangers(TARGET, centre.now) == []
    centre.service.act("assign", user="bob")
    by_a_group(centre)
    told = centre.target().strangers(TARGET, centre.now)
    assert len(told) == 2
    assert user_id_of("bob") in told[1] + told[0]
    assert told == centre.target().strangers(TARGET, centre.now), "the same text each time"
    assert all(each.isprintable() and len(each) < 200 for each in told)
    centre.end(session)
    centre.search()
    assert centre.is_assigned("bob")


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("then", ["asked", "answered"])
def test_whose_session_begins_or_ends_while_the_list_is_read_is_no_stranger(
    centre: Centre, then: str, *, begins: bool
) -> None:
    """A list takes a while: it has pages, and what is throttled is asked for again."""
    session = ALICE if begins else centre.active(ALICE)
    act = centre.active if begins else centre.end
    call, lists = centre.service.call, ["ListAccountAssignments"]

    def meanwhile(service: str, operation: str, params: Any) -> Any:
        now = operation in lists
        if now:
            lists.clear()
        answer = call(service, operation, params) if then == "answered" else None
        if now:
            act(session)
        return answer or call(service, operation, params)

    centre.service.call = meanwhile  # type: ignore[method-assign]
    assert centre.target().strangers(TARGET, centre.now) == []
    assert not lists
    assert centre.is_assigned("alice") is begins


@pytest.mark.parametrize("early", [True, False])
def test_the_assignment_of_a_deleted_user_is_gone_when_it_is_not_listed(
    centre: Centre, early: bool
) -> None:
    centre.active(session_of("bob", 2, minutes=200))
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    centre.service.act("delete_user", name="alice")
    if not early and session.expires_at:
        centre.time.later(seconds=(session.expires_at - centre.now).total_seconds())
    with pytest.raises(IssuerUnavailable, match=r"still assigned.*Not supported principalId"):
        centre.target().unmake(session, centre.now)
    assert centre.refuses(live), "denied all the same"
    centre.service.knobs.deleted_principal = "succeeds"
    assert centre.end(session).method is ReceiptMethod.ASSIGNMENT_GONE


def test_a_deactivated_user_is_ended_as_any_other(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.service.act("enable_user", name="alice", enabled=False)
    assert centre.end(session).method is ReceiptMethod.ASSIGNMENT_GONE


def test_a_set_that_is_gone_is_said_to_be(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.service.act("delete_permission_set")
    assert not centre.target().stands(session)
    assert "is not there, seen twice" in centre.end(session).evidence


def test_an_account_that_is_not_known_there_is_no_proof_of_an_end(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.service.act("close_account", account=ACCOUNT)
    with pytest.raises(IssuerUnavailable, match="missing"):
        centre.target().unmake(session, centre.now)
    with pytest.raises(IssuerUnavailable):
        centre.target().strangers(TARGET, centre.now)
    assert PERMISSION_SET in centre.service.directory.permission_sets
    centre.service.act("delete_permission_set")
    assert centre.end(session).method is ReceiptMethod.ASSIGNMENT_GONE, "as the runbook says"


def test_an_end_without_any_note_of_what_was_made_is_left_to_a_person(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.table.items.clear()
    with pytest.raises(IssuerUnavailable, match="a person has to look"):
        centre.target().unmake(session, centre.now)


@pytest.mark.parametrize("left", ["SESSION#", "SET#"])
def test_either_note_is_enough_for_an_end(centre: Centre, left: str) -> None:
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    for name in list(centre.table.items):
        if not name.startswith((left, "INSTANCE#")):
            del centre.table.items[name]
    centre.end(session)
    assert centre.refuses(live)
    assert not centre.is_assigned("alice")


def test_an_end_that_comes_before_anything_was_made_makes_sure_of_it(centre: Centre) -> None:
    centre.service.faults.refuse("CreateAccountAssignment", "AccessDeniedException")
    assert centre.end(ALICE).method is ReceiptMethod.NEVER_GRANTED
    with pytest.raises(IssuerUnavailable):
        centre.make(ALICE)
    receipt = centre.end(ALICE)
    assert receipt.method is ReceiptMethod.ASSIGNMENT_GONE, "it may have been asked for"


def test_what_a_closed_session_left_goes_without_the_later_ones(centre: Centre) -> None:
    first = centre.active(ALICE)
    centre.end(first)
    second = centre.active(session_of("alice", 2))
    with pytest.raises(IssuerUnavailable, match="its deny stays"):
        centre.target().clear_traces(first, centre.now)
    centre.time.later(minutes=20)
    third = session_of("alice", 3)
    centre.end(second)
    centre.active(third)
    centre.time.later(minutes=45)
    centre.target().clear_traces(first, centre.now)
    assert centre.is_assigned("alice")
    assert first.session_id not in centre.target().sessions_at(TARGET)
    assert centre.notes.of_session(first.session_id).user_id == ""
