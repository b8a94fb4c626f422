"""Who may do what, read from the templates: least privilege as a table."""

import json
from collections.abc import Callable

import pytest

from pam.names import Index, activator_role_name, issuer_role_name, revocation_role_name
from pam.policy.compiled import PolicyError
from stacks.synthesis import build, new_app
from tests.stacks.powers import DESTRUCTIVE, NOTES, OWN, POWERS, WITH_ROTATION, powers, rotates
from tests.stacks.template import Deployment

OF_EXECUTIONS = {
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:StopExecution",
}
"""Executions of the one machine are named after sessions that are still to come."""


SIGNING = ({"kms:GetPublicKey", "kms:Sign"}, {"kms:GenerateMac"}, {"kms:VerifyMac"})
"""What is done with keys that hide nothing, and so by the functions themselves."""


def test_every_function_is_in_the_table_of_powers(every: Deployment) -> None:
    handlers = {
        function["Properties"]["Handler"].removesuffix(".handler")
        for function in every.of_type("AWS::Lambda::Function").values()
    }

    assert handlers == set(powers(every))


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("handler", sorted({*POWERS, *WITH_ROTATION}))
def test_a_function_has_the_powers_of_the_table_and_no_other(
    every: Deployment, handler: str
) -> None:
    if handler not in powers(every):
        return
    granted = {action for right in every.rights_of(handler) for action in right.actions}

    assert granted == powers(every)[handler] | OWN


