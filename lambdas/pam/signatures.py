"""Whether a signature of the log, or of its witness, is one."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key


def log_signed(public_key: bytes, text: str, signature: bytes) -> bool:
    """ECDSA P-256 over SHA-256. `public_key` in DER; anything that is none signs nothing."""
    try:
        key = load_der_public_key(public_key)
        if not isinstance(key, EllipticCurvePublicKey):
            return False
        key.verify(signature, text.encode(), ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def witness_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519. `public_key` is its 32 bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
