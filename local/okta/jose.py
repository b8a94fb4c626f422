"""JSON Web Signatures as Okta takes them from clients: ES256 and RS256."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

Json = dict[str, Any]

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_THUMBED = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_HALF = 32
"""Bytes of each of the two numbers of a signature by P-256."""


class BadSignature(ValueError):
    """Not a JWT, or not signed by that key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A JWT as it was sent; nothing of it is proven before `check`."""

    header: Json
    claims: Json
    signed: bytes
    signature: bytes

    def check(self, jwk: Json) -> None:
        """Raises BadSignature unless the holder of `jwk`'s private key signed it."""
        try:
            _verify(jwk, str(self.header.get("alg")), self.signature, self.signed)
        except (InvalidSignature, KeyError, ValueError, TypeError) as error:
            raise BadSignature(type(error).__name__) from error


def read(text: str) -> Token:
    """Raises BadSignature for what is no JWT."""
    head, dot, last = text.rpartition(".")
    first, _, middle = head.partition(".")
    try:
        header, claims = json.loads(decoded(first)), json.loads(decoded(middle))
        signature = decoded(last)
    except (ValueError, binascii.Error) as error:
        message = "not a JWT"
        raise BadSignature(message) from error
    if not dot or not isinstance(header, dict) or not isinstance(claims, dict):
        message = "not a JWT"
        raise BadSignature(message)
    return Token(header=header, claims=claims, signed=head.encode(), signature=signature)


def thumbprint(jwk: Json) -> str:
    """RFC 7638. Raises BadSignature for a key that is not public, or of another kind."""
    names = _THUMBED.get(str(jwk.get("kty")))
    if names is None or _PRIVATE & jwk.keys() or not all(name in jwk for name in names):
        message = "not a public key"
        raise BadSignature(message)
    canonical = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"))
    return digest(canonical)


def jwk_of_der(der: bytes, kid: str) -> Json:
    """A public key as an app has it; `der` is its SubjectPublicKeyInfo, as KMS gives it."""
    key = load_der_public_key(der)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        message = "not a key of P-256"
        raise TypeError(message)
    numbers = key.public_numbers()
    x, y = (encoded(number.to_bytes(_HALF, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256"}


def digest(text: str) -> str:
    return encoded(hashlib.sha256(text.encode()).digest())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _verify(jwk: Json, algorithm: str, signature: bytes, signed: bytes) -> None:
    thumbprint(jwk)
    if algorithm == "ES256" and jwk["kty"] == "EC" and jwk["crv"] == "P-256":
        if len(signature) != 2 * _HALF:
            raise InvalidSignature
        curve_key = ec.EllipticCurvePublicNumbers(
            _number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1()
        ).public_key()
        r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
        curve_key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    elif algorithm == "RS256" and jwk["kty"] == "RSA":
        rsa_key = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
        rsa_key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise InvalidSignature


def _number(text: str) -> int:
    return int.from_bytes(decoded(text), "big")
