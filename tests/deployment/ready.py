"""An account that is ready for PAM in every way, for tests to spoil one thing of."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from deployment.assembly import Stack
from deployment.environment import ROOT, Caller
from deployment.preflight.check import Check, Finding, Surroundings, make
from deployment.preflight.checks import CHECKS
from deployment.preflight.reads import reading
from pam.domain.role_limits import boundary
from pam.identity_center import statements
from pam.policy.compiled import CompiledPolicy
from pam.policy.compiler import load
from stacks.config import DeployConfig
from stacks.vendor_config import IdentityCenterConfig, OktaConfig
from tests.deployment.answers import Aws, Refusal

HOME, REGION = "111122223333", "eu-west-1"
ISSUER = f"arn:aws:iam::{HOME}:role/pam-prod-credential-issuer"
ACTIVATOR = f"arn:aws:iam::{HOME}:role/pam-prod-activator"
REVOCATION = f"arn:aws:iam::{HOME}:role/pam-prod-revocation"
CONFIG = DeployConfig(
    env_name="prod",
    region=REGION,
    account=HOME,
    vpc_subnet_ids=("subnet-1", "subnet-2"),
    identity_center=IdentityCenterConfig(),
    okta=OktaConfig(issuer_client_id="0oa" + "1" * 17, revoker_client_id="0oa" + "2" * 17),
)
POLICY: CompiledPolicy = load(ROOT / "policy", ROOT / "policy" / "identities.yaml")
ROLES = sorted(name for resource in POLICY.resources if (name := resource.issuer.get("role_name")))
SETS = sorted(it.permission_set for it in POLICY.identities)
FUNCTION = f"arn:aws:lambda:{REGION}:{HOME}:function:pam-prod-service-Tick1"
TAG, IDENTITY = "aws:RequestTag/pam:session_id", "sts:SourceIdentity"


def trust() -> dict[str, Any]:
    """As docs/roles.md has it."""

    def allow(action: str, *keys: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"AWS": [ISSUER, ACTIVATOR]},
            "Action": action,
            "Condition": {"StringLike": dict.fromkeys(keys, "?*")},
        }

    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("sts:AssumeRole", TAG, IDENTITY),
            allow("sts:TagSession", TAG),
            allow("sts:SetSourceIdentity", IDENTITY),
        ],
    }


def role(name: str, path: str = "/", trusts: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "RoleName": name,
        "Path": path,
        "Arn": f"arn:aws:iam::{HOME}:role{path}{name}",
        "AssumeRolePolicyDocument": trusts or {"Statement": []},
        **more,
    }


class Ready(Aws):
    """Everything as it should be. `roles` by name; `parameters` of SSM by name."""

    def __init__(self) -> None:
        self.account = HOME
        self.roles = {"pam-prod-credential-issuer": role("pam-prod-credential-issuer")}
        for name in ROLES:
            bound = f"arn:aws:iam::{HOME}:policy/pam/{name}-boundary"
            bounded = {"PermissionsBoundary": {"PermissionsBoundaryArn": bound}}
            self.roles[name] = role(name, trusts=trust(), **bounded)
            companion = f"{name}-pam-revoker"
            only = {"Effect": "Allow", "Principal": {"AWS": REVOCATION}, "Action": "sts:AssumeRole"}
            self.roles[companion] = role(companion, trusts={"Statement": [only]})
        for name in SETS:
            reserved = f"AWSReservedSSO_{name}_0123456789abcdef"
            self.roles[reserved] = role(reserved, "/aws-reserved/sso.amazonaws.com/eu-west-1/")
        self.denied: set[tuple[str, str]] = {
            # Lent roles have no right to change IAM.
            (name, action)
            for name in ROLES
            for action in (
                *("iam:AttachRolePolicy", "iam:CreateAccessKey", "iam:PutRolePolicy"),
                "iam:CreateUser",
            )
        }
        """What the simulation refuses: the role's name, and the action."""
        self.inline: dict[str, dict[str, Any]] = {}
        self.boundaries: dict[str, Any] = {}
        self.parameters = {
            "/cdk-bootstrap/hnb659fds/version": "30",
            "/bank/prod/mod046/request-api/endpoint": "https://abc.execute-api.eu-west-1.x/v1",
            **{
                f"/bank/prod/mod046/{name}-topic/arn": f"arn:aws:sns:{REGION}:{HOME}:{name}"
                for name in ("approver", "requester", "tier1")
            },
            "/bank/prod/mod046/events/bus-name": "the-bus",
        }
        self.pattern = {
            "detail": {
                "userIdentity": {
                    "sessionContext": {
                        "sessionIssuer": {
                            "arn": [f"arn:aws:iam::{HOME}:role/{name}" for name in ROLES]
                        }
                    }
                }
            }
        }
        super().__init__(_answers(self))
        self.reading = reading(self.clients)

    def look(self, name: str, **changed: Any) -> list[Finding]:
        """What one check finds, with other circumstances than the usual ones."""
        check = next(it for it in CHECKS if it.name == name)
        return self.make(check, **changed)

    def make(self, check: Check, **changed: Any) -> list[Finding]:
        config = replace(CONFIG, **changed.pop("config", {}))
        around = Surroundings(
            config=config,
            policy=changed.pop("policy", POLICY),
            clients=self.reading,
            caller=Caller(
                account=self.account, arn=f"arn:aws:sts::{self.account}:assumed-role/Admin/me"
            ),
            stacks=changed.pop("stacks", stacks()),
        )
        assert not changed
        return list(make(check, around).findings)


