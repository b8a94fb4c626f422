"""A CDK CLI that deploys nothing, and the account that it would deploy to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

HOME, WITNESS = "111111111111", "222222222222"
REGION = "eu-west-1"
FOUNDATION, SERVICE, WITNESS_STACK, FORWARDER = (
    "pam-prod-foundation",
    "pam-prod-service",
    "pam-prod-witness",
    "pam-prod-activity-us-east-1",
)
STACKS = {
    # The manifest is in no order; what depends on what stands in it.
    "Service": (SERVICE, HOME, REGION, ["Foundation"]),
    "Foundation": (FOUNDATION, HOME, REGION, ["Foundation.assets"]),
    "Witness": (WITNESS_STACK, WITNESS, REGION, []),
    "Forwarder": (FORWARDER, HOME, "us-east-1", ["Service"]),
}
KEEPS = {"Foundation", "Witness"}
TEMPLATES: dict[str, dict[str, Any]] = {
    "Foundation": {
        "Log": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "RetainExceptOnCreate"},
        "Bus": {"Type": "AWS::Events::EventBus"},
    },
}


def write_assembly(
    folder: Path,
    *,
    protected: bool = True,
    stacks: Sequence[str] = tuple(STACKS),
    templates: dict[str, dict[str, Any]] | None = None,
    account: str | None = None,
) -> None:
    """As `cdk synth` writes it. `account` stands in the place of each stack's own."""
    folder.mkdir(parents=True, exist_ok=True)
    artifacts: dict[str, Any] = {"Foundation.assets": {"type": "cdk:asset-manifest"}}
    for key in stacks:
        name, own, region, after = STACKS[key]
        resources = (templates or TEMPLATES).get(key, {})
        (folder / f"{key}.template.json").write_text(json.dumps({"Resources": resources}))
        artifacts[key] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account or own}/{region}",
            "properties": {
                "stackName": name,
                "templateFile": f"{key}.template.json",
                "terminationProtection": protected and key in KEEPS,
                "requiresBootstrapStackVersion": 6,
            },
            "dependencies": after,
            "displayName": f"Pam/{key}",
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))


def not_there(operation: str, code: str = "ValidationError") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not there"}}, operation)


@dataclass
class Cdk:
    """Remembers what it was told; what it deploys stands in `there`, by name."""

    there: dict[str, dict[str, Any]] = field(default_factory=dict)
    stacks: Sequence[str] = tuple(STACKS)
    retains: bool = True
    fails_at: str = ""
    synthesised: list[dict[str, str]] = field(default_factory=list)
    deployed: list[tuple[bool, list[str]]] = field(default_factory=list)
    """Whether protected, and what."""
    destroyed: list[str] = field(default_factory=list)
    approvals: list[str] = field(default_factory=list)

    def __call__(self, arguments: list[str]) -> int:
        command, rest = arguments[0], arguments[1:]
        return {"synth": self._synth, "deploy": self._deploy, "destroy": self._destroy}[command](
            rest
        )

    def _synth(self, rest: list[str]) -> int:
        if self.fails_at == "synth":
            return 1
        said = [rest[i + 1].split("=", 1) for i, text in enumerate(rest) if text == "-c"]
        context = dict(said)
        self.synthesised.append(context)
        protected = self.retains and context.get("protection") != "from-the-next-deployment"
        write_assembly(
            Path(rest[rest.index("--output") + 1]), protected=protected, stacks=self.stacks
        )
        return 0

    def _deploy(self, rest: list[str]) -> int:
        assert "--exclusively" in rest
        assert "--all" not in rest
        folder = Path(rest[rest.index("--app") + 1])
        manifest = json.loads((folder / "manifest.json").read_text())["artifacts"]
        protects = any(
            it.get("properties", {}).get("terminationProtection") for it in manifest.values()
        )
        paths = [text.removeprefix("Pam/") for text in rest if text.startswith("Pam/")]
        self.approvals.append(rest[rest.index("--require-approval") + 1])
        self.deployed.append((protects, [STACKS[key][0] for key in paths]))
        for key in paths:
            name, _, region, _ = STACKS[key]
            if self.fails_at == name:
                self.there[name] = {"StackStatus": "ROLLBACK_COMPLETE", "region": region}
                return 1
            is_protected = manifest[key]["properties"]["terminationProtection"]
            self.there[name] = {
                "StackStatus": "CREATE_COMPLETE",
                "EnableTerminationProtection": is_protected,
                "region": region,
            }
        return 0

    def _destroy(self, rest: list[str]) -> int:
        assert "--force" in rest
        name = STACKS[rest[0].removeprefix("Pam/")][0]
        if self.fails_at == name:
            return 1
        assert not self.there[name].get("EnableTerminationProtection")
        del self.there[name]
        self.destroyed.append(name)
        return 0


@dataclass
class Account:
    """What of AWS a deployment and its removal ask, as the stacks of `cdk` stand."""

    cdk: Cdk
    account: str = HOME
    open_sessions: dict[str, list[str]] = field(default_factory=dict)
    """By partition of the index."""

    def clients(self, service: str, region_name: str | None = None) -> Any:
        return _Service(self, service, region_name or REGION)


@dataclass
class _Service:
    account: Account
    name: str
    region: str

    def get_caller_identity(self) -> dict[str, str]:
        assert self.name == "sts"
        own = self.account.account
        return {"Account": own, "Arn": f"arn:aws:sts::{own}:assumed-role/Deployer/me"}

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        found = self.account.cdk.there.get(StackName)
        if found is None or found["region"] != self.region:
            raise not_there("DescribeStacks")
        return {"Stacks": [{"StackId": f"id-of-{StackName}", **found}]}

    def get_template(self, *, StackName: str) -> Any:  # noqa: N803
        (key,) = (key for key, it in STACKS.items() if it[0] == StackName)
        return {"TemplateBody": {"Resources": TEMPLATES.get(key, {})}}

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        if SERVICE not in self.account.cdk.there:
            raise not_there("GetParameter", "ParameterNotFound")
        return {"Parameter": {"Value": f"value-of-{Name}"}}

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self.account, operation)


@dataclass
class _Pages:
    account: Account
    operation: str

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if self.operation == "list_stack_resources":
            (key,) = (key for key, it in STACKS.items() if it[0] == asked["StackName"])
            return [
                {
                    "StackResourceSummaries": [
                        {"LogicalResourceId": name, "PhysicalResourceId": f"the-{name}"}
                    ]
                }
                for name in TEMPLATES.get(key, {})
            ]
        assert self.operation == "query"
        assert asked["IndexName"] == "by_deadline"
        partition = asked["ExpressionAttributeValues"][":partition"]["S"]
        ids = self.account.open_sessions.get(partition, [])
        return [{"Items": [{"session_id": {"S": each}}]} for each in ids]
