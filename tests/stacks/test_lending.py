"""What teams paste to lend a role is, to the word, what `PamTargetRole` makes."""

import json
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from cfnlint import api as cfn_lint
from cfnlint import decode
from cfnlint.config import ManualArgs

from stacks.pam_target_role import PamTargetRole
from stacks.synthesis import ROOT, new_app, templates
from tests.stacks.concrete import Place, Reader
from tests.stacks.policy_opinions import Asked, faults, findings

LENDING = ROOT / "docs" / "lending"
TEMPLATE = LENDING / "pam-target-role.yaml"
TERRAFORM = LENDING / "pam-target-role.tf"
OWNER, PAM = "222233334444", "111122223333"
Json = dict[str, Any]
PATHS = ["/", "/team/core/"]
_UNKNOWN_ACTION = "W3037"
"""A boundary denies by first letters what IAM may get later; cfn-lint knows no such action."""


@cache
def _made_by_the_construct(path: str) -> Json:
    stack = cdk.Stack(
        new_app("prod"), "team", env=cdk.Environment(account=OWNER, region="eu-west-1")
    )
    name = f"{path.lstrip('/')}ledger"
    PamTargetRole(stack, "Lent", role_name=name, env_name="prod", pam_account=PAM)
    app = stack.node.root
    assert isinstance(app, cdk.App)
    template = templates(app)["team"]
    return _parts(template, Place(account=OWNER))


def _made_by_the_template(path: str) -> Json:
    given = {
        "PamAccount": PAM,
        "Environment": "prod",
        "Resource": "ledger",
        "RoleName": "ledger",
        "RolePath": path,
        "RightsPolicyArns": "the owner's",
    }
    template, mistakes = decode.decode(str(TEMPLATE))
    assert not mistakes
    assert set(template["Parameters"]) == set(given)
    return _parts(template, Place(account=OWNER, parameters=given))


def _parts(template: Mapping[str, Any], place: Place) -> Json:
    """Roles and their inline policies by the role's name, and the boundary, resolved."""
    reader = Reader(template=template, outputs=template, place=place)
    made: Json = {}
    for name, resource in template["Resources"].items():
        properties = reader.resolve(resource["Properties"])
        match resource["Type"]:
            case "AWS::IAM::Policy":
                made[f"rights of {properties['Roles'][0]}"] = properties["PolicyDocument"]
            case "AWS::IAM::ManagedPolicy":
                made[reader.arn(name)] = properties["PolicyDocument"]
            case "AWS::IAM::Role":
                for inline in properties.get("Policies", []):
                    made[f"rights of {properties['RoleName']}"] = inline["PolicyDocument"]
                made[properties["RoleName"]] = {
                    "trust": properties["AssumeRolePolicyDocument"],
                    "path": properties.get("Path", "/"),
                    "longest": properties["MaxSessionDuration"],
                    "boundary": properties.get("PermissionsBoundary"),
                    "tags": {each["Key"]: each["Value"] for each in properties["Tags"]},
                }
    return made


def _read_terraform() -> Json:
    """By a parser of HCL, in the environment of the second opinions; quotes and comments gone."""
    code = "import hcl2, json, sys; json.dump(hcl2.load(sys.stdin), sys.stdout)"
    done = subprocess.run(
        [ROOT / ".pam" / "opinions" / "bin" / "python", "-c", code],
        input=TERRAFORM.read_text(encoding="utf-8"),
        capture_output=True,
        text=True,
        check=True,
    )
    made: Json = {}
    for block in json.loads(done.stdout)["resource"]:
        for kind, named in block.items():
            for name, body in named.items():
                made[f"{kind}.{name}".replace('"', "")] = body
    return made


