"""A caller of Okta's API who can do everything right, and any one thing wrong."""

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from local.okta.service import Okta

Json = dict[str, Any]

ORGANISATION = "https://bank.okta.com"
TOKEN_URL = f"{ORGANISATION}/oauth2/v1/token"
ISSUER, REVOKER = "0oapamissuer00000001", "0oapamrevoker0000001"
GROUP, FED, ROLED = "00gsupportadmins0001", "00gsupportdesk000001", "00goktaadmins0000001"
OF_APP, EVERYONE = "00gdirectoryapp00001", "00geveryone000000001"
ALICE, FINN, NORA = "00ualice000000000001", "00ufinn0000000000001", "00unora0000000000001"
MEMBERS, MEMBER = f"/api/v1/groups/{GROUP}/users", f"/api/v1/groups/{GROUP}/users/{ALICE}"
SCOPES = "okta.groups.manage okta.groups.read okta.users.read okta.roles.read"
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def challenge(self) -> str:
        return self.headers.get("WWW-Authenticate", "")


class Key:
    """A key of P-256, and what it signs."""

    def __init__(self, kid: str | None = None) -> None:
        self._private, self.kid = ec.generate_private_key(ec.SECP256R1()), kid

    @property
    def jwk(self) -> Json:
        numbers = self._private.public_key().public_numbers()
        x, y = (_text(it.to_bytes(32, "big")) for it in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y} | (
            {"kid": self.kid} if self.kid else {}
        )

    def sign(self, header: Json, claims: Json) -> str:
        signed = ".".join(_text(json.dumps(it).encode()) for it in (header, claims))
        r, s = decode_dss_signature(self._private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass(kw_only=True)
class Caller:
    """`assertion`, `proof` and their headers can be changed entry by entry; None leaves one out."""

    okta: Okta
    base_url: str = ORGANISATION
    client_id: str = ISSUER
    key: Key = field(default_factory=lambda: Key("kid-1"))
    proof_key: Key = field(default_factory=Key)
    nonce: str | None = None
    token: str = ""
    seconds_ahead: float = 0

    def __post_init__(self) -> None:
        self.okta.register_key(self.client_id, self.key.jwk)

    @property
    def token_url(self) -> str:
        return f"{self.base_url}/oauth2/v1/token"

    def now(self) -> int:
        return int(self.okta.now() + self.seconds_ahead)

    def assertion(self, *, header: Json | None = None, **claims: Any) -> str:
        right = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_url,
            "iat": self.now(),
            "exp": self.now() + 60,
            "jti": str(uuid.uuid4()),
        }
        head = {"alg": "ES256", "typ": "JWT", "kid": self.key.kid} | (header or {})
        return self.key.sign(_without_none(head), _without_none(right | claims))

    def proof(
        self, method: str, url: str, *, header: Json | None = None, token: str = "", **claims: Any
    ) -> str:
        right = {
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": self.now(),
            "jti": str(uuid.uuid4()),
            "nonce": self.nonce,
            "ath": _text(hashlib.sha256(token.encode()).digest()) if token else None,
        }
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.proof_key.jwk} | (header or {})
        return self.proof_key.sign(_without_none(head), _without_none(right | claims))

    def ask_token(
        self,
        *,
        scope: str = SCOPES,
        assertion: str | None = None,
        proof: str | None = "",
        form: Json | None = None,
    ) -> Got:
        """One request. `proof` None: without one."""
        fields = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.assertion(),
        } | (form or {})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if proof is not None:
            headers["DPoP"] = proof or self.proof("POST", self.token_url)
        return self._send("POST", self.token_url, headers, urlencode(fields).encode())

    def sign_in(self, scope: str = SCOPES) -> "Caller":
        """With the nonce that Okta names first; from here on `call` has a token."""
        got = self.ask_token(scope=scope)
        if got.status != 200:
            got = self.ask_token(scope=scope)
        assert got.status == 200, got.body
        self.token = str(got.content["access_token"])
        return self

    def call(
        self,
        method: str,
        path: str,
        *,
        proof: str | None = "",
        kind: str = "DPoP",
        **claims: Any,
    ) -> Got:
        url = self.base_url + path
        headers = {"Authorization": f"{kind} {self.token}", "Accept": "application/json"}
        if proof is not None:
            headers["DPoP"] = proof or self.proof(method, url, token=self.token, **claims)
        return self._send(method, url, headers)

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Got:
        status, answered, content = self.answered(method, url, headers, body)
        self.nonce = answered.get("DPoP-Nonce", self.nonce)
        return Got(status=status, headers=answered, body=content)

    def answered(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """By the same process."""
        return self.okta.answer(method, url, headers, body)


def _without_none(found: Json) -> Json:
    return {name: value for name, value in found.items() if value is not None}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
