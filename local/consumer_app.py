"""The app of `examples/consumer`, as the emulator takes it: with the caller's own credentials,
because no bootstrap has made roles there.
"""

import aws_cdk as cdk

from examples.consumer.app import ConsumerStack
from local.consumer import STACK


def main() -> None:
    app = cdk.App(default_stack_synthesizer=cdk.CliCredentialsStackSynthesizer())
    ConsumerStack(app, STACK, env_name="local")
    app.synth()


if __name__ == "__main__":
    main()
