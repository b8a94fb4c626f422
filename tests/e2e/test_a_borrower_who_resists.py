"""Whoever borrows a role that may do everything, and does everything to stay."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from local.cast import Cast, Person, is_refused, until
from pam.domain import role_limits
from tests.e2e.ends import assert_taken_away_at

ACCOUNT = "000000000000"
SANDBOX, ROLE = "core-sandbox-admin", "pam-target-core-sandbox-admin"
OTHER_ROLE = "pam-target-kyc-sandbox-read"
REVOKER = f"{ROLE}-pam-revoker"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/pam/{ROLE}-boundary"
BACK_WITHIN = 15 + 60 + 60 + 15
"""Seconds. What has just ended is left alone for as long as IAM may take, and so waits for the next
search, or for one more if that could not ask another role; and what this machine takes.
"""
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/alice"
ALL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)


@pytest.fixture(scope="module")
def wide(cast: Cast) -> Iterator[None]:
    """The sandbox's role may do everything, as many a lent role in the world may."""
    iam = cast.person("root").client("iam")
    arn = iam.create_policy(PolicyName="everything", PolicyDocument=ALL)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
    yield
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


@pytest.fixture
def borrowed(cast: Cast, wide: None) -> Iterator[Callable[..., tuple[str, dict[str, Any]]]]:
    """Lends the sandbox, and gives back what a test has left open."""
    alice, opened = cast.person("alice"), []

    def borrow(**fields: Any) -> tuple[str, dict[str, Any]]:
        session_id = str(alice.request(SANDBOX, **fields)["session_id"])
        opened.append(session_id)
        alice.wait_for(session_id, "ACTIVE")
        return session_id, alice.lease(session_id)

    yield borrow
    for session_id in opened:
        alice.post("/pam/end", {"session_id": session_id})


def resource_policy(action: str, *resources: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": SESSION_ARN},
        "Action": action,
        "Resource": list(resources) or ["*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


Works = Callable[[], object]


def door_of_a_bucket(cast: Cast, lease: dict[str, Any]) -> Works:
    s3, bucket = cast.with_lease(lease, "s3"), cast.bucket(SANDBOX)
    policy = resource_policy("s3:*", f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    return lambda: s3.put_object(Bucket=bucket, Key="stayed", Body=b"")


def door_of_a_queue(cast: Cast, lease: dict[str, Any]) -> Works:
    sqs = cast.with_lease(lease, "sqs")
    url = sqs.create_queue(QueueName="to-stay")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:to-stay"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": resource_policy("sqs:*", arn)})
    return lambda: sqs.send_message(QueueUrl=url, MessageBody="stayed")


def door_of_a_topic(cast: Cast, lease: dict[str, Any]) -> Works:
    sns = cast.with_lease(lease, "sns")
    arn = sns.create_topic(Name="to-stay")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=resource_policy("sns:*", arn)
    )
    return lambda: sns.publish(TopicArn=arn, Message="stayed")


def door_of_a_key(cast: Cast, lease: dict[str, Any]) -> Works:
    kms = cast.with_lease(lease, "kms")
    policy = json.loads(resource_policy("kms:*"))
    owner = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    )
    key = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    return lambda: kms.encrypt(KeyId=key, Plaintext=b"stayed")


def door_of_a_secret(cast: Cast, lease: dict[str, Any]) -> Works:
    secrets = cast.with_lease(lease, "secretsmanager")
    name = f"to-stay-{time.time_ns()}"
    secrets.create_secret(Name=name, SecretString="x")
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=resource_policy("secretsmanager:*"))
    return lambda: secrets.get_secret_value(SecretId=name)


DOORS = (
    door_of_a_bucket,
    door_of_a_queue,
    door_of_a_topic,
    door_of_a_key,
    door_of_a_secret,
)


def works(act: Works) -> bool:
    try:
        return not is_refused(act)
    except ClientError as error:
        # As SNS says it.
        if error.response["Error"]["Code"] == "AuthorizationError":
            return False
        raise


