"""Two environments of cdk.json in one account: what they would take from each other.

Only where both name the account. Where it is left to the credentials, nothing here can know it, and
`docs/policy-files.md` says what to look to.
"""

from pathlib import Path

from pam.domain.kinds import kind_of, label
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.compiler import load
from stacks.config import ConfigError, DeployConfig, load_config


def check_neighbours(
    config: DeployConfig, policy: CompiledPolicy, environments: object, root: Path
) -> None:
    """`policy` is that of `config`; files are found under `root`. Raises ConfigError."""
    names = environments if isinstance(environments, dict) else {}
    for name in sorted(set(names) - {config.env_name}):
        try:
            other = load_config(name, environments)
        except ConfigError:
            continue  # Its own synthesis says so, and until then it is nobody's neighbour.
        if config.account is not None and other.account == config.account:
            _check_log_role(config, other)
            _check_targets(config, policy, other, root)


def _check_log_role(config: DeployConfig, other: DeployConfig) -> None:
    both_set_it = config.account_api_logging and other.account_api_logging
    if both_set_it and other.region == config.region:
        message = (
            f"{_both(config, other)} and in {config.region}, where API Gateway has one log role "
            "for all. Let one of them set it: account_api_logging: false in the other"
        )
        raise ConfigError(message)


def _check_targets(
    config: DeployConfig, policy: CompiledPolicy, other: DeployConfig, root: Path
) -> None:
    try:
        others = load(root / other.policy_dir, root / other.identities)
    except PolicyError:
        return
    shared = sorted(_targets(config, policy) & _targets(other, others))
    if shared:
        more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        message = (
            f"{_both(config, other)}, and lend the same: {shared[0]}{more}. Each would take what "
            "the other's sessions do for dark access. Give each a catalogue of its own "
            "(policy_dir), or an account of its own"
        )
        raise ConfigError(message)


def _targets(config: DeployConfig, policy: CompiledPolicy) -> set[str]:
    """By what names them, in the deployment's own account unless the catalogue says another."""
    return {
        label(
            each.issuer_kind,
            kind_of(each.issuer_kind).named(
                each.issuer, account=config.account or "", region=config.region
            ),
        )
        for each in policy.resources
    }


def _both(config: DeployConfig, other: DeployConfig) -> str:
    first, second = sorted((config.env_name, other.env_name))
    return (
        f"cdk.json: environments.{first} and environments.{second} are both in account "
        f"{config.account}"
    )
