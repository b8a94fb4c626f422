"""Where PAM is deployed: account, region and partition, checked before anything is made of them."""

import re
from difflib import get_close_matches

from aws_cdk.region_info import RegionInfo

from pam.domain.kinds import kind_of
from pam.domain.partitions import partition_of, partition_of_arn
from pam.domain.resource import Resource
from pam.policy.compiled import PolicyError
from pam.policy.compiler import PolicyFiles
from stacks.config import ConfigError, DeployConfig

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)


def check_place(config: DeployConfig) -> None:
    """Raises ConfigError for an account that is none, and for a region that AWS does not have."""
    where = f"cdk.json: environments.{config.env_name}"
    for name, account in (
        ("account", config.account),
        ("witness_account", config.witness_account),
    ):
        if account is not None and not _ACCOUNT.fullmatch(account):
            message = (
                f"{where}.{name} must be 12 digits in quotes, leading zeros among them "
                f'("000123456789"), not {account!r}'
            )
            raise ConfigError(message)
    _check_region(f"{where}.region", config.region)
    for region in config.activity_regions:
        _check_region(f"{where}.activity_regions", region)
        if partition_of(region) != partition_of(config.region):
            message = (
                f"{where}.activity_regions: {region} is in {partition_of(region)}, and no session "
                f"of {config.region} reaches it"
            )
            raise ConfigError(message)


def _check_region(where: str, region: str) -> None:
    known = {region.name: region.partition for region in RegionInfo.regions}
    if region not in known:
        close = get_close_matches(region, known, n=1)
        meant = f"; is {close[0]} meant?" if close else ""
        message = f"{where}: {region!r} is no region of AWS{meant}"
        raise ConfigError(message)
    if known[region] != partition_of(region):
        message = f"{where}: PAM does not know the partition of {region}"
        raise ConfigError(message)


def check_partition(config: DeployConfig, files: PolicyFiles) -> None:
    """Nothing reaches from one partition into another. Raises PolicyError for a target there."""
    own = partition_of(config.region)
    for resource in files.compiled.resources:
        region = resource.issuer.get("region", config.region)
        if partition_of(region) != own:
            message = (
                f"{files.catalogue.places[resource.resource_id]}: {resource.resource_id}: {region} "
                f"is in {partition_of(region)}; PAM is deployed to {config.region}, and can lend "
                f"nothing outside {own}"
            )
            raise PolicyError(message)
        _check_arns(config, files, resource)


def _check_arns(config: DeployConfig, files: PolicyFiles, resource: Resource) -> None:
    """Where the deployment has no functions of the vendor, nothing asks for what the ARNs name."""
    if kind_of(resource.issuer_kind).vendor not in config.vendors:
        return
    own = partition_of(config.region)
    for name, text in resource.issuer.items():
        if text.startswith("arn:") and partition_of_arn(text) != own:
            message = (
                f"{files.catalogue.places[resource.resource_id]}: {resource.resource_id}: {name} "
                f"is in {partition_of_arn(text)}; PAM is deployed to {config.region}, and can lend "
                f"nothing outside {own}"
            )
            raise PolicyError(message)


def regional_host(service: str, region: str) -> str:
    """As `kms:ViaService` and some services' principals have it: `s3.eu-west-1.amazonaws.com`."""
    return f"{service}.{region}.{_suffix(region)}"


def event_sources(service: str, region: str) -> list[str]:
    """How CloudTrail may name the service in an event: in most partitions as in the first one."""
    return [f"{service}.{suffix}" for suffix in dict.fromkeys(("amazonaws.com", _suffix(region)))]


def _suffix(region: str) -> str:
    suffix = RegionInfo.get(region).domain_suffix
    if suffix is None:
        message = f"{region!r} is no region of AWS"
        raise ConfigError(message)
    return suffix
