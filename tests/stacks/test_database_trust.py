"""By which certificates databases are known, and what of them is refused before a deployment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pam.domain.certificates import LONGEST_CERTIFICATES
from pam.policy.compiled import CompiledPolicy
from pam.policy.compiler import read
from stacks import rds_roots
from stacks.config import ConfigError, DeployConfig, SslMode
from stacks.database_trust import trust_of
from stacks.synthesis import ROOT

NOW = datetime.now(UTC)
SHIPPED = x509.load_pem_x509_certificates(rds_roots.FILE.read_bytes())
PEM = serialization.Encoding.PEM


@pytest.fixture(scope="module")
def lending() -> CompiledPolicy:
    """The shipped catalogue, which lends two databases."""
    return read(ROOT / "policy", ROOT / "policy" / "identities.yaml", account="").compiled


def config(**fields: Any) -> DeployConfig:
    return DeployConfig(env_name="prod", **{"region": "eu-west-1"} | fields)


def certificate(
    name: str = "Amazon RDS eu-west-1 Root CA ECC384 G1",
    *,
    owner: str = "Amazon Web Services, Inc.",
    days: int = 3650,
    signed_by: ec.EllipticCurvePrivateKey | None = None,
    by: str = "",
) -> bytes:
    """One that signs itself, unless another key is said to have signed it; `by`: whom it names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, issuer = (
        x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, owner),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, common),
            ]
        )
        for common in (name, by or name)
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=4000))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(signed_by or key, hashes.SHA256())
    )
    return made.public_bytes(PEM)


def names(pem: bytes) -> list[str]:
    return [
        str(each.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
        for each in x509.load_pem_x509_certificates(pem)
    ]


@pytest.mark.parametrize("root", SHIPPED, ids=lambda root: f"{root.serial_number:x}"[:8])
def test_each_shipped_certificate_is_a_root_of_rds_that_is_good_for_more_than_a_year(
    root: x509.Certificate,
) -> None:
    """Where this fails for want of time: docs/databases.md says how to renew the file."""
    root.verify_directly_issued_by(root)
    assert "CN=Amazon RDS " in root.subject.rfc4514_string()
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca
    assert root.not_valid_before_utc < NOW
    assert root.not_valid_after_utc > NOW + timedelta(days=365)


def test_the_shipped_file_is_what_its_own_command_makes_of_it() -> None:
    content = rds_roots.FILE.read_bytes()
    assert rds_roots.rendered(content, NOW).encode() == content


def test_a_region_has_its_own_three_roots_and_no_others() -> None:
    assert len(rds_roots.regions()) > 25
    for region in rds_roots.regions():
        found = names(rds_roots.of_region(region))
        assert found == [
            f"Amazon RDS {region} Root CA {key} G1" for key in ("ECC384", "RSA2048", "RSA4096")
        ]


def test_of_a_bundle_only_the_present_roots_of_regions_are_taken() -> None:
    others = [
        certificate("Amazon RDS Preview us-east-2 Root CA ECC384 G1"),
        certificate("Amazon RDS Beta us-east-1 Root CA ECC384 G1"),
        certificate("Amazon RDS Root 2019 CA"),
        certificate("Amazon Root CA 1", owner="Amazon"),
        certificate(owner="Somebody Else, Inc."),
        certificate("Amazon RDS eu-west-1 Root CA ECC384 G1 "),
    ]
    own = certificate("Amazon RDS mx-central-1 Root CA ECC384 G1")
    made = rds_roots.rendered(b"# of AWS\n" + b"".join([*others, own]), NOW)
    assert made.startswith("# mx-central-1 ECC384, until ")
    assert made.encode().endswith(own)
    assert names(made.encode()) == ["Amazon RDS mx-central-1 Root CA ECC384 G1"]


@pytest.mark.parametrize(
    ("bundle", "told"),
    [
        (lambda: certificate("Amazon Root CA 1"), "no root certificate of RDS"),
        (lambda: certificate(days=-1), "eu-west-1 ECC384 is not valid now"),
        (
            lambda: certificate(signed_by=ec.generate_private_key(ec.SECP256R1())),
            "eu-west-1 ECC384 is not signed by itself",
        ),
    ],
    ids=["another's", "expired", "signed by another"],
)
def test_what_is_no_root_of_rds_does_not_get_into_the_file(
    bundle: Callable[[], bytes], told: str
) -> None:
    with pytest.raises(rds_roots.NotARootError, match=told):
        rds_roots.rendered(bundle(), NOW)


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "ap-southeast-4"])
def test_a_deployment_trusts_the_roots_of_its_own_region(
    lending: CompiledPolicy, region: str
) -> None:
    trust = trust_of(config(region=region), lending, database_ca=None, now=NOW)
    assert trust.certificates == rds_roots.of_region(region)
    assert len(names(trust.certificates)) == 3
    assert trust.doubts == ()


