"""The pages for administrators of Identity Center and Okta say which rights PAM needs there."""

import base64
import json
import re
import subprocess
import sys
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pam.domain.kinds import IDENTITY_CENTER
from pam.kinds.identity_center.catalogue import Entry as SetEntry
from pam.kinds.okta_group.catalogue import Entry as GroupEntry
from pam.names import VendorPower, okta_key_alias, vendor_function_name
from pam.okta.api import END_SESSIONS, LEND, READ_ROLES
from pam.okta.signing import public_jwk
from stacks.identity_center import FIND_PEOPLE, ISSUE, REVOKE
from stacks.vendor_config import IdentityCenterConfig, OktaConfig

DOCS = Path(__file__).resolve().parent.parent / "docs"
CENTER, OKTA = (
    (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("identity-center", "okta")
)
BY_POWER = {"issuer": ISSUE, "revoker": REVOKE}
IN_DIRECTORY = {"issuer": FIND_PEOPLE, "revoker": ()}
"""An end goes by what was noted, and looks for nobody."""


def rows(page: str, head: str) -> list[list[str]]:
    """Of the page's table with this head."""
    found = page.partition(f"\n| {head} |\n")[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip(" `") for cell in row.strip("|").split(" | ")] for row in found]


def code(page: str, language: str, begins: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (block,) = (each for each in blocks if each.startswith(begins))
    return str(block)


@pytest.mark.parametrize(("power", "column"), [("issuer", 1), ("revoker", 2)])
def test_each_right_at_identity_center_stands_on_the_page_with_its_reason(
    power: str, column: int
) -> None:
    told = rows(CENTER, "right | issuer | revoker | what for")
    assert {row[0] for row in told if row[column] == "yes"} == {
        *BY_POWER[power],
        *IN_DIRECTORY[power],
    }
    assert all(len(row[3]) > 10 for row in told)
    assert {row[column] for row in told} <= {"yes", "no"}


def test_each_scope_at_okta_stands_on_the_page_with_its_reason() -> None:
    told = rows(OKTA, "scope | issuer | revoker | what for")
    asked = [{row[0] for row in told if row[column] == "yes"} for column in (1, 2)]
    assert asked == [{*LEND.split(), READ_ROLES}, {*LEND.split(), END_SESSIONS}]
    assert all(len(row[3]) > 10 for row in told)


@pytest.mark.parametrize("power", BY_POWER)
def test_the_policies_to_paste_have_those_rights_and_no_wildcard_action(power: str) -> None:
    text = (DOCS / "lending" / f"identity-center-{power}.json").read_text(encoding="utf-8")
    sets, *people = json.loads(text)["Statement"]
    assert sets["Action"] == sorted(BY_POWER[power])
    assert [it for each in people for it in each["Action"]] == sorted(IN_DIRECTORY[power])
    assert {each["Effect"] for each in (sets, *people)} == {"Allow"}
    assert not any("*" in resource for resource in sets["Resource"])


def test_the_trust_policy_to_paste_lets_in_one_role() -> None:
    text = (DOCS / "lending" / "identity-center-trust.json").read_text(encoding="utf-8")
    (statement,) = json.loads(text)["Statement"]
    assert statement["Principal"] == {"AWS": "FUNCTION_ROLE_ARN"}
    assert statement["Action"] == "sts:AssumeRole"


def test_the_service_control_policy_to_paste_leaves_giving_and_lengthening_to_two_roles() -> None:
    text = (DOCS / "lending" / "identity-center-scp.json").read_text(encoding="utf-8")
    (statement,) = json.loads(text)["Statement"]
    model = botocore.session.get_session().get_service_model("sso-admin")
    there = {f"sso:{name}" for name in model.operation_names}
    words = (
        "Attach",
        "CreateAccount",
        "DeleteInline",
        "DeletePermissionsBoundary",
        "Put",
        "Update",
    )
    gives = {each for each in there if each.startswith(tuple(f"sso:{word}" for word in words))}
    denied = set(statement["Action"])
    assert denied == {
        each for each in gives if each.endswith(("PermissionSet", "AccountAssignment"))
    }
    assert not {each for each in denied if "DeleteAccountAssignment" in each}, "taking away is free"
    (excepted,) = statement["Condition"].values()
    named = [arn.rpartition("/")[2] for arn in excepted["aws:PrincipalArn"]]
    assert named == [f"pam-ENV-identity-center-{power}" for power in BY_POWER]
    assert all(f"--role-name {name} " in CENTER for name in named)
    assert (statement["Effect"], list(statement["Condition"])) == ("Deny", ["ArnNotLike"])


CONFIGS: list[tuple[str, str, Any]] = [
    (CENTER, '"identity_center"', IdentityCenterConfig),
    (OKTA, '"okta"', OktaConfig),
]


@pytest.mark.parametrize(("page", "section", "config"), CONFIGS, ids=["identity-center", "okta"])
def test_the_section_of_the_config_is_as_it_is_read(page: str, section: str, config: Any) -> None:
    text = code(page, "json", section).replace("ADMIN_ACCOUNT", "111122223333")
    config.of(json.loads(f"{{{text}}}")[section.strip('"')])
    told = {
        name.strip("`") for row in rows(page, "field | meaning") for name in row[0].split("`, `")
    }
    assert told == {each.name for each in fields(config)}


@pytest.mark.parametrize(("page", "entry"), [(CENTER, SetEntry), (OKTA, GroupEntry)])
def test_the_entry_of_the_catalogue_is_as_it_is_read(page: str, entry: Any) -> None:
    (resource,) = yaml.safe_load(code(page, "yaml", "- id: "))
    assert entry(**resource["issuer"]).fault() is None


def test_the_pages_name_keys_and_functions_as_they_are() -> None:
    for power in VendorPower:
        assert f"alias/{okta_key_alias('ENV', power)} " in OKTA
        assert vendor_function_name("ENV", IDENTITY_CENTER, power) in CENTER


def test_the_policy_that_stops_a_set_denies_its_role_and_no_other() -> None:
    text = code(CENTER, "json", '{\n  "Version"')
    (statement,) = json.loads(text)["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")
    pattern = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
    role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{}AWSReservedSSO_{}_0123"
    for region in ("", "eu-central-1/"):
        assert fnmatchcase(role.format(region, "PamPayments"), pattern)
        assert not fnmatchcase(role.format(region, "PamPaymentsToo"), pattern)


def test_the_program_for_okta_makes_the_key_as_pam_itself_would(tmp_path: Path) -> None:
    program = tmp_path / "jwk.py"
    program.write_text(code(OKTA, "python", "import base64"), encoding="utf-8")
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    shown = subprocess.run(
        [sys.executable, program, base64.b64encode(der).decode(), "key-id"],
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(shown.stdout)
    assert made.items() >= public_jwk(der, "key-id").items()
    assert f"`.venv/bin/python {program.name} PUBLIC_KEY KEY_ID`" in OKTA


@pytest.mark.parametrize(
    "assumed", ["is answered as an empty list, and not left out", "DescribeUser` answers `UserId`"]
)
def test_what_is_taken_for_true_of_answers_stands_under_what_was_never_tried(assumed: str) -> None:
    told = rows(
        CENTER.partition("## What was never tried")[2], "we assume | if it is wrong | how to see"
    )
    assert any(assumed in row[0] and len(row) == 3 for row in told)


def test_what_never_ends_by_itself_is_said_where_one_begins_to_read() -> None:
    assert "**Nothing at Okta ends by itself.**" in OKTA[:1000]
    for page in (CENTER, OKTA):
        assert "ever run against" in page[:600]
        assert "## What was never tried" in page
