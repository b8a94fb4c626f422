"""What differs between deployments, as one typed value read from `environments` in cdk.json.

Stacks branch on these switches and never on the name of an environment, so that whatever one
environment can do, another can be configured to do.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum

from pam.domain.kinds import Vendor
from pam.names import Table
from stacks.slack_config import SlackConfig
from stacks.subscriptions import Subscription, check_alarms_are_heard
from stacks.vendor_config import IdentityCenterConfig, OktaConfig

_LONGEST_CHECKPOINT_INTERVAL = 60
"""Minutes; a note that says more is no checkpoint."""


_NO_ACCOUNT = "000000000000"
_NO_SLACK = SlackConfig()


class ConfigError(Exception):
    """The deployment cannot be built; the message is one line for the person who asked for it."""


class BundlePlatform(StrEnum):
    """Which machine the functions' dependencies are built for."""

    AWS_ARM64 = "aws-arm64"
    HOST = "host"


class Synthesizer(StrEnum):
    """How a deployment gets its rights: the bootstrap roles, or the caller's own credentials."""

    DEFAULT = "default"
    CLI_CREDENTIALS = "cli-credentials"


class BundleMode(StrEnum):
    """`SKIP` leaves the dependencies out: the template is complete, the functions would not run."""

    BUILD = "build"
    SKIP = "skip"


class Protection(StrEnum):
    """Whether AWS refuses to delete what is retained. A first deployment that fails is rolled back
    only as far as nothing is protected, so its protection comes with the deployment after it.
    """

    ON = "on"
    FROM_THE_NEXT_DEPLOYMENT = "from-the-next-deployment"


class Rotation(StrEnum):
    """Who rotates the passwords of lent accounts: others (MOD-045), or a function of PAM's own,
    alone or with the schedule that ties it to each secret of the catalogue.
    """

    NONE = "none"
    FUNCTION = "function"
    SCHEDULE = "schedule"


