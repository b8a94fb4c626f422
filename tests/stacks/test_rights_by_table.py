"""Who may write what: a table a power, and a key a maker of proofs."""

import json
from collections.abc import Mapping

import pytest

from pam.domain.proofs import Maker
from pam.names import Table
from tests.stacks.powers import has, is_in_slack
from tests.stacks.template import Deployment, as_list

STEPS = {
    "activate_session",
    "admit_request",
    "ask_approvers",
    "issue_credentials",
    "record_activity",
    "request_api",
    "revoke_session",
    "send_notices",
}
"""Those who put sessions, records, or both."""
FINDERS = {"find_dark_calls", "watch_store"}
"""Those who put records of no session."""
CALLS = "calls"
WRITERS: Mapping[tuple[str, str], set[str]] = {
    ("", "PutItem"): STEPS | FINDERS,
    (Table.GRANTS, "PutItem"): {"activate_session"},
    (Table.GRANTS, "DeleteItem"): {"request_api", "revoke_session"},
    (Table.CHECKOUTS, "PutItem"): {"activate_session", "revoke_session"},
    (Table.CHECKOUTS, "UpdateItem"): {"activate_session", "revoke_session"},
    (Table.BLOCKS, "PutItem"): {"request_api"},
    (Table.DELIVERED, "UpdateItem"): {"audit_session"},
    (Table.UNSEALED, "PutItem"): {"audit_session"},
    (Table.UNSEALED, "DeleteItem"): {"checkpoint_log"},
    (Table.LOG_HEAD, "PutItem"): {"checkpoint_log"},
    (Table.LINKS, "PutItem"): {"request_api"},
    (Table.LINKS, "DeleteItem"): {"request_api"},
    (CALLS, "PutItem"): {"request_api", "issue_credentials"},
    (CALLS, "UpdateItem"): {"request_api", "issue_credentials", "find_dark_calls"},
}
"""By table (empty: that of sessions) and action; what is not here, nobody may."""
OF_SLACK = "slack"
WRITERS_IN_SLACK: Mapping[tuple[str, str], set[str]] = {
    ("", "PutItem"): {"slack_door"},
    (Table.GRANTS, "DeleteItem"): {"slack_door"},
    (Table.LINK_CODES, "PutItem"): {"slack_door"},
    (CALLS, "PutItem"): {"slack_door"},
    (CALLS, "UpdateItem"): {"slack_door"},
    (OF_SLACK, "PutItem"): {"slack_door", "paint_slack"},
    (OF_SLACK, "UpdateItem"): {"slack_door", "paint_slack"},
    (OF_SLACK, "DeleteItem"): {"paint_slack"},
}
"""Beside them, where PAM is in Slack."""
NOTES = {
    Table.IDENTITY_CENTER: {"issue_identity_center", "revoke_identity_center"},
    Table.OKTA: {"issue_okta_group", "revoke_okta_group"},
}
"""Of what PAM made at a vendor: by the vendor's two functions, where it lends there."""
WRITERS_AT_VENDORS: Mapping[tuple[str, str], set[str]] = {
    (table, action): functions
    for table, functions in NOTES.items()
    for action in ("DeleteItem", "PutItem", "UpdateItem")
}
WRITES = {"BatchWriteItem", "DeleteItem", "PartiQLInsert", "PutItem", "UpdateItem"}
MAKES = {
    Maker.DOOR: {"request_api"},
    Maker.ADMISSION: {"admit_request"},
    Maker.ACTIVATION: {"activate_session"},
    Maker.SLACK: {"slack_door"},
}
TELL = {"activate_session", "issue_credentials", "watch_store"}
TELL_AT_VENDORS = {"issue_identity_center", "issue_okta_group"}
TELL_LINKS = {"paint_slack", "request_api", "slack_door"}
"""By the key of the request API, which signs links; none of these gives access by what it tells."""


def _functions(deployment: Deployment) -> dict[str, str]:
    """By role."""
    return {
        deployment.role_of(function): function["Properties"]["Handler"].removesuffix(".handler")
        for function in deployment.of_type("AWS::Lambda::Function").values()
    }


def _tables(deployment: Deployment) -> list[Table]:
    """Those that something in the deployment uses."""
    return [table for table in Table if has(deployment, *NOTES.get(table, ()))]


