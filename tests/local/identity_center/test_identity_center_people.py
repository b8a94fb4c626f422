"""Users and groups: ids that stay, names and mails that do not."""

import pytest
import yaml

from local.identity_center.acts import ImpossibleError
from local.identity_center.directory import group_id_of, user_id_of
from local.state import ROOT
from tests.local.identity_center.centers import OF_STORE, Case, code_of

ALICE = user_id_of("alice")


def id_by(case: Case, path: str, value: str) -> str:
    attribute = {"AttributePath": path, "AttributeValue": value}
    answer = case.store.get_user_id(**OF_STORE, AlternateIdentifier={"UniqueAttribute": attribute})
    return str(answer["UserId"])


def test_the_people_of_the_local_stack_are_there_by_their_names(case: Case) -> None:
    content = yaml.safe_load((ROOT / "local" / "identities.yaml").read_text())
    people = [it["user"] for it in content["identities"] if "user" in it]
    pages = case.store.get_paginator("list_users").paginate(**OF_STORE)
    assert [it["UserName"] for page in pages for it in page["Users"]] == people
    assert {id_by(case, "userName", name) for name in people} == set(map(user_id_of, people))


def test_a_user_who_is_renamed_keeps_the_id(case: Case) -> None:
    case.center.act("rename_user", name="alice", to="alice.b")
    assert id_by(case, "userName", "alice.b") == ALICE
    assert code_of(lambda: id_by(case, "userName", "alice")) == "ResourceNotFoundException"
    told = case.store.describe_user(**OF_STORE, UserId=ALICE)
    assert (told["UserName"], told["Revision"]) == ("alice.b", "2")


def test_who_comes_after_a_deleted_user_has_another_id(case: Case) -> None:
    case.center.act("delete_user", name="alice")
    told = case.center.act("create_user", name="alice", reborn=1)
    assert id_by(case, "userName", "alice") == told["user_id"] != ALICE
    asked = {**OF_STORE, "UserId": ALICE}
    assert code_of(lambda: case.store.describe_user(**asked)) == "ResourceNotFoundException"
    assert "Emails" not in case.store.describe_user(**OF_STORE, UserId=told["user_id"])


def test_a_user_may_be_deactivated(case: Case) -> None:
    def status() -> str:
        return str(case.store.describe_user(**OF_STORE, UserId=ALICE)["UserStatus"])

    seen = [status()]
    for enabled in (False, True):
        case.center.act("enable_user", name="alice", enabled=enabled)
        seen.append(status())
    assert seen == ["ENABLED", "DISABLED", "ENABLED"]


def test_a_mail_in_another_case_finds_whoever_was_first(case: Case) -> None:
    case.center.act("create_user", name="mallory", mail="Alice@bank.example")
    assert id_by(case, "emails.value", "ALICE@BANK.EXAMPLE") == ALICE
    assert code_of(lambda: id_by(case, "nickName", "alice")) == "ValidationException"


def test_users_are_listed_by_name_and_by_nothing_else(case: Case) -> None:
    def found(path: str, value: str) -> list[str]:
        filters = [{"AttributePath": path, "AttributeValue": value}]
        users = case.store.list_users(**OF_STORE, Filters=filters)["Users"]
        return [it["UserId"] for it in users]

    assert found("UserName", "alice") == [ALICE]
    assert found("UserName", "nobody") == []
    assert code_of(lambda: found("Emails.Value", "alice@bank.example")) == "ValidationException"


def test_memberships_are_seen_from_the_group_and_from_the_member(case: Case) -> None:
    case.center.act("create_group", name="breakers")
    group = group_id_of("breakers")

    def seen() -> tuple[list[str], bool, bool]:
        of_group = case.store.list_group_memberships(**OF_STORE, GroupId=group)
        member = {**OF_STORE, "MemberId": {"UserId": ALICE}}
        of_member = case.store.list_group_memberships_for_member(**member)["GroupMemberships"]
        (asked,) = case.store.is_member_in_groups(**member, GroupIds=[group])["Results"]
        return (
            [it["MemberId"]["UserId"] for it in of_group["GroupMemberships"]],
            group in {it["GroupId"] for it in of_member},
            asked["MembershipExists"],
        )

    assert seen() == ([], False, False)
    case.center.act("add_member", group="breakers", user="alice")
    assert seen() == ([ALICE], True, True)
    case.center.act("remove_member", group="breakers", user="alice")
    assert seen() == ([], False, False)
    case.center.act("add_member", group="breakers", user="alice")
    case.center.act("delete_user", name="alice")
    assert not case.store.list_group_memberships(**OF_STORE, GroupId=group)["GroupMemberships"]
    case.center.act("delete_group", name="breakers")
    asked = {**OF_STORE, "GroupId": group}
    assert code_of(lambda: case.store.describe_group(**asked)) == "ResourceNotFoundException"


def test_groups_are_found_by_name(case: Case) -> None:
    name = {"AttributePath": "displayName", "AttributeValue": "pam-operators"}
    told = case.store.get_group_id(**OF_STORE, AlternateIdentifier={"UniqueAttribute": name})
    assert told["GroupId"] == group_id_of("pam-operators")
    filters = [{"AttributePath": "DisplayName", "AttributeValue": "pam-operators"}]
    (listed,) = case.store.list_groups(**OF_STORE, Filters=filters)["Groups"]
    assert listed["GroupId"] == told["GroupId"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create_user", {"name": "alice"}),
        ("rename_user", {"name": "alice", "to": "bob"}),
        ("delete_group", {"name": "nothing"}),
        ("assign", {"user": "alice", "group": "pam-operators"}),
        ("assign", {}),
    ],
)
def test_nobody_does_what_cannot_be_done(case: Case, name: str, arguments: dict[str, str]) -> None:
    with pytest.raises(ImpossibleError):
        case.center.act(name, **arguments)


def test_nobody_does_anything_to_a_user_who_is_not_there(case: Case) -> None:
    with pytest.raises(LookupError):
        case.center.act("delete_user", name="nobody")
