"""With whose rights a stack is deployed."""

import aws_cdk as cdk

from stacks.config import DeployConfig, Synthesizer


def synthesizer_of(config: DeployConfig) -> cdk.IStackSynthesizer:
    """The bootstrap roles, or (where those are not to be had) the credentials of the caller."""
    if config.synthesizer is Synthesizer.CLI_CREDENTIALS:
        return cdk.CliCredentialsStackSynthesizer()
    return cdk.DefaultStackSynthesizer()