@pytest.mark.guarantee("G4")
def test_a_resource_that_names_the_session_lets_it_in_until_its_end_and_not_after(
    cast: Cast, borrowed: Callable[..., tuple[str, dict[str, Any]]]
) -> None:
    session_id, lease = borrowed(duration_seconds=15)
    ways_in = [open_door(cast, lease) for open_door in DOORS]
    alice = cast.person("alice")
    session = alice.get(f"/pam/sessions/{session_id}").body
    assert_taken_away_at(
        datetime.fromisoformat(session["expires_at"]), lambda: all(map(works, ways_in))
    )
    assert not [way for way in ways_in if works(way)]
    over = alice.wait_for(session_id, "EXPIRED")
    assert over["ending"]["method"] == "deny-read-back"
    assert not [way for way in ways_in if works(way)]


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("by", ["the operator", "the requester", "a block"])
def test_a_resource_that_names_the_session_does_not_outlast_an_early_end(
    cast: Cast, borrowed: Callable[..., tuple[str, dict[str, Any]]], by: str
) -> None:
    session_id, lease = borrowed(duration_seconds=120)
    ways_in = [open_door(cast, lease) for open_door in DOORS]
    assert all(map(works, ways_in))
    alice, sam = cast.person("alice"), cast.person("sam")
    if by == "the requester":
        answer = alice.post("/pam/end", {"session_id": session_id})
    else:
        body: dict[str, Any] = {"session_id": session_id, "reason": "enough"}
        if by == "a block":
            body |= {"block_seconds": 60, "block_scope": "resource"}
        answer = sam.post("/pam/revoke", body)
    assert (answer.status, answer.body["ending"]["method"]) == (200, "deny-read-back")
    assert not [way for way in ways_in if works(way)]
    if by == "a block":
        where = f"/pam/blocklist/{quote(alice.principal, safe='')}?reason=over"
        assert sam.call("DELETE", where).status == 200


def fence(iam: Any, sts: Any, session_id: str) -> dict[str, Works]:
    """Every way that is known to change what binds a lease, or to get something that outlives it.
    The list grows.
    """
    flood = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "x" * 2_000}]})
    trust = {"Version": "2012-10-17", "Statement": [{"Principal": {"AWS": "*"}}]}
    mine, others = f"pam-revoke-{session_id}", "pam-revoke-01JD8XGZ6Q3M4V5N6P7R8S9T0A"
    document = json.dumps(trust)
    return {
        "delete the own deny": lambda: iam.delete_role_policy(RoleName=ROLE, PolicyName=mine),
        "delete another's deny": lambda: iam.delete_role_policy(RoleName=ROLE, PolicyName=others),
        "delete a deny of another role": lambda: iam.delete_role_policy(
            RoleName=OTHER_ROLE, PolicyName=others
        ),
        "overwrite the own deny": lambda: iam.put_role_policy(
            RoleName=ROLE, PolicyName=mine, PolicyDocument=ALL
        ),
        "flood the quota": lambda: iam.put_role_policy(
            RoleName=ROLE, PolicyName="flood", PolicyDocument=flood
        ),
        "change the trust": lambda: iam.update_assume_role_policy(
            RoleName=ROLE, PolicyDocument=document
        ),
        "change the revoker's trust": lambda: iam.update_assume_role_policy(
            RoleName=REVOKER, PolicyDocument=document
        ),
        "take the revoker's rights": lambda: iam.put_role_policy(
            RoleName=REVOKER, PolicyName="none", PolicyDocument=document
        ),
        "delete the revoker": lambda: iam.delete_role(RoleName=REVOKER),
        "delete the role": lambda: iam.delete_role(RoleName=ROLE),
        "drop the boundary": lambda: iam.delete_role_permissions_boundary(RoleName=ROLE),
        "take another boundary": lambda: iam.put_role_permissions_boundary(
            RoleName=ROLE, PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        "rewrite the boundary": lambda: iam.create_policy_version(
            PolicyArn=BOUNDARY, PolicyDocument=ALL, SetAsDefault=True
        ),
        "attach more": lambda: iam.attach_role_policy(
            RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        "detach what is there": lambda: iam.detach_role_policy(
            RoleName=ROLE, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/everything"
        ),
        "tag the role": lambda: iam.tag_role(
            RoleName=ROLE, Tags=[{"Key": "pam:session_id", "Value": "none"}]
        ),
        "untag the role": lambda: iam.untag_role(RoleName=ROLE, TagKeys=["pam:module"]),
        "lengthen its sessions": lambda: iam.update_role(RoleName=ROLE, MaxSessionDuration=43_200),
        "make a user": lambda: iam.create_user(UserName="to-stay"),
        "make a key for somebody": lambda: iam.create_access_key(UserName="bob"),
        "make a login for somebody": lambda: iam.create_login_profile(
            UserName="bob", Password="Stay-in-1234!"
        ),
        "give somebody rights": lambda: iam.put_user_policy(
            UserName="bob", PolicyName="all", PolicyDocument=ALL
        ),
        "make a group": lambda: iam.create_group(GroupName="to-stay"),
        "make a role": lambda: iam.create_role(
            RoleName="to-stay", AssumeRolePolicyDocument=document
        ),
        "make a policy": lambda: iam.create_policy(PolicyName="to-stay", PolicyDocument=ALL),
        "make an instance profile": lambda: iam.create_instance_profile(
            InstanceProfileName="to-stay"
        ),
        "trust an identity provider": lambda: iam.create_open_id_connect_provider(
            Url="https://idp.example", ThumbprintList=["0" * 40]
        ),
        "become another role": lambda: sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{OTHER_ROLE}", RoleSessionName="alice"
        ),
        "become the same role again": lambda: sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", RoleSessionName="alice"
        ),
        "become its revoker": lambda: sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{REVOKER}", RoleSessionName="alice"
        ),
        "get a session token": sts.get_session_token,
        "get a federation token": lambda: sts.get_federation_token(Name="alice"),
        "get a web identity token": lambda: sts.get_web_identity_token(
            Audience=["https://x.example"], SigningAlgorithm="RS256", DurationSeconds=900
        ),
        "become root of an account": lambda: sts.assume_root(
            TargetPrincipal=ACCOUNT,
            TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
        ),
    }