def test_secrets_are_read_and_rotated_by_name_and_no_others(every: Deployment) -> None:
    def named(action: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for statement in every.identity_statements():
            if action in statement.actions:
                names = {arn.partition(":secret:")[2] for arn in statement.resources}
                found.setdefault(statement.owner, set()).update(names)
        return found

    env = every.env_name
    trusted = {name(env) for name in (activator_role_name, issuer_role_name, revocation_role_name)}
    reports = "bank/core-reporting-db/reports-??????"
    logins = {
        reports,
        "bank/core-ledger-db/pam-issuer-??????",
        "bank/core-reporting-db/pam-issuer-??????",
    }
    reading = named("secretsmanager:GetSecretValue")
    assert all(reading[role] == logins for role in trusted)
    rotating = named("secretsmanager:RotateSecret")
    activator, revocation = activator_role_name(env), revocation_role_name(env)
    assert rotating == {activator: {reports}}
    changing = named("secretsmanager:PutSecretValue")
    assert changing[activator] == changing[revocation] == {reports}
    assert set(map(frozenset, changing.values())) == {frozenset({reports})}
    assert len(changing) == (3 if rotates(every) else 2)
    assert set(reading) == {*trusted, *changing}


@pytest.mark.guarantee("G11")
def test_no_permission_has_a_wildcard_action(every: Deployment) -> None:
    for statement in every.identity_statements() + every.resource_statements():
        if statement.effect == "Allow":
            assert not any("*" in action for action in statement.actions), statement


def test_no_statement_is_written_as_everything_but(every: Deployment) -> None:
    text = every.text([every.foundation, every.service])

    assert "NotAction" not in text
    assert "NotResource" not in text
    assert "NotPrincipal" not in text


def test_a_wildcard_resource_stands_only_where_aws_knows_no_other(every: Deployment) -> None:
    unnameable = {
        # AWS: X-Ray and log delivery know no resource.
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        *OF_EXECUTIONS,
    }

    for statement in every.identity_statements():
        archive = all(":s3:::" in resource for resource in statement.resources)
        if any("*" in resource for resource in statement.resources) and not archive:
            assert statement.actions <= unnameable, statement
    for statement in every.identity_statements():
        if statement.actions & OF_EXECUTIONS:
            (execution,) = statement.resources
            assert execution.endswith(f":execution:pam-{every.env_name}-approval-workflow:*")


@pytest.mark.guarantee("G11")
def test_no_function_shares_its_role(every: Deployment) -> None:
    functions = every.of_type("AWS::Lambda::Function").values()
    roles = {every.role_of(function) for function in functions}

    assert len(roles) == len(functions)


def test_roles_are_assumed_by_services_alone(every: Deployment) -> None:
    for role in every.of_type("AWS::IAM::Role").values():
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            assert set(statement["Principal"]) == {"Service"}
            assert statement["Action"] == "sts:AssumeRole"


@pytest.mark.guarantee("G11")
def test_only_the_issuer_and_the_activator_may_assume_target_roles(every: Deployment) -> None:
    lending = _assuming(every, lambda role: not role.endswith("-pam-revoker"))
    roles = {issuer_role_name(every.env_name), activator_role_name(every.env_name)}

    assert set(lending) == {(owner, arn) for owner in roles for arn in {arn for _, arn in lending}}
    assert sorted({arn.rpartition("/")[2] for _, arn in lending}) == [
        "pam-target-core-ledger-admin",
        "pam-target-core-ledger-uat-admin",
        "pam-target-core-sandbox-admin",
        "pam-target-kyc-documents-read",
        "pam-target-kyc-sandbox-read",
    ]


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("handler", ["activate_session", "issue_credentials", "revoke_session"])
def test_a_role_is_assumed_by_the_code_of_the_function_and_not_by_whoever_has_its_role(
    every: Deployment, handler: str
) -> None:
    name, _ = every.function(handler)
    only_here = {"ArnEquals": json.dumps({"lambda:SourceFunctionArn": f"${{{name}.Arn}}"})}
    assuming = [s for s in every.rights_of(handler) if "sts:AssumeRole" in s.actions]

    assert assuming
    for statement in assuming:
        assert json.loads(statement.conditions) == only_here


def test_only_the_revocation_may_assume_revoker_roles(every: Deployment) -> None:
    revoking = _assuming(every, lambda role: role.endswith("-pam-revoker"))

    assert {owner for owner, _ in revoking} == {revocation_role_name(every.env_name)}
    assert len(revoking) == 5


def test_issuer_activator_and_revocation_run_in_the_roles_that_targets_trust(
    every: Deployment,
) -> None:
    # Made in the foundation: a new role of the same name would be another principal to IAM.
    named = {
        role["Properties"].get("RoleName")
        for role in every.foundation["Resources"].values()
        if role["Type"] == "AWS::IAM::Role"
    }
    issuer, revocation = issuer_role_name(every.env_name), revocation_role_name(every.env_name)
    activator = activator_role_name(every.env_name)

    assert named == {activator, issuer, revocation}
    assert every.role_of(every.function("activate_session")[1]) == activator
    assert every.role_of(every.function("issue_credentials")[1]) == issuer
    assert every.role_of(every.function("revoke_session")[1]) == revocation


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


def test_whoever_publishes_reaches_the_topics_of_the_table(every: Deployment) -> None:
    topics = {"ApproverTopic": "approvers", "RequesterTopic": "requesters", "Tier1Topic": "Tier-1"}

    def reached(handler: str) -> set[str]:
        return {
            name
            for right in every.rights_of(handler)
            if "sns:Publish" in right.actions
            for topic, name in topics.items()
            if any(topic in resource for resource in right.resources)
        }

    assert {handler: reached(handler) for handler in POWERS if reached(handler)} == {
        "admit_request": {"Tier-1"},
        "ask_approvers": {"approvers"},
        # What somebody confirms, and an operator who is blocked.
        "request_api": {"Tier-1"},
        "send_notices": {"approvers", "requesters", "Tier-1"},
    }


def test_the_tick_may_call_those_who_end_and_those_who_tell_and_no_other(
    every: Deployment,
) -> None:
    called = {
        resource
        for right in every.rights_of("tick")
        if "lambda:InvokeFunction" in right.actions
        for resource in right.resources
    }

    assert called == {
        f"${{{every.function(name)[0]}.Arn}}" for name in ("revoke_session", "send_notices")
    }


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


def test_tokens_are_answered_and_executions_started_on_the_one_machine(every: Deployment) -> None:
    starting = ("states:StartExecution", "states:SendTaskSuccess", "states:SendTaskFailure")
    for statement in every.identity_statements():
        if statement.actions & set(starting):
            (machine,) = statement.resources
            assert machine.endswith(f":stateMachine:pam-{every.env_name}-approval-workflow")


def test_the_sweep_reads_nothing_but_deadlines(every: Deployment) -> None:
    (query,) = (s for s in every.rights_of("tick") if "dynamodb:Query" in s.actions)
    (resource,) = query.resources

    assert resource.endswith(f".Arn}}/index/{Index.BY_DEADLINE}")


def test_only_the_request_api_may_list(every: Deployment) -> None:
    indexes = {
        resource.rpartition("/")[2]
        for statement in every.rights_of("request_api")
        for resource in statement.resources
        if "/index/" in resource
    }
    others = {
        "activate_session",
        "admit_request",
        "ask_approvers",
        "issue_credentials",
        "record_activity",
    }

    assert indexes == set(Index)
    for handler in others:
        assert not any("/index/" in r for s in every.rights_of(handler) for r in s.resources)


def test_the_revocation_finds_what_is_open_and_lists_nothing_else(every: Deployment) -> None:
    indexes = {
        resource.rpartition("/")[2]
        for statement in every.rights_of("revoke_session")
        for resource in statement.resources
        if "/index/" in resource
    }

    assert indexes == {Index.BY_DEADLINE}


def test_topics_and_queues_refuse_what_is_not_encrypted_on_the_way(every: Deployment) -> None:
    (archive,) = every.of_type("AWS::S3::BucketPolicy")
    denials = [s for s in every.resource_statements() if s.effect == "Deny" and s.owner != archive]
    protected = {resource for s in denials for resource in s.resources}

    for statement in denials:
        assert statement.conditions == '{"Bool": "{\\"aws:SecureTransport\\": \\"false\\"}"}'
    for topic in every.of_type("AWS::SNS::Topic"):
        assert f"${{{topic}}}" in protected
    for queue in every.of_type("AWS::SQS::Queue"):
        assert f"${{{queue}.Arn}}" in protected


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


def test_a_door_may_have_an_end_done_and_invoke_nothing_else(every: Deployment) -> None:
    called = {
        resource
        for right in every.rights_of("request_api")
        if "lambda:InvokeFunction" in right.actions
        for resource in right.resources
    }

    assert called == {f"${{{every.function('revoke_session')[0]}.Arn}}"}


def _assuming(deployment: Deployment, wanted: Callable[[str], bool]) -> list[tuple[str, str]]:
    """Which role may assume which, of those wanted."""
    return [
        (statement.owner, arn)
        for statement in deployment.identity_statements()
        if "sts:AssumeRole" in statement.actions
        for arn in statement.resources
        if wanted(arn)
    ]


@pytest.mark.guarantee("G7")
def test_nobody_can_delete_or_update_an_audit_record(every: Deployment) -> None:
    sessions = f"${{{every.table()[0]}.Arn}}"
    for function in POWERS:
        for statement in every.rights_of(function):
            if {"dynamodb:DeleteItem", "dynamodb:UpdateItem"} & statement.actions:
                assert sessions not in statement.resources, function


def test_every_role_of_pams_own_is_one_that_no_lease_may_change(every: Deployment) -> None:
    for name, role in every.of_type("AWS::IAM::Role").items():
        assert {"Key": "pam:module", "Value": "MOD-046"} in role["Properties"]["Tags"], name


def test_a_lease_that_aws_would_refuse_is_refused_at_synthesis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pam.aws.role_limits.LONGEST_SESSION_POLICY", 500)
    with pytest.raises(PolicyError, match=r"core-ledger-admin: .* AWS takes 500"):
        build(new_app("prod"))
