"""Calls of permission sets' sessions, as CloudTrail tells them; and a catalogue that lends two.

The shape is that of events of 2026: which fields there are, and where the user stands
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html,
https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-cloudtrail-use-cases.html). An event
of AssumeRoleWithSAML has no `onBehalfOf`.
"""

from dataclasses import replace
from typing import Any

from pam.domain.cloudtrail import Watched
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import CompiledPolicy
from tests.fakes.cloudtrail import ACCOUNT, event
from tests.fakes.story import COMPILED

PAYMENTS, REPORTS = "core-payments-admin", "reports-set"
NAMES = {PAYMENTS: "PamPayments", REPORTS: "PamReports"}
REGION = "eu-central-1"
"""Of Identity Center."""
USER_ID = "a3c4d5e6-10b1-70f2-8d3e-4f5a6b7c8d9e"
STORE = "arn:aws:identitystore::999988887777:identitystore/d-99671a2b3c"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_1a2b3c4d5e6f7a8b_DO_NOT_DELETE"
UNIQUE = "0123456789abcdef"


def place(resource: str = PAYMENTS, account: str = ACCOUNT) -> str:
    return f"{account}:AWSReservedSSO_{NAMES[resource]}"


WATCHED_SETS = Watched(
    resources={place(each): each for each in NAMES}, issuers=frozenset(), account=ACCOUNT
)


def role_name(permission_set: str = NAMES[PAYMENTS]) -> str:
    return f"AWSReservedSSO_{permission_set}_{UNIQUE}"


def role(
    permission_set: str = NAMES[PAYMENTS],
    account: str = ACCOUNT,
    path: str = f"aws-reserved/sso.amazonaws.com/{REGION}/",
) -> str:
    return f"arn:aws:iam::{account}:role/{path}{role_name(permission_set)}"


def user_identity(
    user: str = "alice",
    role_arn: str | None = None,
    *,
    signed_in: str = "2026-03-01T12:00:05Z",
    user_id: str = USER_ID,
) -> dict[str, Any]:
    """Of whoever signed in to the role by the access portal."""
    arn = role_arn or role()
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{user}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{user}",
        "accountId": account,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": arn,
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": signed_in, "mfaAuthenticated": "false"},
        },
        "onBehalfOf": {"userId": user_id, "identityStoreArn": STORE},
    }


def call(identity: dict[str, Any] | None = None, **detail: Any) -> dict[str, Any]:
    return event(**{"userIdentity": identity or user_identity(), **detail})


def sign_in(user: str = "alice", role_arn: str | None = None, **parameters: Any) -> dict[str, Any]:
    """How Identity Center gets credentials of the role for somebody."""
    arn = role_arn or role()
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    return event(
        eventSource="sts.amazonaws.com",
        eventName="AssumeRoleWithSAML",
        userIdentity={
            "type": "SAMLUser",
            "principalId": f"abcdefgh=:{user}",
            "userName": user,
            "identityProvider": "abcdefgh=",
        },
        requestParameters={
            "sAMLAssertionID": "_4f5a6b7c",
            "roleSessionName": user,
            "roleArn": arn,
            "principalArn": PROVIDER,
            "durationSeconds": 3600,
            **parameters,
        },
        responseElements={
            "credentials": {"accessKeyId": "ASIAEXAMPLE", "expiration": "Mar 1, 2026, 1:00:10 PM"},
            "assumedRoleUser": {
                "assumedRoleId": f"AROAEXAMPLE:{user}",
                "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{user}",
            },
            "subject": user,
        },
        resources=[{"ARN": arn, "type": "AWS::IAM::Role", "accountId": account}],
    )


def lending_sets() -> CompiledPolicy:
    """The catalogue, which lends one permission set, with a second."""
    first = next(each for each in COMPILED.resources if each.resource_id == PAYMENTS)
    settings = {
        "permission_set": first.issuer["permission_set"][:-1] + "f",
        "permission_set_name": NAMES[REPORTS],
    }
    second = replace(first, resource_id=REPORTS, issuer={**first.issuer, **settings})
    return replace(COMPILED, resources=(*COMPILED.resources, second))


LENDING_SETS = CedarPolicy(lending_sets())
