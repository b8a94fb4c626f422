"""DPoP (RFC 9449) as Okta checks it: a proof a request, of the key that the token is bound to."""

import secrets
from collections.abc import Callable
from typing import NoReturn

from local.okta import jose
from local.okta.faults import Faults

_ALGORITHMS = "RS256 RS384 RS512 ES256 ES384 ES512"
_LATE, _EARLY = 300.0, 300.0
_KEPT = 3600.0


class BadProof(Exception):
    """`error` and `description` are the challenge's."""

    def __init__(self, description: str, error: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description = error, description


def refuse(description: str, error: str = "invalid_dpop_proof") -> NoReturn:
    raise BadProof(description, error) from None


class Proofs:
    """One nonce for all callers, which changes; and every proof that was ever used."""

    def __init__(self, faults: Faults, now: Callable[[], float]) -> None:
        self._faults, self._now = faults, now
        self._used: dict[str, float] = {}
        self.turn_nonce()

    def turn_nonce(self) -> None:
        """From here on every proof needs another nonce."""
        self._nonce, self._nonce_from = secrets.token_urlsafe(24), self._now()

    @property
    def nonce(self) -> str:
        """The newest: each answer to a proof names it."""
        if self._now() >= self._nonce_from + self._faults.nonce_lives:
            self.turn_nonce()
        return self._nonce

    def check(
        self, proofs: list[str], method: str, url: str, *, token: str = "", nonce_needed: bool
    ) -> str:
        """The thumbprint of the key that made the proof. `url` without query. Raises BadProof."""
        if len(proofs) != 1:
            refuse("The DPoP proof JWT header is missing.")
        try:
            proof = jose.read(proofs[0])
            key = proof.header.get("jwk")
            if proof.header.get("typ") != "dpop+jwt" or not isinstance(key, dict):
                refuse("The DPoP proof JWT header is invalid.")
            print_of_key = jose.thumbprint(key)
            proof.check(key)
        except jose.BadSignature:
            refuse("The DPoP proof JWT signature is invalid.")
        self._check_claims(proof.claims, method, url, token)
        self._check_nonce(proof.claims, needed=nonce_needed)
        self._use(str(proof.claims["jti"]))
        return print_of_key

    def _check_claims(self, claims: jose.Json, method: str, url: str, token: str) -> None:
        wanted = {"htm": method, "htu": url} | ({"ath": jose.digest(token)} if token else {})
        for name, value in wanted.items():
            if claims.get(name) != value:
                refuse(f"'{name}' claim in the DPoP proof JWT is invalid.")
        issued, jti = claims.get("iat"), claims.get("jti")
        if type(issued) is not int or not self._now() - _LATE <= issued <= self._now() + _EARLY:
            refuse("'iat' claim in the DPoP proof JWT is invalid.")
        if type(jti) is not str or not jti:
            refuse("'jti' claim in the DPoP proof JWT is invalid.")

    def _check_nonce(self, claims: jose.Json, *, needed: bool) -> None:
        given = claims.get("nonce")
        if given == self.nonce or (given is None and not needed):
            return
        refuse("Authorization server requires nonce in DPoP proof.", "use_dpop_nonce")

    def _use(self, jti: str) -> None:
        now = self._now()
        self._used = {used: at for used, at in self._used.items() if at > now - _KEPT}
        if jti in self._used:
            refuse("The DPoP proof JWT has already been used.")
        self._used[jti] = now


def challenge(error: BadProof, base_url: str, scope: str, resource: str) -> str:
    """`WWW-Authenticate` of the API's answer, whose body is empty."""
    return ", ".join(
        [
            f'DPoP algs="{_ALGORITHMS}"',
            f'authorization_uri="{base_url}/oauth2/v1/authorize"',
            f'realm="{base_url}"',
            f'scope="{scope}"',
            f'error="{error.error}"',
            f'error_description="{error.description}"',
            f'resource="{resource}"',
        ]
    )