@pytest.mark.guarantee("G5")
def test_no_lease_changes_what_binds_it_or_gets_what_outlives_it(
    cast: Cast, borrowed: Callable[..., tuple[str, dict[str, Any]]], root: Person
) -> None:
    session_id, lease = borrowed(duration_seconds=120)
    iam, sts = cast.with_lease(lease, "iam"), cast.with_lease(lease, "sts")
    before = _bound(root)
    assert iam.get_role(RoleName=ROLE)["Role"]["RoleName"] == ROLE, "reading goes on"
    done = [name for name, act in fence(iam, sts, session_id).items() if works(act)]
    assert done == []
    assert _bound(root) == before
    assert sts.get_caller_identity()["Arn"] == SESSION_ARN, "which nobody can deny"


@pytest.mark.guarantee("G5")
def test_the_boundary_binds_a_session_that_came_with_no_policy(
    cast: Cast, wide: None, root: Person
) -> None:
    """As if a lease's own policy were wrong: root assumes the role as only PAM may in AWS."""
    iam = root.client("iam")
    trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    loose = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:*"}],
    }
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(loose))
    try:
        given = root.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", RoleSessionName="unbound"
        )["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
    lease = {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
        "region": "us-east-1",
    }
    assert works(lambda: cast.with_lease(lease, "s3").list_buckets())
    own_iam, sts = cast.with_lease(lease, "iam"), cast.with_lease(lease, "sts")
    tried = fence(own_iam, sts, "01JD8XGZ6Q3M4V5N6P7R8S9T0B")
    assert [name for name, act in tried.items() if works(act)] == []


@pytest.fixture
def lent_for_iam(root: Person) -> Iterator[dict[str, Any]]:
    """Credentials of a role that may do everything, with the session policy of a lease that may
    change IAM. The catalogue of the local stack lends no such role.
    """
    iam, name = root.client("iam"), "identity-administration"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=ALL)
    end = datetime.now(UTC) + timedelta(minutes=10)
    policy = role_limits.lease_policy(name, end, iam_writes=True)
    given = root.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        RoleSessionName="ida",
        Policy=json.dumps(policy),
    )["Credentials"]
    yield {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
    }
    iam.delete_role_policy(RoleName=name, PolicyName="all")
    iam.delete_role(RoleName=name)


@pytest.mark.guarantee("G5")
def test_a_lease_for_changing_iam_changes_nothing_of_pams(
    cast: Cast, root: Person, lent_for_iam: dict[str, Any]
) -> None:
    iam = cast.with_lease(lent_for_iam, "iam")
    iam.create_user(UserName="new-colleague")
    iam.put_user_policy(UserName="new-colleague", PolicyName="all", PolicyDocument=ALL)
    iam.delete_user_policy(UserName="new-colleague", PolicyName="all")
    iam.delete_user(UserName="new-colleague")
    before = _bound(root)
    tried = fence(iam, cast.with_lease(lent_for_iam, "sts"), "01JD8XGZ6Q3M4V5N6P7R8S9T0B")
    of_pams = [name for name in tried if not name.startswith("make ") and "somebody" not in name]
    possible = {"trust an identity provider"}
    done = [name for name in of_pams if name not in possible and works(tried[name])]
    assert done == []
    # Its name says nothing; its tag does.
    another = "an-owners-own-name"
    root_iam = root.client("iam")
    root_iam.create_role(
        RoleName=another,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
        Tags=[{"Key": "pam:module", "Value": "MOD-046"}],
    )
    try:
        assert not works(lambda: iam.untag_role(RoleName=another, TagKeys=["pam:module"]))
        assert not works(
            lambda: iam.put_role_policy(RoleName=another, PolicyName="x", PolicyDocument=ALL)
        )
    finally:
        root_iam.delete_role(RoleName=another)
    assert _bound(root) == before


