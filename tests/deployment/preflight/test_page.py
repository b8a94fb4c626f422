"""The page says of each check what it calls, and nothing that none of them calls."""

import re

from deployment.environment import ROOT
from deployment.preflight.checks import CHECKS
from deployment.preflight.reads import READS
from tests.deployment.ready import Ready

PAGE = (ROOT / "docs" / "preflight.md").read_text(encoding="utf-8")
RIGHTS = {"resourcegroupstaggingapi": "tag", "sso-admin": "sso"}
"""What IAM calls a service, where boto3 calls it otherwise."""


def test_the_page_lists_every_check_and_which_of_them_block() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (yes)? ?\|", PAGE, flags=re.MULTILINE)
    assert rows == [(check.name, "yes" if check.blocks else "") for check in CHECKS]


def test_the_page_lists_every_call() -> None:
    told = set(re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", PAGE))
    spelled = {RIGHTS.get(service, service): names for service, names in READS.items()}
    assert told == {f"{service}:{name}" for service, names in spelled.items() for name in names}


def test_each_check_makes_only_calls_that_its_row_lists() -> None:
    for check in CHECKS:
        (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{check.name}` |"))
        ready = Ready()
        ready.make(check)
        for call in ready.calls:
            service, _, name = call.partition(".")
            assert f"`{RIGHTS.get(service, service)}:{name}`" in row, (check.name, call)
