"""The people of the local stack: IAM users, who may knock at every call so that PAM itself answers;
and the roles of permission sets, whose rights are the managed policies that the stack has for them.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from local.aws import ACCOUNT, REGION, root_client
from local.state import ROOT
from pam.names import (
    CallerOffice,
    Parameter,
    audit_reader_name,
    caller_policy_name,
    parameter_path,
)

RESERVED_PATH = "/aws-reserved/sso.amazonaws.com/"
_ENV = "local"
_OFFICES = {
    "engineers": CallerOffice.REQUESTER,
    "approvers": CallerOffice.APPROVER,
    "operators": CallerOffice.OPERATOR,
    "auditors": CallerOffice.AUDITOR,
}
"""By the last word of a group's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A person, or a machine: how it is known, and its access key."""

    name: str
    principal: str
    groups: list[str]
    domain: str | None
    access_key_id: str
    secret_access_key: str


def create_people(endpoint: str) -> list[Profile]:
    """Everybody of the identities file, who may call the API; and `runbook`, who may not."""
    rights, iam = _rights(endpoint), root_client("iam", endpoint)
    identities = yaml.safe_load((ROOT / "local" / "identities.yaml").read_text(encoding="utf-8"))
    people = []
    for entry in identities["identities"]:
        if "principal" in entry:
            continue  # known to a service beside AWS
        if "permission_set" in entry:
            _permission_set(iam, entry["permission_set"], entry["groups"])
            continue
        person = _person(iam, entry["user"], rights["api"], entry["groups"], entry["domain"])
        if "pam-auditors" in entry["groups"]:
            _let_read_the_trail(iam, person.name)
        people.append(person)
    people.append(_person(iam, "runbook", rights["runbook"], [], None))
    return people


def _person(
    iam: Any,
    name: str,
    statements: list[dict[str, Any]],
    groups: list[str],
    domain: str | None,
) -> Profile:
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="local",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Profile(
        name=name,
        principal=f"arn:aws:iam::{ACCOUNT}:user/{name}",
        groups=groups,
        domain=domain,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )


def _permission_set(iam: Any, name: str, groups: list[str]) -> None:
    """As Identity Center makes it: under the reserved path, its name ending in 16 hex digits, with
    the policy of its office. There is no Identity Center here: the account's root assumes it, and
    the name of the session is the person.
    """
    role = permission_set_role(name)
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(
            RoleName=role,
            Path=RESERVED_PATH,
            AssumeRolePolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            ),
        )
    for group in groups:
        policy = caller_policy_name(_ENV, _OFFICES[group.rpartition("-")[2]])
        iam.attach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{policy}")


def permission_set_role(name: str) -> str:
    return f"AWSReservedSSO_{name}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _let_read_the_trail(iam: Any, name: str) -> None:
    """By the policy that the stack has for auditors."""
    iam.attach_user_policy(
        UserName=name, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{audit_reader_name(_ENV)}"
    )


def _rights(endpoint: str) -> dict[str, list[dict[str, Any]]]:
    ssm = root_client("ssm", endpoint)

    def value(parameter: Parameter) -> str:
        name = parameter_path(_ENV, parameter)
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])

    machine = value(Parameter.APPROVAL_WORKFLOW_ARN)
    parameters = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/bank/{_ENV}/mod046"
    return {
        "api": [
            # The API decides by itself what each of them may do; IAM decides who may knock.
            _allow(["execute-api:Invoke"], f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*"),
            _allow(["ssm:GetParameter", "ssm:GetParameters"], f"{parameters}/*"),
        ],
        "runbook": [
            _allow(["states:StartExecution"], machine),
            _allow(
                ["states:DescribeExecution"],
                f"{machine.replace(':stateMachine:', ':execution:')}:*",
            ),
            _allow(["ssm:GetParameter"], f"{parameters}/{Parameter.APPROVAL_WORKFLOW_ARN.value}"),
        ],
    }


def _allow(actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
