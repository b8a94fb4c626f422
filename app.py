"""The CDK app: `cdk synth -c env=NAME` (`-c bundle=skip` for the templates alone)."""

import sys

import aws_cdk as cdk

from stacks.synthesis import apply_rules, build  # isort: split - puts `pam` on the import path

from pam.policy.compiled import PolicyError

from stacks.bundling import BundleError
from stacks.config import ConfigError


def main() -> None:
    app = cdk.App()
    apply_rules(app)
    try:
        build(app)
    except (ConfigError, PolicyError, BundleError) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
