"""The same deployment in three regions, its witness in a second account."""

import json
import re

import pytest

from tests.stacks.conftest import EVERYTHING_ON, in_region
from tests.stacks.template import Deployment

LOG, WITNESS = EVERYTHING_ON["account"], EVERYTHING_ON["witness_account"]
CALLERS, DIRECTORY = "111122223333", "333333333333"
"""Of the shipped identities: who may call the API."""
ELSEWHERE = ["us-east-1", "ap-southeast-2"]


@pytest.mark.parametrize("region", ELSEWHERE)
def test_a_deployment_differs_between_regions_in_the_name_of_the_region_alone(
    region: str, everything_on: Deployment
) -> None:
    here, there = _text(everything_on), _text(in_region(region))
    assert region in there
    assert "eu-west-1" not in there
    assert there.replace(region, "eu-west-1") == here


def test_each_account_is_named_where_the_other_must_know_it_and_no_further_one_is(
    everything_on: Deployment,
) -> None:
    witness = json.dumps(everything_on.witness)
    own = json.dumps([everything_on.foundation, everything_on.service])
    assert LOG in witness
    assert WITNESS in own
    assert set(re.findall(r"\b[0-9]{12}\b", witness + own)) == {LOG, WITNESS, CALLERS, DIRECTORY}


def _text(deployment: Deployment) -> str:
    """Without digests, which follow from what the rest says, and without forwarders, of which each
    region has others.
    """
    own = [deployment.foundation, deployment.service, deployment.witness]
    text = json.dumps(own, sort_keys=True)
    return re.sub(
        r"\b(?:[0-9a-f]{64}|[0-9a-f]{16})\b|(?<=[0-9A-F]{8})[0-9a-f]{32}\b", "DIGEST", text
    )