def _bound(root: Person) -> list[Any]:
    iam = root.client("iam")
    version = iam.get_policy(PolicyArn=BOUNDARY)["Policy"]["DefaultVersionId"]
    return [
        *(
            (role["AssumeRolePolicyDocument"], role.get("PermissionsBoundary"), role["Tags"])
            for role in (iam.get_role(RoleName=name)["Role"] for name in (ROLE, REVOKER))
        ),
        iam.get_policy_version(PolicyArn=BOUNDARY, VersionId=version)["PolicyVersion"]["Document"],
        sorted(user["UserName"] for user in iam.list_users()["Users"]),
        sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
    ]


def denies_of(iam: Any, session_id: str) -> dict[str, Any]:
    """Whatever denies this session on the role, by name: a deny of its own, or a pack."""
    names = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    documents = {
        name: iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    return {name: each for name, each in documents.items() if session_id in json.dumps(each)}


def deny_deleted(iam: Any, session_id: str) -> None:
    for name in denies_of(iam, session_id):
        iam.delete_role_policy(RoleName=ROLE, PolicyName=name)


def deny_loosened(iam: Any, session_id: str) -> None:
    for name, document in denies_of(iam, session_id).items():
        document["Statement"][0]["Action"] = "ec2:*"
        iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))


@pytest.mark.guarantee("G5")
def test_a_deny_that_a_helper_takes_away_is_back_within_a_minute_and_told(
    cast: Cast,
    borrowed: Callable[..., tuple[str, dict[str, Any]]],
    root: Person,
    ada: Person,
) -> None:
    bucket, iam = cast.bucket(SANDBOX), root.client("iam")
    ways_in: dict[str, Works] = {}
    for undo in (deny_deleted, deny_loosened):
        session_id, lease = borrowed(duration_seconds=300)
        s3 = cast.with_lease(lease, "s3")
        put: Works = partial(s3.put_object, Bucket=bucket, Key="stayed", Body=b"")
        put()
        cast.person("sam").post("/pam/revoke", {"session_id": session_id, "reason": "enough"})
        assert is_refused(put)
        undo(iam, session_id)
        assert works(put), "the helper's work took effect"
        ways_in[session_id] = put
    for session_id, put in ways_in.items():
        # The stack's own schedule does it, every minute.
        until(partial(_refused, put), "the deny to be back", BACK_WITHIN)
        records = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
        told = [record for record in records if record["type"] == "Drift"]
        assert told
        assert all(record["detail"].startswith("undone: the deny") for record in told)


def _refused(act: Works) -> bool | None:
    return not works(act) or None


@pytest.mark.guarantee("G5")
def test_an_end_makes_its_own_room_where_a_helper_has_filled_the_role(
    cast: Cast, borrowed: Callable[..., tuple[str, dict[str, Any]]], root: Person
) -> None:
    session_id, lease = borrowed(duration_seconds=300)
    iam = root.client("iam")
    filler = {"Effect": "Deny", "Action": "none:*", "Resource": "*"}
    with suppress(iam.exceptions.LimitExceededException):
        for number in range(200):
            statement = [{**filler, "Sid": f"Flood{number}" + "x" * 300}]
            document = json.dumps({"Version": "2012-10-17", "Statement": statement})
            iam.put_role_policy(
                RoleName=ROLE, PolicyName=f"flood-{number}", PolicyDocument=document
            )
    began = time.monotonic()
    answer = cast.person("sam").post("/pam/revoke", {"session_id": session_id, "reason": "enough"})
    took = time.monotonic() - began
    s3 = cast.with_lease(lease, "s3")
    put = lambda: s3.put_object(Bucket=cast.bucket(SANDBOX), Key="x", Body=b"")  # noqa: E731
    try:
        assert (answer.status, answer.body["status"]) == (200, "REVOKED")
        assert took < 20, "as the interface promises"
        assert is_refused(put)
    finally:
        for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
            if name.startswith("flood-"):
                iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
    # The role was full, so every credential of until then is denied; a later lease works.
    other, _ = borrowed(duration_seconds=120)

    def works_again() -> bool | None:
        client = cast.with_lease(cast.person("alice").lease(other), "s3")
        return works(lambda: client.put_object(Bucket=cast.bucket(SANDBOX), Key="x", Body=b""))

    until(lambda: works_again() or None, "a lease of after the deny of all older ones to work")
