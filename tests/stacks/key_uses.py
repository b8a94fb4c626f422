"""What the templates make somebody do with each key: read from what is encrypted with it, and from
who may read and write there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.stacks.key_access import Call, Caller, Keys
from tests.stacks.template import Deployment, as_list

READ = ("kms:Decrypt",)
WRITE = ("kms:Decrypt", "kms:GenerateDataKey")
ALL_OF_TABLES = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
BY_ACTION: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # what a role may do: through which service AWS then calls KMS for the role, and with what
    "dynamodb:GetItem": ("dynamodb", READ),
    "dynamodb:Query": ("dynamodb", READ),
    "dynamodb:GetRecords": ("dynamodb", READ),
    "dynamodb:PutItem": ("dynamodb", ALL_OF_TABLES),
    "dynamodb:UpdateItem": ("dynamodb", ALL_OF_TABLES),
    "dynamodb:DeleteItem": ("dynamodb", ALL_OF_TABLES),
    "s3:GetObject": ("s3", READ),
    "s3:PutObject": ("s3", WRITE),
    "sns:Publish": ("sns", WRITE),
    "sqs:SendMessage": ("sqs", WRITE),
}
KEY_OF: Mapping[str, tuple[str, ...]] = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Events::EventBus": ("KmsKeyIdentifier",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
}


def region_of(deployment: Deployment) -> str:
    """As it stands in the endpoint of CloudWatch Logs in a policy of this deployment."""
    statements = [s for policy in Keys(deployment).policies.values() for s in policy]
    services = [str(s["Principal"].get("Service", "")) for s in statements]
    return next(name.split(".")[1] for name in services if name.startswith("logs."))


def account_of(deployment: Deployment) -> str:
    """As the templates spell it: the number, or what stands for it."""
    policy = next(iter(Keys(deployment).policies.values()))
    root = deployment.text(policy[0]["Principal"]["AWS"])
    return root.partition("iam::")[2].removesuffix(":root")


def by_roles(deployment: Deployment) -> dict[tuple[str, str], set[str]]:
    """Role and service -> the KMS actions that the role's rights come to, by that service."""
    needed: dict[tuple[str, str], set[str]] = {}
    for role, statements in Keys(deployment).roles.items():
        for action in (a for s in statements for a in as_list(s["Action"]) if a in BY_ACTION):
            service, wanted = BY_ACTION[action]
            needed.setdefault((role, service), set()).update(wanted)
    return needed


def by_services(deployment: Deployment) -> Iterator[Call]:
    """AWS itself: log groups, the bus, and alarms that speak on an encrypted topic."""
    key, _ = deployment.encryption_key()
    region, account = region_of(deployment), account_of(deployment)
    for kind, resource in _encrypted(deployment):
        properties = resource["Properties"]
        if kind == "AWS::Logs::LogGroup":
            arn = f"arn:aws:logs:{region}:{account}:log-group:"
            group = {"kms:EncryptionContext:aws:logs:arn": arn + _name(deployment, properties)}
            for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"):
                yield of_service(key, action, f"logs.{region}.amazonaws.com", group)
        if kind == "AWS::Events::EventBus":
            arn = f"arn:aws:events:{region}:{account}:event-bus/{properties['Name']}"
            source = {"aws:SourceAccount": account}
            context = {"kms:EncryptionContext:aws:events:event-bus:arn": arn}
            bus = source | context | {"aws:SourceArn": arn}
            yield of_service(key, "kms:DescribeKey", "events.amazonaws.com", source)
            for action in WRITE:
                yield of_service(key, action, "events.amazonaws.com", bus)
    if deployment.of_type("AWS::CloudWatch::Alarm"):
        for action in WRITE:
            alarms = {"aws:SourceAccount": account}
            yield of_service(key, action, "cloudwatch.amazonaws.com", alarms)


def of_service(key: str, action: str, service: str, context: dict[str, str]) -> Call:
    return Call(key=key, action=action, caller=Caller(service=service), context=context)


def _encrypted(deployment: Deployment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind, path in KEY_OF.items():
        for resource in deployment.of_type(kind).values():
            found: Any = resource["Properties"]
            for step in path:
                found = found.get(step, {})
            if found:
                yield kind, resource


def _name(deployment: Deployment, properties: Mapping[str, Any]) -> str:
    return deployment.text(properties["LogGroupName"])
