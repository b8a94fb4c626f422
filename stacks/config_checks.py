"""What a configuration must say, and may not, before anything is built from it."""

import re

from pam.names import SLACK_API_URL, SlackSecret, slack_secret_name
from stacks.config import ConfigError, DeployConfig, Synthesizer

_SHORTEST_REASON = 20
_TRAIL = re.compile(
    r"(?:arn:[a-z-]+:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/)?[A-Za-z0-9][A-Za-z0-9._-]{2,127}",
    re.ASCII,
)
"""A trail's name, or its ARN, which an organisation's has in another account."""
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs takes (PutRetentionPolicy)."""
_LONGEST_LOCK = 36500
"""Days: S3 takes a hundred years."""
_LONGEST_LOCK_UNLESS_RETAINED = 30


def check(config: DeployConfig) -> None:
    """Raises ConfigError at the first fault."""
    check_witness(config)
    check_witness_trust(config)
    check_retention(config)
    check_trail(config)
    check_slack(config)
    check_vendors(config)


def check_witness(config: DeployConfig) -> None:
    """Without a witness, an administrator of the account can turn back the log with all that proves
    it. No deployment is without one by mere omission. Raises ConfigError.
    """
    where = f"cdk.json: environments.{config.env_name}"
    if config.witness is None:
        if config.witness_account is None:
            message = (
                f"{where}: name the account of the audit log's witness (witness_account), or say "
                f'why there is none: "witness": "none: " and {_SHORTEST_REASON} characters or more'
            )
            raise ConfigError(message)
        return
    if config.witness_account is not None:
        message = f"{where}: there is a witness_account, so witness must not say that there is none"
        raise ConfigError(message)
    said, _, reason = config.witness.partition(":")
    if said != "none" or len("".join(reason.split())) < _SHORTEST_REASON:
        message = f'{where}.witness must be "none: " and {_SHORTEST_REASON} characters or more'
        raise ConfigError(message)


def check_witness_trust(config: DeployConfig) -> None:
    """The witness lets in one account by its number: the log's. Unsaid, CloudFormation would put
    the witness's own there. In the log's account it is no witness: whoever rules that rules both.
    The local stack has one account, and proves nothing to anybody. Raises ConfigError.
    """
    where = f"cdk.json: environments.{config.env_name}"
    if config.witness_account is not None and config.account is None:
        message = f"{where}: name account, too: the witness answers that account and no other"
        raise ConfigError(message)
    alone = config.witness_account is not None and config.witness_account == config.account
    if alone and config.synthesizer is not Synthesizer.CLI_CREDENTIALS:
        message = (
            f"{where}: witness_account is account itself, and whoever rules that would rule both: "
            'name a second account, or say in "witness" why there is none'
        )
        raise ConfigError(message)


def check_trail(config: DeployConfig) -> None:
    """Raises ConfigError for what names no trail, and for one whose echoes no rule would hear."""
    if config.cloudtrail is not None and not config.activity_reads:
        message = (
            f"cdk.json: environments.{config.env_name}: where cloudtrail names a trail, "
            "activity_reads must be true: each lease's AssumeRole is awaited from it, and "
            "CloudTrail counts that call among those that only read"
        )
        raise ConfigError(message)
    if config.cloudtrail is not None and not _TRAIL.fullmatch(config.cloudtrail):
        message = (
            f"cdk.json: environments.{config.env_name}.cloudtrail must be the name or the ARN of a "
            f"trail, not {config.cloudtrail!r}"
        )
        raise ConfigError(message)


def check_retention(config: DeployConfig) -> None:
    """CloudWatch Logs takes only some numbers of days, and refuses others while it deploys. What is
    meant to be deleted must not lock an archive for long: nobody could. Raises ConfigError.
    """
    where = f"cdk.json: environments.{config.env_name}"
    for name in ("audit_retention_days", "operational_retention_days"):
        days = getattr(config, name)
        if days not in LOG_RETENTION_DAYS:
            nearest = min(LOG_RETENTION_DAYS, key=lambda known: abs(known - days))
            message = f"{where}.{name}: CloudWatch Logs takes no {days} days, but {nearest}"
            raise ConfigError(message)
    longest = _LONGEST_LOCK if config.retain_data else _LONGEST_LOCK_UNLESS_RETAINED
    if config.archive_retention_days > longest:
        message = (
            f"{where}.archive_retention_days must be at most {longest} where retain_data is "
            f"{str(config.retain_data).lower()}: nobody can delete the archive before its time"
        )
        raise ConfigError(message)


def check_slack(config: DeployConfig) -> None:
    """The host of the socket runs in subnets of the owner's, from where it reaches Slack. Another
    Slack than Slack's would be told the tokens, and could click as anybody. Raises ConfigError.
    """
    where = f"cdk.json: environments.{config.env_name}"
    if config.slack.by_socket and not config.emulated:
        _check_socket(where, config)
    if config.slack.api_url != SLACK_API_URL and not config.emulated:
        message = (
            f"{where}.slack.api_url is for the local stack alone: its tokens would go to "
            f"{config.slack.api_url}, and whoever answers there could click as anybody"
        )
        raise ConfigError(message)


def _check_socket(where: str, config: DeployConfig) -> None:
    slack = config.slack
    if not config.vpc_subnet_ids:
        message = (
            f"{where}: where slack.modes has socket, vpc_subnet_ids and vpc_security_group_ids "
            "name the network in which its task runs, and from where it reaches slack.com"
        )
        raise ConfigError(message)
    for name, what in (
        ("socket_image", "the image of the socket's host, by its digest"),
        ("socket_vpc_id", "the network of vpc_subnet_ids"),
        ("socket_token_arn", "the secret with the app-level token"),
    ):
        if not getattr(slack, name):
            message = f"{where}.slack.{name} must name {what}, where modes has socket"
            raise ConfigError(message)
    region, name = slack.token_secret
    expected = slack_secret_name(config.env_name, SlackSecret.APP_TOKEN)
    if (region, name) != (config.region, expected):
        message = (
            f"{where}.slack.socket_token_arn must be the secret {expected} in {config.region}, "
            f"not {name} in {region}"
        )
        raise ConfigError(message)


def check_vendors(config: DeployConfig) -> None:
    """Another address than the vendor's own would be told PAM's tokens, and could say of anybody
    that their access is gone. Raises ConfigError.
    """
    center, okta = config.identity_center, config.okta
    addresses = {
        "identity_center.endpoint_url": center.endpoint_url if center else "",
        "okta.api_url": okta.api_url if okta else "",
    }
    for name, address in addresses.items():
        if address and not config.emulated:
            message = (
                f"cdk.json: environments.{config.env_name}.{name} is for the local stack alone: "
                f"whoever answers at {address} could say of anybody that their access is gone"
            )
            raise ConfigError(message)
