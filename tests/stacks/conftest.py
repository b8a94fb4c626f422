"""One synthesis of each environment for the whole test session: starting the library costs 5 s."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.synthesis import ROOT, build, new_app, templates
from tests.stacks.template import Deployment

TWO_ACCOUNTS = {
    "region": "eu-west-1",
    "account": "111111111111",
    "witness_account": "222222222222",
}
EVERYTHING_ON: dict[str, Any] = {
    **TWO_ACCOUNTS,
    "rotation": "schedule",
    "cloudtrail": "bank-trail",
    "activity_regions": ["eu-central-1"],
    "reserved_concurrency": True,
    "traces": True,
    "vpc_subnet_ids": ["subnet-0123456789abcdef0"],
    "vpc_security_group_ids": ["sg-0123456789abcdef0"],
    "notify": [
        {"topic": "tier1", "endpoint": "https://calls.bank.example/pam"},
        {
            "topic": "approvers",
            "endpoint": "core-approvers@bank.example",
            "filter": {"domain": ["bank-core"], "environment": ["prod", "uat"]},
        },
    ],
}
ENVIRONMENTS = sorted(json.loads((ROOT / "cdk.json").read_text())["context"]["environments"])


@pytest.fixture(scope="session")
def deployment_of() -> Callable[[str], Deployment]:
    @cache
    def synthesise(env_name: str) -> Deployment:
        app = new_app(env_name)
        build(app)
        return Deployment.of(env_name, templates(app))

    return synthesise


@pytest.fixture(scope="session")
def two_accounts() -> Deployment:
    """prod in one account, and its witness in another."""
    app = new_app("prod", environments={"prod": TWO_ACCOUNTS})
    build(app)
    return Deployment.of("prod", templates(app))


@pytest.fixture(scope="session")
def everything_on() -> Deployment:
    """prod with all that a deployment may have, its witness in a second account."""
    return in_region("eu-west-1")


def in_region(region: str) -> Deployment:
    app = new_app("prod", environments={"prod": EVERYTHING_ON | {"region": region}})
    build(app)
    return Deployment.of("prod", templates(app))


@pytest.fixture(params=ENVIRONMENTS)
def every(request: pytest.FixtureRequest, deployment_of: Callable[[str], Deployment]) -> Deployment:
    """Each environment in turn."""
    return deployment_of(request.param)


@pytest.fixture
def prod(deployment_of: Callable[[str], Deployment]) -> Deployment:
    return deployment_of("prod")


@pytest.fixture
def dev(deployment_of: Callable[[str], Deployment]) -> Deployment:
    return deployment_of("dev")


@pytest.fixture
def project() -> Path:
    return ROOT