def stacks(resources: dict[str, Any] | None = None) -> tuple[Stack, ...]:
    """The service stack, with these resources."""

    class Written(Stack):
        @property
        def template(self) -> dict[str, Any]:
            return {"Resources": resources or PUBLISHED}

    return (
        Written(
            name="pam-prod-service",
            path="Pam/Service",
            account=HOME,
            region=REGION,
            protected=False,
            bootstrap=6,
            file=Path(),
        ),
    )


PUBLISHED = {
    "Bus": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {
            "Name": "/bank/prod/mod046/events/bus-name",
            "Value": {
                "Fn::GetStackOutput": {"StackName": "pam-prod-foundation", "OutputName": "Bus"}
            },
        },
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {"ReservedConcurrentExecutions": 17},
    },
}


def _answers(ready: Ready) -> dict[str, Any]:
    def parameter(said: dict[str, Any]) -> dict[str, Any]:
        if said["Name"] not in ready.parameters:
            raise Refusal("ParameterNotFound")
        return {"Parameter": {"Value": ready.parameters[said["Name"]]}}

    def get_role(said: dict[str, Any]) -> dict[str, Any]:
        if said["RoleName"] not in ready.roles:
            raise Refusal("NoSuchEntity", status=404)
        return {"Role": ready.roles[said["RoleName"]]}

    def list_roles(said: dict[str, Any]) -> dict[str, Any]:
        path = said.get("PathPrefix", "/")
        return {"Roles": [it for it in ready.roles.values() if it["Path"].startswith(path)]}

    def simulate(said: dict[str, Any]) -> dict[str, Any]:
        name = said["PolicySourceArn"].rpartition("/")[2]
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalDecision": "implicitDeny" if (name, action) in ready.denied else "allowed",
                }
                for action in said["ActionNames"]
            ]
        }

    def version(said: dict[str, Any]) -> dict[str, Any]:
        name = said["PolicyArn"].rpartition("/")[2].removesuffix("-boundary")
        document = ready.boundaries.get(name, boundary(name, iam_writes=False))
        return {"PolicyVersion": {"Document": document}}

    def inline_policy(said: dict[str, Any]) -> dict[str, Any]:
        return {"PolicyDocument": ready.inline[said["RoleName"]][said["PolicyName"]]}

    return {
        "sts.GetCallerIdentity": lambda _: {
            "Account": ready.account,
            "Arn": f"arn:aws:sts::{ready.account}:assumed-role/Admin/me",
        },
        "ssm.GetParameter": parameter,
        "ssm.DescribeParameters": {"Parameters": [{"Name": "/bank/prod/mod046/events/bus-name"}]},
        "cloudformation.DescribeStacks": lambda _: {
            "Stacks": [
                {
                    "StackName": "pam-prod-service",
                    "StackId": "the-service",
                    "StackStatus": "CREATE_COMPLETE",
                    "Outputs": [{"OutputKey": "Bus", "OutputValue": "the-bus"}],
                }
            ]
        },
        "cloudformation.ListStackResources": {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": "Queue",
                    "PhysicalResourceId": "https://sqs/1/dead",
                    "ResourceType": "AWS::SQS::Queue",
                }
            ]
        },
        "sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "resourcegroupstaggingapi.GetResources": {"ResourceTagMappingList": []},
        "kms.DescribeKey": {"KeyMetadata": {"KeyId": "a-key", "KeyState": "Enabled"}},
        "lambda.GetAccountSettings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        },
        "lambda.ListFunctions": {
            "Functions": [
                {
                    "FunctionName": "pam-prod-service-Tick1",
                    "FunctionArn": FUNCTION,
                }
            ]
        },
        "lambda.GetFunctionConcurrency": {},
        "ec2.DescribeSubnets": {
            "Subnets": [{"SubnetId": f"subnet-{number}", "VpcId": "vpc-1"} for number in (1, 2)]
        },
        "ec2.DescribeRouteTables": {
            "RouteTables": [
                {
                    "Routes": [
                        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                        {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"},
                    ]
                }
            ]
        },
        "ec2.DescribeVpcEndpoints": {"VpcEndpoints": []},
        "cloudtrail.DescribeTrails": {
            "trailList": [{"Name": "all", "TrailARN": "arn:all", "IsMultiRegionTrail": True}]
        },
        "cloudtrail.GetTrailStatus": {"IsLogging": True},
        "cloudtrail.GetEventSelectors": {
            "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
        },
        "events.ListRules": lambda _: {
            "Rules": [
                {
                    "Name": "forward",
                    "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                    "EventPattern": json.dumps(ready.pattern),
                }
            ]
        },
        "events.ListTargetsByRule": {
            "Targets": [{"Id": "0", "Arn": f"arn:aws:events:{REGION}:{HOME}:event-bus/default"}]
        },
        "apigateway.GetAccount": {},
        "iam.GetRole": get_role,
        "iam.ListRoles": list_roles,
        "iam.SimulatePrincipalPolicy": simulate,
        "iam.ListRolePolicies": lambda said: {
            "PolicyNames": sorted(ready.inline.get(said["RoleName"], {}))
        },
        "iam.GetRolePolicy": inline_policy,
        "iam.GetPolicy": {"Policy": {"DefaultVersionId": "v1"}},
        "iam.GetPolicyVersion": version,
        "iam.GetAccountAuthorizationDetails": {"RoleDetailList": [], "Policies": []},
        "secretsmanager.DescribeSecret": {"RotationEnabled": True},
        "sso-admin.DescribePermissionSet": {
            "PermissionSet": {"Name": "PamPayments", "SessionDuration": "PT1H"}
        },
        "sso-admin.GetInlinePolicyForPermissionSet": {"InlinePolicy": statements.written([])},
        "sns.ListSubscriptionsByTopic": {
            "Subscriptions": [{"SubscriptionArn": "arn:sub", "Endpoint": "a@bank.example"}]
        },
    }
