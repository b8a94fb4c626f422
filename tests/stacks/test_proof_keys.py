"""A key for what comes by Slack, only where PAM is in Slack."""

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from pam.domain.proofs import Maker
from stacks.proof_keys import ProofKeys


def keys_of(*, slack: bool) -> tuple[ProofKeys, Stack, iam.Role]:
    stack = Stack(App(), "Stack")
    keys = ProofKeys(stack, "Keys", env_name="test", slack=slack)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    keys.grant_tell(role)
    return keys, stack, role


@pytest.mark.guarantee("G11")
def test_where_pam_is_not_in_slack_there_is_no_such_key_and_nobody_may_sign_by_it() -> None:
    keys, stack, role = keys_of(slack=False)
    aliases = Template.from_stack(stack).find_resources("AWS::KMS::Alias")
    assert len(aliases) == len(Maker) - 1
    assert keys.arn(Maker.SLACK) == ""
    with pytest.raises(KeyError):
        keys.grant_make(role, Maker.SLACK)


@pytest.mark.guarantee("G11")
def test_where_it_is_the_key_is_one_of_its_own() -> None:
    keys, stack, _ = keys_of(slack=True)
    assert len({keys.arn(maker) for maker in Maker}) == len(Maker)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::KMS::Key", len(Maker))
    template.has_resource_properties("AWS::KMS::Alias", {"AliasName": "alias/pam-test-proof-slack"})
