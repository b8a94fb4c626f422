"""What one may ask for, and how many must agree to it, as the policies say for the caller."""

import json
from collections.abc import Callable

import pytest

from tests.handlers.conftest import Function, call

NEEDED = {
    "alice": {
        "core-ledger-admin": (2, 0),
        "core-ledger-uat-admin": (1, 0),
        "core-sandbox-admin": (0, 0),
        "kyc-documents-read": (3, 1),
    },
    "kim": {"core-ledger-admin": (3, 1), "kyc-documents-read": (2, 0), "kyc-sandbox-read": (0, 0)},
    "bob": {},
}


@pytest.mark.parametrize("who", NEEDED)
def test_each_resource_says_how_many_must_approve_for_this_caller(
    function: Callable[[str], Function], who: str
) -> None:
    answer = function("request_api")(call("GET", "/pam/resources", who))
    items = json.loads(answer["body"])["items"]
    needed = {item["resource"]: tuple(item["approvals"].values()) for item in items}
    assert NEEDED[who].items() <= needed.items()
    assert bool(items) is bool(NEEDED[who])
