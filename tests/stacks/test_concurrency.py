"""What part of the account's Lambda quota is PAM's own."""

import json
from typing import Any

import pytest

from stacks.concurrency import AT_LEAST, LEFT_FOR_OTHERS, RESERVED, needed_quota
from stacks.synthesis import ROOT, apply_rules, build, new_app, templates
from tests.stacks.powers import AT_IDENTITY_CENTER, AT_OKTA
from tests.stacks.template import Deployment


def reserved(template: Any) -> dict[str, int]:
    return {
        each["Properties"]["Handler"].removesuffix(".handler"): each["Properties"][
            "ReservedConcurrentExecutions"
        ]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
        and "ReservedConcurrentExecutions" in each["Properties"]
    }


def test_nothing_is_reserved_unless_it_is_asked_for(every: Deployment) -> None:
    assert reserved(every.service) == {}


@pytest.mark.guarantee("G5")
def test_asked_for_it_is_reserved_for_what_ends_access_and_bounded_for_what_a_borrower_calls() -> (
    None
):
    prod = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["prod"]
    app = new_app("prod", environments={"prod": prod | {"reserved_concurrency": True}})
    apply_rules(app)
    build(app)
    found = reserved(templates(app)["pam-prod-service"])
    # The door of Slack and the functions of vendors have theirs where there are any.
    elsewhere = {"slack_door", *AT_IDENTITY_CENTER, *AT_OKTA}
    assert found == {name: most for name, most in RESERVED.items() if name not in elsewhere}
    assert {"revoke_session", "tick", "audit_session"} < found.keys()
    assert found["record_activity"] < found["revoke_session"]


def test_the_quota_that_it_takes_leaves_what_lambda_insists_on() -> None:
    assert needed_quota(reserved=True) == LEFT_FOR_OTHERS + sum(RESERVED.values())
    assert needed_quota(reserved=False) == AT_LEAST < LEFT_FOR_OTHERS
