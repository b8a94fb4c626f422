"""Account, region and partition: checked in words, and no template takes one for given."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from pam.domain import role_limits
from pam.policy.compiled import PolicyError
from pam.policy.compiler import read
from stacks.config import ConfigError, DeployConfig
from stacks.pam_target_role import PamTargetRole
from stacks.place import check_partition, check_place
from stacks.synthesis import ROOT, build, new_app, templates
from stacks.vendor_config import IdentityCenterConfig

Placed = Callable[[str], str]
ACCOUNT = "111122223333"


def config(**given: Any) -> DeployConfig:
    return DeployConfig(**{"env_name": "x", "region": "eu-west-1", **given})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an account of five digits": ({"account": "12345"}, "environments.x.account must be 12 digits"),
    "an account of thirteen": ({"account": f"{ACCOUNT}1"}, "account must be 12 digits"),
    "an account with hyphens": ({"account": "1111-2222-3333"}, "account must be 12 digits"),
    "an account that is empty": ({"account": ""}, "account must be 12 digits"),
    "an account by its alias": ({"account": "bank-prod"}, "account must be 12 digits"),
    "an account in other digits": ({"account": chr(0x661) * 12}, "account must be 12 digits"),
    "an account and a line end": ({"account": f"{ACCOUNT}\n"}, "account must be 12 digits"),
    "a witness's account": ({"witness_account": "0"}, "witness_account must be 12 digits"),
    "a misspelt region": ({"region": "eu-wst-1"}, "'eu-wst-1' is no region of AWS; is eu-west-1"),
    "a zone": ({"region": "eu-west-1a"}, "'eu-west-1a' is no region of AWS; is eu-west-1 meant?"),
    "a region in capitals": ({"region": "EU-WEST-1"}, "is no region of AWS"),
    "a region's name for people": ({"region": "Ireland"}, "'Ireland' is no region of AWS"),
    "a region that is empty": ({"region": ""}, "'' is no region of AWS"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_place_that_is_none_is_told_in_one_line(case: str) -> None:
    given, says = WRONG[case]
    with pytest.raises(ConfigError) as fault:
        check_place(config(**given))
    assert says in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("region", ["eu-west-1", "eusc-de-east-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("account", [None, ACCOUNT, "000000000000", "000123456789"])
def test_a_place_that_is_one_is_taken(region: str, account: str | None) -> None:
    check_place(config(region=region, account=account, witness_account=account))


def test_the_synthesis_looks_at_the_place_before_it_makes_anything() -> None:
    far = {"far": {"region": "eu-wst-1", "witness": "none: a test, on whose trail nobody relies"}}
    with pytest.raises(ConfigError, match="is no region of AWS"):
        build(new_app("far", environments=far))


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    """The catalogue as shipped, with a role that has a path."""
    policy = shutil.copytree(ROOT / "policy", tmp_path / "policy")
    path = policy / "catalogue.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("role_name: pam-target-core-sandbox-admin", "role_name: /team/core/sandbox")
    )
    return policy


def test_a_target_in_another_partition_is_refused_with_its_place(policy_dir: Path) -> None:
    path = policy_dir / "catalogue.yaml"
    text = path.read_text().replace("core/sandbox", "core/sandbox, region: us-gov-west-1")
    path.write_text(text)
    files = read(policy_dir, policy_dir / "identities.yaml")
    lines = text.splitlines()
    line = next(n for n, each in enumerate(lines, start=1) if "- id: core-sandbox-admin" in each)
    with pytest.raises(PolicyError) as fault:
        check_partition(config(), files)
    assert str(fault.value).startswith(f"{path}:{line}: core-sandbox-admin: us-gov-west-1 is in ")
    check_partition(
        config(region="us-gov-east-1"), read(ROOT / "policy", policy_dir / "identities.yaml")
    )


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_a_permission_set_of_another_partition_is_refused_with_its_place(region: str) -> None:
    """Where the deployment lends at Identity Center; else nothing asks for it."""
    files = read(ROOT / "policy", ROOT / "policy" / "identities.yaml")
    place = files.catalogue.places["core-payments-admin"]
    check_partition(config(region=region), files)
    lends = config(region=region, identity_center=IdentityCenterConfig())
    with pytest.raises(PolicyError) as fault:
        check_partition(lends, files)
    says = f"{place}: core-payments-admin: instance is in aws; PAM is deployed to {region}"
    assert str(fault.value).startswith(says)
    check_partition(config(identity_center=IdentityCenterConfig()), files)


def test_an_instance_and_its_permission_set_are_of_one_partition(policy_dir: Path) -> None:
    path = policy_dir / "catalogue.yaml"
    text = path.read_text()
    lines = text.splitlines()
    line = next(n for n, it in enumerate(lines, start=1) if "- id: core-payments-admin" in it)
    path.write_text(text.replace("arn:aws:sso:::instance/", "arn:aws-cn:sso:::instance/"))
    with pytest.raises(PolicyError, match="in two partitions of AWS") as fault:
        read(policy_dir, policy_dir / "identities.yaml")
    assert str(fault.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ],
)
def test_no_template_takes_the_partition_for_given(
    policy_dir: Path, region: str, partition: str, suffix: str
) -> None:
    far = {
        # The package has no root of RDS there.
        "database_ca": "stacks/certificates/rds-roots.pem",
        "region": region,
        "account": ACCOUNT,
        "witness": "none: a test, on whose trail nobody relies",
        "policy_dir": str(policy_dir),
        "identities": str(policy_dir / "identities.yaml"),
    }
    app = new_app("far", environments={"far": far})
    build(app)
    text = json.dumps(templates(app))
    assert '"arn:aws:' not in text
    assert "arn:aws:" not in text
    assert f"role/team/core/sandbox{role_limits.revoker_role_name('')}" in text
    assert f'{region}.amazonaws.com"' not in text
    for service in ("dynamodb", "s3", "logs"):
        assert f"{service}.{region}.{suffix}" in text
    assert f"sts.{suffix}" in text
    assert f"arn:{partition}:iam::{ACCOUNT}:role/team/core/sandbox" in text or (
        "AWS::Partition" in text and f":iam::{ACCOUNT}:role/team/core/sandbox" in text
    )


def test_a_lent_role_and_its_companion_have_the_path_of_the_catalogue() -> None:
    app = new_app("prod")
    stack = cdk.Stack(app, "team", env=cdk.Environment(account=ACCOUNT, region="eusc-de-east-1"))
    PamTargetRole(stack, "Ledger", role_name="team/core/ledger", env_name="prod")
    made = [each["Properties"] for each in templates(app)["team"]["Resources"].values()]
    roles = {each["RoleName"]: each["Path"] for each in made if "RoleName" in each}
    assert roles == {"ledger": "/team/core/", "ledger-pam-revoker": "/team/core/"}
    (boundary,) = (each for each in made if "ManagedPolicyName" in each)
    assert (boundary["ManagedPolicyName"], boundary["Path"]) == ("ledger-boundary", "/pam/")
    assert boundary["PolicyDocument"] == role_limits.boundary("team/core/ledger", iam_writes=False)
    assert "arn:aws:" not in json.dumps(made)
