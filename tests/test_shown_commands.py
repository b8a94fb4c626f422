"""Every command that a page for installers shows exists, with the options that it shows."""

import re
from pathlib import Path

import pytest

from tests.shown_commands import faults, shown

DOCS = Path(__file__).resolve().parent.parent / "docs"
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
LIMITS = (DOCS / "aws-limits.md").read_text(encoding="utf-8")
PAGES = (
    "audit.md",
    "aws-limits.md",
    "consumers.md",
    "identity-center.md",
    "incident.md",
    "install.md",
    "notices.md",
    "okta.md",
    "preflight.md",
    "roles.md",
    "slack.md",
)
SHOWN = [(page, it) for page in PAGES for it in shown((DOCS / page).read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_a_command_that_a_page_shows_exists(page: str, command: str) -> None:
    assert faults(command) == []


def test_the_readme_says_plainly_what_was_never_run_in_aws() -> None:
    said = README.partition("**What was never run in AWS:**")[2].partition("\n\n")[0]
    assert "(docs/aws-limits.md)" in said


def test_each_limit_has_its_ground_its_consequence_and_a_command() -> None:
    rows = re.findall(r"^\| (?!we assume|tool|---)(.+) \|$", LIMITS, re.MULTILINE)
    limits = [cells for row in rows if len(cells := row.split(" | ")) == 4]
    assert len(limits) > 25
    for assumed, ground, consequence, command in limits:
        assert min(map(len, (assumed, ground, consequence))) > 5, assumed
        assert list(shown(command)), assumed


WRONG = {
    "aws iam create-rolle --role-name x": "iam has no create-rolle",
    "aws iamm create-role": "no service iamm",
    "aws iam create-role --role-name x": "create-role needs --assume-role-policy-document",
    "aws iam get-role --role-nam x": "get-role has no --role-nam",
    "aws iam get-role x": "an option is expected",
    "aws cloudwatch set-alarm-state --alarm-name a --state-value loud --state-reason x": "one of",
    "aws events put-rule --name x --event-pattern {source": "no JSON",
    "aws iam get-role --role-name": "needs a value",
    "aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document "
    "file://docs/nothing.json": "no such file",
    "aws identitystore get-user-id --identity-store-id x --alternate-identifier "
    "UniqueAttribute={AttributePath=userName,AttributeValue=x}": "a shell changes it",
    "aws identitystore get-user-id --identity-store-id x --alternate-identifier "
    "'UniqueAttribute={AttributePath=userName,AttributeValue=x}'": "a document as JSON only",
    "aws rds describe-db-instances --query DBInstances[].Engine": "a shell changes it",
    "pam audit export FOLDER": "audit export needs --from or --session",
    "make instal ENV=dev": "no target instal",
    "make unstick ENVIRONMENT=dev": "the Makefile knows no ENVIRONMENT",
    "pam requst ledger": "no command requst",
    "pam request ledger --raison x": "no option --raison",
    "pam blocklist lft x": "no command lft",
    "cdk bootstrap --trusted 1": "no option --trusted",
    "cdk bake": "is not among",
}


@pytest.mark.parametrize("command", WRONG)
def test_a_command_that_does_not_exist_is_found(command: str) -> None:
    assert any(WRONG[command] in fault for fault in faults(command))


def test_commands_are_found_in_running_text_in_tables_and_in_blocks() -> None:
    text = (
        "Say `pam whoami`, or `nothing`.\n| a | `make up` |\n```yaml\npam: no command\n```\n"
        "```sh\naws sts get-caller-identity \\\n  --profile x   # who\nls\n```\n"
    )
    assert sorted(shown(text)) == [
        "aws sts get-caller-identity --profile x",
        "make up",
        "pam whoami",
    ]
