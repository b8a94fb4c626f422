"""The CDK app: read the configuration, compile the policy, pack the functions, synthesise."""

import sys
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

ROOT = Path(__file__).parent
# The import root of the functions: stacks share names, settings and the policy compiler with them.
sys.path.insert(0, str(ROOT / "lambdas"))

from pam.policy.compiled import PolicyError  # noqa: E402
from pam.policy.compiler import load  # noqa: E402

from stacks.bundling import BundleError, BundleTarget, build_bundle  # noqa: E402
from stacks.config import ConfigError, load_bundle_mode, load_config  # noqa: E402
from stacks.stage import PamStage  # noqa: E402


def build(app: cdk.App) -> PamStage:
    """Raises ConfigError, PolicyError or BundleError before the first construct is made."""
    config = load_config(
        app.node.try_get_context("env"), app.node.try_get_context("environments")
    )
    mode = load_bundle_mode(app.node.try_get_context("bundle"))
    policy = load(Path(config.policy_dir), Path(config.identities))
    target = BundleTarget.of(config.bundle_platform)
    bundle = build_bundle(target, policy_json=policy.to_json(), mode=mode)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return PamStage(app, "Pam", config=config, policy=policy, bundle=bundle, target=target)


def main() -> None:
    app = cdk.App()
    try:
        build(app)
    except (ConfigError, PolicyError, BundleError) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
