"""A call that a lent role may make, to see when it may not any more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError, UnknownServiceError

from deployment.smoke.proof import DENIED, Hands, NotHere
from stacks.config import ConfigError

ENDED = DENIED | {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    service: str
    operation: str
    asked: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service} {self.operation}"

    def is_let(self, client: Any) -> bool:
        """Any other error than a refusal is a fault of the call, and is raised."""
        try:
            getattr(client, self.operation)(**self.asked)
        except ClientError as error:
            if error.response["Error"]["Code"] in ENDED:
                return False
            raise
        return True


USUAL = (
    Probe(service="s3", operation="list_buckets"),
    Probe(service="dynamodb", operation="list_tables"),
    Probe(service="ec2", operation="describe_regions"),
    Probe(service="iam", operation="list_account_aliases"),
    Probe(service="lambda", operation="list_functions"),
    Probe(service="logs", operation="describe_log_groups"),
    Probe(service="cloudwatch", operation="describe_alarms"),
    Probe(service="ssm", operation="describe_parameters"),
    Probe(service="kms", operation="list_aliases"),
)
"""Each reads names at most; one of them nearly every role may make."""
READING = ("describe_", "get_", "head_", "list_")


def parse(text: str) -> Probe:
    """`s3 list_objects_v2 Bucket=the-bucket`. Raises ConfigError."""
    service, _, rest = text.strip().partition(" ")
    operation, *said = rest.split() or [""]
    pairs = [pair.partition("=") for pair in said]
    if not operation.startswith(READING) or not all(name and eq for name, eq, _ in pairs):
        message = (
            "PROBE is a call that reads and that the lent role may make, such as "
            f"'s3 list_objects_v2 Bucket=NAME', not {text!r}"
        )
        raise ConfigError(message)
    return Probe(
        service=service, operation=operation, asked={name: value for name, _, value in pairs}
    )


def find(hands: Hands, lease: Mapping[str, Any], named: Probe | None) -> tuple[Probe, Any]:
    """With a client that makes it. Raises NotHere if the lease may make none of those known."""
    for probe in (named,) if named else USUAL:
        try:
            client = hands.leased(lease, probe.service)
            if probe.is_let(client):
                return probe, client
        except (ParamValidationError, UnknownServiceError, AttributeError) as error:
            message = f"PROBE is no call: {error}"
            raise NotHere(message) from error
        except ClientError as error:
            if named:
                message = f"{probe} did not work before the end either: {error}"
                raise NotHere(message) from error
    refused = f"not make {named}" if named else "make none of the usual calls"
    message = (
        f"the lent role may {refused}: name a call that it may make, "
        "PROBE='s3 list_objects_v2 Bucket=NAME'"
    )
    raise NotHere(message)
