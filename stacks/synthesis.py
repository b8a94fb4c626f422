"""From the context of a CDK app to its stacks; the same way for `cdk synth` and for tests."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from pam.domain.kinds import kind_of
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.compiler import read
from pam.policy.doubts import doubts
from stacks.activity_forwarder import check_origins
from stacks.aws_quotas import QuotaError
from stacks.bundling import BundleError, BundleTarget, build_bundles
from stacks.config import (
    BundleMode,
    ConfigError,
    DeployConfig,
    load_bundle_mode,
    load_config,
    load_protection,
)
from stacks.config_checks import check
from stacks.database_trust import trust_of
from stacks.neighbours import check_neighbours
from stacks.place import check_partition, check_place
from stacks.slack_config import doubts_of
from stacks.stage import PamStage
from stacks.subscriptions import check_values
from stacks.template_sizes import check_sizes

NOT_DEPLOYABLE = (BundleError, ConfigError, PolicyError, QuotaError)
"""Faults of the input, each told in one line; anything else is a fault of the app."""

ROOT = Path(__file__).resolve().parent.parent


def build(app: cdk.App) -> PamStage:
    """Raises one of NOT_DEPLOYABLE."""
    context = app.node.try_get_context
    config = replace(
        load_config(context("env"), context("environments")),
        protection=load_protection(context("protection")),
    )
    check_place(config)
    mode = load_bundle_mode(context("bundle"))
    files = read(
        _within_sight(config.policy_dir),
        _within_sight(config.identities),
        account=config.account or "",
    )
    check_partition(config, files)
    policy = files.compiled
    check(config)
    _check_filters(config, policy)
    trust = trust_of(
        config,
        policy,
        database_ca=_within_sight(config.database_ca) if config.database_ca else None,
        now=datetime.now(UTC),
    )
    check_origins(config, policy)
    check_neighbours(config, policy, context("environments"), ROOT)
    bundles = build_bundles(
        BundleTarget.of(config.bundle_platform),
        policy_json=policy.to_json(),
        mode=mode,
        certificates=trust.certificates,
    )
    stage = PamStage(app, "Pam", config=config, policy=policy, bundles=bundles)
    for each in doubts(files):
        cdk.Annotations.of(stage).add_warning_v2(f"pam:policy:{each.place}", str(each))
    for resource in policy.resources:
        if (vendor := kind_of(resource.issuer_kind).vendor) and vendor not in config.vendors:
            doubt = (
                f"{resource.resource_id} is lent at a vendor that this deployment does not know: "
                f"a session of it fails, until environments.{config.env_name}.{vendor} is in "
                "cdk.json"
            )
            cdk.Annotations.of(stage).add_warning_v2(f"pam:vendor:{resource.resource_id}", doubt)
    for number, doubt in enumerate(trust.doubts):
        cdk.Annotations.of(stage).add_warning_v2(f"pam:certificates:{number}", doubt)
    for number, doubt in enumerate(doubts_of(config.slack, policy)):
        cdk.Annotations.of(stage).add_warning_v2(f"pam:slack:{number}", doubt)
    return stage


def apply_rules(app: cdk.App) -> None:
    """Synthesis fails on any finding that is not acknowledged where it is caused."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))


def new_app(env_name: str, **context: object) -> cdk.App:
    """An app as the CDK CLI would start it, with the dependencies of the functions left out."""
    project: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    return cdk.App(
        analytics_reporting=project["versionReporting"],
        context=project["context"] | {"env": env_name, "bundle": BundleMode.SKIP} | context,
    )


def templates(app: cdk.App) -> dict[str, dict[str, Any]]:
    """Synthesises, and gives each stack's template by the name of the stack. Raises QuotaError for
    what AWS would refuse for its size.
    """
    found = {stack.stack_name: stack.template for stack in app.synth().stacks}
    check_sizes(found)
    return found


def _check_filters(config: DeployConfig, policy: CompiledPolicy) -> None:
    try:
        check_values(config.notify, policy.resources)
    except ValueError as error:
        message = f"cdk.json: environments.{config.env_name}.notify: {error}"
        raise ConfigError(message) from error


def _within_sight(path: str) -> Path:
    """A project file as seen from the working directory: faults in it are reported that way."""
    return Path(os.path.relpath(ROOT / path))
