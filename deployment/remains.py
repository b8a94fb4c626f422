"""What outlasts its stack, and what it takes to remove it by hand."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployment.assembly import Stack
from deployment.environment import Clients

_KEPT = frozenset({"Retain", "RetainExceptOnCreate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    kind: str
    name: str
    why: str
    commands: tuple[str, ...]


def find(clients: Clients, stack: Stack) -> Iterator[Remaining]:
    """Of a stack that stands: as it is deployed, which may be another than what is configured."""
    cloudformation = clients("cloudformation", stack.region)
    template = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    document: Mapping[str, Any] = json.loads(template) if isinstance(template, str) else template
    pages = cloudformation.get_paginator("list_stack_resources")
    made = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for page in pages.paginate(StackName=stack.name)
        for each in page["StackResourceSummaries"]
    }
    for logical_id, resource in document["Resources"].items():
        if resource.get("DeletionPolicy") in _KEPT and made.get(logical_id):
            yield _remaining(resource["Type"], made[logical_id])


def _remaining(kind: str, name: str) -> Remaining:
    why, commands = {
        "AWS::ApiGateway::Account": (
            "the region's setting for API Gateway's logs, which other APIs may use",
            (),
        ),
        "AWS::DynamoDB::GlobalTable": ("sessions and their records", _table(name)),
        "AWS::DynamoDB::Table": ("sessions and their records", _table(name)),
        "AWS::IAM::Role": (
            "the region's API Gateway may write its logs by it",
            (
                f"aws iam list-attached-role-policies --role-name {name}",
                f"aws iam delete-role --role-name {name}",
            ),
        ),
        "AWS::KMS::Key": (
            "what is encrypted or signed with it must stay readable, and is lost with it; 1 USD a "
            "month",
            (f"aws kms schedule-key-deletion --key-id {name} --pending-window-in-days 30",),
        ),
        "AWS::Logs::LogGroup": (
            "the audit log",
            (
                "aws logs put-log-group-deletion-protection --no-deletion-protection-enabled "
                f"--log-group-identifier {name}",
                f"aws logs delete-log-group --log-group-name {name}",
            ),
        ),
        "AWS::S3::Bucket": (
            "the audit archive: nobody can delete its objects before their time (Object Lock)",
            (f"aws s3api delete-bucket --bucket {name}",),
        ),
    }.get(kind, ("it is kept by its stack", ()))
    return Remaining(kind=kind, name=name, why=why, commands=commands)


def _table(name: str) -> tuple[str, ...]:
    return (
        f"aws dynamodb update-table --table-name {name} --no-deletion-protection-enabled",
        f"aws dynamodb delete-table --table-name {name}",
    )
