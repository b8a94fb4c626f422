"""Who writes the evidence: the log, the bus, the noted calls, and the key that they lie under."""

import json

import pytest

from tests.stacks.powers import DESTRUCTIVE, NOTES, POWERS
from tests.stacks.template import Deployment

SIGNING = (
    {"kms:GetPublicKey", "kms:Sign"},
    {"kms:GenerateMac"},
    {"kms:VerifyMac"},
    {"kms:GenerateMac", "kms:VerifyMac"},
)
"""What is done with keys that hide nothing, and so by the functions themselves."""


@pytest.mark.guarantee("G11")
def test_only_the_auditor_may_write_to_the_audit_log(every: Deployment) -> None:
    (audit_group,) = (
        f"${{{name}.Arn}}"
        for name, group in every.of_type("AWS::Logs::LogGroup").items()
        if group["Properties"]["LogGroupName"] == f"/bank/{every.env_name}/mod046/audit"
    )
    writers = {s.owner for s in every.identity_statements() if audit_group in s.resources}

    assert writers == {every.role_of(every.function("audit_session")[1])}


def test_only_the_auditor_may_speak_on_the_bus(every: Deployment) -> None:
    speakers = {s.owner for s in every.identity_statements() if "events:PutEvents" in s.actions}

    assert speakers == {every.role_of(every.function("audit_session")[1])}


def test_no_role_may_delete_or_weaken_the_evidence(every: Deployment) -> None:
    for statement in every.identity_statements():
        assert not statement.actions & DESTRUCTIVE, statement


def test_the_key_policy_of_retained_data_hands_out_no_destruction(prod: Deployment) -> None:
    key_name, _ = prod.encryption_key()
    handed_out = {
        action
        for statement in prod.resource_statements()
        if statement.owner == key_name
        for action in statement.actions
    }

    assert not handed_out & {"kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion"}
    assert "kms:PutKeyPolicy" in handed_out, "or nobody could ever change the key again"


def test_the_key_is_used_only_inside_a_call_to_the_service_that_keeps_the_data(
    every: Deployment,
) -> None:
    key, _ = every.encryption_key()
    for statement in every.identity_statements():
        if any(action.startswith("kms:") for action in statement.actions):
            signing = statement.actions in SIGNING
            assert signing != ("kms:ViaService" in statement.conditions), statement
            assert any(key in resource for resource in statement.resources) != signing


def test_services_may_use_the_key_only_for_this_account(every: Deployment) -> None:
    for statement in every.resource_statements():
        if "Service" in statement.principals:
            assert statement.conditions != "{}", statement


def test_doors_note_calls_and_one_function_settles_them(every: Deployment) -> None:
    table = every.calls_table()[0]
    found = {
        handler: set().union(
            *(s.actions for s in every.rights_of(handler) if any(table in r for r in s.resources))
        )
        for handler in POWERS
    }

    assert {handler: actions for handler, actions in found.items() if actions} == {
        "request_api": NOTES,
        "issue_credentials": NOTES,
        "find_dark_calls": {"dynamodb:Query", "dynamodb:UpdateItem"},
    }


@pytest.mark.parametrize("finder", ["find_dark_calls", "watch_store"])
def test_what_finds_dark_calls_adds_findings_and_writes_no_session(
    every: Deployment, finder: str
) -> None:
    table = every.table()[0]
    (put,) = (s for s in every.rights_of(finder) if "dynamodb:PutItem" in s.actions)

    assert any(table in resource for resource in put.resources)
    (keys,) = json.loads(put.conditions).values()
    assert set(json.loads(json.loads(keys)["dynamodb:LeadingKeys"])) == {
        "SESSION#NONE#*",
        "ACTIVITY#*",
    }


@pytest.mark.guarantee("G7")
def test_nobody_can_delete_or_update_an_audit_record(every: Deployment) -> None:
    sessions = f"${{{every.table()[0]}.Arn}}"
    for function in POWERS:
        for statement in every.rights_of(function):
            if {"dynamodb:DeleteItem", "dynamodb:UpdateItem"} & statement.actions:
                assert sessions not in statement.resources, function
