"""The region of a deployment says its partition; AWS's own list is the judge."""

import re
from typing import Any

import botocore.session
import pytest

from pam.domain.kinds import KINDS
from pam.domain.partitions import PARTITION, REGION, partition_of, partition_of_arn
from tests.fakes.story import COMPILED

LISTED: list[dict[str, Any]] = botocore.session.get_session().get_data("partitions")["partitions"]
REGIONS = {
    region: partition["id"]
    for partition in LISTED
    for region in partition["regions"]
    if not region.endswith("-global")
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_of_the_partition_that_aws_says(region: str) -> None:
    assert partition_of(region) == REGIONS[region]


def test_regions_and_partitions_have_the_forms_that_are_looked_for() -> None:
    assert all(re.fullmatch(REGION, region) for region in REGIONS)
    assert all(re.fullmatch(PARTITION, partition["id"]) for partition in LISTED)
    assert {"aws", "aws-cn", "aws-us-gov", "aws-eusc"} <= set(REGIONS.values())


@pytest.mark.parametrize("region", ["eu-west-1", "eusc-de-east-1", "us-gov-west-1", "cn-north-1"])
def test_every_target_with_an_arn_is_in_the_partition_of_the_deployment(region: str) -> None:
    for resource in COMPILED.resources:
        target = resource.target(account="111122223333", region=region)
        if "arn" in target.names:
            assert target.arn.startswith(f"arn:{REGIONS[region]}:"), resource.resource_id


def test_no_row_of_the_table_names_a_partition() -> None:
    templates = [name for kind in KINDS.values() for name in kind.names.values()]
    assert not [each for each in templates if "arn:aws" in each]


@pytest.mark.parametrize(
    "arn", ["", "arn", "arn:aws", "arn::iam::1:role/x", "arn:AWS:iam::1:role/x", "aws:aws:iam"]
)
def test_what_is_no_arn_has_no_partition(arn: str) -> None:
    with pytest.raises(ValueError, match="no ARN"):
        partition_of_arn(arn)
