"""Each key of each template: who must be able to do what with it, and who must not.

What is decided here is described in docs/keys.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.config import load_config
from stacks.synthesis import new_app
from tests.stacks.conftest import ENVIRONMENTS
from tests.stacks.key_access import ADMINISTRATOR, STRANGER, Call, Caller, Keys
from tests.stacks.key_uses import ALL_OF_TABLES, account_of, by_roles, by_services, of_service
from tests.stacks.key_uses import region_of as region
from tests.stacks.template import Deployment

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "keys.md"
ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
DESTRUCTION = ("kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion")
USES = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:Sign")
MACS = ("kms:GenerateMac", "kms:VerifyMac")
MAKES = {
    "Door": "request_api",
    "Admission": "admit_request",
    "Activation": "activate_session",
    "Slack": "slack_door",
}
TELLS = (
    "issue_credentials",
    "issue_identity_center",
    "issue_okta_group",
    "activate_session",
    "watch_store",
)
"""Those of vendors, where PAM lends there."""
TELL_LINKS = ("paint_slack", "request_api", "slack_door")
"""By the key of the request API, which signs the links that people make."""
THROUGH = ("dynamodb", "s3", "sns", "sqs", "ec2", "secretsmanager", "ssm")


@pytest.fixture(params=[*ENVIRONMENTS, "two accounts"])
def anywhere(
    request: pytest.FixtureRequest,
    deployment_of: Callable[[str], Deployment],
    two_accounts: Deployment,
) -> Deployment:
    return two_accounts if request.param == "two accounts" else deployment_of(request.param)


def keys_of_kind(deployment: Deployment, usage: str | None) -> Iterator[tuple[Keys, str]]:
    for part in deployment.parts():
        for name, key in part.of_type("AWS::KMS::Key").items():
            if key["Properties"].get("KeyUsage") == usage:
                yield Keys(part), name


def every_key(deployment: Deployment) -> Iterator[tuple[Keys, str]]:
    for usage in (None, "SIGN_VERIFY", "GENERATE_VERIFY_MAC"):
        yield from keys_of_kind(deployment, usage)


def through(service: str, deployment: Deployment) -> dict[str, str]:
    return {"kms:ViaService": f"{service}.{region(deployment)}.amazonaws.com"}


@pytest.mark.parametrize("action", ADMINISTRATION)
def test_administrators_administer_every_key_and_its_alias(
    anywhere: Deployment, action: str
) -> None:
    for keys, key in every_key(anywhere):
        assert keys.allow(Call(key=key, action=action, caller=Caller(role=ADMINISTRATOR))), key


def test_every_alias_belongs_to_a_key_of_the_same_account(anywhere: Deployment) -> None:
    aliases = 0
    for part in anywhere.parts():
        for alias in part.of_type("AWS::KMS::Alias").values():
            target = part.text(alias["Properties"]["TargetKeyId"])
            assert target.removeprefix("${").removesuffix(".Arn}") in Keys(part).policies
            aliases += 1
    assert aliases >= len(list(every_key(anywhere)))


@pytest.mark.parametrize("action", [*ADMINISTRATION, *DESTRUCTION, *USES, *MACS])
def test_nobody_of_another_account_does_anything_with_a_key(
    anywhere: Deployment, action: str
) -> None:
    for keys, key in every_key(anywhere):
        for context in ({}, through("dynamodb", anywhere)):
            caller = Caller(role=STRANGER)
            assert not keys.allow(Call(key=key, action=action, caller=caller, context=context))


@pytest.mark.parametrize("action", [*ADMINISTRATION, *DESTRUCTION])
def test_no_role_of_pam_administers_or_ends_a_key(anywhere: Deployment, action: str) -> None:
    for keys, key in every_key(anywhere):
        for role in keys.roles:
            for context in ({}, through("dynamodb", anywhere)):
                call = Call(key=key, action=action, caller=Caller(role=role), context=context)
                # Reading what a key is belongs to its use.
                assert action == "kms:DescribeKey" or not keys.allow(call), call


def test_each_role_uses_the_data_key_through_the_services_that_its_work_needs(
    anywhere: Deployment,
) -> None:
    keys, key = next(keys_of_kind(anywhere, None))
    needed = by_roles(anywhere.parts()[0])
    assert len(needed) > 20
    for role in keys.roles:
        for service in THROUGH:
            for action in ALL_OF_TABLES:
                context = through(service, anywhere)
                call = Call(key=key, action=action, caller=Caller(role=role), context=context)
                if action in needed.get((role, service), set()):
                    assert keys.allow(call), (role, service, action)
                if (role, service) not in needed:
                    assert not keys.allow(call), (role, service, action)


@pytest.mark.parametrize("action", USES)
def test_no_role_of_pam_uses_the_data_key_by_itself(anywhere: Deployment, action: str) -> None:
    keys, key = next(keys_of_kind(anywhere, None))
    elsewhere = {"kms:ViaService": "dynamodb.ap-south-1.amazonaws.com"}
    for role in keys.roles:
        for context in ({}, elsewhere):
            call = Call(key=key, action=action, caller=Caller(role=role), context=context)
            assert not keys.allow(call), call


def test_aws_itself_encrypts_the_logs_the_bus_and_what_alarms_say(anywhere: Deployment) -> None:
    part = anywhere.parts()[0]
    calls = list(by_services(part))
    used = {call.caller.service.partition(".")[0] for call in calls}

    assert used == {"logs", "events", "cloudwatch"}
    for call in calls:
        assert Keys(part).allow(call), call


def test_aws_uses_the_data_key_for_nobody_else(anywhere: Deployment) -> None:
    part = anywhere.parts()[0]
    keys = Keys(part)
    for call in by_services(part):
        for name, value in call.context.items():
            others = call.context | {name: value.replace(account_of(part), "999999999999")}
            silent = {key: said for key, said in call.context.items() if key != name}
            assert others != call.context
            assert not keys.allow(replace(call, context=others)), call
            assert not keys.allow(replace(call, context=silent)), call


@pytest.mark.parametrize("service", ["ec2", "s3", "sns", "sqs", "lambda", "logs", "states"])
def test_no_other_service_uses_a_key_for_itself(anywhere: Deployment, service: str) -> None:
    for keys, key in every_key(anywhere):
        for action in (*USES, *MACS, "kms:CreateGrant", "kms:DescribeKey"):
            call = of_service(
                key, action, f"{service}.amazonaws.com", {"aws:SourceAccount": account_of(anywhere)}
            )
            assert not keys.allow(call), call


def test_one_role_makes_each_proof_and_few_tell_them(anywhere: Deployment) -> None:
    part = anywhere.parts()[0]
    known = {*MAKES.values(), *TELLS, *TELL_LINKS}
    there = {name for name in known if part.of_handler(name)}
    role_of = {name: part.role_of(part.function(name)[1]) for name in there}
    for keys, key in keys_of_kind(anywhere, "GENERATE_VERIFY_MAC"):
        (maker,) = (made_by for word, made_by in MAKES.items() if word in key)
        tell = {*TELLS, *(TELL_LINKS if maker == MAKES["Door"] else ())} & there
        for role in [*keys.roles, ADMINISTRATOR]:
            makes = Call(key=key, action="kms:GenerateMac", caller=Caller(role=role))
            tells = Call(key=key, action="kms:VerifyMac", caller=Caller(role=role))
            assert keys.allow(makes) == (role == role_of[maker]), makes
            assert keys.allow(tells) == (role in {role_of[name] for name in tell}), tells


def test_the_use_of_a_proof_key_is_nobodys_to_hand_on(anywhere: Deployment) -> None:
    for usage in ("GENERATE_VERIFY_MAC", "SIGN_VERIFY"):
        for keys, key in keys_of_kind(anywhere, usage):
            for role in [*keys.roles, ADMINISTRATOR]:
                call = Call(key=key, action="kms:CreateGrant", caller=Caller(role=role))
                assert not keys.allow(call), call


def test_one_role_signs_with_each_signing_key(anywhere: Deployment) -> None:
    signing = list(keys_of_kind(anywhere, "SIGN_VERIFY"))
    of_okta = 2 if any(part.of_handler("issue_okta_group") for part in anywhere.parts()) else 0
    assert len(signing) == 1 + (anywhere.witness is not None) + of_okta
    for keys, key in signing:
        signers = [
            role
            for role in keys.roles
            if keys.allow(Call(key=key, action="kms:Sign", caller=Caller(role=role)))
        ]
        readers = [
            role
            for role in keys.roles
            if keys.allow(Call(key=key, action="kms:GetPublicKey", caller=Caller(role=role)))
        ]
        assert len(signers) == 1
        assert set(signers) <= set(readers)


@pytest.mark.parametrize("action", DESTRUCTION)
def test_a_key_that_is_kept_is_ended_by_nobody_before_its_policy_is_changed(
    anywhere: Deployment, action: str
) -> None:
    environments = new_app(anywhere.env_name).node.try_get_context("environments")
    retained = load_config(anywhere.env_name, environments).retain_data
    for usage in (None, "SIGN_VERIFY"):
        for keys, key in keys_of_kind(anywhere, usage):
            call = Call(key=key, action=action, caller=Caller(role=ADMINISTRATOR))
            assert keys.allow(call) is not retained, call


def test_the_page_of_keys_names_every_action_that_is_decided_here() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for action in (*ADMINISTRATION, *DESTRUCTION, *MACS, "kms:CreateGrant", "kms:Sign"):
        assert f"`{action.removeprefix('kms:')}`" in text, action
