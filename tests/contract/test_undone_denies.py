"""A deny that is gone, or says something else, is found out; a boundary that is, likewise."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pam.aws.role_denies import GRACE, LONGEST_LEASE
from pam.aws.role_deny_documents import denial_of_older, deny_of, name_of
from pam.aws.role_issuer import RoleIssuer
from pam.domain import role_limits
from pam.domain.errors import IssuerUnavailable
from pam.domain.resource import Target
from tests.fakes.roles import ROLE, Role, denies_on, ids, in_moto, never_full, noon
from tests.fakes.story import NOON, Story

pytestmark = pytest.mark.guarantee("G5")

MINE, *OTHERS = ids(20)
Undo = Callable[[Role], None]


def missing(role: Role, *session_ids: str) -> set[str]:
    return denies_on(role).missing(dict.fromkeys(session_ids or [MINE], NOON))


def changed(**changes: Any) -> Undo:
    def undo(role: Role) -> None:
        document = deny_of([MINE])
        document["Statement"][0] |= changes
        role.policies[name_of(MINE)] = document

    return undo


def removed(role: Role) -> None:
    del role.policies[name_of(MINE)]


def with_another_statement(role: Role) -> None:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = deny_of([MINE])
    role.policies[name_of(MINE)] = {**document, "Statement": [*document["Statement"], allow]}


def emptied(role: Role) -> None:
    role.policies[name_of(MINE)] = {}


def swapped(role: Role) -> None:
    """The name of one, and what denies another."""
    role.policies[name_of(MINE)] = deny_of(OTHERS[:1])


UNDONE: dict[str, Undo] = {
    "removed": removed,
    "emptied": emptied,
    "swapped": swapped,
    "with another statement": with_another_statement,
    "an Allow": changed(Effect="Allow"),
    "of fewer actions": changed(Action="s3:*"),
    "of fewer resources": changed(Resource="arn:aws:s3:::none"),
    "of nobody": changed(Condition={"StringEquals": {"aws:PrincipalTag/pam:session_id": "x"}}),
    "of another tag": changed(Condition={"StringEquals": {"aws:PrincipalTag/x": MINE}}),
    "with one more condition": changed(
        Condition={
            "StringEquals": {"aws:PrincipalTag/pam:session_id": MINE},
            "Bool": {"aws:SecureTransport": "false"},
        }
    ),
}


@pytest.mark.parametrize("how", UNDONE)
def test_a_deny_that_is_gone_or_says_something_else_is_missing_and_written_again(how: str) -> None:
    role = Role()
    for session_id in (MINE, *OTHERS[:3]):
        denies_on(role).deny(session_id)
    assert missing(role, MINE, *OTHERS[:3]) == set()
    UNDONE[how](role)
    assert missing(role, MINE, *OTHERS[:3]) == {MINE}
    denies_on(role).deny(MINE)
    assert missing(role, MINE) == set()
    assert role.policies[name_of(MINE)] == deny_of([MINE])


@pytest.mark.parametrize("how", ["swapped", "an Allow", "of fewer actions", "of nobody"])
def test_a_deny_that_was_changed_is_told_though_another_end_gathers_it_meanwhile(how: str) -> None:
    """What nobody is let in by any more somebody did all the same."""
    role = Role()
    for session_id in (MINE, *OTHERS[:13]):
        denies_on(role).deny(session_id)
    UNDONE[how](role)
    denies_on(role).deny(OTHERS[13])
    (pack,) = [name for name in role.policies if "-pack-" in name]
    assert role.policies[pack] == deny_of([MINE, *OTHERS[:14]]), "it is denied at once"
    assert missing(role, MINE, *OTHERS[:14]) == {MINE}
    denies_on(role).deny(MINE)
    assert missing(role, MINE, *OTHERS[:14]) == set()


def test_one_of_all_that_is_older_in_its_place_is_pams_own_work_and_denies_it() -> None:
    """Whoever makes room on a full role writes it there first, and may die over that."""
    role = Role()
    denies_on(role).deny(MINE)
    role.policies[name_of(MINE)] = denial_of_older(NOON + timedelta(seconds=1))
    assert missing(role) == set()
    role.policies[name_of(MINE)] = denial_of_older(NOON - timedelta(seconds=1))
    assert missing(role) == {MINE}


def test_a_deny_in_a_pack_is_not_missing_until_the_pack_is_touched() -> None:
    role = Role()
    for session_id in (MINE, *OTHERS):
        denies_on(role).deny(session_id)
    assert name_of(MINE) not in role.policies, "it has been gathered"
    assert missing(role, MINE, *OTHERS) == set()
    (pack,) = [name for name in role.policies if "-pack-" in name]
    packed = role.policies[pack]["Statement"][0]["Condition"]["StringEquals"]
    (tag, members), *_ = packed.items()
    role.policies[pack] = deny_of([each for each in members if each != MINE])
    assert missing(role, MINE, *OTHERS) == {MINE}
    for change in ({"Effect": "Allow"}, {"Action": "ec2:*"}, {"Resource": "arn:aws:s3:::none"}):
        role.policies[pack] = deny_of(members)
        assert missing(role, MINE, *OTHERS) == set()
        role.policies[pack]["Statement"][0] |= change
        assert missing(role, MINE, *OTHERS) == set(members), change
    del role.policies[pack]
    assert missing(role, MINE, *OTHERS) == set(members)
    assert tag == "aws:PrincipalTag/pam:session_id"


def test_denies_that_are_gathered_while_the_search_looks_are_not_missing() -> None:
    class Gathering(Role):
        looked = 0

        def paginate(self, **named: Any) -> list[dict[str, Any]]:
            listed = super().paginate(**named)
            self.looked += 1
            if self.looked == 1:
                # Just after the list: another end gathers.
                self.policies = {"pam-revoke-pack-1772370060-0123456789abcdef": PACK}
            return listed

    role = Gathering()
    PACK = deny_of([MINE, *OTHERS])  # noqa: N806 - what the class above closes over
    role.policies = {name_of(MINE): deny_of([MINE])}
    assert missing(role) == set()
    assert role.looked == 2


def full_role() -> tuple[Role, str]:
    """So little room that all that is older was denied."""
    role = Role(foreign=9_700)
    for session_id in ids(4):
        role.now += timedelta(seconds=5)
        denies_on(role).deny(session_id)
    (older,) = [name for name in role.policies if "-older-" in name]
    return role, older


def test_what_a_deny_of_all_that_is_older_covers_is_not_missing() -> None:
    role, older = full_role()
    assert missing(role, *ids(4)) == set()
    later = denies_on(role).missing({MINE: role.now + LONGEST_LEASE})
    assert later == {MINE}, "whose leases are younger than that deny"
    role.policies[older]["Statement"][0]["Effect"] = "Allow"
    assert missing(role, MINE) == {MINE}


def flood(number: int, size: int) -> dict[str, Any]:
    statement = {"Sid": f"F{number}{'x' * size}", "Effect": "Allow", "Action": "none:x"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]}


def fill(role: Role, name: str, size: int) -> None:
    with suppress(ClientError):
        for number in range(500):
            role.put_role_policy(
                RoleName="role",
                PolicyName=f"{name}-{number}",
                PolicyDocument=json.dumps(flood(number, size)),
            )


@pytest.mark.parametrize("size", [10, 300, 2_000, 9_000])
def test_what_others_filled_the_role_with_makes_way_for_an_end_and_is_told(size: int) -> None:
    role = Role()
    fill(role, "large", size)
    fill(role, "small", 0)
    full = list[bool]()
    evidence = denies_on(role).deny(MINE, lambda: full.append(True))
    assert role.refuses(MINE)
    assert full, "so that somebody is told"
    assert "of others made way for it" in evidence
    assert len(evidence) < 1_000
    before = [name for name in role.policies if not name.startswith("pam-revoke-")]
    denies_on(role).deny(OTHERS[0])
    assert [name for name in role.policies if not name.startswith("pam-revoke-")] == before, (
        "no more than an end needs"
    )


@pytest.mark.parametrize("read_back", [False, True])
def test_what_made_way_for_an_end_that_failed_then_is_told_by_that_try(*, read_back: bool) -> None:
    """The next one finds room, and nothing to tell of."""

    class Throttled:
        def __getattr__(self, name: str) -> Any:
            made_way = "large-0" not in role.policies
            if made_way and name == ("get_role_policy" if read_back else "put_role_policy"):
                raise ClientError({"Error": {"Code": "Throttling", "Message": "x"}}, name)
            return getattr(role, name)

    role, full = Role(), list[bool]()
    fill(role, "large", 9_000)
    fill(role, "small", 0)
    with pytest.raises(IssuerUnavailable, match=r"Throttling; 1 inline polic.* large-0"):
        denies_on(role, Throttled()).deny(MINE, lambda: full.append(True))
    assert full, "so that somebody is told"
    assert "made way" not in denies_on(role).deny(MINE)
    assert role.refuses(MINE)


FOREVER = 9_999_999_999


@pytest.mark.parametrize(
    "names",
    [
        [f"pam-revoke-pack-{FOREVER}-{number:016x}" for number in range(3)],
        [f"pam-revoke-older-{FOREVER - number}" for number in range(3)],
        [name_of(each) for each in OTHERS[:3]],
    ],
    ids=["packs", "denies of all that is older", "single denies"],
)
@pytest.mark.parametrize("says", ["something else", "as PAM does"])
def test_what_only_bears_a_name_of_pams_makes_way_for_an_end(names: list[str], says: str) -> None:
    role = Role()
    for name in names:
        document = deny_of(ids(70)) if says == "as PAM does" else flood(1, 3_200)
        role.put_role_policy(RoleName="role", PolicyName=name, PolicyDocument=json.dumps(document))
    fill(role, "small", 0)
    denies_on(role).deny(MINE)
    assert role.refuses(MINE)


def test_what_others_keep_stays_while_there_is_room() -> None:
    role = Role()
    role.policies["of-the-owner"] = flood(1, 3_000)
    full = list[bool]()
    evidence = denies_on(role).deny(MINE, lambda: full.append(True))
    assert "of-the-owner" in role.policies
    assert not full
    assert "made way" not in evidence


def test_an_end_finds_room_where_another_died_before_it_had_tidied_up() -> None:
    """Five denies of all that is older, of one size, and no room for a sixth."""
    role = Role(foreign=9_400)
    document = denial_of_older(role.now + timedelta(seconds=1))
    older = f"pam-revoke-older-{int((role.now + timedelta(minutes=31, seconds=1)).timestamp())}"
    role.policies = dict.fromkeys((older, *map(name_of, ids(4))), document)
    role.now += timedelta(seconds=30)
    denies_on(role).deny(MINE)
    assert role.refuses(MINE, issued=role.now - timedelta(seconds=1))
    assert all(role.refuses(each) for each in ids(4))
    assert older not in role.policies, "a later one has taken its place"


@pytest.fixture
def target() -> Target:
    target = Story().granted().target
    account = "123456789012"
    arn = target.arn.replace("111122223333", account)
    return replace(target, names={**target.names, "account": account, "arn": arn})


@pytest.fixture
def iam(aws: None) -> Any:
    client = boto3.client("iam")
    arn = bounding(client, role_limits.boundary(ROLE, iam_writes=False))
    client.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}", PermissionsBoundary=arn)
    client.create_role(RoleName=f"{ROLE}-pam-revoker", AssumeRolePolicyDocument="{}")
    return client


def bounding(client: Any, document: dict[str, Any], name: str = f"{ROLE}-boundary") -> str:
    policy = client.create_policy(
        PolicyName=name, Path="/pam/", PolicyDocument=json.dumps(document)
    )
    return str(policy["Policy"]["Arn"])


def why_unbounded(target: Target) -> str:
    return RoleIssuer(in_moto, never_full, noon).unbounded(target)


def test_a_role_is_bound_by_the_boundary_of_its_name_that_says_what_it_should(
    iam: Any, target: Target
) -> None:
    assert why_unbounded(target) == ""
    lent_for_iam = replace(target, settings={"iam_writes": "true"})
    assert "does not say what it should" in why_unbounded(lent_for_iam)


def rewritten(iam: Any) -> None:
    arn = f"arn:aws:iam::123456789012:policy/pam/{ROLE}-boundary"
    allow = {"Version": "2012-10-17", "Statement": role_limits.boundary(ROLE, iam_writes=False)}
    allow["Statement"] = allow["Statement"]["Statement"][:1]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(allow), SetAsDefault=True)


def without(iam: Any) -> None:
    iam.delete_role_permissions_boundary(RoleName=ROLE)


def another(iam: Any) -> None:
    arn = bounding(iam, role_limits.boundary(ROLE, iam_writes=False), "another")
    iam.put_role_permissions_boundary(RoleName=ROLE, PermissionsBoundary=arn)


LOOSED = {
    without: "its permissions boundary is none",
    another: "its permissions boundary is arn:aws:iam::123456789012:policy/pam/another",
    rewritten: "does not say what it should",
}


@pytest.mark.parametrize("loosen", LOOSED)
def test_a_role_that_is_bound_otherwise_is_found_out(
    iam: Any, target: Target, loosen: Callable[[Any], None]
) -> None:
    loosen(iam)
    assert LOOSED[loosen] in why_unbounded(target)


def test_a_role_that_may_not_be_read_is_unavailable_and_not_bound(
    aws: None, target: Target
) -> None:
    def refusing(service: str, **arguments: Any) -> Any:
        client = in_moto(service, **arguments)
        if service == "iam":
            client.meta.events.register("before-call.iam.GetRole", _refuse)
        return client

    with pytest.raises(IssuerUnavailable):
        RoleIssuer(refusing, never_full, noon).unbounded(target)


def _refuse(**_: Any) -> tuple[Any, Any]:
    from botocore.awsrequest import AWSResponse

    error = {"Error": {"Code": "AccessDenied", "Message": "x"}, "ResponseMetadata": {}}
    return AWSResponse("https://iam", 403, {}, None), error


def test_packs_outlast_every_credential_of_what_they_hold() -> None:
    assert timedelta(minutes=30) < LONGEST_LEASE + GRACE
