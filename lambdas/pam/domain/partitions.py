"""The partitions of AWS: where PAM is deployed decides it, by the region.

An account, its ARNs and its roles are all of one partition, and nothing reaches from one into
another. So the region of a deployment says all that its ARNs need.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

COMMERCIAL = "aws"
_BY_BEGINNING: Mapping[str, str] = MappingProxyType(
    {
        "cn": "aws-cn",
        "eusc": "aws-eusc",
        "us-gov": "aws-us-gov",
        "us-iso": "aws-iso",
        "us-isob": "aws-iso-b",
        "eu-isoe": "aws-iso-e",
        "us-isof": "aws-iso-f",
    }
)
"""By what the names of their regions begin with, up to the next hyphen."""
_SPEAKS_FOR_GLOBAL: Mapping[str, str] = MappingProxyType(
    {
        COMMERCIAL: "us-east-1",
        "aws-cn": "cn-north-1",
        "aws-eusc": "eusc-de-east-1",
        "aws-us-gov": "us-gov-west-1",
        "aws-iso": "us-iso-east-1",
        "aws-iso-b": "us-isob-east-1",
        "aws-iso-e": "eu-isoe-west-1",
        "aws-iso-f": "us-isof-south-1",
    }
)
"""By partition: the region where CloudTrail tells of services that have no region, such as IAM."""
PARTITION = r"aws(?:-[a-z]{1,8}){0,2}"
REGION = r"[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}"
_PARTITION = re.compile(PARTITION, re.ASCII)


def partition_of(region: str) -> str:
    """`region`: its name, such as `eusc-de-east-1`."""
    first, second = [*region.split("-"), "", ""][:2]
    return _BY_BEGINNING.get(f"{first}-{second}") or _BY_BEGINNING.get(first, COMMERCIAL)


def global_region_of(region: str) -> str:
    """The region of the same partition in which CloudTrail tells of IAM and of other services that
    have none.
    """
    return _SPEAKS_FOR_GLOBAL[partition_of(region)]


def partition_of_arn(arn: str) -> str:
    """Raises ValueError for what is no ARN."""
    parts = arn.split(":", 2)
    if len(parts) < 3 or parts[0] != "arn" or not _PARTITION.fullmatch(parts[1]):  # noqa: PLR2004
        message = f"no ARN: {arn!r}"
        raise ValueError(message)
    return parts[1]
