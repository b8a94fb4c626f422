"""By which certificates databases are known: what goes into the functions' package."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pam.domain.certificates import LONGEST_CERTIFICATES
from pam.domain.kinds import Need
from pam.policy.compiled import CompiledPolicy
from stacks import rds_roots
from stacks.config import ConfigError, DeployConfig, SslMode

_SOON = timedelta(days=365)
_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """`certificates` is PEM, empty where no certificate is checked; each doubt is one line."""

    certificates: bytes
    doubts: tuple[str, ...] = ()


def trust_of(
    config: DeployConfig, policy: CompiledPolicy, *, database_ca: Path | None, now: datetime
) -> Trust:
    """The file of the configuration, or else RDS's roots in the region. Raises ConfigError."""
    where = f"cdk.json: environments.{config.env_name}"
    if config.database_sslmode is not SslMode.VERIFY_FULL:
        if database_ca is not None:
            message = (
                f"{where}.database_ca: database_sslmode {config.database_sslmode} checks no "
                "certificate; say verify-full, or leave database_ca out"
            )
            raise ConfigError(message)
        return Trust(certificates=b"")
    if database_ca is not None:
        return _read(database_ca, f"{where}.database_ca: {database_ca}", now)
    roots = rds_roots.of_region(config.region)
    lent = sorted(each.resource_id for each in policy.resources if each.needing(Need.READ_SECRET))
    if not roots and lent:
        message = (
            f"{where}: PAM ships no root certificate of RDS in {config.region}, so no server of "
            f"{lent[0]} could be known; get the region's bundle ({_RDS}) and name it in database_ca"
        )
        raise ConfigError(message)
    return Trust(certificates=roots)


def _read(path: Path, where: str, now: datetime) -> Trust:
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        message = f"{where} is not a file of certificates (PEM)"
        raise ConfigError(message) from error
    # And nothing else that the file may have, such as a key.
    content = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)
    if len(content) > LONGEST_CERTIFICATES:
        message = f"{where} has more than {LONGEST_CERTIFICATES // 1024} kB; each lease carries it"
        raise ConfigError(message)
    # libpq trusts nothing that another has signed, until it has found who signs itself.
    roots = [each for each in certificates if each.issuer == each.subject]
    if not any(each.not_valid_before_utc <= now < _end(each) for each in roots):
        message = f"{where} has no root certificate that is valid now (one that signs itself)"
        raise ConfigError(message)
    return Trust(
        certificates=content,
        doubts=tuple(
            f"{where}: {each.subject.rfc4514_string()} {_until(each, now)}; renew the file"
            for each in certificates
            if _end(each) < now + _SOON
        ),
    )


def _until(certificate: x509.Certificate, now: datetime) -> str:
    end = _end(certificate)
    return f"{'has expired' if end <= now else 'expires'} on {end.date()}"


def _end(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc
