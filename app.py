"""The CDK app: `cdk synth -c env=NAME` (`-c bundle=skip` for the templates alone)."""

import sys

import aws_cdk as cdk

from stacks.synthesis import NOT_DEPLOYABLE, apply_rules, build, templates


def main() -> None:
    app = cdk.App()
    apply_rules(app)
    try:
        build(app)
        templates(app)
    except NOT_DEPLOYABLE as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