class SslMode(StrEnum):
    """How connections to databases are secured, in libpq's words, but for the half measures."""

    VERIFY_FULL = "verify-full"
    REQUIRE = "require"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployConfig:
    """One deployment of PAM.

    `account` None leaves the template account-agnostic. `retain_data` keeps what a bank must not
    lose (table, audit log, key) through a stack deletion and protects it against one; without it,
    deleting the stacks leaves nothing behind but the archive, which nobody can delete before its
    time, and its key. `protection` is no entry of cdk.json: `-c protection=` says it for one
    deployment. `account_api_logging` lets this deployment set the
    account-wide role with which API Gateway writes logs; False where the account's owner has.
    `database_ca` is a file of this project with the certificates that databases are trusted by
    (absent: RDS's in this region). Functions that reach databases or AWS
    accounts join the network that `vpc_subnet_ids` and `vpc_security_group_ids` name, if any.
    `archive_retention_days` is for how long the audit archive lets nothing be deleted, by anybody.
    `witness_account` is where the witness of the audit log runs (a second account); without one,
    `witness` says in words why there is none: "none: " and a reason.
    `activity_reads` records the calls of lent roles that only read as well as those that change.
    `activity_regions` are those in which sessions may act, beside PAM's own and the one that speaks
    for global services: activity is forwarded from there. `cloudtrail` names the trail by which
    AWS tells of calls; where it is named, each lease of a role must be told within half an hour.
    `dark_call_after` is for how many minutes the gateway's access log may take to show a call; one
    that a function handled and that it does not show by then came past the gateway.
    `notify` are the subscriptions of PAM's topics that the deployment makes (`docs/notices.md`).
    `reserved_concurrency` keeps a part of the account's Lambda quota for what ends access; only for
    accounts whose quota allows it (`stacks/concurrency.py`).
    `slack` says whether PAM is in Slack, and for whose users (`docs/slack.md`).
    `identity_center` and `okta` say that PAM lends access there, and how it is known there
    (`docs/identity-center.md`, `docs/okta.md`); without them nothing of it is made.
    `runbooks` deploys the documents under `runbooks/` to Systems Manager (`docs/consumers.md`).
    `traces` has X-Ray follow calls of the API through functions and workflow (`docs/cost.md`).
    Throttles are requests a second and bucket size, the sensitive ones for each call that asks,
    votes or hands out credentials.
    """

    env_name: str
    region: str
    account: str | None = None
    policy_dir: str = "policy"
    identities: str = "policy/identities.yaml"
    bundle_platform: BundlePlatform = BundlePlatform.AWS_ARM64
    synthesizer: Synthesizer = Synthesizer.DEFAULT
    retain_data: bool = True
    account_api_logging: bool = True
    audit_retention_days: int = 3653
    archive_retention_days: int = 2557
    operational_retention_days: int = 365
    checkpoint_minutes: int = 5
    witness_account: str | None = None
    witness: str | None = None
    throttle_rate: int = 50
    throttle_burst: int = 100
    sensitive_throttle_rate: int = 10
    sensitive_throttle_burst: int = 20
    rotation: Rotation = Rotation.NONE
    rotation_days: int = 30
    database_sslmode: SslMode = SslMode.VERIFY_FULL
    database_ca: str | None = None
    vpc_subnet_ids: tuple[str, ...] = ()
    vpc_security_group_ids: tuple[str, ...] = ()
    activity_reads: bool = True
    activity_regions: tuple[str, ...] = ()
    cloudtrail: str | None = None
    dark_call_after: int = 15
    notify: tuple[Subscription, ...] = ()
    reserved_concurrency: bool = False
    traces: bool = False
    runbooks: bool = False
    slack: SlackConfig = _NO_SLACK
    identity_center: IdentityCenterConfig | None = None
    okta: OktaConfig | None = None
    protection: Protection = Protection.ON

    @property
    def protected(self) -> bool:
        return self.retain_data and self.protection is Protection.ON

    @property
    def emulated(self) -> bool:
        """Whether it is made for an emulator of AWS: no account of AWS has this number."""
        return self.account == _NO_ACCOUNT

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """Those at which this deployment lends."""
        return tuple(vendor for vendor in Vendor if getattr(self, vendor.value) is not None)

    @property
    def unused_tables(self) -> frozenset[Table]:
        """Those that nothing of this deployment would write."""
        of_vendors = {Vendor.IDENTITY_CENTER: Table.IDENTITY_CENTER, Vendor.OKTA: Table.OKTA}
        return frozenset(
            table for vendor, table in of_vendors.items() if vendor not in self.vendors
        )


_Form = Callable[[str, object], object]
_WRITTEN = {str: "it in quotes", bool: "true or false, without quotes", int: "a whole number"}
_NOT_IN_FILES = {"env_name", "protection"}


def load_config(env_name: object, environments: object) -> DeployConfig:
    """The configuration called `env_name`. Raises ConfigError: there is no default to fall to."""
    if not isinstance(environments, Mapping) or not environments:
        message = "cdk.json: context 'environments' must name at least one environment"
        raise ConfigError(message)
    known = ", ".join(sorted(environments))
    if not env_name:
        message = f"which environment? say -c env=NAME with one of: {known}"
        raise ConfigError(message)
    if not isinstance(env_name, str) or env_name not in environments:
        message = f"unknown environment '{env_name}': cdk.json has {known}"
        raise ConfigError(message)
    return _parse(env_name, environments[env_name])


def load_bundle_mode(value: object) -> BundleMode:
    if value is None:
        return BundleMode.BUILD
    return typing.cast("BundleMode", _convert("-c bundle", value, BundleMode))


def load_protection(value: object) -> Protection:
    if value is None:
        return Protection.ON
    return typing.cast("Protection", _convert("-c protection", value, Protection))