@pytest.mark.parametrize(
    "region",
    [
        "us-gov-west-1",
        "us-gov-east-1",
        "cn-north-1",
        "cn-northwest-1",
        "eusc-de-east-1",
        "il-central-1",
    ],
)
def test_a_region_whose_roots_are_not_known_lends_no_database_without_them(
    lending: CompiledPolicy, region: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as told:
        trust_of(config(region=region), lending, database_ca=None, now=NOW)
    for part in ("environments.prod", region, "core-ledger-db", "database_ca", "docs.aws.amazon"):
        assert part in str(told.value)
    own = tmp_path / "region.pem"
    own.write_bytes(certificate(f"Amazon RDS {region} Root CA ECC384 G1"))
    trust = trust_of(config(region=region), lending, database_ca=own, now=NOW)
    assert names(trust.certificates) == [f"Amazon RDS {region} Root CA ECC384 G1"]


def test_where_no_database_is_lent_no_root_is_missed(lending: CompiledPolicy) -> None:
    roles = tuple(each for each in lending.resources if "db" not in each.resource_id)
    without = replace(lending, resources=roles)
    trust = trust_of(config(region="il-central-1"), without, database_ca=None, now=NOW)
    assert trust.certificates == b""


def test_of_a_named_file_the_certificates_are_packed_and_nothing_else(
    lending: CompiledPolicy, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    own, other = certificate("bank"), certificate("bank's other")
    file = tmp_path / "ca.pem"
    file.write_bytes("# Zürich\r\n".encode() + key + own + b"\nnot this\n" + other)
    trust = trust_of(config(), lending, database_ca=file, now=NOW)
    assert trust.certificates == own + other


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is not a file of certificates"),
        (b"", "is not a file of certificates"),
        (b"-----BEGIN CERTIFICATE-----\n", "is not a file of certificates"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is not a file of"),
        (b"\xff\xfe\x00", "is not a file of certificates"),
        (certificate("bank", days=-1), "has no root certificate that is valid now"),
        (certificate("issued", by="its authority"), "has no root certificate"),
        (
            certificate("issued", by="an old root") + certificate("an old root", days=-1),
            "has no root certificate that is valid now",
        ),
        (certificate("bank") * 600, f"more than {LONGEST_CERTIFICATES // 1024} kB"),
    ],
    ids=[
        "none",
        "empty",
        "cut",
        "no certificate",
        "no text",
        "expired",
        "no root",
        "an expired root",
        "too long",
    ],
)
def test_a_file_by_which_nothing_could_be_known_is_refused(
    lending: CompiledPolicy, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=told) as refused:
        trust_of(config(), lending, database_ca=file, now=NOW)
    assert "prod.database_ca" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_certificate_that_expires_within_a_year_is_told(
    lending: CompiledPolicy, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(
        certificate("good", days=366) + certificate("soon", days=364) + certificate("over", days=-1)
    )
    doubts = trust_of(config(), lending, database_ca=file, now=NOW).doubts
    assert len(doubts) == 2
    assert "CN=soon" in doubts[0]
    assert "expires on" in doubts[0]
    assert "CN=over" in doubts[1]
    assert "has expired on" in doubts[1]


@pytest.mark.parametrize("mode", [SslMode.REQUIRE, SslMode.DISABLE])
def test_a_mode_that_checks_no_certificate_has_none_and_takes_none(
    lending: CompiledPolicy, tmp_path: Path, mode: SslMode
) -> None:
    chosen = config(database_sslmode=mode, region="il-central-1")
    assert trust_of(chosen, lending, database_ca=None, now=NOW).certificates == b""
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate("bank"))
    with pytest.raises(ConfigError, match=f"database_sslmode {mode} checks no certificate"):
        trust_of(chosen, lending, database_ca=file, now=NOW)
