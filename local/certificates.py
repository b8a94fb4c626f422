"""A certificate authority that lives for one server: it signs, and its key is kept nowhere."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_PEM = serialization.Encoding.PEM
_BEGAN_AGO = timedelta(days=2)
_VALID_FOR = timedelta(days=365)
"""No stack is up for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _named("an authority of this machine alone")
        made = _of(name, key, _VALID_FOR).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        return cls(certificate=made.issuer_name(name).sign(key, hashes.SHA256()), _key=key)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(_PEM).decode()

    def server(self, host: str, *, valid_for: timedelta = _VALID_FOR) -> bytes:
        """Key and certificate of a server by this name, as PEM. With a negative time it expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _of(_named(host), key, valid_for).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
        signed = made.issuer_name(self.certificate.subject).sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private + signed.public_bytes(_PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _of(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, valid_for: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEGAN_AGO)
        .not_valid_after(now + valid_for)
    )
