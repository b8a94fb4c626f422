"""`pam resources` says of which access an outage at its end changes nothing."""

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
