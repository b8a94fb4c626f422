"""One synthesis of each environment for the whole test run, whichever of its workers asks first: it
costs seconds, and starting the library as many again.
"""

import fcntl
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.synthesis import ROOT, apply_rules, build, new_app, templates
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
    "runbooks": True,
    "vpc_subnet_ids": ["subnet-0123456789abcdef0"],
    "vpc_security_group_ids": ["sg-0123456789abcdef0"],
    "slack": {
        "modes": ["socket", "http"],
        "team_ids": ["T0BANK00001"],
        "reactions": True,
        "socket_image": f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/pam/slack@sha256:{'a' * 64}",
        "socket_vpc_id": "vpc-0123456789abcdef0",
        "socket_token_arn": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:"
        "pam/prod/slack/app-token-AbCdEf",
    },
    "identity_center": {
        "region": "eu-central-1",
        "issuer_role": "arn:aws:iam::333333333333:role/PamIdentityCenterIssuer",
        "revoker_role": "arn:aws:iam::333333333333:role/PamIdentityCenterRevoker",
    },
    "okta": {
        "issuer_client_id": "0oapamissuer00000001",
        "revoker_client_id": "0oapamrevoker0000001",
        "login": "{person}@bank.example",
    },
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
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Deployment]:
    """The deployment of that name, as the first worker of this run that asked has made it."""
    mine = tmp_path_factory.getbasetemp()
    folder = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine

    def deployment(name: str, env_name: str, make: Callable[[], dict[str, Any]]) -> Deployment:
        kept = folder / f"deployment-{name}.json"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                unfinished = kept.with_suffix(".unfinished")
                unfinished.write_text(json.dumps(make()), encoding="utf-8")
                unfinished.rename(kept)
        return Deployment.of(env_name, json.loads(kept.read_text(encoding="utf-8")))

    return deployment


@pytest.fixture(scope="session")
def deployment_of(shared: Callable[..., Deployment]) -> Callable[[str], Deployment]:
    @cache
    def synthesise(env_name: str) -> Deployment:
        return shared(env_name, env_name, lambda: _templates(env_name))

    return synthesise


@pytest.fixture(scope="session")
def two_accounts(shared: Callable[..., Deployment]) -> Deployment:
    """prod in one account, and its witness in another."""
    settings = {"prod": TWO_ACCOUNTS}
    return shared("two-accounts", "prod", lambda: _templates("prod", environments=settings))


@pytest.fixture(scope="session")
def everything_on(shared: Callable[..., Deployment]) -> Deployment:
    """prod with all that a deployment may have, its witness in a second account."""
    settings = {"prod": EVERYTHING_ON}
    return shared("everything-on", "prod", lambda: _templates("prod", environments=settings))


def in_region(region: str) -> Deployment:
    there = json.loads(json.dumps(EVERYTHING_ON).replace(EVERYTHING_ON["region"], region))
    settings = {"prod": there}
    return Deployment.of("prod", _templates("prod", environments=settings))


def _templates(env_name: str, **context: object) -> dict[str, dict[str, Any]]:
    app = new_app(env_name, **context)
    build(app)
    return templates(app)


def production(**settings: object) -> Deployment:
    """The project's own prod with these settings beside or in place of its own, under the rules of
    every deployment.
    """
    prod = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["prod"]
    app = new_app("prod", environments={"prod": prod | settings})
    apply_rules(app)
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
