"""What deployments of one environment left behind, and whether anything is in it.

A first deployment that fails can leave tables, the audit log group, the archive and keys, whose
names are then in the way of the next try. They bear PAM's tags, and no stack that stands owns them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.environment import Clients

_STACK = "aws:cloudformation:stack-id"
_CAN_BE_LEFT = (":table/", ":key/", ":log-group:", ":s3:::")
NEVER_MADE = frozenset(
    {"CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
)
"""What a stack says whose first deployment failed."""
_NOT_THERE = frozenset({"404", "NoSuchBucket", "NotFoundException", "ResourceNotFoundException"})
_ENDING = ("kms:DisableKey", "kms:ScheduleKeyDeletion")
_LONGEST_WAIT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """`deployment` is the id of the stack that made it, "" if AWS does not say."""

    arn: str
    deployment: str

    @property
    def service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def name(self) -> str:
        resource = self.arn.split(":", 5)[5]
        return resource.removeprefix("table/").removeprefix("key/").removeprefix("log-group:")


def stacks_that_failed(clients: Clients, env_name: str) -> dict[str, str]:
    """Names by id, of those that were never made to the end."""
    return {
        stack["StackId"]: stack["StackName"]
        for stack in _stacks(clients, env_name)
        if stack["StackStatus"] in NEVER_MADE
    }


def find(clients: Clients, env_name: str) -> list[Leftover]:
    """Everything with the environment's tags that can be left. Not what a stack that stands owns,
    not what AWS still lists and is gone, and no key that is already about to be deleted.
    """
    owned = {
        physical_id
        for stack in _stacks(clients, env_name)
        if stack["StackStatus"] not in NEVER_MADE
        for physical_id in _resources(clients, stack["StackName"])
    }
    pages = clients("resourcegroupstaggingapi").get_paginator("get_resources")
    tags = [
        {"Key": "module", "Values": ["MOD-046"]},
        {"Key": "environment", "Values": [env_name]},
    ]
    found = []
    for page in pages.paginate(TagFilters=tags):
        for resource in page["ResourceTagMappingList"]:
            said = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
            arn = resource["ResourceARN"].removesuffix(":*")
            if any(kind in arn for kind in _CAN_BE_LEFT):
                found.append(Leftover(arn=arn, deployment=said.get(_STACK, "")))
    found.sort(key=lambda each: (each.deployment, each.arn))
    return [each for each in found if not {each.arn, each.name} & owned and is_there(clients, each)]


def has_content(clients: Clients, leftover: Leftover) -> bool:
    """Of a key: False; it is as empty as what it encrypts."""
    if leftover.service == "dynamodb":
        scanned = clients("dynamodb").scan(
            TableName=leftover.name, Limit=1, ConsistentRead=True, Select="COUNT"
        )
        return bool(scanned["Count"] or scanned.get("LastEvaluatedKey"))
    if leftover.service == "logs":
        # A stream without events was still opened by somebody.
        streams = clients("logs").describe_log_streams(logGroupName=leftover.name, limit=1)
        return bool(streams["logStreams"])
    if leftover.service == "s3":
        s3 = clients("s3")
        versions = s3.list_object_versions(Bucket=leftover.name, MaxKeys=1)
        uploads = s3.list_multipart_uploads(Bucket=leftover.name, MaxUploads=1)
        return bool(
            versions.get("Versions") or versions.get("DeleteMarkers") or uploads.get("Uploads")
        )
    return False


def remove(clients: Clients, leftover: Leftover) -> None:
    """Lifts its protection and deletes it; a key is deleted 30 days later, and can be kept until
    then. AWS itself refuses to delete a bucket that is not empty.
    """
    {
        "dynamodb": _remove_table,
        "kms": _remove_key,
        "logs": _remove_log_group,
        "s3": _remove_bucket,
    }[leftover.service](clients, leftover.name)


def _remove_table(clients: Clients, name: str) -> None:
    dynamodb = clients("dynamodb")
    if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.delete_table(TableName=name)


def _remove_bucket(clients: Clients, name: str) -> None:
    clients("s3").delete_bucket(Bucket=name)


def _remove_log_group(clients: Clients, name: str) -> None:
    logs = clients("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    if any(g["logGroupName"] == name and g.get("deletionProtectionEnabled") for g in groups):
        logs.put_log_group_deletion_protection(
            logGroupIdentifier=name, deletionProtectionEnabled=False
        )
    logs.delete_log_group(logGroupName=name)


def _remove_key(clients: Clients, name: str) -> None:
    """A protected key's policy hands nobody the right to end it; to change the policy is allowed,
    and is what stands in CloudTrail.
    """
    kms = clients("kms")
    policy = json.loads(kms.get_key_policy(KeyId=name, PolicyName="default")["Policy"])
    for statement in policy["Statement"]:
        if str(statement.get("Sid", "")).startswith("Account") and "Condition" not in statement:
            statement["Action"] = sorted({*_listed(statement["Action"]), *_ENDING})
    kms.put_key_policy(KeyId=name, PolicyName="default", Policy=json.dumps(policy))
    kms.schedule_key_deletion(KeyId=name, PendingWindowInDays=_LONGEST_WAIT_DAYS)


def is_there(clients: Clients, leftover: Leftover) -> bool:
    try:
        if leftover.service == "kms":
            state = clients("kms").describe_key(KeyId=leftover.name)["KeyMetadata"]["KeyState"]
            return bool(state != "PendingDeletion")
        if leftover.service == "dynamodb":
            clients("dynamodb").describe_table(TableName=leftover.name)
        else:
            has_content(clients, leftover)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return False
        raise
    return True


def stack_names(env_name: str) -> list[str]:
    """Of the stacks whose first deployment can leave something. The CLI itself replaces any other
    one that failed.
    """
    return [f"pam-{env_name}-{part}" for part in ("foundation", "service", "witness")]


def _stacks(clients: Clients, env_name: str) -> list[dict[str, Any]]:
    names = stack_names(env_name)
    pages = clients("cloudformation").get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"] if stack["StackName"] in names]


def _resources(clients: Clients, stack: str) -> Iterable[str]:
    pages = clients("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            yield resource.get("PhysicalResourceId", "")


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
