"""What Okta knows PAM by: an assertion that KMS signs (RFC 7523), and proofs that a token is used
by whom it was given to (DPoP, RFC 9449). Both are JWTs with ES256 (RFC 7515, 7518), made anew for
each request: Okta takes none of them twice.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

_COORDINATE = 32
"""Bytes of a coordinate on P-256, and of each half of a signature."""
_ASSERTION_LIVES = timedelta(minutes=5)
"""Okta takes up to an hour, and its clock may be minutes ahead of ours."""


class ClientKey(Protocol):
    """The key of an API Services app: P-256, and never outside of where it signs."""

    @property
    def key_id(self) -> str:
        """Under which the app has its public half (`kid`)."""

    def sign(self, message: bytes) -> bytes:
        """ECDSA over SHA-256, in DER."""


class Assertions:
    """Says that PAM is the app `client_id`, by a key that the app knows."""

    def __init__(self, *, client_id: str, key: ClientKey) -> None:
        self.client_id = client_id
        self._key = key

    def make(self, audience: str, now: datetime) -> str:
        """Secret while it lives. `audience`: the token endpoint."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "iat": _epoch(now),
            "exp": _epoch(now + _ASSERTION_LIVES),
            "jti": _once(),
        }
        header = {"alg": "ES256", "kid": self._key.key_id}
        return _signed(header, claims, self._key.sign)


class ProofKey:
    """A key of this process: made with it, held in memory alone, gone with it."""

    def __init__(self) -> None:
        self._key = generate_private_key(SECP256R1())
        self._public = _jwk(self._key.public_key())

    def __repr__(self) -> str:
        return "ProofKey()"

    def proof(self, method: str, url: str, now: datetime, *, nonce: str, token: str) -> str:
        """Secret. For one request. `nonce` and `token` are empty where there is none yet."""
        claims = {
            "htm": method,
            "htu": _without_query(url),
            "iat": _epoch(now),
            "jti": _once(),
            **({"nonce": nonce} if nonce else {}),
            **({"ath": _encoded(hashlib.sha256(token.encode()).digest())} if token else {}),
        }
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self._public}
        return _signed(header, claims, lambda text: self._key.sign(text, ECDSA(SHA256())))


def public_jwk(public_key: bytes, key_id: str) -> dict[str, str]:
    """What an app is told of its key. `public_key`: in DER. Raises ValueError if not on P-256."""
    key = load_der_public_key(public_key)
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        message = "not a key on the curve P-256"
        raise ValueError(message)  # noqa: TRY004 - its caller gave bytes
    return {**_jwk(key), "kid": key_id, "use": "sig", "alg": "ES256"}


def _jwk(key: EllipticCurvePublicKey) -> dict[str, str]:
    point = key.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _number(point.x), "y": _number(point.y)}


def _signed(
    header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    """In JWS's compact form. `sign` answers in DER; a JWS has the two numbers side by side."""
    text = f"{_part(header)}.{_part(claims)}"
    halves = decode_dss_signature(sign(text.encode()))
    return f"{text}.{_encoded(b''.join(half.to_bytes(_COORDINATE) for half in halves))}"


def _part(document: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(document, separators=(",", ":")).encode())


def _number(value: int) -> str:
    return _encoded(value.to_bytes(_COORDINATE))


def _encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _without_query(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def _once() -> str:
    return secrets.token_urlsafe(16)
