"""The stack that holds what must outlast every deployment: data, evidence, subscriptions, trust."""

import aws_cdk as cdk
from constructs import Construct

from stacks.config import DeployConfig
from stacks.synthesizers import synthesizer_of


class FoundationStack(cdk.Stack):
    """Where data is retained, the stack refuses deletion, and its contents would survive one."""

    def __init__(self, scope: Construct, construct_id: str, *, config: DeployConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"pam-{config.env_name}-foundation",
            description=f"PAM (MOD-046) {config.env_name}: sessions, audit log, notices",
            env=cdk.Environment(account=config.account, region=config.region),
            synthesizer=synthesizer_of(config),
            termination_protection=config.retain_data,
        )
