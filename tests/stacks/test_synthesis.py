"""The gates: every environment synthesises; cdk-nag (two packs) and cfn-lint find nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cfnlint import api as cfn_lint
from cfnlint.config import ManualArgs
from ministack.services.cloudformation import provisioners

from pam.policy.compiled import PolicyError
from stacks.synthesis import NOT_DEPLOYABLE, apply_rules, build, new_app
from tests.stacks.conftest import ENVIRONMENTS
from tests.stacks.template import Deployment

# The construct library writes a DependsOn on a role beside each reference to it.
_REDUNDANT_DEPENDENCY = "W3005"


@pytest.mark.parametrize("env_name", ENVIRONMENTS)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(env_name: str) -> None:
    app = new_app(env_name)
    apply_rules(app)
    build(app)

    app.synth()


@pytest.fixture(scope="module")
def said_of_an_unencrypted_bucket() -> str:
    """With what the synthesis fails."""
    app = new_app("prod")
    apply_rules(app)
    stack = build(app).node.find_child("Service")
    assert isinstance(stack, cdk.Stack)
    s3.Bucket(stack, "Unencrypted")

    with pytest.raises(Exception, match="Unencrypted") as caught:
        app.synth()
    return str(caught.value)


def test_the_cdk_nag_gate_is_armed(said_of_an_unencrypted_bucket: str) -> None:
    assert "AwsSolutions-S10" in said_of_an_unencrypted_bucket


def test_the_nist_gate_is_armed(said_of_an_unencrypted_bucket: str) -> None:
    assert "R5-S3BucketVersioningEnabled" in said_of_an_unencrypted_bucket


@pytest.mark.parametrize("part", ["foundation", "service"])
@pytest.mark.parametrize("env_name", [name for name in ENVIRONMENTS if name != "prod"])
def test_cfn_lint_finds_nothing(
    deployment_of: Callable[[str], Deployment], env_name: str, part: str
) -> None:
    assert _lint(json.dumps(getattr(deployment_of(env_name), part))) == []


def test_cfn_lint_finds_nothing_in_prod_with_everything_on(everything_on: Deployment) -> None:
    assert len(everything_on.templates()) >= len(["foundation", "service", "witness"])
    for template in everything_on.templates():
        assert _lint(json.dumps(template)) == []


def test_the_cfn_lint_gate_is_armed(prod: Deployment) -> None:
    broken = json.loads(json.dumps(prod.foundation))
    table = broken["Resources"][prod.table()[0]]
    table["Properties"]["BillingMode"] = "FREE"

    assert _lint(json.dumps(broken)) != []


def _lint(template: str) -> list[str]:
    found = cfn_lint.lint(
        template,
        config=ManualArgs(
            regions=["eu-west-1", "us-east-1", "ap-southeast-2"],
            ignore_checks=[_REDUNDANT_DEPENDENCY],
        ),
    )
    return [str(match) for match in found]


def test_the_emulator_knows_every_resource_type(
    deployment_of: Callable[[str], Deployment],
) -> None:
    # It refuses a template whole for one type that it does not know.
    local = deployment_of("local")
    kinds = {
        resource["Type"]
        for template in (local.foundation, local.service)
        for resource in template["Resources"].values()
    }

    assert kinds <= set(provisioners._RESOURCE_HANDLERS)


def test_no_template_names_an_account_that_was_not_configured(prod: Deployment) -> None:
    """But for those from which people call: the API's own policy names them."""
    service = prod.service["Resources"]
    others = [each for each in service.values() if each["Type"] != "AWS::ApiGateway::RestApi"]
    text = prod.text([prod.foundation, others])

    assert "000000000000" not in text
    assert "111122223333" not in text


def test_a_faulty_policy_stops_synthesis_and_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "catalogue.yaml").write_text("defaults: {}\nresources: []\n")
    environment = {"region": "eu-west-1", "policy_dir": str(tmp_path)}
    app = new_app("prod", environments={"prod": environment})

    with pytest.raises(PolicyError) as caught:
        build(app)

    assert isinstance(caught.value, NOT_DEPLOYABLE)
    assert str(caught.value).partition(": ")[0].endswith(":1")


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({}, "which environment? say -c env=NAME"),
        ({"env": "prod", "bundle": "skip", "environments": {"prod": {}}}, "'region' is missing"),
    ],
)
def test_the_app_says_what_is_wrong_in_one_line_and_fails(
    project: Path, tmp_path: Path, context: dict[str, object], told: str
) -> None:
    shipped = json.loads((project / "cdk.json").read_text())["context"]
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
        env=os.environ | {"CDK_CONTEXT_JSON": json.dumps(shipped | context)},
        capture_output=True,
        text=True,
        check=False,
    )

    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 1
    assert told in said[-1]
    assert "Traceback" not in done.stderr
