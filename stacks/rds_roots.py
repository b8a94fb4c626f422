"""The certificates at the root of every RDS and Aurora server, of each region that AWS has told of.

No machine trusts them by itself: they are in no operating system's store. AWS publishes them as
`global-bundle.pem` (Amazon RDS User Guide, "Using SSL/TLS to encrypt a connection to a DB
instance"). `python -m stacks.rds_roots global-bundle.pem` writes this project's file anew from it.
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

FILE = Path(__file__).parent / "certificates" / "rds-roots.pem"
_NAME = re.compile(r"Amazon RDS ([a-z]{2}(?:-[a-z]+)+-\d) Root CA (RSA2048|RSA4096|ECC384) G\d")
"""Those of AWS's previews, and the generation of 2019, have other names."""
_OWNER = "Amazon Web Services, Inc."


class NotARootError(Exception):
    """The file has something else; the message is one line."""


def of_region(region: str) -> bytes:
    """PEM, in one file; empty where none is known. A server of another region is not trusted."""
    certificates = x509.load_pem_x509_certificates(FILE.read_bytes())
    return b"".join(_pem(each) for each in certificates if _named(each)[0] == region)


def regions() -> frozenset[str]:
    certificates = x509.load_pem_x509_certificates(FILE.read_bytes())
    return frozenset(_named(each)[0] for each in certificates)


def rendered(bundle: bytes, now: datetime) -> str:
    """This project's file, from AWS's: the present roots of every region, in order, and nothing
    else. Raises NotARootError, ValueError if there is something that is no certificate.
    """
    roots = [each for each in x509.load_pem_x509_certificates(bundle) if all(_named(each))]
    if not roots:
        message = "there is no root certificate of RDS in it"
        raise NotARootError(message)
    for root in roots:
        _check(root, now)
    return "".join(_described(each) + _pem(each).decode() for each in sorted(roots, key=_named))


def _check(root: x509.Certificate, now: datetime) -> None:
    """A root signs itself: whoever only bears its name does not."""
    where = " ".join(_named(root))
    try:
        root.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError) as error:
        message = f"the root of {where} is not signed by itself"
        raise NotARootError(message) from error
    if not root.not_valid_before_utc <= now < root.not_valid_after_utc:
        message = f"the root of {where} is not valid now"
        raise NotARootError(message)


def _named(certificate: x509.Certificate) -> tuple[str, str]:
    """Region and kind of key; empty for what is no root of RDS."""
    name = certificate.subject
    common, owner = (_only(name, oid) for oid in (_OID.COMMON_NAME, _OID.ORGANIZATION_NAME))
    match = _NAME.fullmatch(common)
    return (match[1], match[2]) if match and owner == _OWNER else ("", "")


_OID = x509.NameOID


def _only(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = [str(each.value) for each in name.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 else ""


def _described(root: x509.Certificate) -> str:
    until = root.not_valid_after_utc.date()
    fingerprint = root.fingerprint(hashes.SHA256()).hex()
    return f"# {' '.join(_named(root))}, until {until}, SHA-256 {fingerprint}\n"


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


if __name__ == "__main__":
    text = rendered(Path(sys.argv[1]).read_bytes(), datetime.now(UTC))
    FILE.write_text(text, encoding="ascii")
