"""What the stacks make for lent databases, with each switch of the configuration."""

from typing import Any

import pytest

from stacks import rds_roots
from tests.stacks.conftest import production
from tests.stacks.template import Deployment

NETWORK = {
    "vpc_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    "vpc_security_group_ids": ["sg-0a1b2c3d"],
}
CONNECTED = ("activate_session", "issue_credentials", "revoke_session", "rotate_secret")


@pytest.fixture(scope="module")
def switched_on(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Production with everything on, under the rules of every other deployment."""
    certificates = tmp_path_factory.mktemp("ca") / "rds.pem"
    certificates.write_bytes(rds_roots.of_region("eu-central-1"))
    return production(**NETWORK, rotation="schedule", database_ca=str(certificates))


def test_without_the_switch_nothing_rotates(prod: Deployment) -> None:
    assert prod.of_type("AWS::SecretsManager::RotationSchedule") == {}
    handlers = [f["Properties"]["Handler"] for f in prod.of_type("AWS::Lambda::Function").values()]
    assert "rotate_secret.handler" not in handlers


def test_the_local_stack_rotates_without_a_schedule(deployment_of: Any) -> None:
    local = deployment_of("local")
    assert local.function("rotate_secret")
    assert local.of_type("AWS::SecretsManager::RotationSchedule") == {}


def test_with_the_switch_each_rotated_secret_is_set_up_and_not_rotated_by_that(
    switched_on: Deployment,
) -> None:
    _, schedule = switched_on.only("AWS::SecretsManager::RotationSchedule")
    properties = schedule["Properties"]
    assert properties["SecretId"] == "bank/core-reporting-db/reports"
    assert properties["RotateImmediatelyOnUpdate"] is False
    assert properties["RotationRules"] == {"AutomaticallyAfterDays": 30}
    function = f"${{{switched_on.function('rotate_secret')[0]}.Arn}}"
    assert switched_on.text(properties["RotationLambdaARN"]) == function


def test_only_secrets_manager_of_this_account_may_call_the_rotation(
    switched_on: Deployment,
) -> None:
    function = f"${{{switched_on.function('rotate_secret')[0]}.Arn}}"
    allowed = [
        permission["Properties"]
        for permission in switched_on.of_type("AWS::Lambda::Permission").values()
        if switched_on.text(permission["Properties"]["FunctionName"]) == function
    ]
    (permission,) = allowed
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


@pytest.mark.parametrize("handler", CONNECTED)
def test_functions_that_reach_databases_join_the_network(
    switched_on: Deployment, handler: str
) -> None:
    _, function = switched_on.function(handler)
    assert function["Properties"]["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
        "SecurityGroupIds": ["sg-0a1b2c3d"],
    }
    actions = {action for right in switched_on.rights_of(handler) for action in right.actions}
    assert {action for action in actions if action.startswith("ec2:")} == {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }


def test_the_others_do_not_and_without_a_network_none_does(
    switched_on: Deployment, prod: Deployment
) -> None:
    joined = [
        function["Properties"]["Handler"].removesuffix(".handler")
        for function in switched_on.of_type("AWS::Lambda::Function").values()
        if "VpcConfig" in function["Properties"]
    ]
    assert sorted(joined) == sorted(CONNECTED)
    for function in prod.of_type("AWS::Lambda::Function").values():
        assert "VpcConfig" not in function["Properties"]


@pytest.mark.parametrize("handler", ["issue_credentials", "revoke_session"])
def test_databases_are_trusted_by_their_certificate(
    prod: Deployment, switched_on: Deployment, handler: str
) -> None:
    def how(deployment: Deployment) -> tuple[str, str]:
        variables = deployment.function(handler)[1]["Properties"]["Environment"]["Variables"]
        return (
            variables["PAM_DATABASE_SSLMODE"],
            variables["PAM_DATABASE_ROOT_CERTIFICATE"],
        )

    assert how(prod) == ("verify-full", "database-ca.pem")
    assert how(switched_on) == ("verify-full", "database-ca.pem")
