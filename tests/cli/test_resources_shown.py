"""`pam resources` says for how long, who must agree, and what an outage at the end changes."""

import re
from typing import Any

import pytest

from tests.cli.conftest import Pam
from tests.cli.fake_api import FakeApi


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ({"ends_by_itself": True}, "ends by itself"),
        ({"ends_by_itself": False}, "is ended by PAM"),
        ({"ends_by_itself": []}, "-"),
        ({}, "-"),
    ],
)
def test_it_says_what_happens_at_its_time(
    fake: FakeApi, pam: Pam, says: dict[str, Any], shown: str
) -> None:
    item = {"resource": "core", "environment": "uat", "domain": "bank-core", "title": "Core"}
    fake.on("GET /pam/resources", {"items": [item | says]})
    result = pam("resources")
    assert result.exit_code == 0, result.stderr
    assert re.split(r"\s{2,}", result.stdout.splitlines()[-1])[-2:] == [shown, "Core"]


ITEM = {
    "resource": "core",
    "environment": "uat",
    "domain": "bank-core",
    "title": "Core",
    "description": "the ledger's role",
    "default_duration_seconds": 3600,
    "max_duration_seconds": 14400,
}


@pytest.mark.parametrize(
    ("approvals", "shown"),
    [
        ({"required": 2, "domain_required": 0}, "2"),
        ({"required": 3, "domain_required": 1}, "3, 1 of its domain"),
        (None, "-"),
        ({"required": "many"}, "-"),
    ],
)
def test_it_says_for_how_long_and_how_many_must_approve(
    fake: FakeApi, pam: Pam, approvals: Any, shown: str
) -> None:
    fake.on("GET /pam/resources", {"items": [ITEM | {"approvals": approvals}]})
    row = re.split(r"\s{2,}", pam("resources").stdout.splitlines()[-1])
    assert row[3:] == ["1h", "4h", shown, "-", "Core: the ledger's role"]