def _parse(env_name: str, entries: object) -> DeployConfig:
    where = f"cdk.json: environments.{env_name}"
    if not isinstance(entries, Mapping):
        message = f"{where} must be an object"
        raise ConfigError(message)
    wanted = {
        field.name: field for field in fields(DeployConfig) if field.name not in _NOT_IN_FILES
    }
    unknown = sorted(set(entries) - set(wanted))
    if unknown:
        message = f"{where}: unknown key '{unknown[0]}' (known: {', '.join(wanted)})"
        raise ConfigError(message)
    missing = [
        name for name, field in wanted.items() if field.default is MISSING and name not in entries
    ]
    if missing:
        message = f"{where}: '{missing[0]}' is missing"
        raise ConfigError(message)
    hints = typing.get_type_hints(DeployConfig)
    values = {
        name: _convert(f"{where}.{name}", entries[name], hints[name])
        for name in wanted
        if name in entries
    }
    config = DeployConfig(env_name=env_name, **values)
    if bool(config.vpc_subnet_ids) != bool(config.vpc_security_group_ids):
        message = f"{where}: vpc_subnet_ids and vpc_security_group_ids go together"
        raise ConfigError(message)
    if config.checkpoint_minutes > _LONGEST_CHECKPOINT_INTERVAL:
        message = f"{where}.checkpoint_minutes must be at most {_LONGEST_CHECKPOINT_INTERVAL}"
        raise ConfigError(message)
    try:
        check_alarms_are_heard(config.notify)
    except ValueError as error:
        message = f"{where}.notify: {error}"
        raise ConfigError(message) from error
    return config


def _convert(where: str, value: object, wanted: typing.Any) -> typing.Any:
    """`value` as the field's type; enumerations by value, everything else only if it already is."""
    if isinstance(wanted, types.UnionType):
        if value is None:
            return None
        wanted = next(arm for arm in typing.get_args(wanted) if arm is not types.NoneType)
    if wanted in _OWN_FORMS:
        return _OWN_FORMS[wanted](where, value)
    if typing.get_origin(wanted) is tuple:
        if not isinstance(value, list) or not all(type(item) is str for item in value):
            message = f"{where} must be a list of texts, not {value!r}"
            raise ConfigError(message)
        return tuple(value)
    if issubclass(wanted, StrEnum):
        choices = [str(member) for member in wanted]
        if value not in choices:
            message = f"{where} must be one of {', '.join(choices)}, not {value!r}"
            raise ConfigError(message)
        return wanted(value)
    if type(value) is not wanted:  # not isinstance: True is an int, and no throttle rate
        message = f"{where} must be a {wanted.__name__}, not {value!r}: write {_WRITTEN[wanted]}"
        raise ConfigError(message)
    if wanted is int and typing.cast("int", value) < 1:
        message = f"{where} must be at least 1, not {value!r}"
        raise ConfigError(message)
    return value


def _subscriptions(where: str, value: object) -> tuple[Subscription, ...]:
    if not isinstance(value, list):
        message = f"{where} must be a list of subscriptions, not {value!r}"
        raise ConfigError(message)
    try:
        return tuple(map(Subscription.of, value))
    except ValueError as error:
        message = f"{where}: {error}"
        raise ConfigError(message) from error


def _section(form: type[SlackConfig | IdentityCenterConfig | OktaConfig]) -> _Form:
    def read(where: str, value: object) -> object:
        try:
            return form.of(value)
        except ValueError as error:
            said = str(error)
            entry = said.split(" ", 1)[0] in {field.name for field in fields(form)}
            message = f"{where}.{said}" if entry else f"{where}: {said}"
            raise ConfigError(message) from error

    return read


_OWN_FORMS: Mapping[object, _Form] = {
    tuple[Subscription, ...]: _subscriptions,
    SlackConfig: _section(SlackConfig),
    IdentityCenterConfig: _section(IdentityCenterConfig),
    OktaConfig: _section(OktaConfig),
}