def _made_by_terraform(path: str) -> Json:
    boundary = f"arn:aws:iam::{OWNER}:policy/pam/ledger-boundary"
    values = {
        "var.pam_account": PAM,
        "var.environment": "prod",
        "var.resource": "ledger",
        "var.role_name": "ledger",
        "var.role_path": path,
        "data.aws_partition.current.partition": "aws",
        "aws_iam_role.lent.arn": f"arn:aws:iam::{OWNER}:role{path}ledger",
        "aws_iam_role.revoker.id": "ledger-pam-revoker",
        "aws_iam_policy.boundary.arn": boundary,
    }

    def text(value: Any) -> str:
        return re.sub(r"\$\{([\w.]+)\}", lambda m: values[m[1]], str(value)).strip('"')

    def document(value: Any) -> Json:
        found: Json = json.loads(re.sub(r"^<<JSON\n|\nJSON$", "", text(value)))
        return found

    read = _read_terraform()
    bound, policy = read["aws_iam_policy.boundary"], read["aws_iam_role_policy.revoker"]
    made: Json = {
        f"arn:aws:iam::{OWNER}:policy{text(bound['path'])}{text(bound['name'])}": document(
            bound["policy"]
        ),
        f"rights of {text(policy['role'])}": document(policy["policy"]),
    }
    for role in (read["aws_iam_role.lent"], read["aws_iam_role.revoker"]):
        limit = role.get("permissions_boundary")
        made[text(role["name"])] = {
            "trust": document(role["assume_role_policy"]),
            "path": text(role["path"]),
            "longest": role["max_session_duration"],
            "boundary": text(limit) if limit else None,
            "tags": {text(k): text(v) for k, v in role["tags"].items() if not k.startswith("__")},
        }
    return made


@pytest.mark.parametrize("path", PATHS)
def test_the_template_makes_what_the_construct_makes(path: str) -> None:
    made = _made_by_the_template(path)
    assert made == _made_by_the_construct(path)
    assert len(made) == 4


@pytest.mark.parametrize("path", PATHS)
def test_the_terraform_file_says_word_by_word_what_the_construct_makes(path: str) -> None:
    assert _made_by_terraform(path) == _made_by_the_construct(path)


def test_the_terraform_file_makes_nothing_else_but_the_owners_rights() -> None:
    assert set(_read_terraform()) == {
        "aws_iam_policy.boundary",
        "aws_iam_role.lent",
        "aws_iam_role.revoker",
        "aws_iam_role_policy.revoker",
        "aws_iam_role_policy_attachment.rights",
    }


def test_cfn_lint_finds_nothing_in_the_template_and_rejects_a_broken_one() -> None:
    config = ManualArgs(regions=["eu-west-1"], ignore_checks=[_UNKNOWN_ACTION])
    text = TEMPLATE.read_text(encoding="utf-8")
    assert cfn_lint.lint(text, config=config) == []
    assert cfn_lint.lint(text.replace("MaxSessionDuration", "MaxDuration"), config=config)


@pytest.mark.parametrize(
    "part", ["activator", "?*", "3600", "iam:Pu*", "MOD-046\n", "-pam-revoker"]
)
def test_one_other_word_in_what_is_pasted_is_found(
    part: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name, path in (("TEMPLATE", TEMPLATE), ("TERRAFORM", TERRAFORM)):
        text = path.read_text(encoding="utf-8")
        spoilt = tmp_path / path.name
        wanted = 'MOD-046"' if path is TERRAFORM and part.startswith("MOD") else part
        at = text.rindex(wanted)
        other = wanted.translate(str.maketrans("a?36iM-", "b*97jN+"))
        spoilt.write_text(text[:at] + other + text[at + len(wanted) :], encoding="utf-8")
        monkeypatch.setitem(globals(), name, spoilt)
    construct = _made_by_the_construct("/")
    assert _made_by_the_template("/") != construct
    assert _made_by_terraform("/") != construct


def test_others_find_nothing_in_the_policies_of_a_lent_role() -> None:
    made = _made_by_the_template("/team/core/")
    asked = [
        Asked(
            name=f"boundary, {name}" if name.startswith("arn:") else name,
            kind="trust" if "trust" in part else "identity",
            document=part.get("trust", part),
        )
        for name, part in made.items()
    ]
    assert faults(findings(asked)) == []
