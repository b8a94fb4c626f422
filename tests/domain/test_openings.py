"""Which calls let somebody in beyond the end of a session."""

import re
from typing import Any

import pytest
from botocore.loaders import Loader

from pam.domain import openings
from pam.domain.openings import Fence, opening

_SDK = {
    "sso": ["sso-admin"],
    "states": ["stepfunctions"],
    "elasticfilesystem": ["efs"],
    "elasticmapreduce": ["emr"],
    "s3": ["s3", "s3control"],
    "airflow": ["mwaa"],
}
"""What the SDK calls a service that CloudTrail calls otherwise."""
_NO_SDK = {
    "s3:PutBucketPublicAccessBlock",
    "s3:DeleteBucketPublicAccessBlock",
    "s3:PutAccountPublicAccessBlock",
    "s3:DeleteAccountPublicAccessBlock",
    "es:UpdateDomainConfig",
    "sso-directory:CreateUser",
    "sso-directory:AddMemberToGroup",
    "sso-directory:UpdatePassword",
}
"""Events that CloudTrail names otherwise than the SDK, or that only a console causes."""
LOADER = Loader()


def operations(service: str) -> set[str]:
    names = _SDK.get(service, [service])
    return {o for name in names for o in LOADER.load_service_model(name, "service-2")["operations"]}


@pytest.mark.parametrize("service", sorted({a.partition(":")[0] for a in openings._REASONS}))
def test_every_call_of_the_table_exists(service: str) -> None:
    named = {a for a in openings._REASONS if a.partition(":")[0] == service} - _NO_SDK
    known = {f"{service}:{name}" for name in operations(service)} if named else set()
    assert named <= known


def test_a_call_is_said_to_need_a_parameter_only_if_it_is_in_the_table() -> None:
    assert openings._ONLY_WITH.keys() <= openings._REASONS.keys()


OPENS = {
    "s3:PutBucketPolicy": None,
    "kms:PutKeyPolicy": None,
    "kms:CreateGrant": None,
    "lambda:AddPermission20150331v2": None,
    "lambda:CreateFunction20150331": None,
    "lambda:UpdateFunctionCode20150331v2": None,
    "lambda:CreateFunctionUrlConfig": None,
    "sqs:SetQueueAttributes": {"queueUrl": "q", "attributes": {"Policy": "{}"}},
    "sns:SetTopicAttributes": {"attributeName": "Policy", "attributeValue": "{}"},
    "ec2:RunInstances": {"iamInstanceProfile": {"name": "admin"}},
    "ec2:ModifyInstanceAttribute": {"userData": "<sensitiveDataRemoved>"},
    "cloudformation:CreateStack": {"roleARN": "arn:aws:iam::1:role/admin"},
    "secretsmanager:PutResourcePolicy": None,
    "ram:CreateResourceShare": None,
    "ecr:GetAuthorizationToken": None,
    "s3:GetDataAccess": None,
    "rolesanywhere:CreateTrustAnchor": None,
    "eks:CreateAccessEntry": None,
    "ssm:StartSession": None,
    "cloudtrail:StopLogging": None,
    # Of no table: by the way in which services name such calls.
    "newservice:PutResourcePolicy": None,
    "newservice:AddPermission": None,
    "newservice:GrantPermissions": None,
    "newservice:SetRepositoryPolicy": None,
}


@pytest.mark.parametrize("action", OPENS)
def test_a_call_that_lets_others_in_is_known_with_its_reason(action: str) -> None:
    parameters = OPENS[action] or {"x": "y"}
    found = opening(action, parameters)
    assert found is not None
    assert found.reason
    assert found.fence is None


HARMLESS: dict[str, Any] = {
    "s3:PutObject": {"bucketName": "b"},
    "s3:GetBucketPolicy": {},
    "sqs:SetQueueAttributes": {"attributes": {"VisibilityTimeout": "30"}},
    "sns:SetTopicAttributes": {"attributeName": "DisplayName", "attributeValue": "Policy"},
    "ec2:RunInstances": {"instanceType": "t3.nano"},
    "ec2:ModifyInstanceAttribute": {"instanceType": {"value": "t3.nano"}},
    "cloudformation:CreateStack": {"stackName": "s"},
    "lambda:Invoke20150331": {},
    "iam:GetRole": {},
    "iam:ListUsers": {},
    "iam:SimulatePrincipalPolicy": {},
    "iam:CreateServiceLinkedRole": {},
    "sts:GetCallerIdentity": {},
}


@pytest.mark.parametrize("action", HARMLESS)
def test_a_call_that_opens_none_is_none(action: str) -> None:
    assert opening(action, HARMLESS[action]) is None


@pytest.mark.parametrize("parameters", [None, "truncated", 7])
@pytest.mark.parametrize("action", openings._ONLY_WITH)
def test_a_call_whose_parameters_are_not_told_is_not_thought_harmless(
    action: str, parameters: Any
) -> None:
    assert opening(action, parameters) is not None


@pytest.mark.parametrize("action", openings._ONLY_WITH)
def test_each_parameter_that_opens_is_enough_by_itself(action: str) -> None:
    for path in openings._ONLY_WITH[action]:
        parameters: Any = None
        for name in reversed(path):
            key, equals, value = name.partition("=")
            parameters = {key: value if equals else (parameters or "given")}
        assert opening(action, parameters) is not None, path
    assert opening(action, {"something": "else"}) is None


def test_every_write_of_iam_and_every_call_of_sts_is_one_that_leases_deny() -> None:
    for name in operations("iam"):
        found = opening(f"iam:{name}", {})
        reads = re.match("Get|List|Generate|Simulate", name)
        if reads or name.endswith("ServiceLinkedRole"):
            assert found is None, name
        else:
            assert found is not None, name
            assert found.fence is Fence.UNLESS_IAM, name
    for name in operations("sts") - {"GetCallerIdentity"}:
        found = opening(f"sts:{name}", {})
        assert found is not None
        assert found.fence is Fence.EVERY


@pytest.mark.parametrize(
    "name", ["CreateAccessKey", "CreateLoginProfile", "CreateUser", "UploadSSHPublicKey"]
)
def test_what_makes_a_login_is_told_apart_from_what_changes_rights(name: str) -> None:
    made, changed = opening(f"iam:{name}", {}), opening("iam:PutRolePolicy", {})
    assert made is not None
    assert changed is not None
    assert "login" in made.reason
    assert made.reason != changed.reason
