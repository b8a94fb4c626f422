"""The stack that does the work. It can be deleted and made again, and nothing is lost."""

import aws_cdk as cdk
from constructs import Construct

from pam.names import service_stack_name
from stacks.acknowledgments import acknowledge
from stacks.config import BundlePlatform, DeployConfig
from stacks.synthesizers import synthesizer_of


class ServiceStack(cdk.Stack):
    """Holds no data, and nothing that anything outside it trusts."""

    def __init__(self, scope: Construct, construct_id: str, *, config: DeployConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=service_stack_name(config.env_name),
            description=f"PAM (MOD-046) {config.env_name}: functions, workflow, request API",
            env=cdk.Environment(account=config.account, region=config.region),
            synthesizer=synthesizer_of(config),
        )
        if config.bundle_platform is BundlePlatform.HOST:
            acknowledge(
                self, "AwsSolutions-L1", "The functions run on the interpreter of this machine."
            )
