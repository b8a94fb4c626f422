"""Whom the gateway lets in at all, and what each office's managed policy lets them call.

The roles of the local permission sets have exactly those policies; the people of the other tests
may knock at every call, so that PAM itself refuses them.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.aws import ACCOUNT
from local.cast import Answer, Cast, send
from local.people import RESERVED_PATH, permission_set_role
from pam.names import CallerOffice, caller_policy_name
from stacks.caller_calls import CALLS

OFFICES = {
    "LocalEngineer": CallerOffice.REQUESTER,
    "LocalApprover": CallerOffice.APPROVER,
    "LocalOperator": CallerOffice.OPERATOR,
    "LocalAuditor": CallerOffice.AUDITOR,
}
EVERY_CALL = sorted({call for calls in CALLS.values() for call in calls})
GATEWAY_REFUSES = "these AWS credentials may not call this API"
LOOK_ALIKE = "AWSReservedSSO_LocalApprover_0123456789abcdef"


class Caller:
    """A session of a role, calling the API and SSM."""

    def __init__(self, cast: Cast, role: str, path: str, person: str) -> None:
        self.cast = cast
        sts = cast.person("root").client("sts")
        self.keys: dict[str, Any] = sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role{path}{role}", RoleSessionName=person
        )["Credentials"]

    def session(self) -> boto3.Session:
        return boto3.Session(
            self.keys["AccessKeyId"],
            self.keys["SecretAccessKey"],
            self.keys["SessionToken"],
            region_name=self.cast.about["region"],
        )

    def call(self, call: str, body: object = None) -> Answer:
        method, _, path = call.partition(" ")
        path = path.replace("{session_id}", "0" * 26).replace("{principal+}", "nobody")
        about = self.cast.about
        data = json.dumps(body or {}).encode() if method == "POST" else b""
        request = AWSRequest(method, about["api_url"] + path, data=data)
        request.headers["Content-Type"] = "application/json"
        keys = Credentials(
            self.keys["AccessKeyId"], self.keys["SecretAccessKey"], self.keys["SessionToken"]
        )
        SigV4Auth(keys, "execute-api", about["region"]).add_auth(request)
        return send(request)


def refused_by_the_gateway(answer: Answer) -> bool:
    return answer.status == 403 and GATEWAY_REFUSES in str(answer.body)


@pytest.fixture(scope="module")
def callers(cast: Cast) -> dict[str, Caller]:
    return {
        name: Caller(cast, permission_set_role(name), RESERVED_PATH, f"rita.{name.lower()}")
        for name in OFFICES
    }


@pytest.fixture
def roles(cast: Cast) -> Iterator[list[str]]:
    """Names of roles that a test makes; gone after it."""
    made: list[str] = []
    yield made
    iam = cast.person("root").client("iam")
    for role in made:
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_role(RoleName=role)


def make_role(cast: Cast, roles: list[str], name: str, path: str, policy: str) -> None:
    iam = cast.person("root").client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    roles.append(name)
    iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{policy}")


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("who", sorted(OFFICES))
def test_an_office_may_make_its_own_calls_and_no_others(
    callers: dict[str, Caller], who: str, call: str
) -> None:
    answer = callers[who].call(call)

    assert refused_by_the_gateway(answer) == (call not in CALLS[OFFICES[who]]), answer.body


@pytest.mark.parametrize("who", sorted(OFFICES))
def test_somebody_of_a_permission_set_is_who_identity_center_says(
    callers: dict[str, Caller], who: str
) -> None:
    answer = callers[who].call("GET /pam/me")

    assert answer.status == 200
    assert answer.body["person"] == f"rita.{who.lower()}"


@pytest.mark.parametrize("who", sorted(OFFICES))
def test_an_office_finds_the_endpoint_and_reads_no_other_parameter(
    cast: Cast, callers: dict[str, Caller], who: str
) -> None:
    ssm = cast.client("ssm", callers[who].session())

    found = ssm.get_parameter(Name="/bank/local/mod046/request-api/endpoint")
    assert found["Parameter"]["Value"].startswith("http")
    with pytest.raises(ssm.exceptions.ClientError, match="AccessDenied"):
        ssm.get_parameter(Name="/bank/local/mod046/session-store/table-name")


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/", id="no path"),
        pytest.param("/sso.amazonaws.com/", id="half the path"),
        pytest.param("/a:role/aws-reserved/sso.amazonaws.com/", id="a path with a colon in it"),
        pytest.param("/team/aws-reserved/sso.amazonaws.com/", id="below a path of one's own"),
    ],
)
def test_a_role_of_the_right_name_made_by_hand_is_refused_at_the_gateway(
    cast: Cast, roles: list[str], path: str
) -> None:
    make_role(cast, roles, LOOK_ALIKE, path, caller_policy_name("local", CallerOffice.APPROVER))

    answer = Caller(cast, LOOK_ALIKE, path, "bob").call("GET /pam/me")

    assert refused_by_the_gateway(answer), answer.body


def test_the_same_role_under_the_reserved_path_is_let_in(cast: Cast, roles: list[str]) -> None:
    path = f"{RESERVED_PATH}eu-west-1/"
    make_role(cast, roles, LOOK_ALIKE, path, caller_policy_name("local", CallerOffice.APPROVER))

    assert Caller(cast, LOOK_ALIKE, path, "bob").call("GET /pam/me").status == 200


def test_a_permission_set_that_nobody_listed_is_let_in_and_is_nobody_to_pam(
    cast: Cast, roles: list[str]
) -> None:
    name = "AWSReservedSSO_Stranger_0123456789abcdef"
    policy = caller_policy_name("local", CallerOffice.REQUESTER)
    make_role(cast, roles, name, RESERVED_PATH, policy)
    answer = Caller(cast, name, RESERVED_PATH, "bob").call("GET /pam/me")

    assert (answer.status, answer.code) == (403, "NOT_ELIGIBLE")
    assert not refused_by_the_gateway(answer)


def test_the_accounts_root_is_refused_at_the_gateway(cast: Cast) -> None:
    answer = cast.person("root").get("/pam/me")

    assert refused_by_the_gateway(answer), answer.body


def test_a_user_whom_nobody_listed_is_refused_at_the_gateway(cast: Cast) -> None:
    answer = cast.person("runbook").get("/pam/me")

    assert refused_by_the_gateway(answer), answer.body
