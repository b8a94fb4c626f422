"""A first deployment that fails leaves nothing that is in the way of the next one."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stacks.config import ConfigError, Protection, load_protection
from stacks.foundation_digest import METADATA_KEY
from stacks.synthesis import build, new_app, templates
from tests.stacks.conftest import TWO_ACCOUNTS
from tests.stacks.template import Deployment, as_list

NAMES = ("AliasName", "BucketName", "FunctionName", "LogGroupName", "Name", "RoleName", "TableName")
ENDS_A_KEY = {"kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion"}
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def first() -> tuple[Found, list[bool]]:
    """The templates of prod's first deployment, and which stacks refuse their deletion."""
    app = new_app(
        "prod", protection="from-the-next-deployment", environments={"prod": TWO_ACCOUNTS}
    )
    build(app)
    refuse = [bool(each.termination_protection) for each in app.synth().stacks]
    return templates(app), refuse


def all_of(deployment: Deployment) -> Found:
    found = {"foundation": deployment.foundation, "service": deployment.service}
    if deployment.witness is not None:
        found["witness"] = deployment.witness
    return {f"pam-{deployment.env_name}-{part}": dict(each) for part, each in found.items()}


def resources(found: Found) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack, template in found.items():
        for name, resource in template["Resources"].items():
            yield f"{stack} {name}", resource


def test_what_outlasts_its_stack_does_not_outlast_the_roll_back_that_undoes_its_making(
    every: Deployment, two_accounts: Deployment
) -> None:
    for deployment in (every, two_accounts):
        kept = 0
        for name, resource in resources(all_of(deployment)):
            policy = resource.get("DeletionPolicy", "Delete")
            assert policy in {"Delete", "RetainExceptOnCreate"}, name
            replaced = resource.get("UpdateReplacePolicy", "Delete")
            assert replaced == {"Delete": "Delete"}.get(policy, "Retain"), name
            kept += policy != "Delete"
        assert kept >= 2


def test_nothing_is_protected_against_the_roll_back_of_a_first_deployment(
    first: tuple[Found, list[bool]],
) -> None:
    found, refuse = first

    assert len(refuse) > 2
    assert not any(refuse)
    for name, resource in resources(found):
        properties = resource.get("Properties", {})
        protected = [key for key in _keys(properties) if "DeletionProtection" in key]
        assert not any(_values(properties, key) == [True] for key in protected), name
        if resource["Type"] == "AWS::KMS::Key":
            by_account = properties["KeyPolicy"]["Statement"][0]
            assert set(as_list(by_account["Action"])) >= ENDS_A_KEY, name


def test_the_deployment_after_it_protects_and_changes_nothing_else(
    first: tuple[Found, list[bool]], two_accounts: Deployment
) -> None:
    # A forwarder keeps nothing.
    unprotected = {name: each for name, each in first[0].items() if "-activity-" not in name}
    protected = all_of(two_accounts)

    assert unprotected != protected
    assert _without_protection(unprotected) == _without_protection(protected)


def test_whoever_does_not_ask_for_it_is_protected_at_once() -> None:
    assert load_protection(None) is Protection.ON
    for value in ("off", "", True, "first"):
        with pytest.raises(ConfigError, match="-c protection must be one of on, from-the-next"):
            load_protection(value)


def test_no_configuration_can_go_without_protection_for_good() -> None:
    entry = {"region": "eu-west-1", "protection": "from-the-next-deployment"}
    with pytest.raises(ConfigError, match="unknown key 'protection'"):
        build(new_app("prod", environments={"prod": entry}))


@pytest.mark.parametrize("env_name", ["dev", "local"])
def test_where_data_is_not_retained_nothing_that_stays_has_a_name_that_is_wanted_again(
    env_name: str, deployment_of: Callable[[str], Deployment]
) -> None:
    stays = [
        (name, resource)
        for name, resource in resources(all_of(deployment_of(env_name)))
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    ]

    assert {r["Type"] for _, r in stays} == {
        "AWS::ApiGateway::Account",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
    }
    for name, resource in stays:
        assert not set(resource.get("Properties", {})) & set(NAMES), name


def test_the_key_of_an_archive_stays_as_long_as_the_archive(every: Deployment) -> None:
    _, bucket = every.only("AWS::S3::Bucket")
    (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key_arn = every.text(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    key = every.of_type("AWS::KMS::Key")[key_arn.removeprefix("${").removesuffix(".Arn}")]

    assert bucket["DeletionPolicy"] == key["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == key["UpdateReplacePolicy"] == "Retain"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _keys(item)
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _values(value: Any, key: str) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in _values(item, key)]
    if not isinstance(value, dict):
        return []
    own = [value[key]] if key in value else []
    return own + [found for item in value.values() for found in _values(item, key)]


def _without_protection(found: Found) -> Found:
    copy: Found = json.loads(json.dumps(found))
    for _, resource in resources(copy):
        _forget_protection(resource)
        # Follows the foundation, which is another text with its protection.
        resource.get("Metadata", {}).pop(METADATA_KEY, None)
        if resource["Type"] == "AWS::KMS::Key":
            for statement in resource["Properties"]["KeyPolicy"]["Statement"]:
                actions = set(as_list(statement["Action"])) - ENDS_A_KEY
                statement["Action"] = sorted(actions)
    return copy


def _forget_protection(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _forget_protection(item)
    if isinstance(value, dict):
        value.pop("DeletionProtectionEnabled", None)
        for item in value.values():
            _forget_protection(item)
