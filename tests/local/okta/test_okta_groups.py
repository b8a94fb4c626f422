"""Groups: who becomes a member, who cannot, what feeds them, and what is told of it."""

import pytest

from local.okta.acts import Acts
from local.okta.service import Okta
from tests.local.okta.calling import (
    ALICE,
    EVERYONE,
    FED,
    FINN,
    GROUP,
    ISSUER,
    MEMBER,
    MEMBERS,
    NORA,
    OF_APP,
    ROLED,
    Caller,
    Clock,
)

DORA, STEVE = "00udora0000000000001", "00usteve000000000001"


def shown(caller: Caller, group: str = GROUP) -> set[str]:
    """By both listings, which have to agree."""
    listed = {it["id"] for it in caller.call("GET", f"/api/v1/groups/{group}/users").content}
    for user in listed | {ALICE, FINN}:
        if caller.call("GET", f"/api/v1/users/{user}").status == 200:
            groups = caller.call("GET", f"/api/v1/users/{user}/groups").content
            assert (group in {it["id"] for it in groups}) is (user in listed)
    return listed


def test_a_person_is_put_in_is_seen_by_both_listings_and_taken_out(caller: Caller) -> None:
    assert (caller.call("PUT", MEMBER).status, shown(caller)) == (204, {ALICE})
    assert (caller.call("DELETE", MEMBER).status, shown(caller)) == (204, set())


def test_both_are_the_same_again_when_done_twice(okta: Okta, caller: Caller) -> None:
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        assert caller.call(method, MEMBER).status == 204
    assert len(okta.directory.changes) == 2


def test_a_member_can_be_named_by_login_too(caller: Caller) -> None:
    assert caller.call("PUT", f"{MEMBERS}/alice%40bank.example").status == 204
    assert shown(caller) == {ALICE}


@pytest.mark.parametrize(("user", "status"), [(NORA, 204), (STEVE, 204), (DORA, 403)])
def test_whom_a_group_takes_by_status(caller: Caller, user: str, status: int) -> None:
    """Okta itself takes who has not begun or is suspended: a caller has to look."""
    assert caller.call("PUT", f"{MEMBERS}/{user}").status == status


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "about"),
    [
        (f"{MEMBERS}/00unobody", "00unobody (User)"),
        (f"/api/v1/groups/00gnone/users/{ALICE}", "00gnone (UserGroup)"),
    ],
)
def test_what_is_not_there_is_404(
    okta: Okta, caller: Caller, method: str, path: str, about: str
) -> None:
    okta.directory.apps[ISSUER].manages = ["*"]
    got = caller.call(method, path)
    assert (got.status, got.content["errorCode"]) == (404, "E0000007")
    assert got.content["errorSummary"].endswith(about)


@pytest.mark.parametrize("group", [OF_APP, EVERYONE])
def test_a_group_that_is_not_oktas_own_cannot_be_changed(
    okta: Okta, caller: Caller, group: str
) -> None:
    okta.directory.apps[ISSUER].manages = ["*"]
    before = okta.directory.members(group)
    assert caller.call("PUT", f"/api/v1/groups/{group}/users/{NORA}").status == 403
    assert caller.call("DELETE", f"/api/v1/groups/{group}/users/{ALICE}").status == 403
    assert okta.directory.members(group) == before
    said = caller.call("GET", f"/api/v1/groups/{group}").content["type"]
    assert said == ("APP_GROUP" if group == OF_APP else "BUILT_IN")


def test_a_group_with_an_admin_role_says_so_and_only_a_super_administrator_changes_it(
    okta: Okta, caller: Caller
) -> None:
    app = okta.directory.apps[ISSUER]
    app.manages = ["*"]
    roles = caller.call("GET", f"/api/v1/groups/{ROLED}/roles").content
    assert [it["type"] for it in roles] == ["HELP_DESK_ADMIN"]
    assert caller.call("GET", f"/api/v1/groups/{GROUP}/roles").content == []
    path = f"/api/v1/groups/{ROLED}/users/{ALICE}"
    assert caller.call("PUT", path).status == 403
    app.super_admin = True
    assert caller.call("PUT", path).status == 204


def test_the_rules_name_the_groups_that_they_feed(caller: Caller) -> None:
    rules = caller.call("GET", "/api/v1/groups/rules?limit=50").content
    fed = [it["actions"]["assignUserToGroups"]["groupIds"] for it in rules]
    assert fed == [[FED]]


def test_who_is_taken_out_of_a_rules_group_is_excluded_from_the_rule(
    okta: Okta, caller: Caller
) -> None:
    okta.directory.apps[ISSUER].manages = ["*"]
    assert caller.call("DELETE", f"/api/v1/groups/{FED}/users/{FINN}").status == 204
    assert shown(caller, FED) == set()
    rule = caller.call("GET", "/api/v1/groups/rules").content[0]
    assert rule["conditions"]["people"]["users"]["exclude"] == [FINN]


def test_a_rule_that_adds_again_does_so_after_a_while_and_the_log_says_it_was_no_caller(
    okta: Okta, clock: Clock, caller: Caller
) -> None:
    Acts(okta).set_rule("again", group=GROUP, users=["alice"], re_adds_after=5)
    clock.now += 5
    assert shown(caller) == {ALICE}
    assert caller.call("DELETE", MEMBER).status == 204
    assert shown(caller) == set()
    clock.now += 5
    assert shown(caller) == {ALICE}
    last = okta.log.events[-1].content
    assert (last["eventType"], last["actor"]["id"]) == ("group.user_membership.add", "okta")


def test_an_inactive_rule_adds_nobody(okta: Okta, clock: Clock, caller: Caller) -> None:
    Acts(okta).set_rule("off", group=GROUP, users=["alice"], re_adds_after=0, status="INACTIVE")
    clock.now += 60
    assert shown(caller) == set()


def test_a_deleted_group_is_404_for_everything(okta: Okta, caller: Caller) -> None:
    caller.call("PUT", MEMBER)
    Acts(okta).delete_group(GROUP)
    calls = [("GET", f"/api/v1/groups/{GROUP}"), ("GET", MEMBERS), ("DELETE", MEMBER)]
    assert [caller.call(*it).status for it in calls] == [404, 404, 404]
    groups = caller.call("GET", f"/api/v1/users/{ALICE}/groups").content
    assert GROUP not in {it["id"] for it in groups}