@pytest.mark.guarantee("G11")
@pytest.mark.guarantee("G7")
def test_what_only_some_may_write_lies_in_a_table_that_only_they_write(every: Deployment) -> None:
    functions = _functions(every)
    arns = {f"${{{every.table(name)[0]}.Arn}}": name for name in ("", *_tables(every))}
    arns[f"${{{every.calls_table()[0]}.Arn}}"] = CALLS
    in_slack = is_in_slack(every)
    if in_slack:
        arns[f"${{{every.table(OF_SLACK)[0]}.Arn}}"] = OF_SLACK
    found: dict[tuple[str, str], set[str]] = {}
    for statement in every.identity_statements():
        for action in WRITES & {name.removeprefix("dynamodb:") for name in statement.actions}:
            for resource in statement.resources:
                found.setdefault((arns[resource], action), set()).add(functions[statement.owner])
                # No part of the truth, and nothing is written to it inside a transaction.
                bare = functions[statement.owner] in FINDERS or arns[resource] == OF_SLACK
                assert bare or statement.conditions == "{}", (
                    "AWS does not say what it sees of transactions"
                )
    more = {**(WRITERS_IN_SLACK if in_slack else {})}
    more |= {what: who for what, who in WRITERS_AT_VENDORS.items() if what[0] in arns.values()}
    assert found == {
        what: WRITERS.get(what, set()) | more.get(what, set()) for what in {*WRITERS, *more}
    }


@pytest.mark.guarantee("G11")
def test_a_proof_is_made_by_its_maker_and_told_by_the_gate_and_the_watch(every: Deployment) -> None:
    functions = _functions(every)
    for maker in _makers(every):
        name, key = _key(every, maker)
        there = set(functions.values())
        tell = TELL | (TELL_AT_VENDORS & there)
        tell |= TELL_LINKS & there if maker is Maker.DOOR else set()
        by_role: dict[str, set[str]] = {"kms:GenerateMac": set(), "kms:VerifyMac": set()}
        for statement in every.identity_statements():
            for action in statement.actions & set(by_role):
                if f"${{{name}.Arn}}" in statement.resources:
                    by_role[action].add(functions[statement.owner])
        assert by_role == {"kms:GenerateMac": MAKES[maker], "kms:VerifyMac": tell}
        assert _by_key_policy(every, key) == by_role


@pytest.mark.guarantee("G11")
def test_the_accounts_own_iam_can_hand_out_no_use_of_a_key_of_proofs(every: Deployment) -> None:
    for maker in _makers(every):
        _, key = _key(every, maker)
        (root,) = (
            statement
            for statement in key["KeyPolicy"]["Statement"]
            if ":root" in every.text(statement["Principal"])
        )
        assert not set(root["Action"]) & {"kms:GenerateMac", "kms:VerifyMac", "kms:CreateGrant"}
        assert not any("*" in action for action in root["Action"])


def _makers(deployment: Deployment) -> list[Maker]:
    return [maker for maker in Maker if maker is not Maker.SLACK or is_in_slack(deployment)]


def _key(deployment: Deployment, maker: Maker) -> tuple[str, Mapping[str, object]]:
    ((name, key),) = (
        (name, key["Properties"])
        for name, key in deployment.of_type("AWS::KMS::Key").items()
        if key["Properties"].get("Description", "").endswith(f"proofs by the {maker}")
    )
    assert (key["KeySpec"], key["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    return name, key


def _by_key_policy(deployment: Deployment, key: Mapping[str, object]) -> dict[str, set[str]]:
    """The functions whose roles the key's own policy names, by action."""
    functions = _functions(deployment)
    found: dict[str, set[str]] = {}
    policy = key["KeyPolicy"]
    assert isinstance(policy, Mapping)
    for statement in policy["Statement"]:
        principal = deployment.text(statement["Principal"])
        if ":root" in principal:
            continue
        named = json.loads(principal)["AWS"]
        for role in json.loads(named) if named.startswith("[") else [named]:
            owner = role.rpartition("/")[2].removeprefix("${").removesuffix(".Arn}")
            for action in as_list(statement["Action"]):
                found.setdefault(action, set()).add(functions[owner])
    return found
