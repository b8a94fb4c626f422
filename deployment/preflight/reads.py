"""The only calls that the checks can make: each reads, and none reads a secret or data.

A client made here refuses every other operation before it is sent, whoever asks for it.
"""

from functools import cache
from typing import Any

from deployment.environment import Clients

READS: dict[str, frozenset[str]] = {
    "apigateway": frozenset({"GetAccount"}),
    "cloudformation": frozenset({"DescribeStacks", "ListStackResources"}),
    "cloudtrail": frozenset({"DescribeTrails", "GetEventSelectors", "GetTrailStatus"}),
    "dynamodb": frozenset({"DescribeTable"}),
    "ec2": frozenset({"DescribeRouteTables", "DescribeSubnets", "DescribeVpcEndpoints"}),
    "events": frozenset({"ListRules", "ListTargetsByRule"}),
    "iam": frozenset(
        {
            "GetAccountAuthorizationDetails",
            "GetPolicy",
            "GetPolicyVersion",
            "GetRole",
            "GetRolePolicy",
            "ListRolePolicies",
            "ListRoles",
            "SimulatePrincipalPolicy",
        }
    ),
    "kms": frozenset({"DescribeKey"}),
    "lambda": frozenset({"GetAccountSettings", "GetFunctionConcurrency", "ListFunctions"}),
    "logs": frozenset({"DescribeLogStreams"}),
    "resourcegroupstaggingapi": frozenset({"GetResources"}),
    "s3": frozenset({"ListMultipartUploads", "ListObjectVersions"}),
    "secretsmanager": frozenset({"DescribeSecret"}),
    "sns": frozenset({"ListSubscriptionsByTopic"}),
    "sqs": frozenset({"GetQueueAttributes"}),
    "ssm": frozenset({"DescribeParameters", "GetParameter"}),
    "sso-admin": frozenset({"DescribePermissionSet", "GetInlinePolicyForPermissionSet"}),
    "sts": frozenset({"GetCallerIdentity"}),
}
"""By service as boto3 names it."""


class NotARead(Exception):
    """A check asked for what no check may ask for: a fault of this program."""


def reading(clients: Clients) -> Clients:
    """The same clients, which send nothing but what READS names. Each is made once."""

    @cache
    def client(service: str, region_name: str | None = None) -> Any:
        # Without a region the session's own holds.
        where = {} if region_name is None else {"region_name": region_name}
        made = clients(service, **where)
        made.meta.events.register_first("before-parameter-build.*.*", _refuse_others(service))
        return made

    return client


def _refuse_others(service: str) -> Any:
    allowed = READS.get(service, frozenset())

    def refuse(*, model: Any, **_: Any) -> None:
        if model.name not in allowed:
            message = f"preflight only reads, and {service}:{model.name} is not among its calls"
            raise NotARead(message)

    return refuse
