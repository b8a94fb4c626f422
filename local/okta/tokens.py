"""The token endpoint, and what a token is good for.

A client proves itself by a JWT that it signed with the key registered for it (private_key_jwt) and
is given a token bound to the key of its DPoP proof.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from local.okta import jose
from local.okta.answers import Answer, Json, oauth_error
from local.okta.directory import App, Directory
from local.okta.faults import Faults
from local.okta.proofs import BadProof, Proofs

PATH = "/oauth2/v1/token"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST = 3600.0
_FORM = "application/x-www-form-urlencoded"
_TOKEN_BYTES = 660
"""Real ones are JWTs of some 900 characters, which nobody but Okta is to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an access token stands for. `bound_to`: the thumbprint of a key; empty: a bearer's."""

    client_id: str
    scopes: tuple[str, ...]
    expires: float
    bound_to: str


class Tokens:
    def __init__(
        self, directory: Directory, proofs: Proofs, faults: Faults, now: Callable[[], float]
    ) -> None:
        self._directory, self._proofs = directory, proofs
        self._faults, self._now = faults, now
        self._used: dict[tuple[str, str], float] = {}
        self.grants: dict[str, Grant] = {}

    def grant_of(self, token: str) -> Grant | None:
        """None if it was never given, is over, or its app is off."""
        found = self.grants.get(token)
        if found is None or found.expires <= self._now():
            return None
        app = self._directory.apps.get(found.client_id)
        return found if app is not None and app.active else None

    def answer(self, url: str, headers: dict[str, list[str]], body: bytes) -> Answer:
        """Raises Refused."""
        form = _read_form(headers, body)
        app, jti = self._client(url, form)
        bound_to = self._key_of_proof(app, url, headers)
        self._use(app, jti)
        scopes = tuple(form.get("scope", "").split())
        if not scopes or not set(scopes) <= set(app.scopes):
            raise oauth_error(400, "invalid_scope", "One or more scopes are not granted.")
        token, lives = secrets.token_urlsafe(_TOKEN_BYTES), self._faults.token_lives
        self.grants[token] = Grant(
            client_id=app.client_id,
            scopes=scopes,
            expires=self._now() + lives,
            bound_to=bound_to,
        )
        content = {
            "token_type": "DPoP" if bound_to else "Bearer",
            "expires_in": int(lives),
            "access_token": token,
            "scope": " ".join(scopes),
        }
        headers_of_answer = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
        return Answer(content=content, headers=headers_of_answer | self._named_nonce(bound_to))

    def _named_nonce(self, bound_to: str) -> dict[str, str]:
        return {"DPoP-Nonce": self._proofs.nonce} if bound_to else {}

    def _client(self, url: str, form: Json) -> tuple[App, str]:
        """The app that signed the assertion, and the assertion's `jti`."""
        if form.get("client_assertion_type") != _ASSERTION:
            _refuse("A client_assertion of the type jwt-bearer is needed.")
        try:
            assertion = jose.read(form.get("client_assertion", ""))
        except jose.BadSignature:
            _refuse("The client_assertion is not a JWT.")
        claims = assertion.claims
        app = self._directory.apps.get(str(claims.get("iss")))
        if app is None or not app.active or claims.get("sub") != claims.get("iss"):
            _refuse("The client_assertion names no client: iss and sub.")
        if form.get("client_id", app.client_id) != app.client_id:
            _refuse("The client_id is not the one of the client_assertion.")
        _check_signature(app, assertion)
        self._check_times(claims)
        if claims.get("aud") != url:
            _refuse("The audience of the client_assertion is not this endpoint.")
        jti = claims.get("jti")
        if type(jti) is not str or not jti:
            _refuse("The client_assertion has no jti.")
        if (app.client_id, jti) in self._used:
            _refuse("The client_assertion's jti has already been used.")
        return app, jti

    def _check_times(self, claims: Json) -> None:
        expires, issued, now = claims.get("exp"), claims.get("iat", 0), self._now()
        if type(expires) is not int or expires <= now:
            _refuse("The client_assertion is expired.")
        if expires > now + _LONGEST:
            _refuse("The client_assertion expires too far in the future.")
        if type(issued) is not int or issued > now + 300:
            _refuse("The client_assertion was issued in the future.")

    def _key_of_proof(self, app: App, url: str, headers: dict[str, list[str]]) -> str:
        """Demanded of apps that need DPoP; without a nonce it is refused and the nonce named."""
        proofs = headers.get("dpop", [])
        if not app.dpop and not proofs:
            return ""
        try:
            return self._proofs.check(proofs, "POST", url, nonce_needed=True)
        except BadProof as error:
            nonce = {"DPoP-Nonce": self._proofs.nonce} if error.error == "use_dpop_nonce" else {}
            raise oauth_error(400, error.error, error.description, **nonce) from None

    def _use(self, app: App, jti: str) -> None:
        """Counted once the proof was right: the nonce's refusal is answered with the same JWT."""
        now = self._now()
        self._used = {used: at for used, at in self._used.items() if at > now - _LONGEST}
        self._used[app.client_id, jti] = now


def _read_form(headers: dict[str, list[str]], body: bytes) -> dict[str, str]:
    types = [value.partition(";")[0].strip() for value in headers.get("content-type", [])]
    pairs = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    form = dict(pairs)
    if types != [_FORM] or len(form) != len(pairs):
        raise oauth_error(400, "invalid_request", "A form is needed, each field once.")
    if form.get("grant_type") != "client_credentials":
        raise oauth_error(400, "unsupported_grant_type", "client_credentials is needed.")
    return form


def _check_signature(app: App, assertion: jose.Token) -> None:
    kid = assertion.header.get("kid")
    for key in app.keys:
        if key.get("kid") == kid:
            try:
                assertion.check(key)
            except jose.BadSignature:
                break
            return
    _refuse("The client_assertion is not signed by a key of the client's.")


def _refuse(description: str) -> NoReturn:
    raise oauth_error(401, "invalid_client", description) from None
