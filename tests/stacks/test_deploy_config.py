"""What may stand in cdk.json, and what the person who wrote something else is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_logs as logs

from stacks.config import (
    BundleMode,
    BundlePlatform,
    ConfigError,
    DeployConfig,
    Synthesizer,
    load_bundle_mode,
    load_config,
)
from stacks.config_checks import LOG_RETENTION_DAYS, check, check_retention


@pytest.fixture
def environments(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "cdk.json").read_text())["context"][
        "environments"
    ]
    return found


def test_there_is_no_default_environment(environments: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"say -c env=NAME with one of: dev, local, prod, uat"):
        load_config(None, environments)


@pytest.mark.parametrize("env_name", ["production", "PROD", "", 7, ["prod"]])
def test_an_unknown_environment_falls_through_to_none(
    environments: dict[str, Any], env_name: object
) -> None:
    with pytest.raises(ConfigError):
        load_config(env_name, environments)


@pytest.mark.parametrize("env_name", ["prod", "uat"])
def test_data_is_retained_where_it_matters(environments: dict[str, Any], env_name: str) -> None:
    config = load_config(env_name, environments)

    assert config.retain_data
    assert config.audit_retention_days == 3653
    assert config.synthesizer is Synthesizer.DEFAULT
    assert config.bundle_platform is BundlePlatform.AWS_ARM64


def test_what_is_not_said_is_the_strict_choice() -> None:
    config = load_config("new", {"new": {"region": "eu-west-1"}})

    assert config == DeployConfig(env_name="new", region="eu-west-1")
    assert config.retain_data


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({}, "cdk.json: environments.x: 'region' is missing"),
        ([], "cdk.json: environments.x must be an object"),
        ({"region": "r", "retain": True}, "environments.x: unknown key 'retain'"),
        ({"region": 5}, "environments.x.region must be a str, not 5"),
        ({"region": "r", "retain_data": "no"}, "a bool, not 'no': write true or false, without"),
        ({"region": "r", "throttle_rate": True}, "throttle_rate must be a int, not True"),
        ({"region": "r", "throttle_rate": 0}, "throttle_rate must be at least 1, not 0"),
        (
            {"region": "r", "account": 123456789012},
            "account must be a str, not 123456789012: write it in quotes",
        ),
        ({"region": "r", "synthesizer": "x"}, "must be one of default, cli-credentials, not 'x'"),
        ({"region": "r", "checkpoint_minutes": 61}, "checkpoint_minutes must be at most 60"),
        ({"region": "r", "witness": True}, "witness must be a str, not True"),
        ({"region": "r", "rotation": True}, "must be one of none, function, schedule, not True"),
        ({"region": "r", "database_sslmode": "prefer"}, "verify-full, require, disable"),
        ({"region": "r", "vpc_subnet_ids": "subnet-1"}, "vpc_subnet_ids must be a list of texts"),
        ({"region": "r", "vpc_subnet_ids": ["subnet-1"]}, "vpc_security_group_ids go together"),
        ({"region": "r", "bundle_platform": None}, "must be one of aws-arm64, host, not None"),
    ],
)
def test_a_fault_is_told_in_one_line_that_names_the_place(entries: object, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("x", {"x": entries})

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_account_may_be_left_open() -> None:
    assert load_config("x", {"x": {"region": "r", "account": None}}).account is None


def test_functions_are_packed_whole_unless_asked_otherwise() -> None:
    assert load_bundle_mode(None) is BundleMode.BUILD
    assert load_bundle_mode("skip") is BundleMode.SKIP
    with pytest.raises(ConfigError, match=r"-c bundle must be one of build, skip, not 'no'"):
        load_bundle_mode("no")


@pytest.mark.parametrize("name", ["audit_retention_days", "operational_retention_days"])
@pytest.mark.parametrize("days", [2, 45, 364, 366, 3652, 3654, 10000])
def test_days_that_cloudwatch_logs_does_not_take_are_refused(name: str, days: int) -> None:
    config = DeployConfig(env_name="x", region="r", **{name: days})

    with pytest.raises(ConfigError, match=f"{name}: CloudWatch Logs takes no {days} days"):
        check_retention(config)


def test_the_days_are_those_of_the_construct_library() -> None:
    known = {member.name for member in logs.RetentionDays} - {"INFINITE"}

    assert len(LOG_RETENTION_DAYS) == len(known)


@pytest.mark.parametrize(
    ("retained", "days", "allowed"),
    [
        (True, 2557, True),
        (True, 36500, True),
        (True, 36501, False),
        (False, 1, True),
        (False, 30, True),
        (False, 31, False),
        (False, 2557, False),
    ],
)
def test_what_is_meant_to_be_deleted_locks_no_archive_for_long(
    retained: bool, days: int, allowed: bool
) -> None:
    config = DeployConfig(
        env_name="x", region="r", retain_data=retained, archive_retention_days=days
    )
    if allowed:
        check_retention(config)
        return
    with pytest.raises(ConfigError, match="archive_retention_days"):
        check_retention(config)


def test_every_environment_as_shipped_passes_every_check(environments: dict[str, Any]) -> None:
    for env_name in environments:
        check(load_config(env_name, environments))
